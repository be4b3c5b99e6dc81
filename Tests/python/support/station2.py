"""OCPP 2.0.1 and 2.1 stations on PyPI's `ocpp`, beside those of 1.6 in `station.py`."""

from ocpp import v201, v21
from ocpp.routing import on

from .station import Station, now

_LIBRARIES = {"ocpp2.0.1": v201, "ocpp2.1": v21}


def variables_set(status):
    """An answer to SetVariables that says `status` of each."""
    def answer(fields):
        return v201.call_result.SetVariables(set_variable_result=[
            {"attribute_status": status, "component": one["component"], "variable": one["variable"]}
            for one in fields["set_variable_data"]])
    return answer


def variables_unknown(fields):
    """An answer to GetVariables of a station without any of them."""
    return v201.call_result.GetVariables(get_variable_result=[
        {"attribute_status": "UnknownComponent", "component": one["component"], "variable": one["variable"]}
        for one in fields["get_variable_data"]])


# What an obliging station says; a test puts its own answers beside these. The libraries of both versions agree in them.
_ANSWERS = {
    "CertificateSigned": v201.call_result.CertificateSigned("Accepted"),
    "DeleteCertificate": v201.call_result.DeleteCertificate("Accepted"),
    "GetInstalledCertificateIds": v201.call_result.GetInstalledCertificateIds("NotFound"),
    "InstallCertificate": v201.call_result.InstallCertificate("Accepted"),
    "SetVariables": variables_set("Accepted"),
    "TriggerMessage": v201.call_result.TriggerMessage("Accepted"),
    # Lists, reservations, transactions, displays, vendors
    "CancelReservation": v201.call_result.CancelReservation("Accepted"),
    "ChangeAvailability": v201.call_result.ChangeAvailability("Accepted"),
    "ClearCache": v201.call_result.ClearCache("Accepted"),
    "ClearDisplayMessage": v201.call_result.ClearDisplayMessage("Accepted"),
    "CostUpdated": v201.call_result.CostUpdated(),
    "DataTransfer": v201.call_result.DataTransfer("UnknownVendorId"),
    "GetDisplayMessages": v201.call_result.GetDisplayMessages("Unknown"),
    "GetLocalListVersion": v201.call_result.GetLocalListVersion(0),
    "GetTransactionStatus": v201.call_result.GetTransactionStatus(messages_in_queue=False),
    "GetVariables": variables_unknown,
    "RequestStartTransaction": v201.call_result.RequestStartTransaction("Accepted"),
    "RequestStopTransaction": v201.call_result.RequestStopTransaction("Accepted"),
    "ReserveNow": v201.call_result.ReserveNow("Accepted"),
    "Reset": v201.call_result.Reset("Accepted"),
    "SendLocalList": v201.call_result.SendLocalList("Accepted"),
    "SetDisplayMessage": v201.call_result.SetDisplayMessage("Accepted"),
    "UnlockConnector": v201.call_result.UnlockConnector("Unlocked"),
}


def _handler(action):
    def handle(self, **fields):
        answer = self.test_answers.get(action, _ANSWERS[action])
        return answer(fields) if callable(answer) else answer
    handle.__name__ = "on_" + action  # the library finds handlers by their names
    return on(action)(handle)


def _peer(library):
    """The library's charge point with answers that a test may change."""
    return type("Peer", (library.ChargePoint,), {"on_" + action: _handler(action) for action in _ANSWERS})


_PEERS = {name: _peer(library) for name, library in _LIBRARIES.items()}


class Station2(Station):
    def __init__(self, port, identity, subprotocol="ocpp2.0.1", **options):
        super().__init__(port, identity, subprotocols=(subprotocol,), **options)
        self.words = _LIBRARIES[subprotocol]

    def _make_peer(self, socket):
        peer = _PEERS[self.subprotocols[0]](self.identity, socket, response_timeout=20)
        peer.test_answers = self.answers
        return peer

    def status(self, status, evse=1, connector=1):
        return self.call(self.words.call.StatusNotification(
            timestamp=now(), connector_status=status, evse_id=evse, connector_id=connector))

    def event(self, kind, transaction, number, trigger="Authorized", at=None, register=None, token=None, info=None, **fields):
        """A TransactionEvent; `register` in Wh, `info`: more of transactionInfo."""
        if register is not None:
            fields["meter_value"] = [{"timestamp": at or now(), "sampled_value": [{"value": register}]}]
        if token is not None:
            fields["id_token"] = {"id_token": token, "type": "ISO14443"}
        return self.call(self.words.call.TransactionEvent(
            event_type=kind, timestamp=at or now(), trigger_reason=trigger, seq_no=number,
            transaction_info={"transaction_id": transaction, **(info or {})}, **fields))

    def boot(self, **fields):
        return self.call(self.words.call.BootNotification(
            charging_station={"vendor_name": "Peer", "model": "P7", **fields}, reason="PowerUp"))
