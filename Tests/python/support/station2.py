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


def monitors_set(fields):
    """An answer to SetVariableMonitoring that takes each and numbers the new ones from 101 on."""
    return v201.call_result.SetVariableMonitoring(set_monitoring_result=[
        {"id": one.get("id") or 101 + number, "status": "Accepted", "type": one["type"], "severity": one["severity"],
         "component": one["component"], "variable": one["variable"]}
        for number, one in enumerate(fields["set_monitoring_data"])])


# What an obliging station says; a test puts its own answers beside these. The libraries of both versions agree in them.
_ANSWERS = {
    "ClearVariableMonitoring": lambda fields: v201.call_result.ClearVariableMonitoring(clear_monitoring_result=[
        {"status": "Accepted", "id": number} for number in fields["id"]]),
    "CustomerInformation": v201.call_result.CustomerInformation("Accepted"),
    "GetBaseReport": v201.call_result.GetBaseReport("Accepted"),
    "GetMonitoringReport": v201.call_result.GetMonitoringReport("Accepted"),
    "GetVariables": lambda fields: v201.call_result.GetVariables(get_variable_result=[
        {"attribute_status": "UnknownComponent", "component": one["component"], "variable": one["variable"]}
        for one in fields["get_variable_data"]]),
    "Reset": v201.call_result.Reset("Accepted"),
    "SetMonitoringBase": v201.call_result.SetMonitoringBase("Accepted"),
    "SetMonitoringLevel": v201.call_result.SetMonitoringLevel("Accepted"),
    "SetNetworkProfile": v201.call_result.SetNetworkProfile("Accepted"),
    "SetVariableMonitoring": monitors_set,
    "CertificateSigned": v201.call_result.CertificateSigned("Accepted"),
    "DeleteCertificate": v201.call_result.DeleteCertificate("Accepted"),
    "GetInstalledCertificateIds": v201.call_result.GetInstalledCertificateIds("NotFound"),
    "InstallCertificate": v201.call_result.InstallCertificate("Accepted"),
    "SetVariables": variables_set("Accepted"),
    "TriggerMessage": v201.call_result.TriggerMessage("Accepted"),
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
