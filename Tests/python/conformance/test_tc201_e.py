"""OCA cases of 2.0.1 for central systems, block E (transactions): where they start and stop, and what is asked of them."""

from support.charger import GAP, NO_START, both, card, sampled
from support.polling import until
from support.station import fresh


def begun(transaction, **shown):
    """The one session of its station, active, with what is given."""
    now = transaction.shown()
    assert now["status"] == "active" and now["ended_at"] is None
    assert {key: now[key] for key in shown} == shown
    assert not {GAP, NO_START} & set(now["flags"]), now["flags"]


def accepted(answer):
    assert answer["idTokenInfo"]["status"] == "Accepted", answer


def authorized_first(charger, api):
    """A station whose driver showed a good card and plugged in; nothing is started yet."""
    one = charger()
    token = card(api)
    assert one.authorize(token)["status"] == "Accepted"
    one.connector("Occupied")
    assert one.sessions() == [] and one.statuses()[1] == "Preparing"
    return one, token


# MARK: Where a transaction starts

@both
def test_TC_E_01_it_starts_when_the_power_path_closes(charger, api):
    one, token = authorized_first(charger, api)
    transaction = one.transaction(token=token)
    accepted(transaction.next("ChargingStateChanged", token=token, evse=1, state="SuspendedEVSE"))
    assert one.statuses()[1] == "SuspendedEVSE"
    transaction.next("ChargingStateChanged", state="Charging")
    begun(transaction, evse_id=1, connector_id=1, id_token=token)
    assert one.statuses()[1] == "Charging"


def test_TC_E_02_it_starts_when_energy_flows(charger, api):
    one, token = authorized_first(charger, api)
    transaction = one.transaction(token=token)
    accepted(transaction.next("ChargingStateChanged", token=token, evse=1, state="Charging"))
    begun(transaction, evse_id=1, id_token=token)
    assert one.statuses()[1] == "Charging"


@both
def test_TC_E_03_a_local_start_with_the_cable_first(charger):
    one = charger()
    transaction = one.transaction().plugged_in()
    begun(transaction, evse_id=1, id_token=None)
    transaction.authorized().charging()
    begun(transaction, evse_id=1, id_token=transaction.token)
    assert one.statuses()[1] == "Charging"


@both
def test_TC_E_04_a_local_start_with_the_card_first(charger):
    one = charger()
    transaction = one.transaction().authorized()
    begun(transaction, id_token=transaction.token)
    transaction.charging()
    begun(transaction, evse_id=1, connector_id=1, id_token=transaction.token)
    assert one.statuses()[1] == "Charging"


def test_TC_E_09_it_starts_when_the_vehicle_is_plugged_in(charger):
    one = charger()
    assert one.sessions() == []
    begun(one.transaction(2).plugged_in(), evse_id=2, connector_id=1, id_token=None)
    assert one.statuses() == {1: "Available", 2: "Preparing"}


def test_TC_E_10_it_starts_with_the_card(charger):
    one = charger()
    assert one.sessions() == []
    transaction = one.transaction().authorized()
    begun(transaction, id_token=transaction.token, evse_id=0)


SIGNED = {"signedMeterData": "c2lnbmVk", "signingMethod": "ECDSAP256SHA256", "encodingMethod": "OCMF",
          "publicKey": "a2V5"}


def test_TC_E_11_it_starts_with_signed_meter_data(charger, api):
    one, token = authorized_first(charger, api)
    transaction = one.transaction(token=token)
    accepted(transaction.next("SignedDataReceived", token=token, evse=1, values=[
        sampled(0.0, context="Transaction.Begin", signedMeterValue=SIGNED)]))
    transaction.next("ChargingStateChanged", state="Charging")
    begun(transaction, evse_id=1, id_token=token, register_start_wh=0)
    assert "c2lnbmVk" in one.log("TransactionEvent")[0]["text"], "what was signed is kept as it came"


def test_TC_E_12_it_starts_when_a_vehicle_is_seen_in_the_bay(charger):
    one = charger()
    transaction = one.transaction()
    assert transaction.next("EVDetected") == {}
    begun(transaction, id_token=None)


@both
def test_TC_E_53_numbers_begin_at_0_in_every_transaction(charger):
    one = charger()
    for _ in range(2):
        transaction = one.transaction().charging()
        begun(transaction, evse_id=1)
        transaction.plugged_after().unplugged()
        transaction.ended_with("EVDisconnected")
    numbers = [part["text"] for part in one.log("TransactionEvent") if '"Started"' in part["text"]]
    assert len(numbers) == 2 and all('"seqNo":0' in text for text in numbers)


# MARK: Where a transaction stops

def test_TC_E_07_a_local_stop_opens_the_power_path(charger):
    transaction = charger().transaction().charging()
    begun(transaction)
    transaction.event("Ended", "StopAuthorized", stoppedReason="Local")
    transaction.ended_with("Local")


def test_TC_E_08_it_stops_with_the_energy_after_a_stop_by_card(charger):
    transaction = charger().transaction().stop_authorized()
    begun(transaction)
    transaction.event("Ended", "ChargingStateChanged", state="EVConnected", stoppedReason="Local")
    transaction.ended_with("Local")


def test_TC_E_14_it_stops_when_the_cable_leaves_the_station(charger):
    one = charger()
    transaction = one.transaction().plugged_after()
    begun(transaction)
    transaction.unplugged()
    transaction.ended_with("EVDisconnected")
    assert one.statuses()[1] == "Available" and one.shown()["evses"][0]["transaction"] is None


@both
def test_TC_E_15_it_stops_with_the_card(charger):
    transaction = charger().transaction().charging()
    begun(transaction)
    transaction.event("Ended", "StopAuthorized", token=transaction.token, stoppedReason="Local")
    transaction.ended_with("Local")


def test_TC_E_16_it_stops_when_the_card_turns_out_to_be_invalid(charger):
    one = charger()
    transaction = one.transaction()
    answer = transaction.next("Authorized", token=fresh("CARD"))
    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    assert transaction.shown()["status"] == "active"
    transaction.event("Ended", "Deauthorized", stoppedReason="DeAuthorized")
    transaction.ended_with("DeAuthorized")


def test_TC_E_17_it_stops_when_the_vehicle_end_is_unplugged(charger):
    transaction = charger().transaction().suspended()
    begun(transaction)
    transaction.event("Ended", "EVCommunicationLost", state="Idle", stoppedReason="EVDisconnected")
    transaction.ended_with("EVDisconnected")


def test_TC_E_19_it_stops_when_the_bay_is_free(charger):
    one = charger()
    transaction = one.transaction().plugged_after()
    one.connector("Available")
    transaction.next("EVCommunicationLost", state="Idle")
    begun(transaction)
    transaction.event("Ended", "EVDeparted", stoppedReason="Local")
    transaction.ended_with("Local")


def test_TC_E_20_it_stops_when_a_suspended_vehicle_is_unplugged(charger):
    one = charger()
    transaction = one.transaction().suspended()
    assert one.statuses()[1] == "SuspendedEV"
    transaction.unplugged()
    transaction.ended_with("EVDisconnected")
    assert one.statuses()[1] == "Available"


@both
def test_TC_E_21_the_platform_stops_it(charger):
    one = charger()
    transaction = one.transaction().charging()
    begun(transaction)
    one.order("RequestStopTransaction", {"transactionId": transaction.id}, {"status": "Accepted"}, says="Accepted")
    transaction.event("Ended", "RemoteStop", stoppedReason="Remote")
    transaction.ended_with("Remote")


def test_TC_E_22_it_stops_when_the_vehicle_suspends(charger):
    transaction = charger().transaction().charging()
    transaction.event("Ended", "ChargingStateChanged", state="SuspendedEV", stoppedReason="StoppedByEV")
    transaction.ended_with("StoppedByEV")


@both
def test_TC_E_26_an_unplugged_vehicle_only_suspends_it(charger):
    one = charger()
    transaction = one.transaction().suspended()
    transaction.next("EVCommunicationLost", state="Idle")
    one.connector("Available")
    begun(transaction)
    transaction.next("CablePluggedIn", state="EVConnected")
    transaction.next("ChargingStateChanged", state="Charging")
    begun(transaction, evse_id=1)
    assert one.statuses()[1] == "Charging" and len(one.sessions()) == 1


def test_TC_E_38_a_vehicle_that_is_not_ready_suspends_it(charger):
    one = charger()
    transaction = one.transaction().authorized().plugged_in()
    assert one.statuses()[1] == "Preparing"
    transaction.next("ChargingStateChanged", state="SuspendedEV")
    begun(transaction, evse_id=1, id_token=transaction.token)
    assert one.statuses()[1] == "SuspendedEV"


def test_TC_E_39_it_stops_when_nobody_plugs_in(charger):
    transaction = charger().transaction().authorized()
    begun(transaction, id_token=transaction.token)
    transaction.event("Ended", "EVConnectTimeout", stoppedReason="Timeout")
    transaction.ended_with("Timeout")


# MARK: What became of a transaction

def away_and_back(one, **status):
    """It is asked for its transaction, and says `status`."""
    one.answers["GetTransactionStatus"] = status
    one.close()
    until(lambda: one.shown()["online"] is False, "it is shown as gone")
    one.connect()
    one.heartbeat()
    assert one.shown()["online"] is True


def asked(one, transaction=None, **answer):
    payload = {"transactionId": transaction.id} if transaction else {}
    done = one.order("GetTransactionStatus", payload, answer)
    assert done["response"] == answer
    return done


@both
def test_TC_E_29_an_ongoing_transaction_still_has_messages_to_send(charger):
    one = charger()
    transaction = one.transaction().charging()
    away_and_back(one, messagesInQueue=True, ongoingIndicator=True)
    asked(one, transaction, messagesInQueue=True, ongoingIndicator=True)
    transaction.next("MeterValuePeriodic", values=[sampled(1500)], offline=True)
    begun(transaction)
    assert [r["value"] for r in transaction.readings()] == ["1500"]


def test_TC_E_30_an_ongoing_transaction_has_sent_everything(charger):
    one = charger()
    transaction = one.transaction().charging()
    asked(one, transaction, messagesInQueue=False, ongoingIndicator=True)
    begun(transaction)


@both
def test_TC_E_31_an_ended_transaction_sends_what_was_left_out(charger):
    one = charger()
    transaction = one.transaction().charging()
    away_and_back(one, messagesInQueue=True, ongoingIndicator=False)
    one.connector("Available")
    last = transaction.number
    transaction.event("Ended", "EVCommunicationLost", state="Idle", offline=True, number=last + 2)
    shown = transaction.shown()
    assert shown["status"] == "ended" and GAP in shown["flags"], shown["flags"]
    asked(one, transaction, messagesInQueue=True, ongoingIndicator=False)
    transaction.event("Updated", "StopAuthorized", offline=True, number=last)
    assert GAP in transaction.shown()["flags"]
    transaction.event("Updated", "ChargingStateChanged", state="EVConnected", offline=True, number=last + 1)
    assert GAP not in transaction.shown()["flags"], "nothing is missing any more"


def test_TC_E_33_a_station_still_has_messages_of_some_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    away_and_back(one, messagesInQueue=True, ongoingIndicator=True)
    asked(one, messagesInQueue=True)
    transaction.next("MeterValuePeriodic", values=[sampled(1500)], offline=True)
    assert [r["value"] for r in transaction.readings()] == ["1500"]


def test_TC_E_34_a_station_has_no_messages_of_any_transaction(charger):
    asked(charger(), messagesInQueue=False)
