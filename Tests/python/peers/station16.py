"""Stations made with PyPI's websockets and ocpp against a listener that answers everything with `{}`.

    python station.py PORT

Exit status 0 when all of it went as it must; otherwise an assertion says what did not.
"""

import asyncio
import sys
from urllib.parse import quote

import websockets
from ocpp.v16 import ChargePoint, call
from websockets.asyncio.client import connect

base = f"ws://127.0.0.1:{sys.argv[1]}/ocpp"


async def talk() -> None:
    """A session through the library's own ChargePoint, on an identity that needs percent-encoding."""
    identity = "RDAM|123"
    async with connect(f"{base}/{quote(identity, safe='')}", subprotocols=["ocpp2.0", "ocpp1.6"]) as socket:
        assert socket.subprotocol == "ocpp1.6", socket.subprotocol
        station = ChargePoint(identity, socket, response_timeout=5)
        reading = asyncio.create_task(station.start())
        await station.call(call.MeterValues(connector_id=1, meter_value=[
            {"timestamp": "2026-01-01T00:00:00Z", "sampled_value": [{"value": "潮电 7.2"}]}]))
        await station.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Available"))
        reading.cancel()


async def fragments() -> None:
    """A message in three fragments with a ping in between, each answered."""
    async with connect(f"{base}/FRAG", subprotocols=["ocpp1.6"]) as socket:
        async def parts():
            yield '[2,"1","Heart'
            await (await socket.ping())
            yield 'beat"'
            yield ",{}]"
        await socket.send(parts())
        assert await socket.recv() == '[3,"1",{}]'


async def large() -> None:
    """64 KiB passes, a byte more ends the connection with 1009."""
    async with connect(f"{base}/LARGE", subprotocols=["ocpp1.6"]) as socket:
        head, tail = '[2,"1","DataTransfer",{"vendorId":"v","data":"', '"}]'
        await socket.send(head + "x" * (65536 - len(head) - len(tail)) + tail)
        assert await socket.recv() == '[3,"1",{}]'
        await socket.send(head + "x" * (65537 - len(head) - len(tail)) + tail)
        try:
            await socket.recv()
            raise AssertionError("a message over the limit was taken")
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd and closed.rcvd.code == 1009, closed


async def no_common_protocol() -> None:
    """The handshake is completed without a protocol, then the server closes with 1002."""
    async with connect(f"{base}/OLD", subprotocols=["ocpp1.2"]) as socket:
        assert socket.subprotocol is None
        try:
            await socket.recv()
            raise AssertionError("not closed")
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd and closed.rcvd.code == 1002, closed


async def farewell() -> None:
    """Our close is answered with our code."""
    async with connect(f"{base}/BYE", subprotocols=["ocpp1.6"]) as socket:
        await socket.close(4001, "lunch")
        assert socket.close_code == 4001, socket.close_code


async def main() -> None:
    for test in (talk, fragments, large, no_common_protocol, farewell):
        await asyncio.wait_for(test(), 15)


asyncio.run(main())
