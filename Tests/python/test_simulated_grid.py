"""`tidewatt simulate --ocpp 2.1` against `tidewatt serve`: vehicles that give back under a utility's controls, one by a schedule of its
own (2.1 blocks Q and R), a cabinet for batteries (S), the button for priority charging (K22)."""

import json
import subprocess

import pytest

from support.polling import until
from support.program import PROGRAM, Server, _environment
from support.station import fresh, now

LEAD = 12
ARRIVAL = "2026-03-10T18:00:00+08:00"
HEADER = (
    "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,max_discharge_kw,battery_kwh,soc_arrival,soc_min,"
    "charge_efficiency,discharge_efficiency,control_mode\n")


class Fleet:
    """The program's own stations, until the end of the `with`."""

    def __init__(self, server, folder, prefix, rows, *options, header=HEADER):
        sessions = folder / f"{prefix}sessions.csv"
        sessions.write_text(header + rows, encoding="utf-8")
        self.arguments = [
            PROGRAM, "simulate", "--url", f"ws://127.0.0.1:{server.ocpp}/ocpp", "--sessions", str(sessions), "--ocpp", "2.1",
            "--lead", str(LEAD), "--identity-prefix", prefix, *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(None))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("grid")).start()
    yield server
    server.stop()


def online(api, *stations):
    until(lambda: all(api.request("GET", f"/api/v1/stations/{s}").status == 200 and api.station(s)["online"] for s in stations),
          "the simulated stations", 30)


def calls(api, station, action):
    """Payloads of an action, oldest first."""
    told = sorted(api.every(f"/api/v1/stations/{station}/messages"), key=lambda m: m["sequence"])
    frames = [json.loads(m["text"]) for m in told if m["text"] and m["action"] == action]
    return [frame[3] for frame in frames if frame[0] == 2]


@pytest.fixture(scope="module")
def park(server, tmp_path_factory):
    """Two stations of a site: a vehicle that follows at once, and one that plans by itself. Three quarters of a minute after they came
    the grid's frequency rises twice and falls again."""
    folder, prefix, site = tmp_path_factory.mktemp("park"), fresh("DER") + "-", fresh("park")
    api = server.api()
    api.put(f"/api/v1/sites/{site}", {
        "name": site, "kind": "depot", "zone": "Asia/Shanghai", "allowed_energy_transfer": ["DC", "DC_BPT"]})
    api.put(f"/api/v1/nodes/{site}", {"site": site, "limit_kw": 100, "export_limit_kw": 60})
    stations = [f"{prefix}001", f"{prefix}002"]
    for station, tag in zip(stations, ("E1", "E2")):
        api.put(f"/api/v1/stations/{station}", {
            "site": site, "node": site, "phases": 3, "voltage": 220, "max_current_a": 32, "max_discharge_kw": 20})
        api.put(f"/api/v1/id-tokens/{tag}", {"status": "Accepted"})
    row = f"{ARRIVAL},2026-03-11T07:00:00+08:00,6,20,20,60,0.6,0.2,0.95,0.95"
    frequency = folder / "frequency.csv"
    frequency.write_text(
        "at,hz\n2026-03-10T17:00:00+08:00,50\n2026-03-10T18:01:15+08:00,50.4\n"
        "2026-03-10T18:01:23+08:00,51.6\n2026-03-10T18:01:33+08:00,50\n", encoding="utf-8")
    with Fleet(server, folder, prefix, f"1,E1,{row},dynamic\n2,E2,{row},scheduled\n", "--frequency", frequency):
        online(api, *stations)
        yield api, site, stations


def power(api, station):
    return api.station(station)["evses"][0]["power_kw"]


def near(api, station, kilowatts):
    seen = power(api, station)
    return seen is not None and abs(float(seen) - kilowatts) <= 0.3


def control(api, station, name, kind, settings, status=201, **more):
    return api.post("/api/v1/der-controls", {
        "id": name, "type": kind, "priority": 1, "settings": settings, "station": station, **more}, status=status)


def states(api, station):
    return {c["id"]: c["state"] for c in api.get(f"/api/v1/stations/{station}/der-controls")["items"]}


def ask(api, site, kilowatts):
    api.put(f"/api/v1/sites/{site}/instructions/call", {"node": site, "power_kw": kilowatts, "to": now(3600)})


def held_back(api, site):
    """Why stations do not do more for the group, by station."""
    (call,) = api.get(f"/api/v1/sites/{site}/instructions")["items"]
    return {one["evse"].rsplit("/", 1)[0]: one["reason"] for one in call["shortfalls"]}


def test_R05_droop_then_a_trip_take_over_and_the_end_is_told(park):
    api, site, (fast, _) = park
    droop, trip = fresh("droop"), fresh("trip")
    control(api, fast, droop, "FreqDroop", {
        "overFreq": 50.2, "underFreq": 49.8, "overDroop": 0.05, "underDroop": 0.05, "responseTime": 1})
    control(api, fast, trip, "HFMustTrip", {"curveData": [{"x": 0.2, "y": 51.5}], "yUnit": "Not_Applicable"})
    until(lambda: states(api, fast) == {droop: "running", trip: "running"}, "both are held")
    ask(api, site, -8)
    until(lambda: near(api, fast, -8), "it gives", 100)

    def functions():
        return [a["values"]["function"] for a in api.get("/api/v1/alarms?active=true&limit=100")["items"]
                if a["object"] == fast and a["code"] == "station-der-alarm"]

    until(lambda: functions() == ["FreqDroop"], "the frequency rises, and power follows it", 90)
    until(lambda: functions() == ["HFMustTrip"], "it rises further: the trip takes over", 30)
    until(lambda: power(api, fast) > -0.1, "nothing flows out any more")
    until(lambda: functions() == [], "and comes back", 30)

    def told():
        return [(m["controlType"], m.get("alarmEnded", False)) for m in calls(api, fast, "NotifyDERAlarm")]

    # While nothing is asked of it, it deviates from nothing. Messages can be read a moment after they took effect.
    until(lambda: told()[-1] == ("HFMustTrip", True), "its end is among the messages")
    assert told()[:2] == [("FreqDroop", False), ("HFMustTrip", False)]
    # What it fell short of is asked of it again after a while.
    until(lambda: near(api, fast, -8), "it gives again", 150)
    for one in (droop, trip):
        api.delete(f"/api/v1/der-controls/{one}")


def test_R04_a_utility_s_limit_stops_discharge_and_K18_the_scheduled_vehicle_takes_over(park):
    api, site, (fast, slow) = park
    ask(api, site, -6)
    until(lambda: near(api, fast, -6), "the one that follows at once gives", 100)
    before = len(calls(api, slow, "SetChargingProfile"))
    stop = fresh("stop")
    control(api, fast, stop, "LimitMaxDischarge", {"pctMaxDischargePower": 0})
    until(lambda: states(api, fast)[stop] == "running", "the limit is held")
    until(lambda: power(api, fast) > -0.1, "its discharge stops")
    until(lambda: held_back(api, site).get(fast) == "grid-code", "the gap names what keeps it from giving")
    # The other negotiates a schedule: signed, of its transaction, with an end and a dead-man for the line.
    until(lambda: near(api, slow, -6), "the other gives by a schedule", 150)
    told = calls(api, slow, "SetChargingProfile")[before:]
    profile = next(p["chargingProfile"] for p in told if any(
        period.get("setpoint", 0) < 0 for period in p["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]))
    schedule = profile["chargingSchedule"][0]
    assert (profile["chargingProfileKind"], profile["chargingProfilePurpose"]) == ("Absolute", "TxProfile")
    assert schedule["duration"] <= 900 and profile["maxOfflineDuration"] == 60
    assert {p["operationMode"] for p in schedule["chargingSchedulePeriod"]} == {"CentralSetpoint"}
    assert all("limit" not in p and "dischargeLimit" not in p for p in schedule["chargingSchedulePeriod"])
    assert calls(api, slow, "UpdateDynamicSchedule") == []
    # What the vehicle answers is within it.
    session = "/api/v1/sessions/" + api.sessions(slow)[0]["id"]

    def course():
        return api.get(session)["v2x"]["course"]

    until(lambda: min((step["kw"] for step in course()["steps"]), default=0) < -5, "the vehicle's answer", 30)
    assert course()["fits"]
    # Lifted: the fast one takes it all again, the slow one rests.
    api.delete(f"/api/v1/der-controls/{stop}")
    until(lambda: near(api, fast, -6), "it gives again", 60)
    until(lambda: power(api, slow) > -0.1, "the other rests", 150)


SWAPS = "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,battery_kwh\n"


def swaps(api, station):
    return api.get(f"/api/v1/stations/{station}/battery-swaps")["items"]


def test_S01_S04_a_cabinet_swaps_for_a_card_and_its_batteries_charge(server, tmp_path):
    api, prefix = server.api(), fresh("CAB") + "-"
    station = f"{prefix}001"
    api.put("/api/v1/id-tokens/E1", {"status": "Accepted"})
    with Fleet(server, tmp_path, prefix, f"1,E1,{ARRIVAL},2026-03-10T18:20:00+08:00,1,1,2\n",
               "--slots", 3, "--speed", 5, header=SWAPS):
        online(api, station)
        until(lambda: len(api.sessions(station)) == 2, "what lies in the slots charges")
        until(lambda: swaps(api, station) and swaps(api, station)[0]["state"] == "done", "the swap", 40)
        [swap] = swaps(api, station)
        assert not swap["remote"] and not swap["token_refused"]
        assert [(b["slot"], b["serial"], float(b["soc"])) for b in swap["batteries_in"]] == [(3, "E1-1", 15)]
        assert [b["serial"] for b in swap["batteries_out"]] == [f"{station}-1"]
        # Its slot is empty, and the one that came charges in its place.
        until(lambda: sorted(s["status"] for s in api.sessions(station)) == ["active", "active", "ended"], "its charging begins")
        stored = {b["serial"]: b for b in api.get(f"/api/v1/stations/{station}/batteries")["items"]}
        assert set(stored) == {"E1-1"} and stored["E1-1"]["session"]


def test_S02_S03_a_driver_is_let_in_from_afar_and_forgets_the_other(server, tmp_path):
    api, prefix, token = server.api(), fresh("CAB") + "-", fresh("driver")
    station = f"{prefix}001"
    api.put(f"/api/v1/id-tokens/{token}", {"status": "Accepted"})
    with Fleet(server, tmp_path, prefix, f"1,E1,{ARRIVAL},2026-03-10T19:20:00+08:00,1,1,2\n", "--slots", 2, "--speed", 30,
               "--tags", "-", "--faults", "forget-batteries", header=SWAPS):
        online(api, station)

        def ask():
            return api.post(f"/api/v1/stations/{station}/battery-swaps", {"id_token": token}, headers={"Prefer": "wait=10"},
                            status=200)

        until(lambda: len(api.sessions(station)) == 1, "what lies in the slot charges")
        made = ask()
        assert made["swap"]["state"] == "accepted" and made["swap"]["remote"]
        until(lambda: swaps(api, station)[0]["state"] == "left", "the battery that nobody took", 40)
        assert [b["serial"] for b in swaps(api, station)[0]["batteries_in"]] == ["E1-1"]
        assert "station-swap-left" in {a["code"] for a in api.get("/api/v1/alarms?active=true&limit=100")["items"]
                                       if a["object"].startswith(station)}
        # No slot is free: nobody else can be let in.
        refused = ask()
        assert (refused["swap"]["state"], refused["swap"]["word"]) == ("refused", "NoBatteryAvailable")


def test_K22_the_button_at_the_pile_charges_at_once(server, tmp_path):
    api, prefix = server.api(), fresh("PRIO") + "-"
    station = f"{prefix}001"
    # A card of its own: the park's first vehicle still charges on E1's.
    api.put("/api/v1/id-tokens/E9", {"status": "Accepted"})
    with Fleet(server, tmp_path, prefix, f"1,E9,{ARRIVAL},2026-03-10T20:00:00+08:00,6,7,60\n", "--speed", 4,
               "--priority-after", 200, header=SWAPS):
        online(api, station)
        profile = {"evseId": 1, "chargingProfile": {
            "id": 5, "stackLevel": 0, "chargingProfilePurpose": "PriorityCharging", "chargingProfileKind": "Relative",
            "chargingSchedule": [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6600}]}]}}
        # Without it the button does nothing (K22.FR.01); whoever presses comes a minute later.
        until(lambda: api.command(station, "SetChargingProfile", profile)["response"]["status"] == "Accepted", "its profile", 40)
        session = until(lambda: api.sessions(station), "the vehicle", 40)[0]["id"]

        def shown():
            return api.get(f"/api/v1/sessions/{session}")

        def urgent():
            needs = shown()["needs"]
            return needs is not None and needs["charge_now"]

        until(urgent, "the platform knows", 120)
        assert shown()["v2x"]["priority_charging"]["local"]
        until(lambda: near(api, station, 6.6), "it charges by its profile", 40)
