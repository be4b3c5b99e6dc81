"""Transactions of 2.x that are followed up (E14), and commands that a station only promises to carry out (B, F, G)."""

import pytest
from ocpp import v201

from support.kinds import KINDS, is16, new_station
from support.polling import until
from support.station import fresh

KINDS2 = ["ocpp2.0.1", "ocpp2.1"]


@pytest.fixture(params=KINDS2)
def two(request, shared, api):
    one = new_station(request.param, shared, fresh())
    one.connect().boot()
    one.status("Available")
    one.tag = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{one.tag}", {"status": "Accepted"})
    yield one
    one.close()


def status(waits, goes_on=None):
    return v201.call_result.GetTransactionStatus(messages_in_queue=waits, ongoing_indicator=goes_on)


def only_session(api, one):
    sessions = api.sessions(one.identity)
    assert len(sessions) == 1
    return sessions[0]


# MARK: E14

def test_TC_E_31_a_gap_is_asked_about_waited_for_while_messages_wait_and_then_closed(two, api):
    answers = [status(True, False), status(True, False)]
    two.answers["GetTransactionStatus"] = lambda _: answers.pop(0) if answers else status(False, False)
    name = fresh("tx")
    two.event("Started", name, 0, token=two.tag, evse={"id": 1}, register=0)
    two.event("Ended", name, 2, trigger="EVDeparted", register=3000)
    assert "messages are missing" in only_session(api, two)["flags"]
    until(lambda: "messages wait at the station" in only_session(api, two)["flags"], "the station was asked", 30)
    assert two.heard("GetTransactionStatus")[0] == {"transactionId": name}
    two.event("Updated", name, 1, trigger="MeterValuePeriodic", register=1000)
    session = only_session(api, two)
    assert session["flags"] == [] and session["import_wh"] == 3000 and session["status"] == "ended"


def test_TC_E_32_with_nothing_waiting_the_transaction_counts_with_what_is_there(two, api):
    two.answers["GetTransactionStatus"] = status(False, False)
    name = fresh("tx")
    two.event("Started", name, 0, token=two.tag, evse={"id": 1}, register=0)
    two.event("Ended", name, 2, trigger="EVDeparted", register=3000)
    until(lambda: "missing messages will not come" in only_session(api, two)["flags"], "the gap is final", 30)
    assert only_session(api, two)["import_wh"] == 3000


def test_TC_E_33_a_transaction_that_ended_unheard_is_ended_after_the_next_connection(two, api):
    name = fresh("tx")
    two.event("Started", name, 0, token=two.tag, evse={"id": 1}, register=0)
    two.event("Updated", name, 1, trigger="MeterValuePeriodic", register=1500)
    two.close()
    two.answers["GetTransactionStatus"] = status(False, False)
    two.connect()
    until(lambda: only_session(api, two)["status"] == "ended", "the transaction is over", 30)
    session = only_session(api, two)
    assert "no stop message came" in session["flags"] and session["import_wh"] == 1500


def test_TC_E_34_a_transaction_that_goes_on_stays_after_the_next_connection(two, api):
    name = fresh("tx")
    two.event("Started", name, 0, token=two.tag, evse={"id": 1}, register=0)
    two.close()
    two.answers["GetTransactionStatus"] = status(False, True)
    two.connect()
    until(lambda: two.heard("GetTransactionStatus"), "the station was asked", 30)
    two.event("Updated", name, 1, trigger="MeterValuePeriodic", register=1500)
    assert only_session(api, two)["status"] == "active"


# MARK: Promises

@pytest.fixture(params=KINDS)
def any_kind(request, shared, api):
    one = new_station(request.param, shared, fresh())
    one.connect().boot()
    one.status("Available")
    one.tag = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{one.tag}", {"status": "Accepted"})
    yield one
    one.close()


def follow_up(api, command):
    now = api.get(f"/api/v1/commands/{command['id']}")["follow_up"]
    return now and (now["state"], now["object"])


def test_TC_010_TC_F_01_a_remote_start_is_bound_to_the_session_that_it_leads_to(any_kind, api):
    one = any_kind
    if is16(one):
        command = api.command(one.identity, "RemoteStartTransaction", {"connectorId": 1, "idTag": one.tag})
    else:
        command = api.command(
            one.identity, "RequestStartTransaction",
            {"remoteStartId": 4711, "evseId": 1, "idToken": {"idToken": one.tag, "type": "ISO14443"}})
    assert follow_up(api, command) == ("waiting", None)
    if is16(one):
        transaction = str(one.start(one.tag).transaction_id)
    else:
        transaction = fresh("tx")
        one.event("Started", transaction, 0, "RemoteStart", token=one.tag, evse={"id": 1}, info={"remote_start_id": 4711})
    session = only_session(api, one)
    assert follow_up(api, command) == ("done", session["id"])
    assert session["remote_start"] == (None if is16(one) else 4711)
    if is16(one):
        command = api.command(one.identity, "RemoteStopTransaction", {"transactionId": int(transaction)})
    else:
        command = api.command(one.identity, "RequestStopTransaction", {"transactionId": transaction})
    assert follow_up(api, command) == ("waiting", None)
    if is16(one):
        one.stop(int(transaction), 100, reason="Remote")
    else:
        one.event("Ended", transaction, 1, "RemoteStop", register=100)
    assert follow_up(api, command) == ("done", session["id"])


def test_TC_026_TC_F_04_a_refused_remote_start_promises_nothing(any_kind, api):
    one = any_kind
    if is16(one):
        from ocpp.v16 import call_result
        one.answers["RemoteStartTransaction"] = call_result.RemoteStartTransaction("Rejected")
        command = api.command(one.identity, "RemoteStartTransaction", {"connectorId": 1, "idTag": one.tag})
    else:
        one.answers["RequestStartTransaction"] = v201.call_result.RequestStartTransaction("Rejected")
        command = api.command(
            one.identity, "RequestStartTransaction",
            {"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": one.tag, "type": "ISO14443"}})
    assert command["response"]["status"] == "Rejected" and follow_up(api, command) is None


def test_TC_013_TC_B_20_a_reset_is_done_when_the_station_boots(any_kind, api):
    one = any_kind
    command = api.command(one.identity, "Reset", {"type": "Soft" if is16(one) else "Immediate"})
    assert follow_up(api, command) == ("waiting", None)
    one.close()
    one.connect().boot()
    assert follow_up(api, command) == ("done", "BootNotification")


@pytest.mark.parametrize("kind", KINDS2)
def test_TC_B_21_a_scheduled_reset_waits_through_a_restart_of_the_platform(serve, kind):
    server = serve()
    api = server.api()
    one = new_station(kind, server, "B1")
    one.answers["Reset"] = v201.call_result.Reset("Scheduled")
    one.connect().boot()
    command = api.command("B1", "Reset", {"type": "OnIdle"})
    assert command["response"]["status"] == "Scheduled" and follow_up(api, command) == ("waiting", None)
    server.kill()
    server.start()
    api = server.api()
    one.port = server.ocpp
    one.connect()
    assert follow_up(api, command) == ("waiting", None)
    one.boot()
    assert follow_up(api, command) == ("done", "BootNotification")
    one.close()


def test_TC_G_06_a_change_of_availability_is_done_when_the_connector_says_so(any_kind, api):
    one = any_kind
    payload = {"connectorId": 1, "type": "Inoperative"} if is16(one) else {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    if is16(one):
        from ocpp.v16 import call_result
        one.answers["ChangeAvailability"] = call_result.ChangeAvailability("Scheduled")
    else:
        one.answers["ChangeAvailability"] = v201.call_result.ChangeAvailability("Scheduled")
    command = api.command(one.identity, "ChangeAvailability", payload)
    assert follow_up(api, command) == ("waiting", None)
    one.status("Unavailable")
    assert follow_up(api, command) == ("done", "Inoperative")
    assert api.station(one.identity)["evses"][0]["connectors"][0]["status"] == "Unavailable"


def test_TC_054_TC_F_12_a_trigger_is_done_when_its_message_comes(any_kind, api):
    one = any_kind
    command = api.command(one.identity, "TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert follow_up(api, command) == ("waiting", None)
    one.call(one.words.call.Heartbeat()) if not is16(one) else one.heartbeat()
    assert follow_up(api, command) == ("done", "Heartbeat")


def test_TC_061_TC_C_37_the_cache_is_cleared(any_kind, api):
    command = api.command(any_kind.identity, "ClearCache")
    assert (command["status"], command["response"]["status"]) == ("answered", "Accepted")
    assert any_kind.heard("ClearCache") == [{}]
