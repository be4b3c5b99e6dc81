#!/bin/sh
# Regenerating must change nothing: exit 1 with the difference when the generator and what is committed have parted.
# PYTHON names an interpreter that has PyPI ocpp 2.1.0.
set -eu
cd "$(dirname "$0")/../.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" Tools/ocpp-messages/generate.py v16 --out "$fresh/V16"
diff -r "$fresh/V16" Sources/OCPPMessages/Generated/V16
echo "generated messages are up to date"
