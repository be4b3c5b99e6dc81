#!/usr/bin/env bash
# One release build (with testability) for the program and all tests; then Swift's tests, then those that drive the
# finished program from outside with Python: API, browser, peers.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(-c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error)

# The import check prints errors but may still end with "Build complete!": its exit status decides.
swift build "${flags[@]}" --build-tests
export TIDEWATT_PROGRAM=$PWD/.build/release/tidewatt
export TIDEWATT_PYTHON=$PWD/.venv/bin/python
TIDEWATT_HIGHS=$("$TIDEWATT_PYTHON" -c 'import highsbox; print(highsbox.highs_lib_dir())')/libhighs.so
export TIDEWATT_HIGHS
swift test "${flags[@]}" --skip-build --parallel
# These wait for timers and sockets more than they reckon: four at once on two cores. The longest begins first.
"$TIDEWATT_PYTHON" -m pytest -q -n 4 --dist worksteal Tests/api Tests/python Tests/browser
