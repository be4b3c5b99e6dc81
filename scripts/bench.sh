#!/usr/bin/env bash
# Figures of docs/performance.md: CPU a message and memory a connection of the finished program, planning times.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 Benchmarks/gateway/run.py --program "${1:-.build/release/tidewatt}"
# HiGHS beside it where the tests' setup has installed it.
highs=(.venv/lib/python3*/site-packages/highsbox/highs_dist/lib/libhighs.so)
[ -e "${highs[0]}" ] && export TIDEWATT_HIGHS=$PWD/${highs[0]}
swift run -c release --package-path Benchmarks/planning --scratch-path .build-bench plan small seeds million flex \
    ${TIDEWATT_HIGHS:+highs}
