#!/bin/sh
# Regenerating must change nothing: exit 1 with the difference when the generators and what is committed have parted.
# PYTHON names an interpreter that has PyPI ocpp 2.1.0.
set -eu
cd "$(dirname "$0")/../.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
for space in V16 V2; do
    "${PYTHON:-python3}" Tools/ocpp-messages/generate.py "$space" --out "$fresh/$space"
done
"${PYTHON:-python3}" Tools/ocpp-messages/quirks.py --out "$fresh/QuirkTable.swift"
diff -r "$fresh" Sources/OCPPMessages/Generated
echo "generated messages are up to date"
