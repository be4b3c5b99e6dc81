"""OCPP 2.0.1 and 2.1 stations on PyPI's `ocpp`, beside those of 1.6 in `station.py`."""

import asyncio

from ocpp import v201, v21
from ocpp.charge_point import camel_to_snake_case
from ocpp.messages import Call, MessageType, validate_payload
from ocpp.routing import on

from .station import Station, _run, now

_LIBRARIES = {"ocpp2.0.1": v201, "ocpp2.1": v21}


def variables_set(status):
    """An answer to SetVariables that says `status` of each."""
    def answer(fields):
        return v201.call_result.SetVariables(set_variable_result=[
            {"attribute_status": status, "component": one["component"], "variable": one["variable"]}
            for one in fields["set_variable_data"]])
    return answer


def variables_read(values):
    """An answer to GetVariables: `values` by (component, variable) or (component, variable, instance)."""
    def result(one):
        component, variable = one["component"], one["variable"]
        key = (component["name"], variable["name"], *([variable["instance"]] if "instance" in variable else []))
        known = key in values
        return {"attribute_status": "Accepted" if known else "UnknownVariable", "component": component,
                "variable": variable, **({"attribute_value": values[key]} if known else {})}

    def answer(fields):
        return v201.call_result.GetVariables(
            get_variable_result=[result(one) for one in fields["get_variable_data"]])
    return answer


def monitors_set(status="Accepted"):
    """An answer to SetVariableMonitoring that says `status` of each and numbers the new ones from 101 on."""
    def result(number, one):
        found = {"status": status, "type": one["type"], "severity": one["severity"],
                 "component": one["component"], "variable": one["variable"]}
        return {**found, **({"id": one.get("id") or 101 + number} if status == "Accepted" else {})}

    def answer(fields):
        return v201.call_result.SetVariableMonitoring(
            set_monitoring_result=[result(*one) for one in enumerate(fields["set_monitoring_data"])])
    return answer


def monitors_cleared(status="Accepted"):
    def answer(fields):
        return v201.call_result.ClearVariableMonitoring(
            clear_monitoring_result=[{"id": one, "status": status} for one in fields["id"]])
    return answer


def variables_unknown(fields):
    """An answer to GetVariables of a station without any of them."""
    return v201.call_result.GetVariables(get_variable_result=[
        {"attribute_status": "UnknownComponent", "component": one["component"], "variable": one["variable"]}
        for one in fields["get_variable_data"]])


_accepts = {"status": "Accepted"}

# What an obliging station says, as on the wire or as a function of the request; a test puts its own answers beside these.
# The libraries of both versions agree in them.
_ANSWERS = {
    "AFRRSignal": _accepts,
    "CancelReservation": _accepts,
    "CertificateSigned": _accepts,
    "ChangeAvailability": _accepts,
    "ChangeTransactionTariff": _accepts,
    "ClearCache": _accepts,
    "ClearChargingProfile": _accepts,
    "ClearDisplayMessage": _accepts,
    "ClearTariffs": {"clearTariffsResult": [{"status": "NoTariff"}]},
    "ClearVariableMonitoring": monitors_cleared(),
    "CostUpdated": {},
    "CustomerInformation": _accepts,
    "DataTransfer": {"status": "UnknownVendorId"},
    "DeleteCertificate": _accepts,
    "GetBaseReport": _accepts,
    "GetChargingProfiles": {"status": "NoProfiles"},
    "GetCompositeSchedule": {"status": "Rejected"},
    "GetDisplayMessages": {"status": "Unknown"},
    "GetInstalledCertificateIds": {"status": "NotFound"},
    "GetLocalListVersion": {"versionNumber": 0},
    "GetLog": {"status": "Accepted", "filename": "log.txt"},
    "GetMonitoringReport": _accepts,
    "GetReport": _accepts,
    "GetTariffs": {"status": "NoTariff"},
    "GetTransactionStatus": {"messagesInQueue": False},
    "GetVariables": variables_read({}),
    "InstallCertificate": _accepts,
    "NotifyAllowedEnergyTransfer": _accepts,
    "NotifyWebPaymentStarted": {},
    "PublishFirmware": _accepts,
    "RequestStartTransaction": _accepts,
    "RequestStopTransaction": _accepts,
    "ReserveNow": _accepts,
    "Reset": _accepts,
    "SendLocalList": _accepts,
    "SetChargingProfile": _accepts,
    "SetDefaultTariff": _accepts,
    "SetDisplayMessage": _accepts,
    "SetMonitoringBase": _accepts,
    "SetMonitoringLevel": _accepts,
    "SetNetworkProfile": _accepts,
    "SetVariableMonitoring": monitors_set(),
    "SetVariables": variables_set("Accepted"),
    "TriggerMessage": _accepts,
    "UnlockConnector": {"status": "Unlocked"},
    "UnpublishFirmware": {"status": "Unpublished"},
    "UpdateDynamicSchedule": _accepts,
    "UpdateFirmware": _accepts,
    "UsePriorityCharging": _accepts,
}
# What only 2.1 has, of a station that does none of it (blocks R and S).
_ANSWERS |= {
    "ClearDERControl": {"status": "NotSupported"}, "GetDERControl": {"status": "NotSupported"},
    "RequestBatterySwap": {"status": "Rejected"}, "SetDERControl": {"status": "NotSupported"},
}


def _handler(action):
    def handle(self, **fields):
        answer = self.test_answers.get(action, _ANSWERS[action])
        answer = answer(fields) if callable(answer) else answer
        if isinstance(answer, dict):
            return getattr(self._call_result, action)(**camel_to_snake_case(answer))
        return answer
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

    def say(self, action, payload):
        """A call with a payload as it goes over the wire, held to the schema in both directions; the answer's payload.
        A CALLERROR raises the library's exception."""
        return _run(self._saying(action, payload))

    async def _saying(self, action, payload):
        version = self.subprotocols[0].removeprefix("ocpp")
        asked = Call(str(self.peer._unique_id_generator()), action, payload)
        await validate_payload(asked, version)
        async with self.peer._call_lock:
            await self.peer._send(asked.to_json())
            answer = asyncio.ensure_future(self.peer._get_specific_response(asked.unique_id, 20))
            await asyncio.wait({answer, self._reader}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                answer.cancel()
                raise ConnectionError(f"{self.identity}: the connection ended before the answer")
        said = answer.result()
        if said.message_type_id == MessageType.CallError:
            raise said.to_exception()
        said.action = action
        await validate_payload(said, version)
        return said.payload
