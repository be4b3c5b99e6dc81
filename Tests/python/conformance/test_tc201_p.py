"""OCA cases of 2.0.1 for central systems, block P (data transfer), and data of vendors inside other messages."""

from support.charger import both, card
from support.station import now

VENDOR = {"vendorId": "org.example.vendor", "anything": {"at": "all"}}


@both
def test_TC_P_02_data_of_a_vendor_that_nobody_registered_is_refused(charger):
    one = charger()
    assert one.log("DataTransfer") == []
    answer = one.say("DataTransfer", {"vendorId": "org.example.nobody", "messageId": "hello", "data": "x"})
    assert answer["status"] in ("UnknownVendorId", "UnknownMessageId", "Rejected")
    assert one.told("DataTransfer")["reply"]["status"] == answer["status"]


@both
def test_TC_P_03_data_of_vendors_inside_messages_harms_nothing(charger, api):
    one = charger()
    assert one.statuses()[1] == "Available"
    assert one.say("StatusNotification", {
        "timestamp": now(), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1, "customData": VENDOR}) == {}
    assert one.statuses()[1] == "Preparing"
    token = card(api)
    answer = one.say("TransactionEvent", {
        "eventType": "Started", "timestamp": now(), "triggerReason": "Authorized", "seqNo": 0,
        "transactionInfo": {"transactionId": "TX-P3-" + one.identity, "customData": VENDOR},
        "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": token, "type": "ISO14443"}, "customData": VENDOR})
    assert answer["idTokenInfo"]["status"] == "Accepted"
    shown = one.session("TX-P3-" + one.identity)
    assert (shown["status"], shown["id_token"], shown["evse_id"]) == ("active", token, 1)
    assert "org.example.vendor" in one.told("TransactionEvent")["text"]
