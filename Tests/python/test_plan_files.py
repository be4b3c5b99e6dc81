"""`tidewatt plan` with generation, a storage and one meter: files in, totals and exit status out."""

import json
import os
import subprocess

import pytest

TARIFF = """
id: test/flat
name: {zh: 平, en: Flat}
zone: Asia/Shanghai
direction: import
source: {document: test, clause: null, mark: sure}
versions:
  - from: 2024-01-01
    components: []
    levels: {valley: {price: "0.3"}, peak: {price: "1.0"}}
    periods:
      - {level: valley, spans: ["00:00-24:00"]}
      - {level: peak, spans: ["02:00-03:00"]}
    rounding: {decimals: 6, mode: half_up}
"""
FLEET = """session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw
{name},E1,2024-05-01T00:00:00+08:00,2024-05-01T03:00:00+08:00,2,7
"""


@pytest.fixture
def plan(tmp_path):
    def run(base, node, name="S1", header="start,kw", more=""):
        (tmp_path / "tariff.yaml").write_text(TARIFF)
        (tmp_path / "fleet.csv").write_text(FLEET.format(name=name))
        rows = "".join(f"2024-05-01T0{hour}:00:00+08:00,{kw}\n" for hour, kw in enumerate(base))
        (tmp_path / "base.csv").write_text(f"{header}\n" + rows)
        (tmp_path / "pv.csv").write_text("start,kw\n" + "".join(
            f"2024-05-01T0{hour}:00:00+08:00,{kw}\n" for hour, kw in enumerate([0, 6, 0])))
        (tmp_path / "grid.yaml").write_text(
            f"nodes:\n  - {{id: B1, base_load: base.csv, {node}}}\n{more}evses: [{{id: E1, node: B1}}]\n")
        done = subprocess.run(
            [os.environ["TIDEWATT_PROGRAM"], "plan", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", "tariff.yaml",
             "--from", "2024-05-01T00:00:00+08:00", "--to", "2024-05-01T03:00:00+08:00", "--step-minutes", "60",
             "--schedule-out", "s.csv", "--format", "json"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        answer = json.loads(done.stdout) if done.stdout else None
        schedule = (tmp_path / "s.csv").read_text().splitlines()[1:] if answer else []
        return done.returncode, answer, schedule, done.stderr
    return run


STORAGE = 'storage: [{id: ESS, power_kw: 5, energy_kwh: 20, soc_start: "0.5", soc_min: "0", soc_max: "1"}]'


def test_a_storage_covers_what_a_base_load_has_too_much_and_it_is_reported(plan):
    code, answer, schedule, _ = plan([4, 12, 4], f"limit_kw: 10, {STORAGE}, settlement: apart")
    node = answer["nodes"][0]
    assert code == 1, "a base load above its limit makes the exit status 1 all the same"
    assert node["covered_kwh"] == pytest.approx(2, abs=0.01) and node["overload_kwh"] == pytest.approx(0, abs=0.01)
    given = sum(float(row.split(",")[2]) for row in schedule if row.startswith("ESS,1,"))
    assert given == pytest.approx(-2, abs=0.01), schedule
    assert answer["totals"]["undelivered_kwh"] == pytest.approx(0, abs=0.01)


def test_without_one_it_is_left_and_nothing_is_added(plan):
    code, answer, schedule, _ = plan([4, 12, 4], "limit_kw: 10")
    assert code == 1 and answer["nodes"][0]["overload_kwh"] == pytest.approx(2, abs=0.01)
    assert "covered_kwh" not in answer["nodes"][0] and not [row for row in schedule if row.startswith("S1,1,")]


def test_behind_one_meter_surplus_is_kept_for_the_dear_hour(plan):
    code, answer, schedule, _ = plan([2, 2, 2], f"limit_kw: 50, pv: pv.csv, {STORAGE}")
    totals = answer["totals"]
    assert code == 0 and totals["pv_kwh"] == pytest.approx(6, abs=0.01)
    assert totals["self_consumption"] == pytest.approx(1, abs=0.01), "no export price: all of it is used here"
    dear = sum(float(row.split(",")[2]) for row in schedule if row.split(",")[1] == "2")
    assert dear == pytest.approx(-2, abs=0.02), "the load of the dear hour comes from the storage, and the vehicle's too"


def test_a_stay_and_a_storage_of_one_name_are_refused(plan):
    code, answer, _, problem = plan([2, 2, 2], f"limit_kw: 50, {STORAGE}", name="ESS")
    assert code == 2 and answer is None and "fleet.csv:2" in problem and "ESS" in problem


def drawn(schedule, slot):
    return sum(float(row.split(",")[2]) for row in schedule if row.startswith(f"S1,{slot},"))


def test_a_new_peak_is_paid_for_only_where_it_is_worth_it(plan):
    code, answer, schedule, _ = plan([2, 2, 2], "limit_kw: 100, demand: {yuan_per_kw: 1, so_far_kw: 3}")
    node = answer["nodes"][0]
    assert code == 0 and answer["status"] == "optimal"
    assert [drawn(schedule, t) for t in range(3)] == pytest.approx([1, 1, 0], abs=0.01), "the peak stays at 3 kW"
    assert answer["totals"]["demand_yuan"] == pytest.approx(0, abs=0.01)
    assert node["demand"] == {"so_far_kw": 3, "yuan_per_kw": 1, "new_kw": pytest.approx(0, abs=0.01)}
    assert answer["uncontrolled"]["totals"]["demand_yuan"] == pytest.approx(1, abs=0.01), "all of it in the first hour"
    code, answer, schedule, _ = plan([2, 2, 2], "limit_kw: 100, demand: {yuan_per_kw: '0.2', so_far_kw: 2}")
    assert answer["totals"]["demand_yuan"] == pytest.approx(0.2, abs=0.01), "0.7 yuan more in the dear hour is worse than 0.2"
    assert answer["objective_yuan"] == pytest.approx(0.8, abs=0.01)


def test_the_tariff_says_what_a_peak_costs_where_the_grid_does_not(plan):
    code, answer, _, problem = plan([2, 2, 2], "limit_kw: 100, demand: {so_far_kw: 3}")
    assert code == 2 and "grid.yaml" in problem and "yuan_per_kw" in problem, problem


def test_a_stay_gives_back_no_more_than_its_budget(plan, tmp_path):
    plan([2, 2, 2], "limit_kw: 100")
    (tmp_path / "fleet.csv").write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,max_discharge_kw,battery_kwh,soc_arrival,discharge_budget_kwh\n"
        "S1,E1,2024-05-01T00:00:00+08:00,2024-05-01T03:00:00+08:00,0,7,7,60,0.5,4\n")
    done = subprocess.run(
        [os.environ["TIDEWATT_PROGRAM"], "plan", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", "tariff.yaml",
         "--export-tariff", "tariff.yaml", "--from", "2024-05-01T00:00:00+08:00", "--to", "2024-05-01T03:00:00+08:00",
         "--step-minutes", "60", "--format", "json"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    answer = json.loads(done.stdout)
    assert answer["totals"]["discharge_kwh"] == pytest.approx(4, abs=0.001) and answer["status"] == "optimal"
    assert answer["totals"]["cost_yuan"] == pytest.approx(4 * (0.3 - 1), abs=0.01)


PROMISE = "from: 2024-05-01T00:00:00+08:00, to: 2024-05-01T01:00:00+08:00, penalty_yuan_per_kwh: 2"


def test_promises_are_kept_or_paid_for(plan):
    code, answer, schedule, _ = plan([2, 2, 2], f"limit_kw: 100, commitments: [{{{PROMISE}, at_most_kw: 2}}]")
    assert code == 0 and drawn(schedule, 0) == pytest.approx(0, abs=0.01)
    promise = answer["nodes"][0]["commitments"][0]
    assert promise["at_most_kw"] == 2 and promise["missed_kwh"] == pytest.approx(0, abs=0.01)
    code, answer, schedule, _ = plan([2, 2, 2], f"limit_kw: 100, commitments: [{{{PROMISE}, at_least_kw: 6}}]")
    assert answer["nodes"][0]["commitments"][0]["missed_kwh"] == pytest.approx(2, abs=0.01)
    assert answer["totals"]["fines_yuan"] == pytest.approx(4, abs=0.01)
    assert answer["totals"]["cost_yuan"] == pytest.approx(0.6, abs=0.01), "fines are no cost of energy"


def test_a_chance_leaves_room_for_what_the_forecast_may_be_off(plan):
    base = ["5,4,7", "5,5,5", "5,4,9"]
    code, answer, schedule, _ = plan(base, "limit_kw: 8, chance: '0.95'", header="start,kw,p5,p95")
    assert code == 0
    assert answer["nodes"][0]["margin"] == {"chance": 0.95, "most_kw": 4}
    assert drawn(schedule, 0) <= 1 + 1e-6 and drawn(schedule, 1) <= 3 + 1e-6 and drawn(schedule, 2) == 0
    assert answer["totals"]["undelivered_kwh"] == pytest.approx(0, abs=0.01)
    code, answer, _, problem = plan(base, "limit_kw: 8, chance: '0.99'", header="start,kw,p5,p95")
    assert code == 2 and "grid.yaml:2" in problem and "0.99" in problem, problem


@pytest.mark.parametrize("node, more, says", [
    ("limit_kw: 8, chance: '0.9'", "", "p95"),
    ("limit_kw: 8, parent: T", "  - {id: T, limit_kw: 9}\n", None),
    ("limit_kw: 8, parent: T, demand: {yuan_per_kw: 3}", "  - {id: T, limit_kw: 9}\n", "has a parent"),
    (f"limit_kw: 8, commitments: [{{{PROMISE}}}]", "", "at_most_kw or at_least_kw"),
    (f"limit_kw: 8, settlement: net, commitments: [{{{PROMISE}, at_least_kw: 3}}]", "", "one meter"),
])
def test_what_cannot_be_meant_is_refused(plan, node, more, says):
    code, _, _, problem = plan([2, 2, 2], node, more=more)
    assert (code, says) == (0, None) or (code == 2 and "grid.yaml" in problem and says in problem), problem


ROWS = 100_000


def big(tmp_path, change, *more):
    """`tidewatt plan` on many short stays under two hundred nodes, after `change` was made to the rows."""
    rows = [f"S{i},E{i},2024-05-01T0{i % 3}:00:00+08:00,2024-05-01T0{i % 3 + 1}:30:00+08:00,{1 + i % 7},7" for i in range(ROWS)]
    change(rows)
    (tmp_path / "tariff.yaml").write_text(TARIFF)
    (tmp_path / "fleet.csv").write_text(FLEET.splitlines()[0] + "\n" + "\n".join(rows) + "\n")
    (tmp_path / "evses.csv").write_text("evse_id,node\n" + "".join(f"E{i},T{i % 200}\n" for i in range(ROWS)))
    (tmp_path / "grid.yaml").write_text(
        "nodes:\n" + "".join(f"  - {{id: T{n}, limit_kw: 900}}\n" for n in range(200)) + "evses_csv: evses.csv\n")
    return subprocess.run(
        [os.environ["TIDEWATT_PROGRAM"], "plan", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", "tariff.yaml",
         "--schedule-out", "s.csv", "--format", "json", *more], cwd=tmp_path, capture_output=True, text=True, timeout=120)


def test_many_rows_are_planned_and_their_schedule_keeps_every_limit(tmp_path):
    done = big(tmp_path, lambda rows: None)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "optimal" and answer["gap"] <= 0.001 and answer["bound_yuan"] <= answer["objective_yuan"]
    loads, energy = {}, 0.0
    with open(tmp_path / "s.csv") as lines:
        assert next(lines) == "session_id,slot,kw\n"
        for line in lines:
            name, slot, kw = line.rstrip("\n").split(",")
            key = (int(name[1:]) % 200, int(slot))
            loads[key] = loads.get(key, 0) + float(kw)
            energy += float(kw) / 4
    assert max(loads.values()) <= 900.001
    assert energy == pytest.approx(answer["totals"]["import_kwh"], rel=1e-6)


@pytest.mark.parametrize("field", ["NaN", "inf", "1e400", "-3", ""])
def test_one_bad_line_among_many_is_named(tmp_path, field):
    def change(rows):
        rows[54_320] = rows[54_320].rsplit(",", 2)[0] + f",{field},7"

    done = big(tmp_path, change)
    assert done.returncode == 2 and not done.stdout and not (tmp_path / "s.csv").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith("fleet.csv:54322: energy_kwh:"), line


def test_a_fleet_without_rows_says_what_is_missing(tmp_path):
    done = big(tmp_path, lambda rows: rows.clear())
    assert done.returncode == 2 and done.stderr.startswith("fleet.csv: has no stays")


def test_stays_outside_the_horizon_get_nothing_and_are_counted(tmp_path):
    done = big(tmp_path, lambda rows: rows.clear() or rows.append(
        "S1,E1,2024-05-01T00:00:00+08:00,2024-05-01T02:00:00+08:00,3,7"), "--from", "2024-05-02T00:00:00+08:00",
        "--to", "2024-05-03T00:00:00+08:00")
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout)["totals"]
    assert (totals["import_kwh"], totals["undelivered_kwh"]) == (0, 3)
