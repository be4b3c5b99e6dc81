#!/bin/sh
# Regenerating must change nothing: exit 1 with the difference when the generators and what is committed have parted.
# PYTHON names an interpreter that has PyPI ocpp 2.1.0.
set -eu
cd "$(dirname "$0")/../.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
for space in V16 V2; do
    "${PYTHON:-python3}" Tools/ocpp-messages/generate.py "$space" --out "$fresh/swift/$space"
done
"${PYTHON:-python3}" Tools/ocpp-messages/quirks.py --out "$fresh/swift/QuirkTable.swift"
diff -r "$fresh/swift" Sources/OCPPMessages/Generated
"${PYTHON:-python3}" Tools/ocpp-messages/instances.py --out "$fresh/samples"
diff -r --exclude=README.md "$fresh/samples" Tests/OCPPMessagesTests/Samples
echo "generated messages are up to date"
