"""Logs and diagnostics: asked for, followed, and here (2.0.1 N01; 1.6 GetDiagnostics and the security whitepaper)."""

import pytest
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16

from support.files import http_request
from support.polling import until
from support.simulated import Simulated
from support.station import Station, fresh
from support.station2 import Station2


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from support.program import Server
    running = Server(tmp_path_factory.mktemp("logs"), files=True).start()
    yield running
    running.stop()


@pytest.fixture
def api(server):
    return server.api()


def order(api, station, body=None):
    return api.post(f"/api/v1/stations/{station}/log", body or {}, headers={"Prefer": "wait=15"}, seconds=30)


def jobs(api, station):
    return api.get(f"/api/v1/stations/{station}/jobs?kind=log")["items"]


def content(server, file):
    return http_request("GET", f"{server.url}/api/v1/files/{file}/content")[2]


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("kind", ["diagnostics", "security"])
def test_TC_N_25_a_log_is_asked_for_brought_and_here(server, api, version, kind):
    station = Station2(server.ocpp, fresh("LOG"), version)
    station.answers["GetLog"] = station.words.call_result.GetLog("Accepted", filename="pile.log")
    station.connect()
    station.boot()
    assert jobs(api, station.identity) == []
    order(api, station.identity, {
        "type": kind, "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "retries": 1})
    [asked] = station.heard("GetLog")
    assert asked["logType"] == {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}[kind]
    assert asked["log"]["oldestTimestamp"].startswith("2026-01-01T00:00:00") and asked["retries"] == 1
    [job] = jobs(api, station.identity)
    assert (job["state"], job["file_name"], job["received_bytes"]) == ("accepted", "pile.log", None)
    tell = lambda word: station.call(  # noqa: E731
        station.words.call.LogStatusNotification(word, request_id=asked["requestId"]))
    tell("Uploading")
    assert jobs(api, station.identity)[0]["state"] == "running"
    assert http_request("PUT", asked["log"]["remoteLocation"], b"what happened\n")[0] == 201
    tell("Uploaded")
    [job] = jobs(api, station.identity)
    assert (job["state"], job["word"], job["received_bytes"]) == ("done", "Uploaded", 14)
    assert content(server, job["file"]) == b"what happened\n"
    station.close()


def test_TC_N_26_what_fails_is_told_in_the_stations_words(server, api):
    station = Station2(server.ocpp, fresh("LOG"))
    answers = iter(["Rejected", "Accepted", "AcceptedCanceled"])
    station.answers["GetLog"] = lambda fields: station.words.call_result.GetLog(next(answers))
    station.connect()
    station.boot()
    order(api, station.identity)
    assert (jobs(api, station.identity)[0]["state"], jobs(api, station.identity)[0]["word"]) == ("refused", "Rejected")
    order(api, station.identity)
    order(api, station.identity)
    newest, older, _ = jobs(api, station.identity)
    assert (newest["state"], older["state"]) == ("accepted", "superseded")
    numbers = [asked["requestId"] for asked in station.heard("GetLog")]
    station.call(station.words.call.LogStatusNotification("AcceptedCanceled", request_id=numbers[1]))
    for word in ["BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"]:
        station.call(station.words.call.LogStatusNotification(word, request_id=numbers[2]))
        job = jobs(api, station.identity)[0]
        assert (job["state"], job["word"]) == ("failed", word)
    assert jobs(api, station.identity)[1]["state"] == "superseded"
    station.close()


def test_TC_045_1_1_6_diagnostics(server, api):
    station = Station(server.ocpp, fresh("LOG"))
    station.answers["GetDiagnostics"] = result16.GetDiagnostics(file_name="d.zip")
    station.connect()
    station.boot()
    order(api, station.identity, {"from": "2026-01-01T00:00:00Z"})
    [asked] = station.heard("GetDiagnostics")
    assert asked["startTime"].startswith("2026-01-01")
    station.call(call16.DiagnosticsStatusNotification("Uploading"))
    assert jobs(api, station.identity)[0]["state"] == "running"
    # A folder to some stations, a file to others.
    assert http_request("POST", asked["location"] + "/d.zip", b"PK")[0] == 201
    station.call(call16.DiagnosticsStatusNotification("Uploaded"))
    [job] = jobs(api, station.identity)
    assert job["state"] == "done" and api.get(f"/api/v1/files/{job['file']}")["name"] == "d.zip"
    station.close()


def test_TC_045_2_1_6_diagnostics_that_are_not_there_or_fail(server, api):
    station = Station(server.ocpp, fresh("LOG")).connect()
    station.boot()
    order(api, station.identity)
    assert jobs(api, station.identity)[0]["state"] == "refused"
    station.answers["GetDiagnostics"] = result16.GetDiagnostics(file_name="d.zip")
    order(api, station.identity)
    station.call(call16.DiagnosticsStatusNotification("UploadFailed"))
    assert jobs(api, station.identity)[0]["state"] == "failed"
    station.close()


def test_TC_079_1_6_security_log(server, api):
    station = Station(server.ocpp, fresh("LOG"))
    station.answers["GetLog"] = result16.GetLog("Accepted", filename="s.log")
    station.connect()
    station.boot()
    order(api, station.identity, {"type": "security"})
    [asked] = station.heard("GetLog")
    assert asked["logType"] == "SecurityLog"
    assert http_request("PUT", asked["log"]["remoteLocation"], b"s")[0] == 201
    station.call(call16.LogStatusNotification("Uploaded", request_id=asked["requestId"]))
    assert jobs(api, station.identity)[0]["state"] == "done"
    station.close()


def test_the_file_counts_though_the_station_loses_its_tongue(server, api):
    station = Station2(server.ocpp, fresh("LOG"))
    station.answers["GetLog"] = station.words.call_result.GetLog("Accepted", filename="pile.log")
    station.connect()
    station.boot()
    order(api, station.identity)
    [asked] = station.heard("GetLog")
    station.cut()
    assert http_request("PUT", asked["log"]["remoteLocation"], b"last words")[0] == 201
    [job] = jobs(api, station.identity)
    assert (job["state"], job["received_bytes"]) == ("done", 10)


def test_unasked_news_of_logs_are_answered_and_kept(server, api):
    station = Station(server.ocpp, fresh("LOG")).connect()
    station.boot()
    station.call(call16.DiagnosticsStatusNotification("Idle"))
    assert jobs(api, station.identity) == []
    station.call(call16.DiagnosticsStatusNotification("Uploading"))
    station.call(call16.DiagnosticsStatusNotification("Uploaded"))
    [job] = jobs(api, station.identity)
    assert (job["state"], job["by"]) == ("done", "station")
    station.close()


def test_a_station_that_is_not_there_is_told_at_once(server, api):
    station = Station(server.ocpp, fresh("LOG")).connect()
    station.boot()
    station.close()
    until(lambda: not api.station(station.identity)["online"], "gone")
    answer = api.request("POST", f"/api/v1/stations/{station.identity}/log", {})
    assert answer.status == 409 and answer.json["type"].endswith("station-offline")
    assert jobs(api, station.identity) == []


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("kind", ["diagnostics", "security"])
def test_a_simulated_station_really_brings_it(server, api, tmp_path, version, kind):
    with Simulated(server, tmp_path, version) as station:
        order(api, station.identity, {"type": kind})
        until(lambda: jobs(api, station.identity)[0]["state"] == "done", "the log", 20)
        job = jobs(api, station.identity)[0]
        text = content(server, job["file"]).decode()
        assert text.startswith(station.identity) and len(text.splitlines()) == 201


def test_a_simulated_station_that_fails_says_so(server, api, tmp_path):
    with Simulated(server, tmp_path, "2.0.1", faults="upload-fails") as station:
        order(api, station.identity, {"location": "http://127.0.0.1:1/nowhere"})
        until(lambda: jobs(api, station.identity)[0]["state"] == "failed", "the failure", 20)
        assert jobs(api, station.identity)[0]["word"] == "UploadFailure"
