"""OCPP 1.6 with a real peer: what a station says is recorded, and what the platform says is understood."""

import json
import re
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from ocpp.exceptions import SecurityError
from ocpp.v16 import call, call_result
from websockets.exceptions import InvalidStatus

from support.polling import until
from support.recorder import connected
from support.station import Station, at_once, fresh, meter_values, now


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# MARK: Core


def test_a_boot_is_accepted_with_the_time_and_an_interval_and_shown(station, api):
    identity = fresh()
    one = station(identity)
    answer = one.boot(charge_point_serial_number="SN-1", firmware_version="1.2.3")
    assert answer.status == "Accepted" and answer.interval > 0
    assert abs((instant(answer.current_time) - datetime.now(timezone.utc)).total_seconds()) < 5
    shown = api.station(identity)
    assert shown["online"] is True and shown["protocol"] == "ocpp1.6" and shown["registration"] == "accepted"
    assert shown["boot"] == {"vendor": "Peer", "model": "P7", "serial": "SN-1", "firmware": "1.2.3"}


def test_a_heartbeat_is_answered_with_the_time(station):
    answer = station(fresh()).heartbeat()
    assert abs((instant(answer.current_time) - datetime.now(timezone.utc)).total_seconds()) < 5


def test_a_station_is_offline_after_its_socket_ended(station, api):
    identity = fresh()
    one = station(identity)
    one.boot()
    one.close()
    until(lambda: api.station(identity)["online"] is False, "the station is shown as offline")
    assert api.station(identity)["last_seen"]


def test_a_station_is_online_without_a_boot(station, api):
    identity = fresh()
    station(identity).heartbeat()
    assert api.station(identity)["online"] is True


def test_authorize_tells_known_unknown_blocked_and_expired_tokens_apart(station, api):
    one = station(fresh())
    known, blocked, expired = fresh("TAG"), fresh("TAG"), fresh("TAG")
    api.put(f"/api/v1/id-tokens/{known}", {"status": "Accepted"})
    api.put(f"/api/v1/id-tokens/{blocked}", {"status": "Blocked"})
    api.put(f"/api/v1/id-tokens/{expired}", {"status": "Accepted", "expires_at": "2020-01-01T00:00:00Z"})
    assert [one.authorize(tag) for tag in (known, fresh("TAG"), blocked, expired)] == [
        "Accepted", "Invalid", "Blocked", "Expired"]
    api.delete(f"/api/v1/id-tokens/{known}")
    assert one.authorize(known) == "Invalid"


def test_a_token_differs_by_nothing_but_case_is_the_same(station, api):
    # idToken is a CiString20: case-insensitive (OCPP 1.6 §7.28).
    tag = fresh("Tag")
    api.put(f"/api/v1/id-tokens/{tag}", {"status": "Accepted"})
    assert station(fresh()).authorize(tag.upper()) == "Accepted"


def test_a_whole_session_is_recorded_with_registers_readings_and_energy(station, api):
    identity, tag = fresh(), fresh("TAG")
    api.put(f"/api/v1/id-tokens/{tag}", {"status": "Accepted"})
    one = station(identity)
    one.boot()
    one.status("Preparing")
    begun = now(-1800)
    started = one.start(tag, register=12_345, at=begun)
    assert started.id_tag_info["status"] == "Accepted" and started.transaction_id > 0
    one.status("Charging")
    active = api.sessions(identity)
    assert len(active) == 1 and active[0]["status"] == "active" and active[0]["ended_at"] is None
    assert active[0]["transaction_id"] == str(started.transaction_id)
    shown = api.station(identity)["evses"][0]
    assert shown["connectors"][0]["status"] == "Charging" and shown["transaction"] == str(started.transaction_id)
    for minute in (10, 20):
        one.meter(started.transaction_id, 12_345 + 1000 * minute // 10, "6900.5", now(-1800 + 60 * minute))
    stopped_at = now()
    answer = one.stop(started.transaction_id, 15_000, stopped_at, tag=tag, reason="EVDisconnected")
    assert answer.id_tag_info["status"] == "Accepted"

    (session,) = api.sessions(identity)
    assert session["status"] == "ended" and session["stop_reason"] == "EVDisconnected"
    assert session["station_id"] == identity and session["id_token"] == tag
    assert (session["evse_id"], session["connector_id"]) == (1, 1)
    assert instant(session["started_at"]) == instant(begun) and instant(session["ended_at"]) == instant(stopped_at)
    assert (session["register_start_wh"], session["register_stop_wh"]) == (12_345, 15_000)
    assert session["import_wh"] == 2_655 and session["export_wh"] == 0
    assert api.get(f"/api/v1/sessions/{session['id']}")["import_wh"] == 2_655
    readings = api.readings(session["id"])
    assert [(r["measurand"], r["value"], r["unit"]) for r in readings if "Power" in r["measurand"]] == [
        ("Power.Active.Import", "6900.5", "W")] * 2
    registers = [r["value"] for r in readings if r["measurand"] == "Energy.Active.Import.Register"]
    assert registers[:2] == ["13345", "14345"]


def test_readings_keep_phase_location_context_and_exact_values(station, api):
    identity = fresh()
    one = station(identity)
    transaction = one.start().transaction_id
    at = now()
    one.call(call.MeterValues(connector_id=1, transaction_id=transaction, meter_value=[{
        "timestamp": at, "sampled_value": [
            {"value": "15.700", "measurand": "Current.Import", "unit": "A", "phase": "L1", "location": "Outlet",
             "context": "Sample.Periodic"},
            {"value": "0.1", "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
            {"value": "63", "measurand": "SoC", "unit": "Percent", "location": "EV"}]}]))
    (session,) = api.sessions(identity)
    shown = {r["measurand"]: r for r in api.readings(session["id"])}
    current = shown["Current.Import"]
    assert (current["phase"], current["location"], current["context"]) == ("L1", "Outlet", "Sample.Periodic")
    assert Decimal(current["value"]) == Decimal("15.7") and isinstance(current["value"], str)
    assert instant(current["at"]) == instant(at)
    assert Decimal(shown["SoC"]["value"]) == 63
    assert session["import_wh"] == 100


def test_a_start_with_a_blocked_tag_still_gets_a_transaction(station, api):
    identity, tag = fresh(), fresh("TAG")
    api.put(f"/api/v1/id-tokens/{tag}", {"status": "Blocked"})
    started = station(identity).start(tag)
    assert started.id_tag_info["status"] == "Blocked" and started.transaction_id > 0
    assert len(api.sessions(identity)) == 1


@pytest.mark.parametrize("transaction", [987_654, -1, 0])
def test_a_stop_of_an_unknown_transaction_is_answered_normally(station, transaction):
    one = station(fresh())
    one.stop(transaction, 500)
    one.heartbeat()


def test_transaction_ids_are_unique_over_stations_and_sessions(station):
    ids = []
    for _ in range(3):
        one = station(fresh())
        for n in range(3):
            ids.append(one.start(register=n).transaction_id)
            one.stop(ids[-1], n + 1)
    assert len(set(ids)) == len(ids)


def test_two_connectors_charge_side_by_side(station, api):
    identity = fresh()
    one = station(identity)
    first, second = one.start(connector=1, tag=fresh("T")), one.start(connector=2, tag=fresh("T"))
    one.meter(first.transaction_id, 100, connector=1)
    one.meter(second.transaction_id, 250, connector=2)
    energy = {s["connector_id"]: s["import_wh"] for s in api.sessions(identity)}
    assert energy == {1: 100, 2: 250}


def test_status_and_error_of_a_connector_are_shown(station, api):
    identity = fresh()
    one = station(identity)
    one.call(call.StatusNotification(connector_id=1, error_code="GroundFailure", status="Faulted", timestamp=now()))
    connector = api.station(identity)["evses"][0]["connectors"][0]
    assert (connector["status"], connector["error_code"]) == ("Faulted", "GroundFailure")


def test_data_transfer_of_an_unknown_vendor_is_told_so(station):
    assert station(fresh()).call(call.DataTransfer(vendor_id="com.example")).status in ("UnknownVendorId", "Rejected")


def test_firmware_and_diagnostics_notifications_are_answered(station):
    one = station(fresh())
    one.call(call.FirmwareStatusNotification(status="Idle"))
    one.call(call.DiagnosticsStatusNotification(status="Idle"))


def test_an_identity_with_reserved_characters_is_decoded(station, api):
    identity = fresh("RDAM|充") + "/a b%7C"
    station(identity).boot()
    assert api.station(identity)["id"] == identity


# MARK: Soft faults


@pytest.mark.misbehaves
@pytest.mark.parametrize(("action", "payload"), [
    ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "x" * 26}),
    ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "colour": "red"}),
    ("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-05T10:00:00Z", "sampledValue": [
        {"value": "1", "measurand": "Request.Energy", "unit": "Hz"}]}]}),
    ("MeterValues", {"connectorId": 1, "transactionId": 0, "meterValue": [
        {"timestamp": "2026-01-05 10:00:00", "sampledValue": [{"value": "17"}]}]}),
    ("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-05T10:00:00Z", "sampledValue": [
        {"value": "21", "measurand": "Temperature", "unit": "Celcius"}]}]}),
    ("StatusNotification", {"connectorId": 1, "errorCode": "Unheard", "status": "Available"}),
    ("DataTransfer", {"vendorId": "V", "data": {"an": "object"}}),
    ("Heartbeat", None),
], ids=["long serial", "extra field", "unknown measurand", "no zone", "Celcius", "unknown enum", "object", "null"])
def test_a_soft_fault_is_answered_normally(station, action, payload):
    one = station(fresh())
    one.send(json.dumps([2, "soft", action, payload]))
    (frame,) = until(lambda: one.answers_to("soft"), "an answer")
    assert frame[0] == 3, frame


@pytest.mark.misbehaves
@pytest.mark.parametrize(("action", "payload", "codes"), [
    ("StartTransaction", {"connectorId": 1, "idTag": "T", "timestamp": "2026-01-05T10:00:00Z"},
     {"OccurenceConstraintViolation", "ProtocolError", "FormationViolation"}),
    ("StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": "many", "timestamp": "2026-01-05T10:00:00Z"},
     {"TypeConstraintViolation", "FormationViolation", "PropertyConstraintViolation"}),
    ("Authorize", {}, {"OccurenceConstraintViolation", "ProtocolError", "FormationViolation"}),
    ("FlyToTheMoon", {}, {"NotImplemented"}),
    ("Reset", {"type": "Soft"}, {"NotSupported", "NotImplemented"}),
], ids=["no register", "no number", "no tag", "unknown action", "not a station's"])
def test_a_hard_fault_gets_an_error_of_the_versions_spelling_and_the_connection_lives(station, action, payload, codes):
    one = station(fresh())
    one.send(json.dumps([2, "hard", action, payload]))
    (frame,) = until(lambda: one.answers_to("hard"), "an answer")
    assert frame[0] == 4 and frame[2] in codes, frame
    assert isinstance(frame[3], str) and len(frame[3]) <= 255 and isinstance(frame[4], dict)
    one.heartbeat()


# MARK: Commands


def test_commands_reach_the_station_exactly_and_its_answer_comes_back(station, api):
    identity = fresh()
    one = station(identity)
    one.boot()
    one.answers["GetConfiguration"] = call_result.GetConfiguration(
        configuration_key=[{"key": "HeartbeatInterval", "value": "300", "readonly": False}], unknown_key=["Nonsense"])
    for action, payload, response in [
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG"}, {"status": "Accepted"}),
        ("RemoteStopTransaction", {"transactionId": 12}, {"status": "Accepted"}),
        ("Reset", {"type": "Soft"}, {"status": "Accepted"}),
        ("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, {"status": "Accepted"}),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, {"status": "Accepted"}),
        ("ClearCache", {}, {"status": "Accepted"}),
        ("DataTransfer", {"vendorId": "com.example", "data": "潮电"}, {"status": "UnknownVendorId"}),
        ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}, {"status": "Accepted"}),
        ("ClearChargingProfile", {}, {"status": "Accepted"}),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 3600, "chargingRateUnit": "A"}, {"status": "Rejected"}),
        ("GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]}, {
            "configurationKey": [{"key": "HeartbeatInterval", "value": "300", "readonly": False}],
            "unknownKey": ["Nonsense"]}),
        ("GetDiagnostics", {"location": "ftp://example.org/"}, {}),
        ("UpdateFirmware", {"location": "ftp://example.org/fw", "retrieveDate": "2030-01-01T00:00:00Z"}, {}),
    ]:
        command = api.command(identity, action, payload, status=200)
        assert command["status"] == "answered", (action, command)
        assert command["response"] == response, action
        assert one.heard(action)[-1] == payload, action
        assert api.get(f"/api/v1/commands/{command['id']}")["response"] == response


def test_a_remote_start_and_stop_make_a_whole_session(station, api):
    identity = fresh()
    one = station(identity)
    one.boot()
    tag = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{tag}", {"status": "Accepted"})
    api.command(identity, "RemoteStartTransaction", {"connectorId": 1, "idTag": tag})
    transaction = one.start(one.heard("RemoteStartTransaction")[-1]["idTag"]).transaction_id
    api.command(identity, "RemoteStopTransaction", {"transactionId": transaction})
    one.stop(one.heard("RemoteStopTransaction")[-1]["transactionId"], 700, reason="Remote")
    (session,) = api.sessions(identity)
    assert (session["status"], session["stop_reason"], session["import_wh"]) == ("ended", "Remote", 700)


def test_a_limit_of_6_1_amperes_arrives_as_it_was_written(station, api):
    identity = fresh()
    one = station(identity)
    profile = (
        '{"connectorId": 1, "csChargingProfiles": {"chargingProfileId": 7, "stackLevel": 2, '
        '"chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute", "chargingSchedule": '
        '{"startSchedule": "2026-01-05T00:00:00Z", "chargingRateUnit": "A", '
        '"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.1}, {"startPeriod": 60, "limit": 16}]}}}')
    assert api.command(identity, "SetChargingProfile", profile)["status"] == "answered"
    assert re.search(r'"limit"\s*:\s*6\.1\s*[,}]', one.incoming[-1])
    assert one.heard("SetChargingProfile")[-1] == json.loads(profile, parse_float=Decimal)


@pytest.mark.parametrize(("action", "payload", "field"), [
    ("Reset", {"type": "Gentle"}, "type"),
    ("Reset", {}, "type"),
    ("Reset", {"type": "Soft", "colour": 1}, "colour"),
    ("ChangeConfiguration", {"key": "K", "value": 5}, "value"),
    ("UnlockConnector", {"connectorId": "1"}, "connectorId"),
    ("TriggerMessage", {"requestedMessage": "Everything"}, "requestedMessage"),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.15}]}}},
     "limit"),
    ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "transactionId": 1,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}}},
     "connectorId"),
    ("RemoteStartTransaction", {"idTag": "T", "connectorId": 1, "chargingProfile": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "transactionId": 5,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}}},
     "transactionId"),
    ("Heartbeat", {}, "action"),
    ("FlyToTheMoon", {}, "action"),
], ids=["enum", "missing", "extra", "type", "integer", "message", "6.15 A", "TxProfile on 0", "tx in remote start",
        "a station's", "unknown action"])
def test_a_payload_against_the_rules_is_refused_with_its_field_and_not_sent(station, api, action, payload, field):
    identity = fresh()
    one = station(identity)
    problem = api.command(identity, action, payload, status=400)
    assert problem["status"] == 400 and field in json.dumps(problem), problem
    one.heartbeat()
    assert one.heard(action) == []


def test_a_tx_profile_without_a_transaction_is_refused(station, api):
    identity = fresh()
    station(identity)
    api.command(identity, "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}}},
        status=400)


def test_a_command_to_an_absent_station_is_offline_at_once(api):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {})
    command = api.command(identity, "Reset", {"type": "Soft"}, wait=0)
    assert command["status"] == "offline"
    assert api.get(f"/api/v1/commands/{command['id']}")["status"] == "offline"


def test_a_command_without_prefer_is_pending_and_ends_later(station, api):
    identity = fresh()
    station(identity)
    command = api.command(identity, "ClearCache", {}, wait=0, status=202)
    assert command["status"] == "pending"
    until(lambda: api.get(f"/api/v1/commands/{command['id']}")["status"] == "answered", "the command is answered")


def test_an_error_of_the_station_is_shown_as_received(station, api):
    identity = fresh()
    one = station(identity)

    def refuse(_):
        raise SecurityError(description="not today")
    one.answers["Reset"] = refuse
    command = api.command(identity, "Reset", {"type": "Hard"})
    assert command["status"] == "error"
    assert command["error"]["code"] == "SecurityError" and "not today" in command["error"]["description"]


def test_a_silent_station_is_a_timeout_and_its_late_answer_is_not_the_next_ones(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as socket:
        first = api.command(identity, "ClearCache", {}, wait=5, timeout=1)
        assert first["status"] == "timeout"
        early = json.loads(socket.recv(5))
        second = api.command(identity, "Reset", {"type": "Soft"}, wait=0)
        later = json.loads(socket.recv(5))
        socket.send(json.dumps([3, early[1], {"status": "Rejected"}]))
        socket.send(json.dumps([3, later[1], {"status": "Accepted"}]))
        shown = until(
            lambda: (c := api.get(f"/api/v1/commands/{second['id']}"))["status"] != "pending" and c, "an end")
        assert (shown["status"], shown["response"]) == ("answered", {"status": "Accepted"})
        late = until(lambda: (c := api.get(f"/api/v1/commands/{first['id']}"))["response"] and c, "the late answer is kept")
        assert late["response"] == {"status": "Rejected"}


def test_one_call_of_the_platform_is_outstanding_at_a_time(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as socket:
        commands = [api.command(identity, "ClearCache", {}, wait=0)["id"] for _ in range(3)]
        seen = []
        for _ in commands:
            frame = json.loads(socket.recv(5))
            seen.append(frame[1])
            with pytest.raises(TimeoutError):
                socket.recv(0.3)
            socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
        assert len(set(seen)) == 3 and all(len(one) <= 36 for one in seen)
        until(lambda: all(api.get(f"/api/v1/commands/{c}")["status"] == "answered" for c in commands), "all answered")


def raw(port, identity):
    return connected(f"ws://127.0.0.1:{port}/ocpp/{identity}", subprotocols=["ocpp1.6"])


# MARK: The message log


def test_the_message_log_shows_both_directions_newest_first(station, api):
    identity = fresh()
    one = station(identity)
    one.boot()
    api.command(identity, "ClearCache", {})
    path = f"/api/v1/stations/{identity}/messages"
    log = until(lambda: len(log := api.every(path)) == 3 and log, "call, answer and boot are in the log")
    assert [(m["direction"], m["action"]) for m in log] == [
        ("in", "ClearCache"), ("out", "ClearCache"), ("in", "BootNotification")]
    assert json.loads(log[2]["text"])[2] == "BootNotification"
    assert [m["at"] for m in log] == sorted((m["at"] for m in log), reverse=True)


# MARK: Registration and admission


def test_a_pending_station_hears_security_error_until_it_is_accepted(station, api):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"registration": "pending"})
    one = station(identity)
    answer = one.boot()
    assert answer.status == "Pending" and answer.interval > 0
    for request in [call.Heartbeat(), call.Authorize(id_tag="T"), meter_values(None, 5),
                    call.StartTransaction(connector_id=1, id_tag="T", meter_start=0, timestamp=now())]:
        with pytest.raises(SecurityError):
            one.call(request)
    assert api.sessions(identity) == []
    assert api.command(identity, "TriggerMessage", {"requestedMessage": "StatusNotification"})["status"] == "answered"
    one.status("Available")
    api.put(f"/api/v1/stations/{identity}", {"registration": "accepted"})
    assert one.boot().status == "Accepted"
    one.heartbeat()
    assert one.start().transaction_id > 0


def test_a_rejected_station_is_told_so(station, api):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"registration": "rejected"})
    one = station(identity)
    assert one.boot().status == "Rejected"
    with pytest.raises(SecurityError):
        one.heartbeat()


def status_of_connecting(*arguments, **options):
    with pytest.raises(InvalidStatus) as refusal:
        Station(*arguments, **options).connect()
    return refusal.value.response.status_code


def test_an_unknown_identity_is_404_until_it_is_registered(serve):
    server = serve(unknown=False)
    assert status_of_connecting(server.ocpp, "NEW") == 404
    server.api().get("/api/v1/stations/NEW", status=404)
    server.api().put("/api/v1/stations/NEW", {})
    assert Station(server.ocpp, "NEW").connect().boot().status == "Accepted"


def test_a_wrong_or_missing_password_is_401_and_the_right_one_gets_in(shared, api):
    identity = fresh()
    shown = api.put(f"/api/v1/stations/{identity}", {"password": "correct-horse-battery"})
    assert "password" not in shown or shown["password"] is None
    assert status_of_connecting(shared.ocpp, identity) == 401
    assert status_of_connecting(shared.ocpp, identity, password="wrong-horse-battery") == 401
    assert api.station(identity)["online"] is False
    one = Station(shared.ocpp, identity, password="correct-horse-battery").connect()
    assert one.boot().status == "Accepted"
    one.close()


def test_a_hexadecimal_authorization_key_is_taken_as_text_and_as_bytes(shared, api):
    # OCPP 1.6 configures AuthorizationKey as hex; the bytes are the password, many stations send the hex text.
    key = "00ff80c3d4e5f60718293a4b5c6d7e8f90a1b2c3"
    for password in (key, bytes.fromhex(key)):
        identity = fresh()
        api.put(f"/api/v1/stations/{identity}", {"password": key})
        one = Station(shared.ocpp, identity, password=password).connect()
        assert one.boot().status == "Accepted"
        one.close()


def test_a_key_that_the_platform_made_opens_and_the_one_before_no_longer_does(serve):
    server = serve()
    api = server.api()
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"password": "made-up-by-a-person"})
    first, second = (api.post(f"/api/v1/stations/{identity}/key", status=201)["key"] for _ in range(2))
    for wrong in ("made-up-by-a-person", first):
        assert status_of_connecting(server.ocpp, identity, password=wrong) == 401
    for right in (second, second.upper(), bytes.fromhex(second)):
        one = Station(server.ocpp, identity, password=right).connect()
        assert one.boot().status == "Accepted"
        one.close()
    # Neither form is anywhere in the clear, and what a person made up is no fast digest.
    api.put(f"/api/v1/stations/{identity}", {"password": "made-up-by-a-person"})
    server.stop()
    kept = b"".join(path.read_bytes() for path in Path(server.data).glob("tidewatt.sqlite*"))
    assert second.encode() not in kept and b"made-up-by-a-person" not in kept
    assert b"$argon2id$" in kept


def test_a_password_sent_to_a_station_is_in_no_record(station, api):
    secret, identity = "5ecre75ecre75ecre75e", fresh()
    one = station(identity)
    one.boot()
    api.command(identity, "ChangeConfiguration", {"key": "AuthorizationKey", "value": secret})
    assert [asked["value"] for asked in one.heard("ChangeConfiguration")] == [secret], "the station got it"
    for path in ("messages", "commands"):
        assert secret not in str(api.every(f"/api/v1/stations/{identity}/{path}"))


def test_another_stations_credential_does_not_open_the_door(shared, api):
    mine, theirs = fresh(), fresh()
    api.put(f"/api/v1/stations/{mine}", {"password": "password-of-mine"})
    api.put(f"/api/v1/stations/{theirs}", {"password": "password-of-theirs"})
    thief = Station(shared.ocpp, theirs, password="password-of-mine")
    with pytest.raises(InvalidStatus):
        thief.connect()


def test_no_common_subprotocol_is_closed_after_the_handshake(shared):
    one = Station(shared.ocpp, fresh(), subprotocols=["ocpp9.9"]).connect()
    assert one.socket.subprotocol is None
    until(lambda: one.is_closed, "the platform closes")


def test_the_stations_preference_decides_among_known_versions(station):
    assert station(fresh(), subprotocols=["ocpp2.1", "ocpp2.0.1", "ocpp1.6"]).socket.subprotocol is not None


def test_a_removed_station_is_disconnected_and_gone(serve):
    server = serve(unknown=False)
    api = server.api()
    api.put("/api/v1/stations/GONE", {})
    one = Station(server.ocpp, "GONE").connect()
    one.boot()
    api.delete("/api/v1/stations/GONE")
    until(lambda: one.is_closed, "the socket is closed")
    api.get("/api/v1/stations/GONE", status=404)
    assert status_of_connecting(server.ocpp, "GONE") == 404


# MARK: Many at a time


def test_fifty_stations_charge_at_a_time_and_every_session_is_whole(shared, api):
    stations = [Station(shared.ocpp, fresh("FLEET")) for _ in range(50)]

    async def session(one):
        number = stations.index(one)
        await one._connect()
        await one.calling(call.BootNotification(charge_point_vendor="Peer", charge_point_model="P7"))
        started = await one.calling(call.StartTransaction(
            connector_id=1, id_tag="TAG", meter_start=number, timestamp=now()))
        for step in range(1, 11):
            await one.calling(meter_values(started.transaction_id, number + 100 * step, 7000, now(step - 10)))
        await one.calling(call.StopTransaction(
            transaction_id=started.transaction_id, meter_stop=number + 1000 + number, timestamp=now()))
        await one.socket.close()
        return started.transaction_id

    ids = at_once(session, stations)
    assert len(set(ids)) == 50
    for number, one in enumerate(stations):
        (record,) = api.sessions(one.identity)
        assert record["transaction_id"] == str(ids[number]) and record["status"] == "ended"
        assert record["import_wh"] == 1000 + number, one.identity
        registers = [r for r in api.readings(record["id"]) if r["measurand"] == "Energy.Active.Import.Register"]
        assert len(registers) >= 10


def test_stations_in_bulk_all_or_nothing(api):
    a, b = fresh("BULK"), fresh("BULK")
    answer = api.request(
        "POST", "/api/v1/stations:import",
        f"identity,phases,voltage,ownership\n{a},1,220,private\n{b},4,220,private\n", {"Content-Type": "text/csv"})
    assert answer.status == 400 and "line 3" in answer.text
    api.get(f"/api/v1/stations/{a}", status=404)
    api.post(
        "/api/v1/stations:import", f"identity,phases,voltage,ownership\n{a},1,220,private\n{b},3,220,public\n",
        headers={"Content-Type": "text/csv"})
    assert api.station(b)["phases"] == 3 and api.station(a)["ownership"] == "private"


def test_lists_come_in_pages_and_as_csv(station, api):
    prefix = fresh("PAGE")
    for n in range(5):
        api.put(f"/api/v1/stations/{prefix}-{n}", {})
    ids = [one["id"] for one in api.every("/api/v1/stations")]
    assert len(ids) == len(set(ids)) and {f"{prefix}-{n}" for n in range(5)} <= set(ids)
    page = api.get("/api/v1/stations?limit=2")
    assert len(page["items"]) == 2 and page["next_cursor"]
    answer = api.request("GET", "/api/v1/stations?limit=100", headers={"Accept": "text/csv"})
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0].lstrip("\ufeff").split(",")[0] == "id"
