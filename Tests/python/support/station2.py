"""OCPP 2.0.1 and 2.1 stations on PyPI's `ocpp`, beside those of 1.6 in `station.py`."""

from ocpp import v201, v21
from ocpp.routing import on

from .station import Station

_LIBRARIES = {"ocpp2.0.1": v201, "ocpp2.1": v21}


def variables_set(status):
    """An answer to SetVariables that says `status` of each."""
    def answer(fields):
        return v201.call_result.SetVariables(set_variable_result=[
            {"attribute_status": status, "component": one["component"], "variable": one["variable"]}
            for one in fields["set_variable_data"]])
    return answer


# What an obliging station says; a test puts its own answers beside these. The libraries of both versions agree in them.
_ANSWERS = {
    "CertificateSigned": v201.call_result.CertificateSigned("Accepted"),
    "DeleteCertificate": v201.call_result.DeleteCertificate("Accepted"),
    "GetInstalledCertificateIds": v201.call_result.GetInstalledCertificateIds("NotFound"),
    "GetLog": v201.call_result.GetLog("Accepted"),
    "InstallCertificate": v201.call_result.InstallCertificate("Accepted"),
    "PublishFirmware": v201.call_result.PublishFirmware("Accepted"),
    "SetVariables": variables_set("Accepted"),
    "TriggerMessage": v201.call_result.TriggerMessage("Accepted"),
    "UnpublishFirmware": v201.call_result.UnpublishFirmware("Unpublished"),
    "UpdateFirmware": v201.call_result.UpdateFirmware("Accepted"),
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

    def boot(self, **fields):
        return self.call(self.words.call.BootNotification(
            charging_station={"vendor_name": "Peer", "model": "P7", **fields}, reason="PowerUp"))
