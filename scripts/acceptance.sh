#!/usr/bin/env bash
# Runs the acceptance checks that lie beside the checkout, those for what is built.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-.build/release/tidewatt}")
checks=${TIDEWATT_ACCEPTANCE:-../shared/acceptance}
[ -d "$checks" ] || { echo "acceptance: $checks is not there, nothing to run"; exit 0; }
checks=$(realpath "$checks")
venv=.venv-acceptance
stamp=$venv/$(cat "$checks"/*/requirements.txt | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$checks/cli/requirements.txt" -r "$checks/ocpp/requirements.txt"
    touch "$stamp"
fi
python=$(realpath -s "$venv/bin/python")
export PYTHONDONTWRITEBYTECODE=1
"$python" "$checks/cli/run.py" --binary "$program" --only 'plan.*' --only 'flex.*' --only 'tariff.*' --only 'evaluate.*' --only 'bad.*'
"$python" "$checks/ocpp/run.py" --binary "$program"
