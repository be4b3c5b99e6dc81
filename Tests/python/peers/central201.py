"""A central system made with PyPI's websockets and ocpp, which validates every message against the 2.0.1 schemas.

    python central201.py

Prints `listening PORT`; sends each station that booted a few commands of its own; ends when stdin does and prints one line
of JSON: sessions by transaction with their registers in Wh, actions received, answers to the commands, and what was wrong:
among it gaps in the numbers of a transaction.
"""

import asyncio
import json
import sys
from datetime import datetime, timezone
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.server import ServerConnection, serve

sessions: dict[str, list[Any]] = {}
numbers: dict[str, list[int]] = {}
actions: dict[str, int] = {}
answers: dict[str, list[str]] = {}
variables: list[int] = []
faults: list[str] = []
background: set[asyncio.Task[None]] = set()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def seen(action: str) -> None:
    actions[action] = actions.get(action, 0) + 1


def register(meter_value: list[dict[str, Any]] | None) -> float | None:
    for value in meter_value or []:
        for sample in value["sampled_value"]:
            if sample.get("measurand") == "Energy.Active.Import.Register":
                return sample["value"]
    return None


class Station(ChargePoint):
    async def command(self, name: str, request: Any) -> Any:
        try:
            answer = await self.call(request, suppress=False)
            answers.setdefault(name, []).append(getattr(answer, "status", None) or "answered")
            return answer
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__} {error}")

    async def commands(self) -> None:
        def of(component: str, variable: str, **more: Any) -> dict[str, Any]:
            return {"component": {"name": component}, "variable": {"name": variable}, **more}

        await self.command("GetBaseReport", call.GetBaseReport(request_id=1, report_base="FullInventory"))
        got = await self.command("GetVariables", call.GetVariables(get_variable_data=[
            of("SmartChargingCtrlr", "RateUnit"), of("NoSuchCtrlr", "Enabled")]))
        answers["GetVariables.status"] = [result["attribute_status"] for result in got.get_variable_result]
        got = await self.command("SetVariables", call.SetVariables(set_variable_data=[
            of("SampledDataCtrlr", "TxUpdatedInterval", attributeValue="300"),
            of("SampledDataCtrlr", "NoSuchVariable", attributeValue="300")]))
        answers["SetVariables.status"] = [result["attribute_status"] for result in got.set_variable_result]
        schedule = {"id": 1, "chargingRateUnit": "A", "startSchedule": "2026-01-01T00:00:00Z",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
        profile = {"id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
                   "chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "chargingSchedule": [schedule]}
        await self.command("SetChargingProfile", call.SetChargingProfile(evse_id=1, charging_profile=profile))
        await self.command(
            "Overlapping", call.SetChargingProfile(evse_id=1, charging_profile={**profile, "id": 2}))
        await self.command("GetChargingProfiles", call.GetChargingProfiles(request_id=2, charging_profile={}))
        await self.command("GetCompositeSchedule", call.GetCompositeSchedule(duration=3600, evse_id=1))
        await self.command("TriggerMessage", call.TriggerMessage(requested_message="Heartbeat"))
        await self.command("UnlockConnector", call.UnlockConnector(evse_id=9, connector_id=1))

    @on("BootNotification")
    def boot(self, **_: Any) -> call_result.BootNotification:
        seen("BootNotification")
        task = asyncio.create_task(self.commands())
        background.add(task)
        task.add_done_callback(background.discard)
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

    @on("NotifyReport")
    def notify_report(self, report_data: list[Any], **_: Any) -> call_result.NotifyReport:
        seen("NotifyReport")
        variables.append(len(report_data))
        return call_result.NotifyReport()

    @on("ReportChargingProfiles")
    def report_charging_profiles(self, **_: Any) -> call_result.ReportChargingProfiles:
        seen("ReportChargingProfiles")
        return call_result.ReportChargingProfiles()


async def connected(socket: ServerConnection) -> None:
    station = Station(socket.request.path.rsplit("/", 1)[1], socket, response_timeout=10)
    try:
        await station.start()
    except websockets.ConnectionClosed as closed:
        if not closed.rcvd or closed.rcvd.code not in (1000, 1001):
            faults.append(f"closed with {closed}")
    except Exception as error:
        faults.append(f"{type(error).__name__} {error}")


async def main() -> None:
    async with serve(connected, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"]) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for transaction, found in numbers.items():
        if sorted(set(found)) != list(range(max(found) + 1)):
            faults.append(f"{transaction}: numbers {found}")
    print(json.dumps({
        "sessions": list(sessions.values()), "actions": actions, "answers": answers, "faults": faults,
        "variables": sum(variables)}))


asyncio.run(main())
