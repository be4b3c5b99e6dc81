#!/usr/bin/env bash
# One simulated day of the demo on the finished program: real sockets, real store, real planner. The limit must hold
# (the program exits 1 when it does not) and the verdict must make sense.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-.build/release/tidewatt}
speed=${TIDEWATT_SMOKE_SPEED:-600}
report=$(mktemp)
trap 'rm -f "$report"' EXIT
began=$SECONDS
"$program" demo --once --days 1 --speed "$speed" --http 127.0.0.1:0 --ocpp 127.0.0.1:0 --format json >"$report" &
demo=$!
# Two simulated days and a half at this speed, and as long again for a slow machine.
allowed=$((2 * 216000 / speed + 120))
while kill -0 "$demo" 2>/dev/null; do
    if ((SECONDS - began > allowed)); then
        echo "demo smoke: no end after $allowed s; said so far:" >&2
        cat "$report" >&2
        for task in /proc/"$demo"/task/*; do
            # Name, state, ticks of CPU time, where it waits in the kernel.
            echo "$(cat "$task/comm") $(cut -d' ' -f3,14,15 "$task/stat") $(cat "$task/wchan" 2>/dev/null)" >&2
        done
        command -v gdb >/dev/null && timeout 60 gdb -p "$demo" -batch -ex 'thread apply all bt 12' 2>/dev/null >&2
        kill -KILL "$demo"
        exit 1
    fi
    sleep 1
done
wait "$demo"
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
