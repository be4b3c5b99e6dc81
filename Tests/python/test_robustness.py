"""What stations do wrong in the field, and what the platform makes of it: a row of `docs/standards/robustness.md` each.

Rows that other files test are named there.
"""

import json

import pytest
from ocpp.v16 import call, call_result

from support.bench16 import Bench, instant
from support.polling import until
from support.program import Server
from support.recorder import connected
from support.station import Station, at_once, fresh, meter_values, now


@pytest.fixture
def pile(shared):
    """A station of 1.6 that came as it should; what it does wrong follows."""
    one = Bench(shared).come()
    yield one
    one.station.close()


def tells(one, action, payload, message_id=None):
    """A call as it is, past the library. Its answer's payload; an error fails."""
    message_id = message_id or fresh("raw")
    seen = len(one.station.answers_to(message_id))
    one.station.send(json.dumps([2, message_id, action, payload]))
    frame = until(lambda: one.station.answers_to(message_id)[seen:], f"{action} is answered")[0]
    assert frame[0] == 3, frame
    return frame[2]


# MARK: Sockets and restarts


def test_neither_boot_nor_station_status_ever_comes(shared, api):
    """Any message is a sign of life, and what is missing can be asked for."""
    identity = fresh()
    one = Station(shared.ocpp, identity).connect()
    assert api.station(identity)["online"] is True and api.station(identity)["boot"] is None
    one.heartbeat()
    shown = api.station(identity)
    assert shown["online"] is True and shown["last_seen"] and shown["registration"] == "accepted"
    transaction = one.start(fresh("CARD"), 10).transaction_id
    assert api.sessions(identity)[0]["transaction_id"] == str(transaction)
    for message, request in [
        ("BootNotification", call.BootNotification(charge_point_vendor="Quiet", charge_point_model="Q")),
        ("StatusNotification", call.StatusNotification(connector_id=0, error_code="NoError", status="Available"))]:
        api.command(identity, "TriggerMessage", {"requestedMessage": message})
        assert one.heard("TriggerMessage")[-1] == {"requestedMessage": message}
        one.call(request)
    assert api.station(identity)["boot"]["vendor"] == "Quiet"
    one.close()


def test_the_old_transaction_is_named_after_a_restart_of_the_platform(serve):
    server = serve()
    one = Bench(server).come()
    transaction = one.charges(register=100)
    server.kill()
    server.start()
    one.api = server.api()
    assert one.shown["online"] is False and one.session(transaction)["status"] == "active"
    # It comes without a boot, minutes later for all that the platform knows, and goes on where it was.
    one.connect()
    one.station.meter(transaction, 900, 7000)
    assert one.session(transaction)["import_wh"] == 800 and one.transaction_on(1) == str(transaction)
    one.stops(transaction, 1100)
    one.station.close()


def test_a_session_that_ended_in_silence_ends_with_the_next_one(pile):
    transaction = pile.charges(register=100)
    pile.station.meter(transaction, 700, 7000)
    pile.station.cut()
    until(lambda: pile.shown["online"] is False, "the cut is seen")
    pile.connect()
    pile.says("Available")
    assert pile.session(transaction)["status"] == "active", "nobody said that it ended"
    following = pile.starts(700).transaction_id
    old = pile.session(transaction)
    assert (old["status"], old["flags"], old["stop_reason"], old["import_wh"]) == ("ended", ["no stop message came"], None, 600)
    assert pile.transaction_on(1) == str(following)
    # The stop comes after all: what it says is what counts.
    pile.station.stop(transaction, 720, reason="PowerLoss")
    old = pile.session(transaction)
    assert (old["status"], old["flags"], old["stop_reason"], old["import_wh"]) == ("ended", [], "PowerLoss", 620)
    assert pile.session(following)["status"] == "active"


def test_a_message_is_sent_twice_with_one_id_over_a_reconnect(pile):
    request = call.StartTransaction(connector_id=1, id_tag=pile.card, meter_start=5, timestamp=now())
    first = pile.station.call(request, "same-id")
    pile.station.cut()
    pile.connect()
    assert pile.station.call(request, "same-id").transaction_id == first.transaction_id
    stop = call.StopTransaction(transaction_id=first.transaction_id, meter_stop=500, timestamp=now())
    pile.station.call(stop, "stop-id")
    pile.station.cut()
    pile.connect()
    pile.station.call(stop, "stop-id")
    (session,) = pile.sessions
    assert (session["status"], session["import_wh"], session["flags"]) == ("ended", 495, [])


# MARK: Numbers of transactions


@pytest.mark.parametrize("number", [-1, -7, 0])
def test_an_offline_transaction_is_stopped_by_a_number_of_the_stations_own(pile, number):
    transaction = pile.starts(1000, at=now(-1800)).transaction_id
    pile.station.stop(number, 1800, at=now(-600), tag=pile.card)
    (session,) = pile.sessions
    assert (session["transaction_id"], session["status"], session["import_wh"]) == (str(transaction), "ended", 800)


def test_a_stop_of_a_transaction_that_nobody_started_is_kept_and_flagged(pile):
    for _ in range(2):
        pile.station.stop(987_654, 4321, at="2026-01-05T10:00:00Z")
    (session,) = pile.sessions
    assert (session["transaction_id"], session["status"], session["register_stop_wh"]) == ("987654", "ended", 4321)
    assert session["flags"] == ["stop for an unknown transaction"] and session["register_start_wh"] is None


@pytest.mark.parametrize("number", [0, 999_999, -1, None], ids=["0", "stale", "-1", "none"])
def test_meter_values_of_a_wrong_transaction_belong_to_the_one_that_runs(pile, number):
    transaction = pile.charges()
    pile.station.call(meter_values(number, 640, "6900"))
    assert pile.session(transaction)["import_wh"] == 640
    shown = pile.api.readings(pile.session(transaction)["id"])
    assert {r["value"] for r in shown} == {"640", "6900"}


def test_meter_values_without_a_transaction_make_no_session(pile):
    pile.station.call(meter_values(None, 640, "120"))
    pile.station.call(meter_values(77, 641, "120", connector=2))
    pile.station.call(meter_values(None, 9000, connector=0))
    assert pile.sessions == []
    assert [float(evse["power_kw"]) for evse in pile.shown["evses"]] == [0.12, 0.12]


# MARK: Words and types


@pytest.mark.misbehaves
@pytest.mark.parametrize("unit", ["Celcius", "Celsius"])
def test_a_temperature_is_taken_however_its_unit_is_spelled(pile, unit):
    transaction = pile.charges()
    tells(pile, "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": [{
        "timestamp": now(), "sampledValue": [{"value": "21.5", "measurand": "Temperature", "unit": unit}]}]})
    (reading,) = pile.api.readings(pile.session(transaction)["id"])
    assert (reading["measurand"], reading["value"], reading["unit"]) == ("Temperature", "21.5", unit)


@pytest.mark.misbehaves
def test_unknown_measurands_and_units_are_kept_with_the_readings_beside_them(pile):
    transaction = pile.charges()
    tells(pile, "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": [{
        "timestamp": now(), "sampledValue": [
            {"value": "7", "measurand": "Request.Energy", "unit": "Hz"}, {"value": "330"}]}]})
    shown = {r["measurand"]: (r["value"], r["unit"]) for r in pile.api.readings(pile.session(transaction)["id"])}
    assert shown["Energy.Active.Import.Register"] == ("330", "Wh") and shown["Request.Energy"] == ("7", "Hz")
    assert pile.session(transaction)["import_wh"] == 330


@pytest.mark.misbehaves
def test_a_serial_number_that_is_too_long_is_a_serial_number(pile):
    serial = "0123456789" * 3
    assert tells(pile, "BootNotification", {
        "chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": serial})["status"] == "Accepted"
    assert pile.shown["boot"]["serial"] == serial


@pytest.mark.misbehaves
def test_an_object_where_a_text_is_due_is_answered_and_in_the_log(pile):
    answer = tells(pile, "DataTransfer", {"vendorId": "org.example", "data": {"a": [1, 2]}})
    assert answer["status"] in ("UnknownVendorId", "Rejected")
    assert pile.said("DataTransfer") == [{"vendorId": "org.example", "data": {"a": [1, 2]}}]


@pytest.mark.misbehaves
@pytest.mark.parametrize("value", ["60", "true"], ids=["number", "boolean"])
def test_a_configuration_value_that_is_no_text_is_shown_as_it_came(shared, api, value):
    identity = fresh()
    with connected(f"ws://127.0.0.1:{shared.ocpp}/ocpp/{identity}", subprotocols=["ocpp1.6"]) as socket:
        ordered = api.command(identity, "GetConfiguration", {"key": ["HeartbeatInterval"]}, wait=0)
        frame = json.loads(socket.recv(5))
        said = f'{{"configurationKey":[{{"key":"HeartbeatInterval","readonly":false,"value":{value}}}]}}'
        socket.send(f'[3,"{frame[1]}",{said}]')
        done = until(lambda: (c := api.get(f"/api/v1/commands/{ordered['id']}"))["status"] != "pending" and c, "an end")
        assert (done["status"], done["response"]) == ("answered", json.loads(said))


@pytest.mark.misbehaves
def test_broken_json_now_and_then_costs_no_session(pile):
    transaction = pile.charges()
    for register in (100, 200, 300):
        pile.station.send("[,{}]")
        pile.station.meter(transaction, register, 7000)
    assert pile.session(transaction)["import_wh"] == 300
    log = pile.api.every(f"/api/v1/stations/{pile.identity}/messages")
    assert len([m for m in log if m["text"] == "[,{}]" and m["problem"]]) == 3
    pile.stops(transaction, 400)


@pytest.mark.misbehaves
def test_an_error_code_of_the_stations_own_is_shown_as_received(shared, api):
    identity = fresh()
    with connected(f"ws://127.0.0.1:{shared.ocpp}/ocpp/{identity}", subprotocols=["ocpp1.6"]) as socket:
        for code in ("Busy", "FormatViolation", "OccurrenceConstraintViolation"):
            ordered = api.command(identity, "Reset", {"type": "Soft"}, wait=0)
            frame = json.loads(socket.recv(5))
            socket.send(json.dumps([4, frame[1], code, "", {}]))
            done = until(lambda: (c := api.get(f"/api/v1/commands/{ordered['id']}"))["status"] != "pending" and c, "an end")
            assert (done["status"], done["error"]["code"]) == ("error", code)


# MARK: Clocks


@pytest.mark.misbehaves
@pytest.mark.parametrize(("written", "meant"), [
    ("2026-03-02T08:00:00", "2026-03-02T08:00:00Z"),
    ("2026-03-02 08:00:00", "2026-03-02T08:00:00Z"),
    ("2026-03-02 08:00:00Z", "2026-03-02T08:00:00Z"),
    ("2026-03-02T16:00:00+08:00", "2026-03-02T08:00:00Z"),
    ("2026-03-02T08:00:00.123456789Z", "2026-03-02T08:00:00.123Z"),
], ids=["no zone", "space", "space and zone", "local time", "nanoseconds"])
def test_a_timestamp_that_is_no_rfc_3339_is_read(pile, written, meant):
    answer = tells(pile, "StartTransaction", {
        "connectorId": 1, "idTag": pile.card, "meterStart": 0, "timestamp": written})
    (session,) = pile.sessions
    assert session["transaction_id"] == str(answer["transactionId"]) and session["flags"] == []
    assert abs((instant(session["started_at"]) - instant(meant)).total_seconds()) < 0.001


def test_a_clock_near_1970_is_replaced_by_ours_and_flagged(pile):
    answer = tells(pile, "StartTransaction", {
        "connectorId": 1, "idTag": pile.card, "meterStart": 0, "timestamp": "1970-01-01T00:00:09Z"})
    (session,) = pile.sessions
    assert session["transaction_id"] == str(answer["transactionId"]) and session["flags"] == ["station clock was not set"]
    assert abs((instant(session["started_at"]) - instant(now())).total_seconds()) < 10


# MARK: States of connectors


def test_the_state_goes_straight_to_charging(pile):
    pile.says("Charging")
    assert pile.sessions == [] and pile.transaction_on(1) is None
    transaction = pile.starts(0).transaction_id
    assert pile.transaction_on(1) == str(transaction) and pile.connector(1) == ("Charging", None)


def test_the_state_stays_preparing_while_a_transaction_runs(pile):
    pile.says("Preparing")
    transaction = pile.starts(0).transaction_id
    pile.station.meter(transaction, 500, 6900)
    shown = pile.shown["evses"][0]
    assert pile.connector(1) == ("Preparing", None) and float(shown["power_kw"]) == 6.9
    assert pile.session(transaction)["import_wh"] == 500
    pile.says("Preparing")
    pile.stops(transaction, 900)


def test_news_of_firmware_and_diagnostics_that_nobody_asked_for(pile):
    for word in ("Downloading", "Installed", "Idle"):
        assert tells(pile, "FirmwareStatusNotification", {"status": word}) == {}
    assert tells(pile, "DiagnosticsStatusNotification", {"status": "UploadFailed"}) == {}
    assert [said["status"] for said in pile.said("FirmwareStatusNotification")] == ["Downloading", "Installed", "Idle"]


# MARK: Smart charging: what stations of a site take, and what the platform makes of it


class Taker(Station):
    """A station of a site that takes only some settings and profiles."""

    def __init__(self, port, identity, units="Current", takes=lambda profile, connector: True, measurands=8, **more):
        """`units`: as it spells them; `measurands`: the most that it samples; `more`: other configuration keys."""
        super().__init__(port, identity)
        self.keys = {
            "NumberOfConnectors": "1", "SupportedFeatureProfiles": "Core,SmartCharging", "ChargeProfileMaxStackLevel": "8",
            "ChargingScheduleAllowedChargingRateUnit": units, "ChargingScheduleMaxPeriods": "96",
            "MaxChargingProfilesInstalled": "8", "MeterValueSampleInterval": "60", **more}
        self.takes, self.measurands = takes, measurands
        self.installed = []
        self.answers |= {"GetConfiguration": self._tell, "ChangeConfiguration": self._change, "SetChargingProfile": self._limit}

    def _tell(self, fields):
        wanted = fields.get("key") or list(self.keys)
        return call_result.GetConfiguration(
            configuration_key=[{"key": key, "value": self.keys[key], "readonly": False} for key in wanted if key in self.keys],
            unknown_key=[key for key in wanted if key not in self.keys] or None)

    def _change(self, fields):
        many = fields["key"] == "MeterValuesSampledData" and len(fields["value"].split(",")) > self.measurands
        if not many:
            self.keys[fields["key"]] = fields["value"]
        return call_result.ChangeConfiguration("Rejected" if many else "Accepted")

    def _limit(self, fields):
        profile = fields["cs_charging_profiles"]
        word = self.takes(profile, fields["connector_id"])
        if word is True:
            self.installed.append(profile)
        return call_result.SetChargingProfile("Accepted" if word is True else word)


def unit_of(profile):
    return profile["charging_schedule"]["charging_rate_unit"]


TAKERS = {
    "amperes": {"units": "A", "takes": lambda p, _: unit_of(p) == "A" or "Rejected"},
    "current": {"units": "Current", "takes": lambda p, _: unit_of(p) == "A" or "Rejected"},
    "watts": {"units": "W", "takes": lambda p, _: unit_of(p) == "W" or "Rejected"},
    "power": {"units": "Power", "takes": lambda p, _: unit_of(p) == "W" or "Rejected"},
    "two-measurands": {"measurands": 2},
    "no-measurands": {"measurands": 0},
    "rejects": {"takes": lambda *_: "Rejected"},
    "not-supported": {"takes": lambda *_: "NotSupported"},
    "without-profile": {"SupportedFeatureProfiles": "Core", "takes": lambda *_: "NotSupported"},
}


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """A site with a station of each kind, some seconds after they came."""
    server = Server(tmp_path_factory.mktemp("takers"), settings="planning: {replan_seconds: 60}\n").start()
    api = server.api()
    api.put("/api/v1/sites/takers", {"name": "Takers"})
    api.put("/api/v1/nodes/T", {"site": "takers", "limit_kw": 100})
    stations = {}
    for name, options in TAKERS.items():
        api.put(f"/api/v1/stations/{name}", {"site": "takers", "node": "T", "phases": 1, "voltage": 220, "max_current_a": 32})
        stations[name] = Taker(server.ocpp, name, **options).connect()
        stations[name].boot()
    yield api, stations
    for one in stations.values():
        one.close()
    server.stop()


def found(yard, name):
    """What commissioning found, once it went through all its steps."""
    api, stations = yard
    def done():
        shown = api.station(name)["commissioning"]
        heard = [said["key"] for said in stations[name].heard("ChangeConfiguration")]
        return shown and "MeterValuesSampledData" in heard and shown
    return until(done, f"{name} is commissioned", 30)


@pytest.mark.parametrize("name, unit", [("amperes", "A"), ("current", "A"), ("watts", "W"), ("power", "W")])
def test_the_unit_of_profiles_is_the_stations_however_it_spells_it(yard, name, unit):
    assert found(yard, name)["rate_unit"] == unit
    _, stations = yard
    installed = until(lambda: stations[name].installed, "a default profile is taken", 30)
    # A limit goes out at first contact, before anybody knows: it may be refused, and goes out again in the right unit.
    assert {unit_of(profile) for profile in installed} == {unit}
    assert stations[name].heard("SetChargingProfile")[-1]["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] == unit


def test_a_station_that_samples_few_measurands_gets_as_many_as_it_takes(yard):
    found(yard, "two-measurands")
    _, stations = yard
    one = stations["two-measurands"]
    until(lambda: "MeterValuesSampledData" in one.keys, "a list that it takes", 30)
    assert len(one.keys["MeterValuesSampledData"].split(",")) <= 2


def test_a_station_whose_measurands_are_read_only_is_left_with_them_and_noted(yard):
    api, stations = yard
    found(yard, "no-measurands")
    until(lambda: api.station("no-measurands")["commissioning"]["note"], "it is noted", 30)
    until(lambda: stations["no-measurands"].installed, "and limited all the same", 30)


@pytest.mark.parametrize("name", ["rejects", "not-supported"])
def test_a_station_that_takes_no_profile_is_shown_without_limits(yard, name):
    api, stations = yard
    until(lambda: stations[name].heard("SetChargingProfile"), "it was tried", 30)
    assert stations[name].installed == []
    held = api.get(f"/api/v1/stations/{name}/limits")["items"]
    assert [one for one in held if one["state"] == "confirmed"] == []


def test_a_station_without_smart_charging_is_planned_around(yard):
    shown = found(yard, "without-profile")
    assert shown["verdict"] == "does_not_follow" and shown["note"]
    _, stations = yard
    assert stations["without-profile"].installed == []


# MARK: All at once


@pytest.mark.misbehaves
def test_fifty_stations_that_do_all_of_it_wrong_harm_no_neighbour(shared, api):
    good = Bench(shared).come()
    transaction = good.charges()

    async def wrong(number):
        one = Station(shared.ocpp, fresh("WRONG"))
        await one._connect()
        for text in ["[,{}]", "{", '[2,"x"]', '[9,"x",{}]', '[2,"n","FlyToTheMoon",{}]', '[3,"nobody",{}]'] * 3:
            await one.socket.send(text)
        await one.calling(call.Heartbeat())
        await one.socket.close()

    at_once(wrong, range(50))
    good.station.meter(transaction, 100, 7000)
    assert good.session(transaction)["import_wh"] == 100 and good.shown["online"] is True
    good.station.close()
