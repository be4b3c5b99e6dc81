"""One command to many stations: order, parallelism, stations that refuse, are silent or away, and kills in between."""

import asyncio
import csv
import io
import time
from collections import Counter

import pytest
from ocpp.v16 import call_result as result16

from support.files import http_request
from support.polling import until
from support.station import Station, at_once, fresh
from support.station2 import Station2

SET16 = {"action": "ChangeConfiguration", "payload": {"key": "MeterValueSampleInterval", "value": "60"}}
SET2 = {"action": "SetVariables", "payload": {"setVariableData": [{
    "component": {"name": "AlignedDataCtrlr"}, "variable": {"name": "Interval"}, "attributeValue": "900"}]}}


def create(api, stations, commands=None, status=201, **more):
    body = {"name": "test", "commands": commands or {"1.6": SET16}, "stations": [one.identity for one in stations], **more}
    return api.post("/api/v1/campaigns", body, status=status)


def results(api, campaign):
    return api.every(f"/api/v1/campaigns/{campaign['id']}/results")


def states(api, campaign):
    return [one["state"] for one in results(api, campaign)]


def finished(api, campaign, seconds=20):
    return until(
        lambda: (view := api.get(f"/api/v1/campaigns/{campaign['id']}"))["state"] == "finished" and view, "the end", seconds)


@pytest.fixture
def many(shared):
    """Stations that leave with the test."""
    opened = []

    def connect(count, cls=Station, server=shared, **options):
        new = [cls(server.ocpp, fresh("CAMP"), **options) for _ in range(count)]
        for one in new:
            one.connect()
            one.boot()
        opened.extend(new)
        return new

    yield connect
    for one in opened:
        one.close()


def test_each_station_gets_it_once_and_answers_for_itself(api, many):
    willing, refusing, wrong = many(3)
    refusing.answers["ChangeConfiguration"] = result16.ChangeConfiguration("Rejected")

    def fail(fields):
        raise ValueError("no")
    wrong.answers["ChangeConfiguration"] = fail
    campaign = create(api, [willing, refusing, wrong])
    assert campaign["state"] == "draft" and campaign["counts"]["waiting"] == 3
    assert willing.heard("ChangeConfiguration") == [], "nothing before the start"
    api.post(f"/api/v1/campaigns/{campaign['id']}/start")
    view = finished(api, campaign)
    assert view["over"] == view["total"] == 3 and view["ended_at"]
    first, second, third = results(api, campaign)
    assert (first["state"], first["word"]) == ("accepted", "Accepted")
    assert (second["state"], second["word"]) == ("refused", "Rejected")
    assert third["state"] == "error" and third["word"]
    for station in (willing, refusing, wrong):
        assert station.heard("ChangeConfiguration") == [SET16["payload"]]
    command = api.get(f"/api/v1/commands/{first['command']}")
    assert (command["status"], command["by"]) == ("answered", f"campaign {campaign['id']}")
    text = api.get(f"/api/v1/campaigns/{campaign['id']}/results?format=csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["state"] for row in rows] == ["accepted", "refused", "error"]
    again = api.request("POST", f"/api/v1/campaigns/{campaign['id']}/start")
    assert again.status == 409 and again.json["type"].endswith("campaign-over")


def test_each_version_gets_its_own_and_without_one_a_station_is_left_out(api, many):
    [old], [new], [newest] = many(1), many(1, Station2), many(1, Station2, subprotocol="ocpp2.1")
    campaign = create(api, [old, new, newest], {"2.0.1": SET2}, start=True)
    finished(api, campaign)
    first, second, third = results(api, campaign)
    assert (first["state"], first["word"], first["attempts"]) == ("skipped", "no-command-for-version", 0)
    assert second["state"] == third["state"] == "accepted"
    assert new.heard("SetVariables") == newest.heard("SetVariables") == [SET2["payload"]]
    assert old.heard("SetVariables") == []


def test_what_breaks_a_versions_rules_is_refused_before_anything_is_kept(api, many):
    [station] = many(1)
    before = len(api.every("/api/v1/campaigns"))
    bad = create(api, [station], {"1.6": {"action": "ChangeConfiguration", "payload": {"key": "x"}}}, status=400)
    assert "commands.1.6.payload" in bad["errors"][0]["path"]
    create(api, [station], {"1.6": {"action": "BootNotification", "payload": {}}}, status=400)
    unknown = api.post("/api/v1/campaigns", {"name": "x", "commands": {"1.6": SET16}, "stations": ["nobody"]}, status=400)
    assert unknown["errors"][0]["path"] == "stations"
    api.post("/api/v1/campaigns", {"name": "x", "commands": {"1.6": SET16}, "vendor": "Nobody"}, status=400)
    api.post("/api/v1/campaigns", {"name": "x", "commands": {"3.0": SET16}}, status=400)
    assert len(api.every("/api/v1/campaigns")) == before


def test_filters_choose(api, many):
    one, other = many(2)
    one.boot(charge_point_vendor="V-CAMP", charge_point_model="M1", firmware_version="1.0")
    other.boot(charge_point_vendor="V-CAMP", charge_point_model="M2", firmware_version="1.0")
    campaign = api.post("/api/v1/campaigns", {
        "name": "x", "commands": {"1.6": SET16}, "vendor": "V-CAMP", "model": "M2", "firmware_version": "1.0"}, status=201)
    assert [row["station"] for row in results(api, campaign)] == [other.identity]
    api.post(f"/api/v1/campaigns/{campaign['id']}/cancel")
    assert states(api, campaign) == ["cancelled"]


def test_no_more_than_parallel_are_under_way(api, many):
    stations = many(6)
    running, most = [0], [0]

    async def slow(fields):
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(0.2)
        running[0] -= 1
        return result16.ChangeConfiguration("Accepted")
    campaign = create(api, stations, parallel=2)
    seen = []

    def watch(view):
        seen.append(view["counts"]["sent"])
        return view["state"] == "finished"
    for station in stations:
        station.answers["ChangeConfiguration"] = slow
    api.post(f"/api/v1/campaigns/{campaign['id']}/start")
    until(lambda: watch(api.get(f"/api/v1/campaigns/{campaign['id']}")), "the end", 20)
    assert max(seen) <= 2 and most[0] == 2
    assert states(api, campaign) == ["accepted"] * 6


def test_a_station_that_is_away_gets_it_when_it_comes(api, many):
    here, away = many(2)
    away.close()
    until(lambda: not api.station(away.identity)["online"], "gone")
    campaign = create(api, [away, here], start=True)
    until(lambda: states(api, campaign) == ["waiting", "accepted"], "the one that is here")
    away.connect()
    finished(api, campaign)
    assert states(api, campaign) == ["accepted", "accepted"]
    assert away.heard("ChangeConfiguration") == [SET16["payload"]]


def test_pause_holds_resume_goes_on_cancel_ends(api, many):
    here, away = many(2)
    away.close()
    until(lambda: not api.station(away.identity)["online"], "gone")
    campaign = create(api, [here, away], start=True)
    until(lambda: states(api, campaign) == ["accepted", "waiting"], "the one that is here")
    assert api.post(f"/api/v1/campaigns/{campaign['id']}/pause")["state"] == "paused"
    away.connect()
    until(lambda: api.station(away.identity)["online"], "back")
    # Two ticks of the platform: whatever it would send is sent by then.
    end = time.monotonic() + 2
    until(lambda: time.monotonic() > end or away.heard("ChangeConfiguration"), "two ticks")
    assert away.heard("ChangeConfiguration") == [] and states(api, campaign)[1] == "waiting"
    api.post(f"/api/v1/campaigns/{campaign['id']}/start")
    finished(api, campaign)
    assert len(away.heard("ChangeConfiguration")) == 1
    other = create(api, [here])
    view = api.post(f"/api/v1/campaigns/{other['id']}/cancel")
    assert view["state"] == "cancelled" and states(api, other) == ["cancelled"]


@pytest.mark.parametrize(("attempts", "sent"), [(1, 1), (2, 2)])
def test_silence_is_named_and_tried_again_only_where_the_plan_says_so(api, many, attempts, sent):
    [station] = many(1)

    async def silent(fields):
        await asyncio.sleep(20)
        return result16.ChangeConfiguration("Accepted")
    station.answers["ChangeConfiguration"] = silent
    campaign = create(api, [station], start=True, timeout_seconds=1, attempts=attempts, wait_seconds=1)
    until(lambda: states(api, campaign) == ["timeout"], "silence", 20)
    # The library reads the second call only when it is through with the first: the platform's log says what was sent.
    frames = api.every(f"/api/v1/stations/{station.identity}/messages")
    assert len([one for one in frames if (one["direction"], one["action"]) == ("out", "ChangeConfiguration")]) == sent
    assert results(api, campaign)[0]["attempts"] == sent
    assert api.get(f"/api/v1/campaigns/{campaign['id']}")["state"] == "finished"


def test_firmware_for_many_each_in_its_words(serve, many):
    server = serve(files=True)
    api = server.api()
    [old], [new] = many(1, server=server), many(1, Station2, server=server)
    new.answers["UpdateFirmware"] = new.words.call_result.UpdateFirmware("Accepted")
    file = api.post("/api/v1/files?name=a.bin", b"image", status=201)
    campaign = api.post("/api/v1/campaigns", {
        "name": "2.0.0", "firmware": {"file": file["id"]}, "stations": [old.identity, new.identity], "start": True}, status=201)
    finished(api, campaign)
    assert states(api, campaign) == ["accepted", "accepted"]
    assert old.heard("UpdateFirmware")[0]["location"] == new.heard("UpdateFirmware")[0]["firmware"]["location"]
    for station in (old, new):
        [job] = api.get(f"/api/v1/stations/{station.identity}/jobs")["items"]
        assert (job["state"], job["file"], job["by"]) == ("accepted", file["id"], f"campaign {campaign['id']}")


def test_logs_of_many_each_under_an_address_of_its_own(serve, many):
    """Some bring it, one refuses, one is away until later; what they bring is theirs and nobody else's."""
    server = serve(files=True)
    api = server.api()
    [old, refusing, away], [new] = many(3, server=server), many(1, Station2, server=server)
    for station in (old, away):
        station.answers["GetDiagnostics"] = result16.GetDiagnostics(file_name="d.zip")
    refusing.answers["GetDiagnostics"] = result16.GetDiagnostics()
    new.answers["GetLog"] = new.words.call_result.GetLog("Accepted", filename="pile.log")
    away.close()
    until(lambda: not api.station(away.identity)["online"], "gone")
    everybody = [old, refusing, away, new]
    for station in everybody:
        assert api.get(f"/api/v1/stations/{station.identity}/jobs")["items"] == []
    campaign = api.post("/api/v1/campaigns", {
        "name": "logs", "log": {"type": "diagnostics", "from": "2026-01-01T00:00:00Z"},
        "stations": [one.identity for one in everybody], "start": True}, status=201)
    until(lambda: states(api, campaign) == ["accepted", "refused", "waiting", "accepted"], "those that are here")
    away.connect()
    finished(api, campaign)
    assert states(api, campaign) == ["accepted", "refused", "accepted", "accepted"]
    places = [
        old.heard("GetDiagnostics")[0]["location"], away.heard("GetDiagnostics")[0]["location"],
        new.heard("GetLog")[0]["log"]["remoteLocation"]]
    assert len(set(places)) == 3 and new.heard("GetLog")[0]["log"]["oldestTimestamp"].startswith("2026-01-01")
    for station, place in zip((old, away, new), places, strict=True):
        text = station.identity.encode()
        assert http_request("PUT", place, text)[0] == 201
        [job] = api.get(f"/api/v1/stations/{station.identity}/jobs")["items"]
        assert (job["state"], job["received_bytes"], job["by"]) == ("done", len(text), f"campaign {campaign['id']}")
        assert http_request("GET", f"{server.url}/api/v1/files/{job['file']}/content")[2] == text
    [job] = api.get(f"/api/v1/stations/{refusing.identity}/jobs")["items"]
    assert (job["state"], job["received_bytes"]) == ("refused", None)


def test_logs_of_many_need_a_place_for_files(api, many):
    [station] = many(1)
    answer = api.request("POST", "/api/v1/campaigns", {"name": "logs", "log": {}, "stations": [station.identity]})
    assert answer.status == 409 and answer.json["type"].endswith("files-off")


def test_live_events_tell(api, many, shared):
    import http.client
    [station] = many(1)
    campaign = create(api, [station])
    connection = http.client.HTTPConnection("127.0.0.1", shared.ports["http"], timeout=20)
    connection.request("GET", "/api/v1/events")
    stream = connection.getresponse()
    api.post(f"/api/v1/campaigns/{campaign['id']}/start")
    wanted = f'data: {{"id":"{campaign["id"]}"}}'.encode()
    until(lambda: stream.readline().strip() == wanted, "the event")
    connection.close()


@pytest.mark.parametrize("seed", range(3))
def test_kill_in_the_middle_sends_nothing_twice(serve, many, seed):
    server = serve()
    stations = many(20, server=server)

    async def answer(fields):
        await asyncio.sleep(0.05 * (seed + 1))
        return result16.ChangeConfiguration("Accepted")
    for station in stations:
        station.answers["ChangeConfiguration"] = answer
    api = server.api()
    campaign = create(api, stations, parallel=4, start=True)
    until(lambda: Counter(states(api, campaign))["accepted"] >= 3 + 2 * seed, "some answers")
    server.kill()
    server.start()
    for station in stations:
        station.port = server.ocpp
    at_once(lambda station: station._connect(), stations)
    api = server.api()
    finished(api, campaign, 30)
    kinds = Counter(states(api, campaign))
    assert set(kinds) <= {"accepted", "unknown"} and kinds["unknown"] <= 4, kinds
    for station in stations:
        assert len(station.heard("ChangeConfiguration")) <= 1, station.identity
    for row, station in zip(results(api, campaign), stations, strict=True):
        if row["state"] == "accepted":
            assert len(station.heard("ChangeConfiguration")) == 1
