#!/usr/bin/env bash
# Debug build of the targets without NIO, SQL and HTTP under a sanitizer (address by default). The forecast's backtest is
# minutes of arithmetic in a debug build and touches no memory that other tests do not: it runs in `make test` only.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-address}
export TIDEWATT_PURE=1 ASAN_OPTIONS=detect_leaks=0 TIDEWATT_SEEDS=${TIDEWATT_SEEDS:-5}
swift test --sanitize="$kind" --scratch-path ".build-${kind:0:1}san" --parallel --skip BacktestTests
