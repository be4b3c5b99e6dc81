"""Limits that others than the platform set a station (2.x K11 to K14): a simulated station that an energy manager holds back,
and the platform that follows it; kills in the middle."""

from decimal import Decimal

import pytest
from ocpp.v16 import call_result

from support.charger import Charger, card
from support.polling import until
from support.simulated import Simulated
from support.station import Station, fresh


both = pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])


def yard(api):
    name = fresh("yard")
    api.put(f"/api/v1/sites/{name}", {"name": name, "kind": "residential", "region": "420000", "zone": "Asia/Shanghai"})
    api.put(f"/api/v1/nodes/{name}", {"site": name, "limit_kw": 30})
    return {"site": name, "node": name, "phases": 1, "voltage": 220, "max_current_a": 32}


def test_a_station_that_is_held_back_gets_setpoints_that_follow(shared, api, tmp_path):
    driven = Simulated(shared, tmp_path, "2.0.1", faults="outside-limit", speed=2)
    driven.arguments += ["--tags", card(api)]
    with driven as station:
        path = f"/api/v1/stations/{station.identity}"
        api.put(path, yard(api))

        def seen():
            shown = api.get(path)
            evse = next((one for one in shown["evses"] if one["id"] == 1), {})
            return evse.get("setpoint_kw"), evse.get("power_kw"), [one["source"] for one in shown["outside_limits"]]

        until(lambda: (seen()[0] or 0) > 4 and seen()[2] == [], "a setpoint without it", 120)
        # 8 A of 220 V; less where the platform tests meanwhile whether the station follows.
        until(lambda: 0 < (seen()[0] or 0) <= Decimal("1.76") and seen()[2] == ["EMS"], "the setpoint that follows", 60)
        (limit,) = api.get(path + "/outside-limits")["items"]
        # Its clock runs ahead of ours: its schedule may not have begun yet, and is followed all the same.
        assert (limit["evse_id"], limit["critical"], limit["schedules"][0]["periods"][0]["limit"]) == (0, True, 8)
        until(lambda: (seen()[0] or 0) > 4 and seen()[2] == [], "the setpoint without it", 300)
        assert api.get(path + "/outside-limits")["items"] == []


def profile(number):
    return {"id": number, "stackLevel": number, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative",
            "chargingSchedule": [
                {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9}]}]}


@both
def test_reports_and_limits_outlive_a_kill_between_their_parts(serve, version):
    server = serve()
    api = server.api()
    one = Charger(server.ocpp, fresh("KEPT"), version, api=api)
    one.connect()
    one.booted()
    for number in (1, 2, 3):
        one.order("SetChargingProfile", {"evseId": 1, "chargingProfile": profile(number)}, {"status": "Accepted"})
    one.answers["GetChargingProfiles"] = {"status": "Accepted"}
    api.post(one.path("/charging-profiles/refresh"), None, headers={"Prefer": "wait=10"}, status=200)
    (asked,) = one.heard("GetChargingProfiles")
    assert set(asked["chargingProfile"]["chargingLimitSource"]) == {"CSO", "EMS", "SO", "Other"}

    def part(number, last):
        assert one.say("ReportChargingProfiles", {
            "requestId": asked["requestId"], "chargingLimitSource": "CSO", "evseId": 1, "tbc": not last,
            "chargingProfile": [profile(number)]}) == {}

    part(1, last=False)
    assert one.say("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": True}}) == {}
    server.kill()
    server.start()
    one.close()
    one.api = api = server.api()
    one.port = server.ocpp
    one.connect()
    known = api.get(one.path("/charging-profiles"))
    assert [each["standing"] for each in known["items"]] == ["held", "set", "set"] and known["told_at"] is None
    assert [each["source"] for each in api.get(one.path("/outside-limits"))["items"]] == ["SO"]
    part(3, last=True)
    known = api.get(one.path("/charging-profiles"))
    assert [each["standing"] for each in known["items"]] == ["held", "missing", "held"]
    assert known["report"]["state"] == "complete" and known["told_at"]
    assert one.shown()["profile_differences"] == 1
    one.close()


def test_a_station_of_16_cannot_be_asked_and_shows_what_it_took(shared, api):
    one = Station(shared.ocpp, fresh()).connect()
    one.boot()
    path = f"/api/v1/stations/{one.identity}"
    refused = api.request("POST", path + "/charging-profiles/refresh")
    assert refused.status == 409 and "ocpp1.6" in refused.text
    assert api.get(path + "/charging-profiles")["items"] == []
    one.answers["SetChargingProfile"] = call_result.SetChargingProfile("Accepted")
    done = api.command(one.identity, "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 5, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative", "chargingSchedule": {
            "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 3000.5}]}}})
    assert done["response"]["status"] == "Accepted"
    (kept,) = api.get(path + "/charging-profiles")["items"]
    assert (kept["id"], kept["standing"], kept["schedules"][0]["periods"][0]["limit"]) == (5, "set", 3000.5)
    one.close()
