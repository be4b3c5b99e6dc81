"""Life at the EVSEs of simulated stations, driven through the API: one EVSE is reset, a connector fails and recovers, values by
the clock, the cache, reservations by connector type. Real `tidewatt serve`, real `tidewatt simulate`."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from support.charger import card
from support.polling import until
from support.simulated import Simulated

both = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


def later(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def start(api, server, folder, version, **options):
    station = Simulated(server, folder, version, **options)
    # One card charges at one place at a time.
    station.arguments += ["--tags", ",".join(card(api) for _ in range(options.get("evses", 1)))]
    return station


def evse(api, station, number=1):
    return next((one for one in api.station(station.identity)["evses"] if one["id"] == number), None)


def status(api, station, number=1):
    shown = evse(api, station, number)
    return shown["connectors"][0]["status"] if shown else None


def sessions(api, station, number=1):
    return [one for one in api.sessions(station.identity) if one["evse_id"] == number]


def charging(api, station, number=1):
    shown = evse(api, station, number)
    return shown and (shown["power_kw"] or 0) > 1


def variable(api, station, component, name, value):
    done = api.command(station.identity, "SetVariables", {"setVariableData": [
        {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}]})
    assert done["response"]["setVariableResult"][0]["attributeStatus"] == "Accepted"


def key(api, station, name, value):
    done = api.command(station.identity, "ChangeConfiguration", {"key": name, "value": value})
    assert done["response"]["status"] == "Accepted"


def test_TC_B_26_TC_B_27_one_evse_is_reset_while_the_other_charges(shared, api, tmp_path):
    with start(api, shared, tmp_path, "2.0.1", evses=2, speed=5) as station:
        until(lambda: charging(api, station, 1) and charging(api, station, 2), "both charge", 60)
        (other,) = sessions(api, station, 2)

        def reset(kind):
            return api.command(station.identity, "Reset", {"type": kind, "evseId": 1})["response"]["status"]

        assert reset("Immediate") == "Accepted"
        until(lambda: status(api, station, 1) == "Unavailable", "it goes down", 20)
        ended = sessions(api, station, 1)[-1]
        assert (ended["status"], ended["stop_reason"]) == ("ended", "ImmediateReset")
        assert charging(api, station, 2) and status(api, station, 2) == "Charging"
        until(lambda: status(api, station, 1) == "Charging", "it is back and its vehicle charges", 30)
        frames = api.every(f"/api/v1/stations/{station.identity}/messages")
        assert len([one for one in frames if (one["direction"], one["action"]) == ("in", "BootNotification")]) == 1
        # On idle it waits for its own transaction, and for no other.
        assert reset("OnIdle") == "Scheduled"
        assert status(api, station, 1) == "Charging"
        api.command(station.identity, "RequestStopTransaction", {
            "transactionId": next(one for one in sessions(api, station, 1) if one["status"] == "active")["transaction_id"]})
        until(lambda: status(api, station, 1) == "Unavailable", "it goes down again", 20)
        until(lambda: status(api, station, 1) not in ("Unavailable", "Charging"), "its cable is still in", 30)
        (still,) = sessions(api, station, 2)
        assert (still["id"], still["status"]) == (other["id"], "active")


@both
def test_a_ground_failure_is_seen_alarms_and_is_over(shared, api, tmp_path, version):
    with start(api, shared, tmp_path, version, faults="ground-failure", speed=2) as station:
        path = f"/api/v1/stations/{station.identity}"

        def alarms():
            return [alarm for alarm in api.every("/api/v1/alarms?active=true")
                    if alarm["object"].startswith(station.identity + "/") and alarm["code"] != "station-security-event"]

        until(lambda: status(api, station) == "Faulted", "the fault", 90)
        until(lambda: [one for one in sessions(api, station) if one["status"] == "ended"], "its end", 20)
        (ended,) = sessions(api, station)
        if version == "1.6":
            assert ended["stop_reason"] == "Other" and evse(api, station)["connectors"][0]["error_code"] == "GroundFailure"
            assert [(alarm["code"], alarm["values"]) for alarm in alarms()] == [("station-faulted", {"error": "GroundFailure"})]
            refused = api.command(station.identity, "RemoteStartTransaction", {"connectorId": 1, "idTag": "X"})
        else:
            assert ended["stop_reason"] == "GroundFault"
            # The platform asks by itself what the monitor is that the maker built in.
            until(lambda: {alarm["code"] for alarm in alarms()} == {"station-faulted", "station-monitor"}, "both alarms", 30)
            (event,) = [one for one in api.every(path + "/device-events") if one["variable"] == "Problem"]
            assert (event["component"], event["value"], event["tech_code"]) == ("Connector", "true", "GroundFailure")
            refused = api.command(station.identity, "RequestStartTransaction", {
                "evseId": 1, "remoteStartId": 1, "idToken": {"idToken": "X", "type": "Central"}})
        assert refused["response"]["status"] == "Rejected"
        until(lambda: status(api, station) not in ("Faulted", None), "it is over", 60)
        assert alarms() == []
        # The driver's cable is still in; the plug is free again.
        body = {"connectorId": 1} if version == "1.6" else {"evseId": 1, "connectorId": 1}
        assert api.command(station.identity, "UnlockConnector", body)["response"]["status"] == "Unlocked"


@both
def test_values_by_the_clock_are_in_the_sessions_readings(shared, api, tmp_path, version):
    with start(api, shared, tmp_path, version, evses=2, vehicles=1, speed=5) as station:
        if version == "1.6":
            key(api, station, "MeterValuesAlignedData", "Energy.Active.Import.Register,Power.Active.Import")
            key(api, station, "ClockAlignedDataInterval", "20")
        else:
            variable(api, station, "AlignedDataCtrlr", "Measurands", "Energy.Active.Import.Register,Power.Active.Import")
            variable(api, station, "AlignedDataCtrlr", "Interval", "20")

        def aligned():
            found = sessions(api, station)
            return [one for one in api.readings(found[0]["id"]) if one["context"] == "Sample.Clock"] if found else []

        readings = until(lambda: len(aligned()) >= 6 and aligned(), "three instants of the clock", 60)
        assert {one["measurand"] for one in readings} == {"Energy.Active.Import.Register", "Power.Active.Import"}
        times = [datetime.fromisoformat(one["at"]) for one in readings]
        assert all(at.second % 20 == 0 and at.microsecond == 0 for at in times)
        registers = [Decimal(one["value"]) for one in readings if one["measurand"].startswith("Energy")]
        assert registers == sorted(registers) and registers[-1] > registers[0]


@both
def test_TC_C_37_TC_C_38_the_cache_is_cleared_where_it_is_in_use(shared, api, tmp_path, version):
    with start(api, shared, tmp_path, version) as station:
        assert api.command(station.identity, "ClearCache")["response"]["status"] == "Accepted"
        if version == "1.6":
            key(api, station, "AuthorizationCacheEnabled", "false")
        else:
            variable(api, station, "AuthCacheCtrlr", "Enabled", "false")
        assert api.command(station.identity, "ClearCache")["response"]["status"] == "Rejected"


def test_TC_H_15_a_connector_of_a_type_is_kept_free(shared, api, tmp_path):
    # Two EVSEs, a vehicle at the first one only.
    with start(api, shared, tmp_path, "2.0.1", evses=2, vehicles=1) as station:
        until(lambda: status(api, station, 1) == "Charging", "the vehicle", 60)
        path = f"/api/v1/stations/{station.identity}/reservations"
        tag = card(api)

        def reserve(kind):
            body = {"connector_type": kind, "id_token": tag, "expires_at": later(86_400)}
            return api.post(path, body, headers={"Prefer": "wait=10"}, status=(200, 202))["reservation"]

        refused = reserve("cType2")
        assert (refused["state"], refused["word"]) == ("refused", "Rejected")
        kept = reserve("Other1PhOver16A")
        assert (kept["state"], kept["connector_type"]) == ("accepted", "Other1PhOver16A")
        until(lambda: status(api, station, 2) == "Reserved", "the free one is kept", 20)
        assert reserve("Other1PhOver16A")["word"] == "Occupied"
        api.delete(f"{path}/{kept['id']}", status=200, headers={"Prefer": "wait=10"})
        until(lambda: status(api, station, 2) == "Available", "it is free again", 20)
