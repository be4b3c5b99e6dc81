"""What hurried people and strangers do: backups over the data, formulas in names, nonsense in fields."""

import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from support.api import Api
from support.polling import until
from support.program import PROGRAM, ROOT, Server, tidewatt
from support.station import Station, fresh, now


# MARK: Care of the data


@pytest.mark.parametrize("link", [False, True], ids=["its name", "a link to it"])
def test_a_backup_never_replaces_the_database_it_is_of(serve, tmp_path, link):
    server = serve()
    station = Station(server.ocpp, "KEPT").connect()
    station.boot()
    transaction = station.start("TAG").transaction_id
    target = server.data / "tidewatt.sqlite"
    if link:
        os.symlink(server.data, tmp_path / "elsewhere")
        target = tmp_path / "elsewhere" / "tidewatt.sqlite"
    result = tidewatt("admin", "backup", target, "--data", server.data)
    station.meter(transaction, 500)
    station.stop(transaction, 600)
    assert server.terminate() == 0
    server.start()
    session = server.api().sessions("KEPT")[0]
    assert (session["status"], session["import_wh"]) == ("ended", 600), "what was acknowledged is still there"
    assert result.returncode == 2 and "tidewatt.sqlite" in result.stderr, result.stdout + result.stderr


def test_a_backup_that_cannot_be_written_leaves_nothing(serve, tmp_path):
    server = serve()
    for target in [tmp_path / "none" / "b.sqlite", server.data]:
        before = sorted(server.data.iterdir())
        result = tidewatt("admin", "backup", target, "--data", server.data)
        assert result.returncode == 2 and str(target) in result.stderr, result.stderr
        assert sorted(server.data.iterdir()) == before and not (tmp_path / "none").exists()


def test_a_refused_demo_or_server_names_what_stands_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    result = tidewatt("serve", "--data", tmp_path / "file", "--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0")
    assert result.returncode == 2 and str(tmp_path / "file") in result.stderr


def test_a_demo_does_not_begin_on_the_data_of_another_run(tmp_path):
    server = Server(tmp_path).start()
    server.api().put("/api/v1/sites/yard", {"name": "Yard"})
    assert server.terminate() == 0
    process = subprocess.Popen(
        [PROGRAM, "demo", "--data", str(server.data), "--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        heard = []
        for line in process.stderr:
            heard.append(line)
            if line.strip() == "ready":
                break
        assert "ready\n" not in heard, "it began"
        assert process.wait(10) == 2 and str(server.data) in "".join(heard)
    finally:
        process.kill()
        process.wait(10)
        process.stderr.close()


# MARK: Clocks


@pytest.mark.parametrize("ahead", [120, 3600, 10 * 365 * 86400], ids=["two minutes", "an hour", "ten years"])
def test_one_reading_from_the_future_does_not_stop_the_following(station, api, ahead):
    one = station(fresh())
    one.boot()
    transaction = one.start("TAG").transaction_id
    one.meter(transaction, 100, 7000)
    one.meter(transaction, 200, 1000, at=now(ahead))
    for register in (300, 400):
        one.meter(transaction, register, 6000)
    assert api.sessions(one.identity)[0]["import_wh"] == 400
    assert api.station(one.identity)["evses"][0]["power_kw"] == 6


def test_one_reading_from_before_the_clock_was_set_does_not_stop_the_following(station, api):
    one = station(fresh())
    one.boot()
    transaction = one.start("TAG").transaction_id
    one.meter(transaction, 100, 7000)
    one.meter(transaction, 200, 1000, at="1970-01-01T00:00:10Z")
    one.meter(transaction, 300, 6000)
    assert api.sessions(one.identity)[0]["import_wh"] == 300
    assert api.station(one.identity)["evses"][0]["power_kw"] == 6


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs faketime")
def test_a_clock_that_is_set_back_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "shift").write_text("+0\n")
    # The library reads the shift from a file at every look when no fixed one is given; `exec` keeps the arguments.
    script = f"""unset FAKETIME; export FAKETIME_TIMESTAMP_FILE={tmp_path}/shift FAKETIME_NO_CACHE=1
        exec {PROGRAM} serve --open --data {tmp_path}/data --http 127.0.0.1:0 --ocpp 127.0.0.1:0"""
    process = subprocess.Popen(
        ["faketime", "--exclude-monotonic", "-f", "+0", "bash", "-c", script], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        api = None
        for line in process.stderr:
            if line.startswith("listening http"):
                api = Api(int(line.rsplit(":", 1)[1]))
            if line.strip() == "ready":
                break
        (tmp_path / "shift").write_text("-1d\n")
        alarms = until(lambda: api.get("/api/v1/alarms?active=true")["items"], "the alarm comes")
        assert alarms[0]["code"] == "clock-moved" and int(alarms[0]["values"]["seconds"]) < -86_000
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the wrapper and the server
        process.wait(10)
        process.stderr.close()


# MARK: Lists for spreadsheets


def cells(text):
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


FORMULA = "=1+1"


def test_a_list_for_spreadsheets_has_its_mark_and_runs_no_formula(api):
    api.put("/api/v1/stations/" + fresh("FORMULA"), {"owner": FORMULA, "model": "@SUM(1)"})
    text = api.request("GET", "/api/v1/stations?format=csv&bom=1&limit=1000").body.decode("utf-8")
    assert text.startswith("\ufeff")
    rows = cells(text)
    owners = [row[rows[0].index("owner")] for row in rows[1:]]
    assert "'" + FORMULA in owners
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "@")]


RISKY = ["=1+1", "@SUM(1)", "-2+3", "+cmd", "'=quoted"]


def test_the_plain_list_runs_no_formula_either_and_comes_back_by_import(api):
    names = {fresh("RISKY"): text for text in RISKY}
    for name, text in names.items():
        api.put("/api/v1/stations/" + name, {"owner": text, "model": "-5.5"})
    rows = cells(api.request("GET", "/api/v1/stations?limit=1000", headers={"Accept": "text/csv"}).text)
    rows = {row[0]: dict(zip(rows[0], row)) for row in rows[1:]}
    for name, text in names.items():
        assert rows[name]["owner"] == "'" + text and rows[name]["model"] == "-5.5"
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["identity", "owner"])
    writer.writerows([name + "-B", rows[name]["owner"]] for name in names)
    answer = api.request("POST", "/api/v1/stations:import", table.getvalue(), {"Content-Type": "text/csv"})
    assert answer.status == 200, answer.text
    for name, text in names.items():
        assert api.station(name + "-B")["owner"] == text


def test_the_plain_list_reads_back_what_was_said(api):
    name = fresh("PLAIN")
    api.put("/api/v1/stations/" + name, {"owner": ' a, "b" 张三'})
    rows = cells(api.request("GET", "/api/v1/stations?limit=1000", headers={"Accept": "text/csv"}).text)
    row = dict(zip(rows[0], next(row for row in rows if row[0] == name)))
    assert row["owner"] == ' a, "b" 张三'


# MARK: Facts nobody said


def test_a_pile_nobody_called_private_is_not_private(api):
    name = fresh("UNSAID")
    api.put("/api/v1/stations/" + name, {})
    assert api.station(name)["ownership"] is None
    api.put("/api/v1/stations/" + name, {"ownership": "public"})
    assert api.station(name)["ownership"] == "public"
    api.put("/api/v1/stations/" + name, {"ownership": None})
    assert api.station(name)["ownership"] is None


def test_a_rating_that_nobody_stated_is_shown_as_assumed(api):
    name = fresh("UNRATED")
    api.put("/api/v1/stations/" + name, {})
    read = api.station(name)
    assert read["rating_assumed"] is True and float(read["limits"]["rating_kw"]) == 7.04
    read = api.request("GET", "/api/v1/stations/" + name).body
    same = api.request("PUT", "/api/v1/stations/" + name, read, {"Content-Type": "application/json"})
    assert same.json["rating_assumed"] is True, "reading and sending back states nothing"
    assert api.put("/api/v1/stations/" + name, {"max_current_a": 32})["rating_assumed"] is True, "phases are not known yet"
    assert api.put("/api/v1/stations/" + name, {"phases": 1})["rating_assumed"] is False
    rows = cells(api.request("GET", "/api/v1/stations?limit=1000", headers={"Accept": "text/csv"}).text)
    assert dict(zip(rows[0], next(row for row in rows if row[0] == name)))["rating_assumed"] == "false"


# MARK: Nonsense


@pytest.fixture(scope="module")
def yard(shared):
    shared.api().put("/api/v1/sites/misuse", {"name": "Yard"})
    shared.api().put("/api/v1/nodes/misuse", {"site": "misuse", "limit_kw": 20})


@pytest.mark.parametrize(("path", "body", "field"), [
    ("/api/v1/sites/misuse", {"name": ""}, "name"),
    ("/api/v1/sites/misuse", {"tariffs": [{"from": "2026-01-01", "tariff": "cn/guangdong/v2g-discharge"}]}, "tariffs"),
    ("/api/v1/sites/misuse", {"export_tariffs": [{"from": "2026-01-01", "tariff": "cn/hubei/residential-charging"}]},
     "export_tariffs"),
    ("/api/v1/nodes/misuse", {"limit_kw": 0.0000001}, "limit_kw"),
    ("/api/v1/nodes/misuse", {"export_limit_kw": 1e-9}, "export_limit_kw"),
    ("/api/v1/id-tokens/SELF", {"status": "Accepted", "parent": "self"}, "parent"),
    ("/api/v1/stations/misuse", {"owner": "one\ntwo"}, "owner"),
    ("/api/v1/sites/misuse", {"zone": "Mars/Phobos"}, "zone"),
    ("/api/v1/nodes/misuse", {"parent": "misuse"}, "parent"),
    ("/api/v1/nodes/misuse", '{"limit_kw": 1e400}', "limit_kw"),
    ("/api/v1/stations/misuse", {"site": "none"}, "site"),
    ("/api/v1/stations/misuse", {"phases": 4}, "phases"),
    ("/api/v1/stations/misuse", {"password": "short"}, "password"),
], ids=lambda value: value if isinstance(value, str) and value.islower() and "/" not in value else None)
def test_nonsense_is_refused_with_its_field(api, yard, path, body, field):
    body = body if isinstance(body, str) else json.dumps(body)
    answer = api.request("PUT", path, body, {"Content-Type": "application/json"})
    assert answer.status == 400, answer.text
    assert any(field in error["path"] for error in answer.json["errors"]), answer.text


def test_a_cursor_that_no_page_gave_is_refused(api):
    for path in ["sessions", "alarms", "audit"]:
        answer = api.request("GET", f"/api/v1/{path}?cursor=nonsense")
        assert answer.status == 400 and answer.json["errors"][0]["path"] == "cursor", path


def test_a_text_of_two_lines_is_refused_for_what_it_is(api):
    answer = api.request(
        "PUT", "/api/v1/stations/" + fresh("LINES"), json.dumps({"owner": "a\nb"}), {"Content-Type": "application/json"})
    assert answer.status == 400 and "line breaks" in answer.json["errors"][0]["problem"], answer.text


def test_many_half_requests_and_unread_streams_do_not_stop_the_others(shared, api):
    sockets = []
    try:
        for text in [b"GET /api/v1/stations HTTP/1.1\r\nHost: x"] * 300 + [
                b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"] * 50:
            sockets.append(socket.create_connection(("127.0.0.1", shared.ports["http"])))
            sockets[-1].sendall(text)
        assert api.get("/healthz", seconds=5)
    finally:
        for one in sockets:
            one.close()


# MARK: Who did it


def newest(api, action):
    return next(row for row in api.every("/api/v1/audit") if row["action"] == action)


def test_the_audit_says_what_was_changed(api, yard):
    api.put("/api/v1/sites/misuse", {"operator": "Somebody"})
    row = newest(api, "site.put")
    assert row["object"] == "misuse" and row["detail"] == "operator", "the name of a person is not copied"
    api.put("/api/v1/nodes/misuse", {"limit_kw": 21})
    assert newest(api, "node.put")["detail"] == "limit_kw=21"


def test_the_audit_says_why_a_site_runs_by_itself_again(api, yard):
    api.put("/api/v1/sites/misuse/mode", {"state": "manual", "reason": "works"})
    api.put("/api/v1/sites/misuse/mode", {"state": "auto", "reason": "works are over"})
    assert newest(api, "site.mode")["detail"] == "auto: works are over"


def test_the_audit_says_which_card_was_blocked_but_not_its_number(api):
    card = fresh("CARD")
    mark = api.put("/api/v1/id-tokens/" + card, {"status": "Accepted"})["audit_mark"]
    api.put("/api/v1/id-tokens/" + card, {"status": "Blocked"})
    row = newest(api, "id-token.put")
    assert row["object"] == mark and row["detail"] == "status=Blocked"
    assert api.request("DELETE", "/api/v1/id-tokens/" + card).status == 204
    assert newest(api, "id-token.delete")["object"] == mark
    assert card not in json.dumps(api.every("/api/v1/audit"))


def test_the_program_says_its_version_and_its_build():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[?([^\]\s]+)", changelog, re.MULTILINE).group(1)
    result = tidewatt("--version")
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(rf"tidewatt {re.escape(newest)} \(build [0-9a-f]{{12}}\)\n", result.stdout), result.stdout
