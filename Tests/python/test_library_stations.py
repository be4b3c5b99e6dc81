"""A client written elsewhere: the charge points of PyPI's `ocpp` in 1.6, 2.0.1 and 2.1, as its manual says to use them.

Each boots, is started from afar, charges, is read, and is stopped from afar; the API shows each step.
"""

import asyncio
import contextlib

import pytest
from ocpp import v16, v21, v201
from ocpp.routing import after, on
from websockets.asyncio.client import connect

from support.recorder import RecordedConnection
from support.station import fresh, now


class ChargePoint16(v16.ChargePoint):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.started, self.finished, self.transaction, self.session = asyncio.Event(), asyncio.Event(), None, None

    @on("RemoteStartTransaction")
    def remote_start(self, id_tag, **_):
        self.card = id_tag
        return v16.call_result.RemoteStartTransaction("Accepted")

    @after("RemoteStartTransaction")
    async def begin(self, **_):
        await self.call(v16.call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"), suppress=False)
        answer = await self.call(v16.call.StartTransaction(
            connector_id=1, id_tag=self.card, meter_start=1000, timestamp=now()), suppress=False)
        self.session = str(answer.transaction_id)
        await self.call(v16.call.MeterValues(connector_id=1, transaction_id=answer.transaction_id, meter_value=[{
            "timestamp": now(), "sampled_value": [{"value": "1750", "unit": "Wh"}]}]), suppress=False)
        await self.call(v16.call.StatusNotification(connector_id=1, error_code="NoError", status="Charging"), suppress=False)
        self.started.set()

    @on("RemoteStopTransaction")
    def remote_stop(self, transaction_id):
        known = str(transaction_id) == self.session
        return v16.call_result.RemoteStopTransaction("Accepted" if known else "Rejected")

    @after("RemoteStopTransaction")
    async def end(self, transaction_id):
        await self.call(v16.call.StopTransaction(
            transaction_id=transaction_id, meter_stop=2600, timestamp=now(), reason="Remote"), suppress=False)
        await self.call(v16.call.StatusNotification(connector_id=1, error_code="NoError", status="Available"), suppress=False)
        self.finished.set()

    async def come(self):
        return await self.call(v16.call.BootNotification(
            charge_point_vendor="Library", charge_point_model="L16", firmware_version="2.1.0"), suppress=False)

    start_order = ("RemoteStartTransaction", lambda card: {"idTag": card, "connectorId": 1})
    stop_order = ("RemoteStopTransaction", lambda session: {"transactionId": int(session)})


def charge_point_2(library):
    class ChargePoint(library.ChargePoint):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.started, self.finished, self.session = asyncio.Event(), asyncio.Event(), None
            self.number = 0

        async def event(self, kind, reason, register, **more):
            info = {"transaction_id": self.session, **more.pop("info", {})}
            await self.call(library.call.TransactionEvent(
                event_type=kind, timestamp=now(), trigger_reason=reason, seq_no=self.number, transaction_info=info,
                meter_value=[{"timestamp": now(), "sampled_value": [{"value": register}]}], **more), suppress=False)
            self.number += 1

        async def status(self, word):
            await self.call(library.call.StatusNotification(
                timestamp=now(), connector_status=word, evse_id=1, connector_id=1), suppress=False)

        @on("RequestStartTransaction")
        def request_start(self, id_token, remote_start_id, **_):
            self.card, self.remote_start = id_token, remote_start_id
            self.session = fresh("TX")
            return library.call_result.RequestStartTransaction("Accepted")

        @after("RequestStartTransaction")
        async def begin(self, **_):
            await self.status("Occupied")
            await self.event(
                "Started", "RemoteStart", 1000, evse={"id": 1, "connector_id": 1}, id_token=self.card,
                info={"remote_start_id": self.remote_start, "charging_state": "EVConnected"})
            await self.event("Updated", "ChargingStateChanged", 1750, info={"charging_state": "Charging"})
            self.started.set()

        @on("RequestStopTransaction")
        def request_stop(self, transaction_id):
            known = transaction_id == self.session
            return library.call_result.RequestStopTransaction("Accepted" if known else "Rejected")

        @after("RequestStopTransaction")
        async def end(self, **_):
            await self.event("Ended", "RemoteStop", 2600, info={"stopped_reason": "Remote", "charging_state": "Idle"})
            await self.status("Available")
            self.finished.set()

        async def come(self):
            return await self.call(library.call.BootNotification(
                charging_station={"vendor_name": "Library", "model": "L2", "firmware_version": "2.1.0"},
                reason="PowerUp"), suppress=False)

        start_order = ("RequestStartTransaction", lambda card: {
            "idToken": {"idToken": card, "type": "ISO14443"}, "remoteStartId": 7, "evseId": 1})
        stop_order = ("RequestStopTransaction", lambda session: {"transactionId": session})

    return ChargePoint


@pytest.mark.parametrize("protocol, charge_point", [
    ("ocpp1.6", ChargePoint16), ("ocpp2.0.1", charge_point_2(v201)), ("ocpp2.1", charge_point_2(v21))],
    ids=["1.6", "2.0.1", "2.1"])
def test_a_session_of_the_librarys_own_charge_point(shared, api, protocol, charge_point):
    identity, card = fresh("LIB"), fresh("CARD")
    api.put(f"/api/v1/id-tokens/{card}", {"status": "Accepted"})

    def order(action, payload):
        return api.command(identity, action, payload)["response"]["status"]

    def connector():
        return api.station(identity)["evses"][0]["connectors"][0]["status"]

    async def day():
        url = f"ws://127.0.0.1:{shared.ocpp}/ocpp/{identity}"
        async with connect(url, subprotocols=[protocol], create_connection=RecordedConnection) as socket:
            point = charge_point(identity, socket)
            reading = asyncio.create_task(point.start())
            assert (await point.come()).status == "Accepted"
            shown = await asyncio.to_thread(api.station, identity)
            assert (shown["protocol"], shown["boot"]["vendor"], shown["boot"]["firmware"]) == (protocol, "Library", "2.1.0")
            assert api.sessions(identity) == []

            action, payload = point.start_order
            assert await asyncio.to_thread(order, action, payload(card)) == "Accepted"
            await asyncio.wait_for(point.started.wait(), 10)
            (active,) = await asyncio.to_thread(api.sessions, identity)
            assert (active["status"], active["transaction_id"], active["id_token"]) == ("active", point.session, card)
            assert active["import_wh"] == 750 and connector() == "Charging"

            action, payload = point.stop_order
            assert await asyncio.to_thread(order, action, payload(point.session)) == "Accepted"
            await asyncio.wait_for(point.finished.wait(), 10)
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    asyncio.run(day())
    (ended,) = api.sessions(identity)
    assert (ended["status"], ended["stop_reason"], ended["import_wh"]) == ("ended", "Remote", 1600)
    assert (ended["register_start_wh"], ended["register_stop_wh"]) == (1000, 2600)
    registers = [r["value"] for r in api.readings(ended["id"]) if r["measurand"] == "Energy.Active.Import.Register"]
    assert "1750" in [str(int(float(value))) for value in registers]
    assert connector() == "Available"
