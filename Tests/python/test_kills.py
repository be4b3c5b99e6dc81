"""A killed program among fifty busy stations of all versions: what was acknowledged is there exactly once, by value.

Stations do as the standards say: one message at a time, kept until it is acknowledged, sent again after a reconnect. So in the
end everything that happened was acknowledged once, and the books must say exactly that.
"""

import asyncio
import itertools
import json
import os
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from support.recorder import RecordedConnection
from support.station import now

STATIONS = 50
KILLS = 3
SEEDS = range(1, int(os.environ.get("TIDEWATT_KILL_SEEDS", "2")) + 1)
VERSIONS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


class Street:
    """What the stations share: the server, what happened so far, and when to go home."""

    def __init__(self, server, seed):
        self.server, self.chance = server, random.Random(seed)
        self.acknowledged = 0
        self.over = False
        self._reached = asyncio.Condition()

    async def tick(self):
        self.acknowledged += 1
        async with self._reached:
            self._reached.notify_all()

    async def goal(self, count, seconds=60):
        """After so many more acknowledgements."""
        wanted = self.acknowledged + count
        async with self._reached:
            await asyncio.wait_for(self._reached.wait_for(lambda: self.acknowledged >= wanted), seconds)


class Busy:
    """A station that charges without pause. `sessions`: by transaction, what was acknowledged of each."""

    def __init__(self, street, number):
        self.street, self.version = street, VERSIONS[number % len(VERSIONS)]
        self.identity, self.card = f"BUSY-{number:02}", f"CARD-{number:02}"
        self.chance = random.Random(street.chance.random())
        self.register = self.chance.randrange(100_000)
        self.sessions = {}
        self.repeats = 0
        self._socket = None
        self._ids = itertools.count(1)
        self._events = itertools.count(1)

    async def work(self):
        await self._deliver("BootNotification", self._boot())
        while not self.street.over:
            await (self._session16 if self.version == "ocpp1.6" else self._session2)()
        await self._socket.close()

    # MARK: Sessions

    def _more(self):
        self.register += self.chance.randint(1, 900)
        return self.register

    async def _session16(self):
        begun = self.register
        answer = await self._deliver("StartTransaction", {
            "connectorId": 1, "idTag": self.card, "meterStart": begun, "timestamp": now()})
        transaction = answer["transactionId"]
        assert str(transaction) not in self.sessions, "two transactions of one number"
        readings = []
        for _ in range(self.chance.randint(1, 4)):
            await self._deliver("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": [{
                "timestamp": now(), "sampledValue": [
                    {"value": str(self._more()), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]}]})
            readings.append(self.register)
        await self._deliver("StopTransaction", {
            "transactionId": transaction, "meterStop": self._more(), "timestamp": now(), "reason": "Local"})
        self.sessions[str(transaction)] = (begun, readings, self.register)

    async def _session2(self):
        transaction = f"{self.identity}-{next(self._events)}"
        begun, readings = self.register, []
        updates = self.chance.randint(1, 4)
        for number in range(updates + 2):
            kind = "Started" if number == 0 else "Ended" if number > updates else "Updated"
            event = {
                "eventType": kind, "timestamp": now(), "seqNo": number, "transactionInfo": {"transactionId": transaction},
                "triggerReason": {"Started": "Authorized", "Ended": "StopAuthorized"}.get(kind, "MeterValuePeriodic"),
                "meterValue": [{"timestamp": now(), "sampledValue": [{
                    "value": begun if number == 0 else self._more(), "measurand": "Energy.Active.Import.Register",
                    "context": {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")}]}]}
            if number == 0:
                event |= {"evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": self.card, "type": "ISO14443"}}
            if kind == "Ended":
                event["transactionInfo"]["stoppedReason"] = "Local"
            await self._deliver("TransactionEvent", event)
            readings.append(self.register)
        self.sessions[transaction] = (begun, readings, self.register)

    # MARK: Delivery

    def _boot(self):
        if self.version == "ocpp1.6":
            return {"chargePointVendor": "Peer", "chargePointModel": "Busy"}
        return {"reason": "PowerUp", "chargingStation": {"vendorName": "Peer", "model": "Busy"}}

    async def _deliver(self, action, payload):
        """Until it is acknowledged: over as many connections as it takes, under the same message id or under new ones."""
        message_id = None
        while True:
            message_id = message_id if message_id and self.chance.random() < 0.5 else f"{self.identity}-{next(self._ids)}"
            try:
                if self._socket is None:
                    await self._connect()
                    if self.chance.random() < 0.3:
                        await self._ask("BootNotification", self._boot(), f"{self.identity}-{next(self._ids)}")
                answer = await self._ask(action, payload, message_id)
            except (OSError, WebSocketException):
                self._socket = None
                self.repeats += 1
                await asyncio.sleep(self.chance.random() / 20)
                continue
            await self.street.tick()
            return answer

    async def _connect(self):
        port = self.street.server.ports.get("ocpp")
        if port is None:
            raise OSError("the program is not up")
        self._socket = await connect(
            f"ws://127.0.0.1:{port}/ocpp/{self.identity}", subprotocols=[self.version], ping_interval=None,
            close_timeout=1, create_connection=RecordedConnection)

    async def _ask(self, action, payload, message_id):
        await self._socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(30):
            while True:
                frame = json.loads(await self._socket.recv())
                if frame[0] == 2:
                    await self._socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
                elif frame[1] == message_id:
                    assert frame[0] == 3, f"{self.identity} {action}: {frame}"
                    return frame[2]


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_among_fifty_busy_stations_the_books_hold_everything_acknowledged_once(serve, seed):
    server = serve()

    async def day():
        street = Street(server, seed)
        stations = [Busy(street, number) for number in range(STATIONS)]
        for one in stations:
            server.api().put(f"/api/v1/id-tokens/{one.card}", {"status": "Accepted"})
        working = [asyncio.create_task(one.work()) for one in stations]
        for _ in range(KILLS):
            await street.goal(street.chance.randint(20, 300))
            await asyncio.sleep(street.chance.random() / 50)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await street.goal(100)
        street.over = True
        await asyncio.wait_for(asyncio.gather(*working), 120)
        return stations

    stations = asyncio.run(day())
    assert sum(one.repeats for one in stations) >= KILLS * 10, "the kills hit stations that were busy"
    api = server.api()
    for one in stations:
        booked = {session["transaction_id"]: session for session in api.sessions(one.identity)}
        assert len(booked) == len(api.sessions(one.identity)), f"{one.identity}: a session twice"
        assert booked.keys() == one.sessions.keys(), f"seed {seed}, {one.identity}"
        for transaction, (begun, readings, ended) in one.sessions.items():
            session, what = booked[transaction], f"seed {seed}, {one.identity}, {transaction}"
            assert session["status"] == "ended" and session["id_token"] == one.card, what
            assert (session["register_start_wh"], session["register_stop_wh"]) == (begun, ended), what
            assert session["import_wh"] == ended - begun, what
            # What 1.6 says with its stop is a register, not a reading.
            kept = [int(reading["value"]) for reading in api.readings(session["id"])
                    if reading["measurand"] == "Energy.Active.Import.Register"
                    and (one.version != "ocpp1.6" or reading["context"] != "Transaction.End")]
            assert sorted(kept) == readings, what
    assert server.terminate() == 0
