"""A central system of 2.1 made with PyPI's websockets and ocpp, which lets vehicles give energy back.

    python central21.py

Prints `listening PORT`; lets each vehicle that asks for it transfer both ways, sends it a Dynamic profile and new values for it;
ends when stdin does and prints one line of JSON: per transaction its registers in Wh and its samples, what vehicles said they
need, actions received, answers to the commands, and what was wrong.
"""

import asyncio
from typing import Any

from central import answers, begin, command, now, run, seen
from ocpp.routing import on
from ocpp.v21 import ChargePoint, call, call_result

sessions: dict[str, dict[str, Any]] = {}
needs: list[dict[str, Any]] = []
refusals: dict[str, str | None] = {}


def values(meter_value: list[dict[str, Any]] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for value in meter_value or []:
        for sample in value["sampled_value"]:
            found[sample.get("measurand", "Energy.Active.Import.Register")] = sample["value"]
    return found


def profile(number: int, level: int, transaction: str, period: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": number, "stackLevel": level, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Dynamic",
            "transactionId": transaction, **more,
            "chargingSchedule": [{"id": number, "chargingRateUnit": "W", "duration": 3600,
                                  "chargingSchedulePeriod": [{"startPeriod": 0, **period}]}]}


class Station(ChargePoint):
    transaction = ""

    async def configure(self) -> None:
        await command(self, "SetVariables", call.SetVariables(set_variable_data=[
            {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"},
             "attributeValue": "30"}]))
        got = await command(self, "GetVariables", call.GetVariables(get_variable_data=[
            {"component": {"name": "V2XChargingCtrlr", "evse": {"id": 1}}, "variable": {"name": name}}
            for name in ("SupportedEnergyTransferModes", "SupportedOperationModes")]))
        answers["V2X"] = [one["attribute_value"] for one in got.get_variable_result]

    async def lead(self) -> None:
        transaction = self.transaction
        bad = await command(self, "Bad", call.SetChargingProfile(
            evse_id=1, charging_profile=profile(8, 3, transaction, {"operationMode": "CentralSetpoint"})))
        refusals["no setpoint"] = bad.status_info["reason_code"]
        bad = await command(self, "Bad", call.SetChargingProfile(
            evse_id=1, charging_profile=profile(9, 3, transaction, {"operationMode": "LocalFrequency"})))
        refusals["no curve"] = bad.status_info["reason_code"]
        await command(self, "SetChargingProfile", call.SetChargingProfile(
            evse_id=1, charging_profile=profile(
                1, 2, transaction, {"operationMode": "CentralSetpoint", "setpoint": -5000})))
        await asyncio.sleep(3)
        await command(self, "UpdateDynamicSchedule", call.UpdateDynamicSchedule(
            charging_profile_id=1, schedule_update={"setpoint": 6000}))
        composite = await command(self, "GetCompositeSchedule", call.GetCompositeSchedule(
            duration=600, evse_id=1, charging_rate_unit="W"))
        answers["composite"] = [
            [period["operation_mode"], period["setpoint"]]
            for period in composite.schedule["charging_schedule_period"][:1]]
        await command(self, "UpdateUnknown", call.UpdateDynamicSchedule(
            charging_profile_id=77, schedule_update={"setpoint": 1}))

    @on("BootNotification")
    def boot(self, **_: Any) -> call_result.BootNotification:
        seen("BootNotification")
        begin(self.configure())
        return call_result.BootNotification(current_time=now(), interval=3600, status="Accepted")

    @on("Authorize")
    def authorize(self, id_token: dict[str, Any], **_: Any) -> call_result.Authorize:
        seen("Authorize")
        answers.setdefault("EVCCID", []).extend(
            one["additional_id_token"] for one in id_token.get("additional_info", []) if one["type"] == "EVCCID")
        return call_result.Authorize(
            id_token_info={"status": "Accepted"}, allowed_energy_transfer=["DC", "DC_BPT"])

    @on("TransactionEvent")
    def transaction_event(
        self, event_type: str, trigger_reason: str, transaction_info: dict[str, Any], meter_value: Any = None,
        id_token: Any = None, **_: Any,
    ) -> call_result.TransactionEvent:
        seen("TransactionEvent")
        self.transaction = transaction_info["transaction_id"]
        session = sessions.setdefault(self.transaction, {"samples": [], "modes": []})
        if event_type == "Started":
            session["start"] = values(meter_value)
        if trigger_reason == "MeterValuePeriodic":
            session["samples"].append(values(meter_value))
        if trigger_reason == "OperationModeChanged":
            session["modes"].append(transaction_info["operation_mode"])
        if event_type == "Ended":
            session["end"] = values(meter_value)
        return call_result.TransactionEvent(id_token_info={"status": "Accepted"} if id_token else None)

    @on("NotifyEVChargingNeeds")
    def charging_needs(self, charging_needs: dict[str, Any], **_: Any) -> call_result.NotifyEVChargingNeeds:
        seen("NotifyEVChargingNeeds")
        needs.append(charging_needs)
        begin(self.lead())
        return call_result.NotifyEVChargingNeeds(status="Accepted")

    @on("Heartbeat")
    def heartbeat(self, **_: Any) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=now())

    @on("StatusNotification")
    def status_notification(self, **_: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()

    @on("SecurityEventNotification")
    def security_event(self, **_: Any) -> call_result.SecurityEventNotification:
        return call_result.SecurityEventNotification()


run(Station, "ocpp2.1", lambda: {"sessions": list(sessions.values()), "needs": needs, "refusals": refusals})
