#!/usr/bin/env bash
# Figures of docs/performance.md: CPU a message and memory a connection of the finished program, planning times.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 Benchmarks/gateway/run.py --program "${1:-.build/release/tidewatt}"
swift run -c release --package-path Benchmarks/planning --scratch-path .build-bench
