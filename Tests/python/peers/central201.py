"""A central system of 2.0.1 made with PyPI's websockets and ocpp.

    python central201.py

Prints `listening PORT`; sends each station that booted a few commands of its own; ends when stdin does and prints one line
of JSON: sessions by transaction with their registers in Wh, actions received, answers to the commands, and what was wrong:
among it gaps in the numbers of a transaction.
"""

from typing import Any

from central import answers, begin, command, faults, now, run, seen
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result

sessions: dict[str, list[Any]] = {}
numbers: dict[str, list[int]] = {}
variables: list[int] = []


def register(meter_value: list[dict[str, Any]] | None) -> float | None:
    for value in meter_value or []:
        for sample in value["sampled_value"]:
            if sample.get("measurand") == "Energy.Active.Import.Register":
                return sample["value"]
    return None


class Station(ChargePoint):
    async def commands(self) -> None:
        def of(component: str, variable: str, **more: Any) -> dict[str, Any]:
            return {"component": {"name": component}, "variable": {"name": variable}, **more}

        await command(self, "GetBaseReport", call.GetBaseReport(request_id=1, report_base="FullInventory"))
        got = await command(self, "GetVariables", call.GetVariables(get_variable_data=[
            of("SmartChargingCtrlr", "RateUnit"), of("NoSuchCtrlr", "Enabled")]))
        answers["GetVariables.status"] = [result["attribute_status"] for result in got.get_variable_result]
        got = await command(self, "SetVariables", call.SetVariables(set_variable_data=[
            of("SampledDataCtrlr", "TxUpdatedInterval", attributeValue="300"),
            of("SampledDataCtrlr", "NoSuchVariable", attributeValue="300")]))
        answers["SetVariables.status"] = [result["attribute_status"] for result in got.set_variable_result]
        schedule = {"id": 1, "chargingRateUnit": "A", "startSchedule": "2026-01-01T00:00:00Z",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
        profile = {"id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
                   "chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "chargingSchedule": [schedule]}
        await command(self, "SetChargingProfile", call.SetChargingProfile(evse_id=1, charging_profile=profile))
        await command(
            self, "Overlapping", call.SetChargingProfile(evse_id=1, charging_profile={**profile, "id": 2}))
        await command(self, "GetChargingProfiles", call.GetChargingProfiles(request_id=2, charging_profile={}))
        await command(self, "GetCompositeSchedule", call.GetCompositeSchedule(duration=3600, evse_id=1))
        await command(self, "TriggerMessage", call.TriggerMessage(requested_message="Heartbeat"))
        await command(self, "UnlockConnector", call.UnlockConnector(evse_id=9, connector_id=1))

    @on("BootNotification")
    def boot(self, **_: Any) -> call_result.BootNotification:
        seen("BootNotification")
        begin(self.commands())
        return call_result.BootNotification(current_time=now(), interval=3600, status="Accepted")

    @on("Authorize")
    def authorize(self, **_: Any) -> call_result.Authorize:
        seen("Authorize")
        return call_result.Authorize(id_token_info={"status": "Accepted"})

    @on("TransactionEvent")
    def transaction_event(
        self, event_type: str, seq_no: int, transaction_info: dict[str, Any], meter_value: Any = None,
        id_token: Any = None, **_: Any,
    ) -> call_result.TransactionEvent:
        seen("TransactionEvent")
        transaction = transaction_info["transaction_id"]
        if event_type == "Started":
            sessions[transaction] = [register(meter_value), None]
        if event_type == "Ended":
            sessions[transaction][1] = register(meter_value)
        numbers.setdefault(transaction, []).append(seq_no)
        return call_result.TransactionEvent(id_token_info={"status": "Accepted"} if id_token else None)

    @on("Heartbeat")
    def heartbeat(self, **_: Any) -> call_result.Heartbeat:
        seen("Heartbeat")
        return call_result.Heartbeat(current_time=now())

    @on("StatusNotification")
    def status_notification(self, **_: Any) -> call_result.StatusNotification:
        seen("StatusNotification")
        return call_result.StatusNotification()

    @on("SecurityEventNotification")
    def security_event(self, **_: Any) -> call_result.SecurityEventNotification:
        seen("SecurityEventNotification")
        return call_result.SecurityEventNotification()

    @on("NotifyReport")
    def notify_report(self, report_data: list[Any], **_: Any) -> call_result.NotifyReport:
        seen("NotifyReport")
        variables.append(len(report_data))
        return call_result.NotifyReport()

    @on("ReportChargingProfiles")
    def report_charging_profiles(self, **_: Any) -> call_result.ReportChargingProfiles:
        seen("ReportChargingProfiles")
        return call_result.ReportChargingProfiles()


def report() -> dict[str, Any]:
    for transaction, found in numbers.items():
        if sorted(set(found)) != list(range(max(found) + 1)):
            faults.append(f"{transaction}: numbers {found}")
    return {"sessions": list(sessions.values()), "variables": sum(variables)}


run(Station, "ocpp2.0.1", report)
