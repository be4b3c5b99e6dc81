"""Controls of the grid code (2.1 block R): only winners are sent, what stations hold is known and mended, alarms."""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from ocpp.charge_point import snake_to_camel_case
from ocpp.v21 import call_result as says

from support.kinds import new_station
from support.polling import until
from support.station import fresh, now

CURVE = {"curveData": [{"x": 100, "y": 0}, {"x": 110, "y": -44}], "yUnit": "PctMaxVar"}
LIMIT = {"pctMaxDischargePower": 50}
_FIELDS = ["curve", "enterService", "fixedVar", "freqDroop", "gradient", "limitMaxDischarge"]


def at(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Inverter:
    """A station that holds controls by the rules of R04, two a report."""

    def __init__(self, one, knows=("VoltVar", "LimitMaxDischarge", "FreqDroop")):
        self.one, self.knows, self.held = one, knows, {}
        one.answers["SetDERControl"] = self.set
        one.answers["ClearDERControl"] = self.clear
        one.answers["GetDERControl"] = self.get

    def set(self, fields):
        asked = snake_to_camel_case(fields)
        if asked["controlType"] not in self.knows:
            return says.SetDERControl("NotSupported")
        own = self._own(asked)
        rivals = [c for c in self.held.values() if c["isDefault"] == asked["isDefault"] and c["controlId"] != asked["controlId"]
                  and c["controlType"] == asked["controlType"] and not c["superseded"]]
        lost = [c for c in rivals if self._own(c)["priority"] > own["priority"]
                and (c["isDefault"] or self._own(c)["startTime"] > now())]
        for one in lost:
            one["superseded"] = True
        self.held[asked["controlId"]] = {**asked, "superseded": False}
        return says.SetDERControl("Accepted", superseded_ids=[c["controlId"] for c in lost] or None)

    @staticmethod
    def _own(control):
        return next(control[name] for name in _FIELDS if name in control)

    def clear(self, fields):
        gone = [i for i, c in self.held.items()
                if c["isDefault"] == fields["is_default"] and fields.get("control_id", i) == i]
        for one in gone:
            del self.held[one]
        return says.ClearDERControl("Accepted" if gone else "NotFound")

    def get(self, fields):
        if not self.held:
            return says.GetDERControl("NotFound")
        threading.Thread(target=self.report, args=(fields["request_id"], list(self.held.values())), daemon=True).start()
        return says.GetDERControl("Accepted")

    def report(self, request, controls):
        for first in range(0, len(controls), 2):
            message = {"requestId": request, "tbc": first + 2 < len(controls)}
            for c in controls[first:first + 2]:
                common = {"id": c["controlId"], "isDefault": c["isDefault"], "isSuperseded": c["superseded"]}
                name = next(n for n in _FIELDS if n in c)
                more = {"curveType": c["controlType"]} if name == "curve" else {}
                message.setdefault(name, []).append({**common, **more, name: c[name]})
            self.one.say("ReportDERControl", message)

    def lose(self, *ids):
        for one in ids:
            del self.held[one]


@pytest.fixture
def inverter(shared, api):
    one = new_station("ocpp2.1", shared, fresh("DER"))
    inverter = Inverter(one)
    one.connect().boot()
    yield inverter
    one.close()


def give(api, inverter, control, kind="VoltVar", settings=CURVE, priority=5, start=None, seconds=600, status=201, **more):
    times = {} if start is None else {"start": at(start), "duration_seconds": seconds}
    target = {} if "site" in more else {"station": inverter.one.identity}
    return api.post("/api/v1/der-controls", {
        "id": control, "type": kind, "priority": priority, "settings": settings, **times, **target, **more}, status=status)


def states(api, inverter):
    return {c["id"]: c["state"] for c in api.get(f"/api/v1/stations/{inverter.one.identity}/der-controls")["items"]}


def test_R04_only_the_winner_is_at_the_station(inverter, api):
    base, low, high = fresh("base"), fresh("low"), fresh("high")
    give(api, inverter, base)
    until(lambda: states(api, inverter)[base] == "running", "the default is in force")
    sent = inverter.one.heard("SetDERControl")[0]
    assert sent == {"isDefault": True, "controlId": base, "controlType": "VoltVar", "curve": {"priority": 5, **CURVE}}
    give(api, inverter, low, priority=7, start=300)
    until(lambda: states(api, inverter)[low] == "held", "the scheduled one is there")
    # What gives way at once is not sent at all; what gave way is taken back when its better is there.
    lowest = fresh("lowest")
    given = give(api, inverter, lowest, priority=9, start=400)
    assert given["states"][0]["state"] == "superseded" and given["states"][0]["superseded_by"] == low
    give(api, inverter, high, priority=1, start=400, source="event 17 of the utility")
    until(lambda: set(inverter.held) == {base, high}, "only the winners are there")
    until(lambda: states(api, inverter) == {base: "running", low: "superseded", lowest: "superseded", high: "held"},
          "and known to be")
    assert [c["controlId"] for c in inverter.one.heard("ClearDERControl")] == [low]
    shown = api.get(f"/api/v1/der-controls/{high}")
    assert shown["stations"]["held"] == 1 and shown["source"] == "event 17 of the utility" and not shown["over"]
    api.delete(f"/api/v1/der-controls/{high}")
    until(lambda: set(inverter.held) == {base}, "it is cleared")
    until(lambda: states(api, inverter)[high] == "ended", "and known to be")
    assert api.request("DELETE", f"/api/v1/der-controls/{high}").status == 404


def test_R04_a_scheduled_control_begins_and_ends_in_time(inverter, api):
    control = fresh("short")
    give(api, inverter, control, "LimitMaxDischarge", LIMIT, start=2, seconds=3)
    until(lambda: states(api, inverter)[control] == "running", "it is in force")
    inverter.one.say("NotifyDERStartStop", {"controlId": control, "started": True, "timestamp": now()})
    shown = api.get(f"/api/v1/stations/{inverter.one.identity}/der-controls")["items"][0]
    assert shown["started_at"] and shown["settings"] == LIMIT
    until(lambda: states(api, inverter)[control] == "ended", "it has had its time")
    inverter.one.say("NotifyDERStartStop", {"controlId": control, "started": False, "timestamp": now()})
    # The station forgets it by itself.
    assert inverter.one.heard("ClearDERControl") == []


def test_R04_refusals_say_why(inverter, api):
    def refused(**more):
        body = {"type": "VoltVar", "priority": 1, "settings": CURVE, "station": inverter.one.identity, **more}
        answer = api.post("/api/v1/der-controls", body, status=400)
        return {f["path"] for f in answer["errors"]}
    assert refused(settings={"curveData": []}) == {"settings.curveData", "settings.yUnit"}
    assert refused(settings={"pctMaxDischargePower": 3})
    assert refused(type="EnterService", start=at(60), duration_seconds=60) == {"start"}
    assert refused(start=at(60)) == {"start"}
    assert refused(start=at(-600), duration_seconds=60) == {"start"}
    assert refused(station="nobody-knows") == {"station"}
    assert refused(site="S") == {"site"}
    # The station's own no.
    control = fresh("droop")
    inverter.knows = ()
    give(api, inverter, control, "FreqDroop", {
        "overFreq": 50.2, "underFreq": 49.8, "overDroop": 5, "underDroop": 5, "responseTime": 2})
    until(lambda: states(api, inverter)[control] == "refused", "the refusal is shown")
    assert api.get(f"/api/v1/der-controls/{control}")["states"][0]["word"] == "NotSupported"
    # What its device model does not know is not even asked.
    inverter.one.say("NotifyReport", {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": [{
        "component": {"name": "DCDERCtrlr", "evse": {"id": 1}}, "variable": {"name": "ModesSupported"},
        "variableAttribute": [{"value": "LimitMaxDischarge"}]}]})
    assert refused() == {"type"}
    assert api.get(f"/api/v1/stations/{inverter.one.identity}/der-controls")["supported"] == ["LimitMaxDischarge"]


def test_a_site_gives_to_all_its_stations_and_an_old_one_is_left_out(shared, api):
    site = fresh("site")
    api.put(f"/api/v1/sites/{site}", {"name": "Park"})
    ones = [Inverter(new_station("ocpp2.1", shared, fresh("DER"))) for _ in range(2)]
    old = new_station("ocpp1.6", shared, fresh("OLD")).connect()
    for one in [*(i.one.connect() for i in ones), old]:
        one.boot()
        api.put(f"/api/v1/stations/{one.identity}", {"site": site})
    control = fresh("wide")
    give(api, ones[0], control, site=site)
    until(lambda: all(control in i.held for i in ones), "both have it")
    # The answers are heard a moment after they were given.
    until(lambda: api.get(f"/api/v1/der-controls/{control}")["stations"]["running"] == 2, "both are known to have it")
    # One that joins later gets it too.
    late = Inverter(new_station("ocpp2.1", shared, fresh("DER")))
    late.one.connect().boot()
    api.put(f"/api/v1/stations/{late.one.identity}", {"site": site})
    late.one.close()
    late.one.connect().boot()
    until(lambda: control in late.held, "so has the new one")
    assert [c["id"] for c in api.get(f"/api/v1/der-controls?site={site}")["items"]] == [control]
    for one in [*(i.one for i in ones), late.one, old]:
        one.close()


def test_controls_outlast_a_kill_and_a_station_that_lost_some(serve):
    server = serve()
    api = server.api()
    one = new_station("ocpp2.1", server, "DER-1")
    inverter = Inverter(one)
    one.connect().boot()
    for control, start in [("day", None), ("noon", 400), ("evening", 2000), ("night", 4000)]:
        give(api, inverter, control, start=start)
    until(lambda: len(inverter.held) == 4, "all are there")
    # One is on its way when both die.
    gone = threading.Event()
    one.answers["SetDERControl"] = lambda fields: gone.wait(20) and says.SetDERControl("Rejected")
    give(api, inverter, "lost", start=6000)
    until(lambda: len(one.heard("SetDERControl")) == 5, "the fifth left")
    server.kill()
    gone.set()
    one.close()
    server.start()
    api = server.api()
    inverter.lose("noon")
    inverter.held["own"] = {"isDefault": True, "controlId": "own", "controlType": "FreqDroop", "superseded": False, "freqDroop": {
        "priority": 0, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 5, "underDroop": 5, "responseTime": 2}}
    one = new_station("ocpp2.1", server, "DER-1")
    held = inverter.held
    inverter = Inverter(one)
    inverter.held = held
    one.connect().boot()
    until(lambda: {"noon", "lost"} <= set(inverter.held), "what was lost is sent again")
    until(lambda: states(api, inverter)["lost"] == "held", "and known to be there")
    assert {c["controlId"] for c in one.heard("SetDERControl")} == {"noon", "lost"}
    picture = api.get("/api/v1/stations/DER-1/der-controls")
    assert [(s["id"], s["type"], s["default"]) for s in picture["strangers"]] == [("own", "FreqDroop", True)]
    assert picture["told_at"]
    one.close()


def test_R05_an_alarm_is_taken_over_and_ends(inverter, api):
    def alarms():
        return [a for a in api.get("/api/v1/alarms?active=true&limit=100")["items"] if a["object"] == inverter.one.identity]

    def tell(kind, fault, **more):
        inverter.one.say("NotifyDERAlarm", {"controlType": kind, "gridEventFault": fault, "timestamp": now(), **more})
    tell("VoltWatt", "OverVoltage", extraInfo="253 V")
    first = until(alarms, "the alarm is up")
    assert [(a["code"], a["values"]["function"], a["values"]["info"]) for a in first] == [("station-der-alarm", "VoltWatt", "253 V")]
    tell("VoltWatt", "OverVoltage")
    assert [a["id"] for a in alarms()] == [first[0]["id"]]
    tell("HVMustTrip", "OverVoltage")
    assert [a["values"]["function"] for a in alarms()] == ["HVMustTrip"]
    tell("HVMustTrip", "OverVoltage", alarmEnded=True)
    assert alarms() == []


def test_a_command_by_hand_leaves_the_same_picture(inverter, api):
    api.command(inverter.one.identity, "SetDERControl", {
        "isDefault": True, "controlId": "hand", "controlType": "VoltVar", "curve": {"priority": 3, **CURVE}})
    path = f"/api/v1/stations/{inverter.one.identity}/der-controls"
    assert [s["id"] for s in api.get(path)["strangers"]] == ["hand"]
    api.command(inverter.one.identity, "ClearDERControl", {"isDefault": True, "controlId": "hand"})
    assert api.get(path)["strangers"] == []
    inverter.held["old"] = {"isDefault": True, "controlId": "old", "controlType": "VoltVar", "superseded": True,
                            "curve": {"priority": 3, **CURVE}}
    api.post(path + ":read", headers={"Prefer": "wait=10"}, status=200)
    until(lambda: [(s["id"], s["state"]) for s in api.get(path)["strangers"]] == [("old", "superseded")], "it was told")
