"""OCA cases of 2.0.1 for central systems, block F (remote control): starts, unlocking, triggers."""

from support.charger import CARD, both, card, sampled
from support.station import now


# MARK: Remote starts

def start(one, token, answer, **more):
    """Ordered by an operator; the number of the start, and the order, which waits for its transaction."""
    number = 4711
    payload = {"remoteStartId": number, "idToken": {"idToken": token, "type": CARD}, **more}
    assert one.heard("RequestStartTransaction") == []
    ordered = one.order("RequestStartTransaction", payload, answer, says="Accepted")
    assert one.followed(ordered) == ("waiting", None)
    return number, ordered


def started(one, transaction, ordered):
    shown = transaction.shown()
    assert shown["remote_start"] == 4711 and one.followed(ordered) == ("done", shown["id"])
    return shown


@both
def test_TC_F_01_a_remote_start_with_the_cable_first(charger, api):
    one = charger()
    token = card(api)
    transaction = one.transaction(token=token).plugged_in()
    assert transaction.shown()["id_token"] is None
    number, ordered = start(one, token, {"status": "Accepted", "transactionId": transaction.id}, evseId=1)
    answer = transaction.next("RemoteStart", token=token, remoteStartId=number)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    transaction.is_authorized = True
    transaction.charging()
    assert started(one, transaction, ordered)["id_token"] == token and one.statuses()[1] == "Charging"
    assert len(one.sessions()) == 1


@both
def test_TC_F_02_a_remote_start_that_the_station_authorizes_itself(charger, api):
    one = charger()
    token = card(api)
    transaction = one.transaction(token=token)
    number, ordered = start(one, token, {"status": "Accepted"})
    assert one.sessions() == []
    assert one.authorize(token)["status"] == "Accepted"
    transaction.next("RemoteStart", token=token, remoteStartId=number)
    transaction.is_authorized = True
    transaction.charging()
    shown = started(one, transaction, ordered)
    assert (shown["id_token"], shown["evse_id"], shown["status"]) == (token, 1, "active")


def test_TC_F_03_a_remote_start_that_needs_no_further_authorization(charger, api):
    one = charger()
    token = card(api)
    transaction = one.transaction(token=token)
    number, ordered = start(one, token, {"status": "Accepted"})
    assert one.sessions() == []
    transaction.next("RemoteStart", token=token, remoteStartId=number)
    transaction.is_authorized = True
    transaction.charging()
    shown = started(one, transaction, ordered)
    assert (shown["id_token"], shown["evse_id"], shown["status"]) == (token, 1, "active")
    assert one.log("Authorize") == []


def test_TC_F_04_a_remote_start_after_which_nobody_plugs_in(charger, api):
    one = charger()
    token = card(api)
    transaction = one.transaction(token=token)
    number, ordered = start(one, token, {"status": "Accepted"})
    transaction.next("RemoteStart", token=token, remoteStartId=number)
    transaction.next("EVConnectTimeout")
    shown = started(one, transaction, ordered)
    assert (shown["status"], shown["id_token"], shown["import_wh"]) == ("active", token, 0)


# MARK: Unlocking

@both
def test_TC_F_06_a_connector_is_unlocked(charger):
    one = charger()
    assert one.sessions() == []
    unlocked = one.order("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": "Unlocked"}, says="Unlocked")
    assert one.followed(unlocked) == ("done", "available")
    failed = one.order("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": "UnlockFailed"}, says="UnlockFailed")
    assert one.followed(failed) is None


# MARK: Triggers

def trigger(one, message, evse=None, says="Accepted"):
    payload = {"requestedMessage": message, **({"evse": {"id": evse}} if evse else {})}
    one.order("TriggerMessage", payload, {"status": says}, says=says)


@both
def test_TC_F_11_meter_values_of_one_evse_are_triggered(charger):
    one = charger()
    trigger(one, "MeterValues", 1)
    assert one.powers() == {1: None, 2: None}
    assert one.meter(1, 1234, 5000, context="Trigger") == {}
    assert one.powers() == {1: 5, 2: None}


def test_TC_F_12_meter_values_of_every_evse_are_triggered(charger):
    one = charger()
    trigger(one, "MeterValues")
    assert one.powers() == {1: None, 2: None}
    for evse in (1, 2):
        assert one.meter(evse, 1234, 3000 * evse, context="Trigger") == {}
    assert one.powers() == {1: 3, 2: 6}


def triggered_event(transaction):
    transaction.next("Trigger", state="Charging", evse=transaction.evse, values=[sampled(1700, context="Trigger")])
    assert [(r["value"], r["context"]) for r in transaction.readings()] == [("1700", "Trigger")]


@both
def test_TC_F_13_the_transaction_of_one_evse_is_triggered(charger):
    one = charger()
    transaction = one.transaction().charging()
    assert transaction.readings() == []
    trigger(one, "TransactionEvent", 1)
    triggered_event(transaction)


def test_TC_F_14_the_transactions_of_every_evse_are_triggered(charger):
    one = charger()
    transactions = [one.transaction(evse).charging() for evse in (1, 2)]
    trigger(one, "TransactionEvent")
    for transaction in transactions:
        triggered_event(transaction)


def test_TC_F_15_the_state_of_an_upload_is_triggered(charger):
    one = charger()
    trigger(one, "LogStatusNotification")
    assert one.log("LogStatusNotification") == []
    assert one.say("LogStatusNotification", {"status": "Idle"}) == {}
    assert '"Idle"' in one.told("LogStatusNotification")["text"]


def test_TC_F_18_the_state_of_the_firmware_is_triggered(charger):
    one = charger()
    trigger(one, "FirmwareStatusNotification")
    assert one.log("FirmwareStatusNotification") == []
    assert one.say("FirmwareStatusNotification", {"status": "Idle"}) == {}
    assert '"Idle"' in one.told("FirmwareStatusNotification")["text"]


def test_TC_F_20_a_heartbeat_is_triggered(charger):
    one = charger()
    trigger(one, "Heartbeat")
    before = one.shown()["last_seen"]
    assert one.say("Heartbeat", {})["currentTime"][:16] in (now()[:16], now(-5)[:16])
    assert one.shown()["last_seen"] >= before


@both
def test_TC_F_23_the_status_of_a_free_evse_is_triggered(charger):
    one = charger()
    trigger(one, "StatusNotification", 1)
    one.connector("Available")
    assert one.statuses()[1] == "Available"


def test_TC_F_24_the_status_of_an_occupied_evse_is_triggered(charger):
    one = charger()
    one.connector("Occupied")
    assert one.statuses() == {1: "Preparing", 2: "Available"}
    trigger(one, "StatusNotification", 1)
    one.connector("Occupied")
    assert one.statuses() == {1: "Preparing", 2: "Available"}


def test_TC_F_27_a_station_that_has_no_such_message_is_shown(charger):
    one = charger()
    trigger(one, "SignCombinedCertificate", says="NotImplemented")
    assert one.shown()["online"] is True
