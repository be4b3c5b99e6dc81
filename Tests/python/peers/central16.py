"""A central system of 1.6 made with PyPI's websockets and ocpp.

    python central16.py

Prints `listening PORT`; sends each station that booted a few commands of its own; ends when stdin does and prints one line
of JSON: sessions by transaction with their registers, actions received, answers to the commands, and what was wrong.
"""

from typing import Any

from central import begin, command, now, run, seen
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result

sessions: dict[int, list[Any]] = {}


class Station(ChargePoint):
    async def commands(self) -> None:
        schedule = {"chargingRateUnit": "A", "startSchedule": "2026-01-01T00:00:00Z",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
        await command(self, "GetConfiguration", call.GetConfiguration())
        interval = call.ChangeConfiguration(key="MeterValueSampleInterval", value="300")
        await command(self, "ChangeConfiguration", interval)
        await command(self, "SetChargingProfile", call.SetChargingProfile(connector_id=1, cs_charging_profiles={
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "chargingSchedule": schedule}))
        await command(self, "GetCompositeSchedule", call.GetCompositeSchedule(connector_id=1, duration=3600))
        await command(self, "TriggerMessage", call.TriggerMessage(requested_message="Heartbeat"))
        await command(self, "UnlockConnector", call.UnlockConnector(connector_id=9))

    @on("BootNotification")
    def boot(self, **_: Any) -> call_result.BootNotification:
        seen("BootNotification")
        begin(self.commands())
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


run(Station, "ocpp1.6", lambda: {"sessions": list(sessions.values())})
