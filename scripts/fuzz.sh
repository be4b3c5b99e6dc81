#!/usr/bin/env bash
# Frame parsers and decoders with very many damaged inputs each (ten million by default), on the release build. The address
# space is bounded: what keeps a few hundred bytes an input does not come through.
set -euo pipefail
cd "$(dirname "$0")/.."
export TIDEWATT_FUZZ=${1:-10000000}
flags=(-c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error)
swift build "${flags[@]}" --build-tests
ulimit -v 6000000
for suite in OCPPMessagesTests.FuzzTests OCPPTests.FuzzTests GatewayTests.FuzzTests; do
    echo "== $suite, $TIDEWATT_FUZZ inputs each"
    swift test "${flags[@]}" --skip-build --filter "$suite"
done
