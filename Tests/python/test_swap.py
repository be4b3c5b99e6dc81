"""Battery swaps (2.1 block S): asked for, carried out slot by slot, kept; stored batteries charge as part of the fleet."""

import pytest
from ocpp.v21 import call_result as says

from support.kinds import new_station
from support.polling import until
from support.station import fresh, now


class Cabinet:
    """A station of slots; `batteries` by slot as (serial, state of charge)."""

    def __init__(self, one, batteries):
        self.one, self.batteries, self.asked = one, dict(batteries), []
        one.answers["RequestBatterySwap"] = self.request
        self.numbers = {}

    def request(self, fields):
        if not any(charge >= 80 for _, charge in self.batteries.values()):
            return says.RequestBatterySwap("Rejected", status_info={"reason_code": "NoBatteryAvailable"})
        self.asked.append(fields)
        return says.RequestBatterySwap("Accepted")

    def step(self, kind, request, slot, token):
        serial, charge = self.batteries[slot]
        self.one.say("BatterySwap", {
            "eventType": kind, "requestId": request, "idToken": {"idToken": token, "type": "Central"},
            "batteryData": [{"evseId": slot, "serialNumber": serial, "soC": charge, "soH": 96.5,
                             "productionDate": "2024-05-01T00:00:00Z", "vendorInfo": "cells of 2024"}]})

    def insert(self, request, slot, serial, charge, token):
        self.batteries[slot] = (serial, charge)
        self.step("BatteryIn", request, slot, token)
        self.one.status("Occupied", evse=slot)

    def take(self, request, slot, token):
        self.step("BatteryOut", request, slot, token)
        del self.batteries[slot]
        self.one.status("Available", evse=slot)

    def charge(self, kind, slot, register):
        serial, charge = self.batteries[slot]
        number = self.numbers[serial] = self.numbers.get(serial, -1) + 1
        return self.one.say("TransactionEvent", {
            "eventType": kind, "timestamp": now(), "seqNo": number,
            "triggerReason": "CablePluggedIn" if kind == "Started" else "MeterValuePeriodic",
            "transactionInfo": {"transactionId": f"{self.one.identity}-{serial}", "chargingState": "Charging"},
            "evse": {"id": slot}, "idToken": {"idToken": "", "type": "NoAuthorization"},
            "meterValue": [{"timestamp": now(), "sampledValue": [
                {"value": register}, {"value": charge, "measurand": "SoC", "unitOfMeasure": {"unit": "Percent"}}]}]})


@pytest.fixture
def cabinet(shared, api):
    one = new_station("ocpp2.1", shared, fresh("CAB"))
    cabinet = Cabinet(one, {3: ("FULL-3", 97)})
    one.connect().boot()
    yield cabinet
    one.close()


@pytest.fixture
def token(api):
    value = fresh("driver")
    api.put(f"/api/v1/id-tokens/{value}", {"status": "Accepted"})
    return value


def swaps(api, cabinet):
    return api.get(f"/api/v1/stations/{cabinet.one.identity}/battery-swaps")["items"]


def ask(api, cabinet, token, status=200):
    return api.post(f"/api/v1/stations/{cabinet.one.identity}/battery-swaps", {"id_token": token},
                    headers={"Prefer": "wait=10"}, status=status)


def test_S02_S03_a_swap_is_asked_for_and_carried_out(cabinet, api, token):
    made = ask(api, cabinet, token)
    assert made["command"]["response"]["status"] == "Accepted" and made["swap"]["state"] == "accepted"
    number = made["swap"]["request_id"]
    assert cabinet.asked[0]["request_id"] == number and cabinet.asked[0]["id_token"]["id_token"] == token
    cabinet.insert(number, 1, "EMPTY-1", 12.5, token)
    assert swaps(api, cabinet)[0]["state"] == "open"
    cabinet.take(number, 3, token)
    [swap] = swaps(api, cabinet)
    assert swap["state"] == "done" and swap["remote"] and not swap["token_refused"]
    assert [(b["slot"], b["serial"], float(b["soc"])) for b in swap["batteries_in"]] == [(1, "EMPTY-1", 12.5)]
    assert [b["serial"] for b in swap["batteries_out"]] == ["FULL-3"]
    stored = api.get(f"/api/v1/stations/{cabinet.one.identity}/batteries")
    assert [(b["slot"], b["serial"], b["ready"]) for b in stored["items"]] == [(1, "EMPTY-1", False)]
    assert stored["items"][0]["vendor_info"] == "cells of 2024" and stored["ready"] == 0
    # Nothing is left to give.
    refused = ask(api, cabinet, token)
    assert (refused["swap"]["state"], refused["swap"]["word"]) == ("refused", "NoBatteryAvailable")


def test_S01_S02_FR_03_tokens(serve):
    server = serve()
    api = server.api()
    one = new_station("ocpp2.1", server, "CAB-1")
    cabinet = Cabinet(one, {1: ("B1", 95)})
    one.connect().boot()
    api.put("/api/v1/id-tokens/BLOCKED", {"status": "Blocked"})
    for value in ("BLOCKED", "NOBODY"):
        assert ask(api, cabinet, value, status=400)["errors"][0]["path"] == "id_token"
    assert cabinet.asked == []
    # At the station the driver holds the token to the reader; a station that swaps in spite of a no is found out.
    assert one.say("Authorize", {"idToken": {"idToken": "NOBODY", "type": "ISO14443"}})["idTokenInfo"]["status"] == "Invalid"
    cabinet.insert(41, 2, "B2", 30, "NOBODY")
    [swap] = swaps(api, cabinet)
    assert swap["token_refused"] and not swap["remote"] and swap["request_id"] == 41
    # Charging it needs no token at all (S04.FR.03).
    assert cabinet.charge("Started", 2, 100)["idTokenInfo"]["status"] == "Accepted"
    one.close()


def test_S03_FR_06_a_battery_that_nobody_takes(cabinet, api, token):
    def alarms():
        return [a for a in api.get("/api/v1/alarms?active=true&limit=100")["items"]
                if a["object"].startswith(cabinet.one.identity)]
    number = ask(api, cabinet, token)["swap"]["request_id"]
    cabinet.insert(number, 1, "E", 10, token)
    cabinet.step("BatteryOutTimeout", number, 3, token)
    assert [a["code"] for a in until(alarms, "the alarm is up")] == ["station-swap-left"]
    assert swaps(api, cabinet)[0]["state"] == "left"
    cabinet.take(number, 3, token)
    assert alarms() == [] and swaps(api, cabinet)[0]["state"] == "done"


def test_S04_stored_batteries_are_fleet_and_survive_a_kill(serve):
    server = serve()
    api = server.api()
    one = new_station("ocpp2.1", server, "CAB-1")
    cabinet = Cabinet(one, {})
    one.connect().boot()
    cabinet.insert(1, 1, "B1", 20, "D")
    cabinet.charge("Started", 1, 1000)
    [session] = api.sessions("CAB-1")
    assert session["needs"]["stated_by"] == "battery swap" and session["needs"]["departure"]
    cabinet.batteries[1] = ("B1", 80)
    cabinet.charge("Updated", 1, 1600)
    server.kill()
    server.start()
    one.close()
    one.port = server.ocpp
    api = server.api()
    one.connect()
    stored = api.get("/api/v1/stations/CAB-1/batteries")["items"]
    assert [(b["serial"], b["soc"], b["session"]) for b in stored] == [("B1", 80, session["id"])]
    cabinet.take(1, 1, "D")
    [swap] = swaps(api, cabinet)
    assert float(swap["charged_kwh"]) == 0.6
    picture = api.get("/api/v1/stations/CAB-1/batteries")
    assert picture["items"] == [] and float(picture["battery_kwh"]) == 1
    cabinet.insert(2, 2, "B2", 40, "D")
    cabinet.charge("Started", 2, 5000)
    newest = api.sessions("CAB-1")[0]
    assert float(newest["needs"]["energy_kwh"]) == 0.6
    one.close()
