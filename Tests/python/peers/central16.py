"""A central system made with PyPI's websockets and ocpp, which validates every message against the 1.6 schemas.

    python central16.py

Prints `listening PORT`; sends each station that booted a few commands of its own; ends when stdin does and prints one line
of JSON: sessions by transaction with their registers, actions received, answers to the commands, and what was wrong.
"""

import asyncio
import json
import sys
from datetime import datetime, timezone
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.server import ServerConnection, serve

sessions: dict[int, list[Any]] = {}
actions: dict[str, int] = {}
answers: dict[str, list[str]] = {}
faults: list[str] = []
background: set[asyncio.Task[None]] = set()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def seen(action: str) -> None:
    actions[action] = actions.get(action, 0) + 1


class Station(ChargePoint):
    async def command(self, name: str, request: Any) -> None:
        try:
            answer = await self.call(request, suppress=False)
            answers.setdefault(name, []).append(getattr(answer, "status", None) or "answered")
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__} {error}")

    async def commands(self) -> None:
        schedule = {"chargingRateUnit": "A", "startSchedule": "2026-01-01T00:00:00Z",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
        await self.command("GetConfiguration", call.GetConfiguration())
        await self.command("ChangeConfiguration", call.ChangeConfiguration(key="MeterValueSampleInterval", value="300"))
        await self.command("SetChargingProfile", call.SetChargingProfile(connector_id=1, cs_charging_profiles={
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "chargingSchedule": schedule}))
        await self.command("GetCompositeSchedule", call.GetCompositeSchedule(connector_id=1, duration=3600))
        await self.command("TriggerMessage", call.TriggerMessage(requested_message="Heartbeat"))
        await self.command("UnlockConnector", call.UnlockConnector(connector_id=9))

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
        return call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on("StartTransaction")
    def start_transaction(self, meter_start: int, **_: Any) -> call_result.StartTransaction:
        seen("StartTransaction")
        number = len(sessions) + 1
        sessions[number] = [meter_start, None]
        return call_result.StartTransaction(transaction_id=number, id_tag_info={"status": "Accepted"})

    @on("StopTransaction")
    def stop_transaction(self, transaction_id: int, meter_stop: int, **_: Any) -> call_result.StopTransaction:
        seen("StopTransaction")
        sessions[transaction_id][1] = meter_stop
        return call_result.StopTransaction()

    @on("Heartbeat")
    def heartbeat(self, **_: Any) -> call_result.Heartbeat:
        seen("Heartbeat")
        return call_result.Heartbeat(current_time=now())

    @on("MeterValues")
    def meter_values(self, **_: Any) -> call_result.MeterValues:
        seen("MeterValues")
        return call_result.MeterValues()

    @on("StatusNotification")
    def status_notification(self, **_: Any) -> call_result.StatusNotification:
        seen("StatusNotification")
        return call_result.StatusNotification()


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
    async with serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps({"sessions": list(sessions.values()), "actions": actions, "answers": answers, "faults": faults}))


asyncio.run(main())
