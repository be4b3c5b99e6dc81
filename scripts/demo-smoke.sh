#!/usr/bin/env bash
# One simulated day of the demo on the finished program: real sockets, real store, real planner. The limit must hold
# (the program exits 1 when it does not) and the verdict must make sense.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-.build/release/tidewatt}
speed=${TIDEWATT_SMOKE_SPEED:-600}
report=$(mktemp)
trap 'rm -f "$report"' EXIT
"$program" demo --once --days 1 --speed "$speed" --http 127.0.0.1:0 --ocpp 127.0.0.1:0 --format json >"$report"
python3 - "$report" <<'PYTHON'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
day, whole = rows[0], rows[-1]
assert day["orderly"]["slots_above_limit"] == 0, day
assert day["orderly"]["peak_kw"] <= day["limit_kw"], day
assert whole["orderly"]["energy_kwh"] >= 0.95 * whole["deliverable_kwh"], whole
assert whole["orderly"]["valley_share"] > whole["uncontrolled"]["valley_share"], whole
assert float(whole["orderly"]["cost_yuan"]) / whole["orderly"]["energy_kwh"] < \
    float(whole["uncontrolled"]["cost_yuan"]) / whole["uncontrolled"]["energy_kwh"], whole
print("demo smoke:", json.dumps(whole, ensure_ascii=False))
PYTHON
