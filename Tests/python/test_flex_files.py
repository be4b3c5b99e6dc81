"""`tidewatt flex` from files: what is wrong in them is named, answers have their exit status, long work can be stopped."""

import json
import os
import pty
import signal
import subprocess

import pytest

HEAD = "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,max_discharge_kw,battery_kwh,soc_arrival,charge_efficiency,discharge_efficiency\n"
DAY = "2026-03-02T{}:00:00+08:00"


def stay(name, first, last, energy, power=7, gives=0, battery="", soc="", efficiency=1):
    return f"{name},E{name[1:]},{DAY.format(first)},{DAY.format(last)},{energy},{power},{gives},{battery},{soc},{efficiency},{efficiency}\n"


@pytest.fixture
def flex(tmp_path):
    def run(command, *more, fleet=None, signal=None, form="json", lang="en", timeout=60):
        (tmp_path / "fleet.csv").write_text(HEAD + (stay("S1", "10", "14", 14) if fleet is None else fleet))
        arguments = ["flex", command, "--fleet", "fleet.csv", "--format", form, "--lang", lang, *more]
        if signal is not None:
            (tmp_path / "signal.csv").write_text(signal)
            arguments += ["--signal", "signal.csv"]
        done = subprocess.run(
            [os.environ["TIDEWATT_PROGRAM"], *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=timeout)
        return done.returncode, (json.loads(done.stdout) if form == "json" and done.stdout else done.stdout), done.stderr
    run.folder = tmp_path
    return run


def power(*values):
    return "slot,kw\n" + "".join(f"{slot},{kw}\n" for slot, kw in enumerate(values))


def test_a_signal_is_followed_and_handed_out(flex):
    code, answer, _ = flex("check", "--disaggregate", "out.csv", signal=power(*[7] * 4, *[3.5] * 8))
    assert (code, answer["feasible"], answer["exact"], answer["violated"]) == (0, True, True, None)
    rows = (flex.folder / "out.csv").read_text().splitlines()
    assert rows[0] == "session_id,slot,kw" and rows[1] == "S1,0,7" and len(rows) == 13


def test_a_signal_that_asks_too_little_names_the_slots_and_writes_nothing(flex):
    code, answer, _ = flex("check", "--disaggregate", "out.csv", signal=power(*[3] * 16))
    assert (code, answer["feasible"], answer["violated"]["asks"]) == (1, False, "too-little")
    assert answer["violated"]["by_kwh"] == pytest.approx(2, abs=1e-6)
    assert not (flex.folder / "out.csv").exists()
    assert sum(answer["nearest_kw"]) / 4 == pytest.approx(14, abs=1e-3)


def test_a_signal_beyond_the_stays_is_refused_for_its_slots(flex):
    code, answer, _ = flex("check", signal=power(*[3.5] * 16, 0, 2))
    assert code == 1 and answer["slots"]["count"] == 18
    assert 17 in answer["violated"]["slots"]


def test_a_departure_that_cannot_be_kept_is_named_and_makes_the_answer_no(flex):
    code, answer, _ = flex("check", fleet=stay("S1", "10", "11", 9), signal=power(*[7] * 4))
    assert (code, answer["feasible"]) == (1, False)
    assert answer["out_of_reach"] == [{"session_id": "S1", "missing_kwh": 2}]
    code, text, _ = flex("check", fleet=stay("S1", "10", "11", 9), signal=power(*[7] * 4), form="text", lang="zh")
    assert code == 1 and "S1" in text and "无法按时充足" in text


@pytest.mark.parametrize("content, line, word", [
    ("slot,kw\n0,1\n0,2\n", 3, "slot 0 stands already on line 2"),
    ("slot,kw\n0,NaN\n", 2, "is no power"), ("slot,kw\n0,inf\n", 2, "is no power"),
    ("slot,kw\n-1,3\n", 2, "is no slot"), ("slot,kw\n90001,3\n", 2, "is no slot"), ("slot,kw\n1.5,3\n", 2, "is no slot"),
    ("slot,kw\n1\n", 2, "fields"), ("slot\n1\n", 1, "kw"), ("", 1, "empty"),
])
def test_a_bad_signal_names_its_line(flex, content, line, word):
    code, answer, complaint = flex("check", signal=content)
    assert code == 2 and not answer
    assert f"signal.csv:{line}" in complaint and word in complaint, complaint


def test_a_fleet_of_nobody_needs_a_time(flex):
    code, _, complaint = flex("check", fleet="", signal=power(0))
    assert code == 2 and "--from and --to" in complaint
    code, answer, _ = flex(
        "envelope", "--from", DAY.format("10"), "--to", DAY.format("11"), fleet="")
    assert code == 0 and answer["p_max_kw"] == [0, 0, 0, 0]
    assert answer["equivalent_storage"]["energy_kwh"] == 0 and answer["equivalent_storage"]["holds_from"] is None


def test_stays_outside_the_time_do_nothing(flex):
    code, answer, _ = flex(
        "envelope", "--from", DAY.format("16"), "--to", DAY.format("17"))
    assert code == 0 and answer["p_max_kw"] == [0, 0, 0, 0] and answer["e_max_kwh"] == [0, 0, 0, 0]


def test_a_stay_that_is_over_owes_nothing(flex):
    fleet = stay("S1", "08", "10", 14) + stay("S2", "12", "14", 7)
    code, answer, _ = flex("check", "--from", DAY.format("12"), fleet=fleet, signal=power(*[3.5] * 8))
    assert (code, answer["feasible"], answer["out_of_reach"]) == (0, True, [])


def test_a_stay_that_goes_on_owes_only_what_it_cannot_charge_later(flex):
    _, answer, _ = flex("envelope", "--from", DAY.format("10"), "--to", DAY.format("13"))
    # An hour is left behind the end: 7 of 14 kWh.
    assert answer["e_min_kwh"][-1] == pytest.approx(7) and answer["e_max_kwh"][-1] == pytest.approx(14)


def test_a_storage_and_its_block_in_both_languages(flex):
    fleet = "".join(stay(f"S{n}", "08", "20", 10, gives=7, battery=60, soc=0.5, efficiency=0.95) for n in range(1, 6))
    code, answer, _ = flex("envelope", fleet=fleet)
    storage = answer["equivalent_storage"]
    assert code == 0 and answer["exact"] is False and "losses-both-ways" in answer["why"]
    assert storage["charge_kw"] > 20 and storage["discharge_kw"] > 20 and storage["energy_kwh"] > 40
    assert 0.9 < storage["round_trip"] <= 1
    code, block, _ = flex("block", "--at", DAY.format("12"), "--hours", "2", fleet=fleet)
    assert code == 0 and block["more"]["kw"] <= block["more"]["proven_most_kw"] + 1e-3
    assert block["band_kw"] == min(block["more"]["kw"], block["less"]["kw"])
    flex("envelope", "--report", "page.html", fleet=fleet, lang="zh")
    page = (flex.folder / "page.html").read_text()
    assert page.count("<svg") == 2 and "累计电量外包络" in page and "等效储能基线" in page
    for lang, word in (("en", "more"), ("zh", "可增")):
        _, text, _ = flex("block", "--at", DAY.format("12"), "--hours", "2", fleet=fleet, form="text", lang=lang)
        assert word in text
    for command, *more in (["envelope"], ["block", "--at", DAY.format("12")]):
        code, _, complaint = flex(command, *more, "--hours", "9" * 30, fleet=fleet)
        assert code == 2 and "hours" in complaint
    code, _, complaint = flex("block", "--at", DAY.format("19"), "--hours", "2", fleet=fleet)
    assert code == 2 and "--at" in complaint


GRID = "nodes:\n  - {id: N1, limit_kw: LIMIT, export_limit_kw: 10}\nevses: [{id: E1, node: N1}, {id: E2, node: N1}]\n"
TARIFF = "cn/hubei/residential-charging"


def test_limits_of_a_grid_bind_what_is_followed_and_what_is_guaranteed(flex):
    fleet = stay("S1", "10", "14", 14) + stay("S2", "10", "14", 14)
    (flex.folder / "grid.yaml").write_text(GRID.replace("LIMIT", "10"))
    for signal, is_feasible in ((power(*[7] * 16), True), (power(*[14] * 8), False)):
        code, answer, _ = flex("check", "--grid", "grid.yaml", fleet=fleet, signal=signal)
        assert (code, answer["feasible"]) == ((0, True) if is_feasible else (1, False)), answer
        assert "shared-limits" in answer["why"]
    code, answer_of_envelope, _ = flex("envelope", "--grid", "grid.yaml", fleet=fleet)
    assert code == 0 and max(answer_of_envelope["p_max_kw"]) == 10 and answer_of_envelope["equivalent_storage"] is None
    assert "prices" in answer["violated"] and answer["violated"]["by_yuan"] > 0
    given = ["--grid", "grid.yaml", "--tariff", TARIFF, "--blocks", "4"]
    code, answer, _ = flex("guaranteed", *given, "--columns-out", "C.csv", fleet=fleet)
    assert code == 0 and answer["columns"][0]["kind"] == "cheapest" and len(answer["columns"]) > 4
    for column in answer["columns"]:
        assert max(column["total_kw"]) <= 10 + 1e-3 and sum(column["total_kw"]) / 4 == pytest.approx(28, abs=1e-3)
    (flex.folder / "W.csv").write_text("column,weight\n1,0.25\n3,0.75\n")
    code, _, complaint = flex("guaranteed", *given, "--weights", "W.csv", "--disaggregate", "S.csv", fleet=fleet)
    assert code == 0, complaint
    total = [0.0] * 16
    for row in (flex.folder / "S.csv").read_text().splitlines()[1:]:
        _, slot, kw = row.split(",")
        total[int(slot)] += float(kw)
    mixed = [0.25 * a + 0.75 * b for a, b in zip(answer["columns"][0]["total_kw"], answer["columns"][2]["total_kw"])]
    assert total == pytest.approx(mixed, abs=2e-3)
    for wrong, word in (("1,0.5\n", "add up to 0.5"), ("99,1\n", "no column 99"), ("1,2\n", "is no weight"), ("x,1\n", "is no column")):
        (flex.folder / "W.csv").write_text("column,weight\n" + wrong)
        code, _, complaint = flex("guaranteed", *given, "--weights", "W.csv", "--disaggregate", "S.csv", fleet=fleet)
        assert code == 2 and word in complaint, complaint


def test_limits_that_let_nobody_leave_in_time_guarantee_nothing(flex):
    (flex.folder / "grid.yaml").write_text(GRID.replace("LIMIT", "2"))
    code, answer, _ = flex("guaranteed", "--grid", "grid.yaml", "--tariff", TARIFF)
    assert (code, answer["columns"], answer["why"]) == (1, [], ["departures-within-limits"])


def test_ctrl_c_ends_long_work_and_says_so(flex):
    fleet = "".join(
        stay(f"S{n}", f"{8 + n % 4:02d}", f"{16 + n % 6:02d}", 8 + n % 7, gives=7, battery=60, soc=0.3 + n % 5 / 10, efficiency=0.9 + n % 8 / 100)
        for n in range(1, 3001))
    (flex.folder / "fleet.csv").write_text(HEAD + fleet)
    (flex.folder / "grid.yaml").write_text(
        "nodes:\n  - {id: N1, limit_kw: 9000, export_limit_kw: 9000}\nevses:\n"
        + "".join(f"  - {{id: E{n}, node: N1}}\n" for n in range(1, 3001)))
    # Progress is shown on terminals: whoever sees it knows that it works.
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [os.environ["TIDEWATT_PROGRAM"], "flex", "guaranteed", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", TARIFF,
         "--blocks", "1000", "--lang", "en"],
        cwd=flex.folder, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while b"columns" not in seen:
            seen += os.read(ours, 4096)
        running.send_signal(signal.SIGINT)
        while True:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # It has ended.
                break
        assert running.wait(timeout=60) == 2 and b"stopped before an answer was found" in seen, seen
    finally:
        running.kill()
        os.close(ours)


def night(names, first="18", last="23", energy=10):
    return "".join(stay(f"{name}", first, last, energy) for name in names)


def test_a_storage_is_scaled_to_what_stands_in_enough_scenarios(flex):
    """Four stays as forecast; the scenarios are of other days, with four, three and one of them."""
    names = ["S1", "S2", "S3", "S4"]
    for k, count in enumerate([4, 4, 3, 1]):
        text = HEAD + night(names[:count]).replace("2026-03-02", f"2026-02-{10 + k}").replace("T18:00", "T17:50")
        (flex.folder / f"day{k}.csv").write_text(text)
    days = [word for k in range(4) for word in ("--scenario", f"day{k}.csv")]
    _, alone, _ = flex("envelope", fleet=night(names))
    whole = alone["equivalent_storage"]
    assert whole["confidence"] is None and whole["energy_kwh"] > 5
    for confidence, standing, part in [("0.5", 2, 1), ("0.75", 3, 0.75), ("1", 4, 0.25)]:
        code, answer, _ = flex("envelope", *days, "--confidence", confidence, fleet=night(names))
        found = answer["equivalent_storage"]
        assert code == 0 and found["confidence"]["stands_in"] == standing and found["confidence"]["scenarios"] == 4
        assert found["energy_kwh"] == pytest.approx(part * whole["energy_kwh"], rel=0.05)
        assert found["charge_kw"] == pytest.approx(part * whole["charge_kw"], rel=0.05)
    assert "4 scenarios" in flex("envelope", *days, fleet=night(names), form="text")[1]


def test_scenarios_and_their_confidence_go_together(flex):
    (flex.folder / "grid.yaml").write_text("nodes: [{id: T, limit_kw: 9}]\nevses: [{id: E1, node: T}]\n")
    (flex.folder / "day.csv").write_text(HEAD + night(["S1"]))
    for more, says in [(["--confidence", "0.9"], "--scenario"), (["--scenario", "day.csv", "--confidence", "0"], "--confidence"),
                       (["--scenario", "day.csv", "--grid", "grid.yaml"], "--grid"), (["--scenario", "no.csv"], "no.csv")]:
        code, _, problem = flex("envelope", *more)
        assert code == 2 and says in problem, problem


def test_a_budget_is_for_plans_alone(flex):
    head = HEAD.strip() + ",discharge_budget_kwh\n"
    (flex.folder / "b.csv").write_text(head + stay("S1", "10", "14", 0, gives=7, battery=60, soc="0.5").strip() + ",8\n")
    done = subprocess.run([os.environ["TIDEWATT_PROGRAM"], "flex", "envelope", "--fleet", "b.csv"], cwd=flex.folder,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "b.csv:2" in done.stderr and "discharge_budget_kwh" in done.stderr
