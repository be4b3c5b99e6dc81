"""What every command promises: help with an example, exit statuses, one JSON document on stdout."""

import json
import re

import pytest

from support.program import ROOT, tidewatt

EXPECTED = {"admin", "demo", "evaluate", "plan", "serve", "simulate", "tariff"}


def subcommands(*path):
    """Names under SUBCOMMANDS of a command's help."""
    text = tidewatt(*path, "--help").stdout
    listed = text.partition("SUBCOMMANDS:")[2]
    return re.findall(r"^  ([a-z][a-z0-9-]*)(?: \(default\))?(?:  |$)", listed, re.MULTILINE)


def every_command():
    found, waiting = [], [()]
    while waiting:
        path = waiting.pop()
        children = [name for name in subcommands(*path) if name != "help"]
        waiting += [(*path, name) for name in children]
        found.append(path)
    return sorted(found)


def test_the_commands_of_the_contract_exist():
    assert EXPECTED <= set(subcommands())


def test_every_command_has_help_with_an_example():
    without = []
    for path in every_command():
        result = tidewatt(*path, "--help")
        assert result.returncode == 0, (path, result.stderr)
        if path and not re.search(
            r"Examples?:[^\n]*\s\S*" + re.escape(" ".join(["tidewatt", *path])), result.stdout):
            without.append(" ".join(path))
    assert not without, f"no example of the command itself in the help of {without}"


def test_help_is_chinese_where_the_language_is():
    result = tidewatt("serve", "--help", env={"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8"})
    assert "示例" in result.stdout


@pytest.mark.parametrize("call", [
    ["fly"], ["--fast"], ["serve", "--fast"], ["tariff", "fly"], ["tariff", "list", "--fast"], ["plan", "--fast"],
    ["admin", "token", "create", "--role", "king"], ["admin", "token", "create"], ["simulate", "--fast"],
    ["demo", "--fast"], ["evaluate", "--fast"],
], ids=" ".join)
def test_an_unknown_word_is_refused_with_status_2(call, tmp_path):
    result = tidewatt(*call, cwd=tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout == "" and result.stderr.strip(), "the reason belongs on stderr"
    assert not any(tmp_path.iterdir()), "nothing may be written"


@pytest.mark.parametrize("call", [
    ["serve", "--config", "absent.file"],
    ["tariff", "show", "absent.file", "--date", "2024-01-01"],
    ["tariff", "bill", "cn/hubei/residential-charging", "--meter", "absent.file"],
    ["plan", "--fleet", "absent.file", "--grid", "absent.file", "--tariff", "cn/hubei/residential-charging"],
    ["evaluate", "--call", "ndrc-2024-718", "--meter", "absent.file", "--tariff", "cn/hubei/residential-charging",
     "--period", "2024"],
    ["admin", "restore", "absent.file", "--data", "somewhere"],
    ["simulate", "--url", "ws://127.0.0.1:1/ocpp", "--sessions", "absent.file"],
], ids=lambda call: " ".join(call[:2]))
def test_a_missing_file_is_named_with_status_2(call, tmp_path):
    result = tidewatt(*call, cwd=tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "absent.file" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("call", [["tariff", "show", "{folder}", "--date", "2024-01-01"], ["serve", "--config", "{folder}"]],
                         ids=lambda call: " ".join(call[:2]))
def test_a_folder_where_a_file_is_due_is_refused_with_status_2(call, tmp_path):
    result = tidewatt(*[word.format(folder=tmp_path) for word in call])
    assert result.returncode == 2, result.stdout + result.stderr
    assert str(tmp_path) in result.stderr


@pytest.mark.parametrize("call", [
    ["tariff", "list"],
    ["tariff", "show", "cn/hubei/residential-charging", "--date", "2026-01-05"],
    ["tariff", "price", "cn/hubei/residential-charging", "--from", "2026-01-05T00:00:00+08:00", "--to",
     "2026-01-06T00:00:00+08:00"],
    ["admin", "user", "list", "--data", "data"],
    ["admin", "token", "list", "--data", "data"],
], ids=" ".join)
def test_json_on_stdout_is_one_document(call, tmp_path):
    assert tidewatt("admin", "migrate", "--data", "data", cwd=tmp_path).returncode == 0
    result = tidewatt(*call, "--format", "json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    json.loads(result.stdout)


def test_the_shipped_tariffs_are_listed():
    listed = json.loads(tidewatt("tariff", "list", "--format", "json").stdout)
    items = listed["items"] if isinstance(listed, dict) else listed
    assert any(item["id"].startswith("cn/hubei/") for item in items)


def test_a_plan_is_one_document_and_its_schedule_a_file(tmp_path):
    (tmp_path / "fleet.csv").write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n"
        "s1,E1,2026-01-05T18:00:00+08:00,2026-01-06T07:00:00+08:00,14,7\n"
        "s2,E2,2026-01-05T19:00:00+08:00,2026-01-06T07:00:00+08:00,14,7\n")
    (tmp_path / "grid.yaml").write_text(
        "nodes:\n  - {id: T1, limit_kw: 8, base_load_kw: 1}\nevses: [{id: E1, node: T1}, {id: E2, node: T1}]\n")
    result = tidewatt(
        "plan", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", "cn/hubei/residential-charging",
        "--schedule-out", "schedule.csv", "--format", "json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    plan = json.loads(result.stdout)
    assert plan["status"] == "optimal"
    assert plan["totals"]["import_kwh"] == pytest.approx(28, abs=0.01)
    assert plan["nodes"][0]["peak_kw"] <= 8 + 1e-6
    lines = (tmp_path / "schedule.csv").read_text().splitlines()
    assert lines[0] == "session_id,slot,kw"
    assert sum(float(line.split(",")[2]) for line in lines[1:]) / 4 == pytest.approx(28, abs=0.01)


def test_a_bad_fleet_is_told_by_line_and_nothing_is_written(tmp_path):
    (tmp_path / "fleet.csv").write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n"
        "s1,E1,2026-01-05T18:00:00+08:00,2026-01-05T17:00:00+08:00,14,7\n"
        "s2,E1,2026-01-05T18:00:00+08:00,2026-01-06T07:00:00+08:00,-14,7\n")
    (tmp_path / "grid.yaml").write_text("nodes:\n  - {id: T1, limit_kw: 8}\nevses: [{id: E1, node: T1}]\n")
    result = tidewatt(
        "plan", "--fleet", "fleet.csv", "--grid", "grid.yaml", "--tariff", "cn/hubei/residential-charging",
        "--schedule-out", "schedule.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert re.search(r"fleet\.csv:2(:\d+)?: ", result.stderr) and re.search(r"fleet\.csv:3(:\d+)?: ", result.stderr)
    assert result.stdout == "" and not (tmp_path / "schedule.csv").exists()


def test_the_readme_of_packaging_names_commands_that_exist():
    text = (ROOT / "packaging/README.md").read_text(encoding="utf-8")
    called = re.findall(r"tidewatt (admin(?: \w+)*|serve)", text)
    assert called
    for words in set(called):
        path = [word for word in words.split() if word.isalpha()]
        while path and tidewatt(*path, "--help").returncode != 0:
            path.pop()
        assert path, f"packaging/README.md: there is no command {words}"


# MARK: What prices rest on


METER = """\
meter_id,start,end,import_kwh,export_kwh
M1,2026-03-10T07:00:00+08:00,2026-03-10T09:00:00+08:00,10,2
"""
TWO_PART = "cn/guizhou/commercial-10kv-two-part"


def test_a_bill_says_which_of_its_prices_are_samples_or_out_of_their_period(tmp_path):
    (tmp_path / "m.csv").write_text(METER)
    result = tidewatt(
        "tariff", "bill", TWO_PART, "--meter", tmp_path / "m.csv", "--demand-kw", 10, "--month", "2026-03",
        "--format", "json")
    assert result.returncode == 0, result.stderr
    notes = {note["part"]: note for note in json.loads(result.stdout)["notes"]}
    assert notes["agent"]["reasons"] == ["sample", "outside_its_period", "secondary"]
    assert notes["agent"]["holds"] == {"from": "2025-12-01", "through": "2025-12-31"}
    assert notes["transmission"]["reasons"][0] == "outside_its_period" and "demand charges" in notes
    assert "agent (a sample" in result.stderr and "transmission" in result.stderr
    text = tidewatt("tariff", "bill", TWO_PART, "--meter", tmp_path / "m.csv", "--lang", "zh").stdout
    assert "样例" in text and "2025-12-31" in text


def test_prices_say_what_they_rest_on_hour_by_hour():
    result = tidewatt(
        "tariff", "price", TWO_PART, "--from", "2026-07-31T23:00:00+08:00", "--to", "2026-08-01T01:00:00+08:00",
        "--step-minutes", 60, "--format", "json")
    assert result.returncode == 0, result.stderr
    before, after = [row["notes"] for row in json.loads(result.stdout)]
    assert "transmission:outside_its_period" in before and "transmission:outside_its_period" not in after
    assert "transmission" in result.stderr


def test_a_price_of_the_other_direction_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text(METER)
    other = "cn/guangdong/v2g-discharge"
    for call in [[other], [TWO_PART, "--export-tariff", TWO_PART]]:
        result = tidewatt("tariff", "bill", *call, "--meter", tmp_path / "m.csv")
        assert result.returncode == 2 and "tariff" in result.stderr and result.stdout == "", result.stderr
    assert tidewatt("tariff", "bill", TWO_PART, "--export-tariff", other, "--meter", tmp_path / "m.csv").returncode == 0


# MARK: Errors in the caller's language


FLEET = "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\nS1,E1,2026-03-02T08:00,2026-03-02T07:00:00+08:00,x,7\n"
GRID = "nodes: [{id: T1}]\nevses: [{id: E1, node: T1}]\n"
RULE = TWO_PART


def chinese(text):
    return re.search("[\u4e00-\u9fff]", text) is not None


@pytest.mark.parametrize("call", [
    ["plan", "--fleet", "f.csv", "--grid", "g.yaml", "--tariff", RULE],
    ["plan", "--fleet", "none.csv", "--grid", "g.yaml", "--tariff", "none"],
    ["tariff", "show", "t.yaml", "--date", "2026-01-01"],
    ["tariff", "show", RULE, "--date", "1999-01-01"],
    ["tariff", "bill", RULE, "--meter", "f.csv"],
    ["tariff", "bill", RULE, "--meter", "m.csv", "--demand-kw", "1"],
    ["tariff", "bill", "cn/guangdong/v2g-discharge", "--meter", "m.csv"],
    ["tariff", "price", RULE, "--from", "yesterday", "--to", "2026-01-01T00:00:00+08:00"],
    ["evaluate", "--call", "none", "--meter", "m.csv", "--tariff", RULE, "--period", "2026"],
    ["evaluate", "--call", "ndrc-2024-718", "--meter", "m.csv", "--tariff", RULE, "--period", "2026", "--facilities", "g.yaml"],
    ["tariff", "bill", RULE], ["plan", "--fast"], ["tariff", "list", "--format", "xml"], ["tariff", "fly"],
], ids=lambda call: " ".join(call[:6]) if isinstance(call, list) else None)
def test_what_is_wrong_is_said_in_the_callers_language(call, tmp_path):
    for name, text in [("f.csv", FLEET), ("g.yaml", GRID), ("m.csv", METER), ("t.yaml", "id: x\nversions: []\n")]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    by_option = tidewatt(*call, "--lang", "zh", cwd=tmp_path)
    by_environment = tidewatt(*call, cwd=tmp_path, env={"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8"})
    english = tidewatt(*call, cwd=tmp_path)
    for result in (by_option, by_environment):
        assert result.returncode == 2, result.stderr
        for line in result.stderr.strip().splitlines():
            assert chinese(line) or line.startswith("  "), f"English: {line}"
    assert english.returncode == 2 and not chinese(english.stderr.replace(RULE, "")), english.stderr
    places = [re.findall(r"^\S+?:\d+(?::\d+)?", result.stderr, re.MULTILINE) for result in (by_option, english)]
    assert places[0] == places[1], "the same places in both"


@pytest.mark.parametrize(("call", "named"), [
    (["admin", "check", "--data", "file"], "没有数据库"),
    (["admin", "token", "list", "--data", "none"], "请用 --data 指定平台的数据目录"),
    (["admin", "restore", "file", "--data", "new"], "它不是"),
    (["admin", "migrate", "--data", "file"], "无法建立文件夹"),
    (["admin", "user", "remove", "nobody", "--data", "data"], "没有用户 nobody"),
    (["admin", "token", "revoke", "7", "--data", "data"], "令牌 7"),
    (["simulate", "--url", "http://x", "--sessions", "s.csv"], "WebSocket"),
    (["simulate", "--url", "ws://x", "--sessions", "stays.csv", "--security-profile", "2", "--password", "0123456789abcdef"],
     "wss:// 地址"),
    (["serve", "--config", "c.yaml"], "10 至 86400 的整数"),
    (["serve", "--config", "d.yaml"], "以逗号分隔的主机名"),
], ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "")
def test_what_comes_from_below_is_said_in_chinese_too(call, named, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "stays.csv").write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n"
        "1,E1,2026-01-05T08:00:00+08:00,2026-01-05T09:00:00+08:00,4,7\n")
    (tmp_path / "c.yaml").write_text("stations: {heartbeat_seconds: 1}\n")
    (tmp_path / "d.yaml").write_text('tls: {server_names: ""}\n')
    tidewatt("admin", "migrate", "--data", "data", cwd=tmp_path)
    result = tidewatt(*call, cwd=tmp_path, env={"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8"})
    assert result.returncode == 2 and chinese(result.stderr), result.stdout + result.stderr
    assert named in result.stderr, result.stderr


# MARK: Figures with their units, sums without dust


def test_an_evaluation_names_the_unit_of_what_is_asked(tmp_path):
    (tmp_path / "m.csv").write_text(METER)
    (tmp_path / "f.yaml").write_text("facilities: [{site: S, piles: 2, rated_discharge_kw: 40}]\n")
    call = ["evaluate", "--call", "ndrc-2024-718", "--meter", tmp_path / "m.csv", "--tariff", RULE, "--period", 2026,
            "--facilities", tmp_path / "f.yaml"]
    assert re.search(r"40 kW +≥ \d+ kW", tidewatt(*call).stdout)
    assert re.search(r"40 千瓦 +≥ \d+ 千瓦", tidewatt(*call, "--lang", "zh").stdout)


def test_a_plan_tells_no_dust_of_binary_sums(tmp_path):
    (tmp_path / "f.csv").write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n" + "".join(
            f"S{i},E1,2026-03-0{i}T18:00:00+08:00,2026-03-0{i + 1}T07:00:00+08:00,12.3,7\n" for i in range(1, 8)))
    (tmp_path / "g.yaml").write_text("nodes: [{id: T1, limit_kw: 50}]\nevses: [{id: E1, node: T1}]\n")
    result = tidewatt(
        "plan", "--fleet", tmp_path / "f.csv", "--grid", tmp_path / "g.yaml", "--tariff",
        "cn/hubei/residential-charging", "--format", "json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    for value in (answer["objective_yuan"], answer["bound_yuan"], answer["totals"]["cost_yuan"]):
        assert re.fullmatch(r"-?\d+(\.\d{1,6})?", repr(value)), value
    assert answer["bound_yuan"] <= answer["objective_yuan"]
