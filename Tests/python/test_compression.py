"""permessage-deflate on OCPP 2.x (RFC 7692, OCPP-J 2.x §5): PyPI's `websockets` as the other side, and frames by hand."""

import base64
import json
import os
import socket
import struct
import zlib

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate

from support.polling import until
from support.recorder import connected
from support.station import fresh
from support.station2 import Station2


def peer(port, identity, protocol="ocpp2.0.1", **offer):
    factory = ClientPerMessageDeflateFactory(**offer) if offer else None
    extensions = {"extensions": [factory], "compression": None} if factory else {}
    return connected(f"ws://127.0.0.1:{port}/ocpp/{identity}", subprotocols=[protocol], max_size=None, **extensions)


def agreed(one):
    return [e for e in one.protocol.extensions if isinstance(e, PerMessageDeflate)]


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("offer", [
    {}, {"server_max_window_bits": 9}, {"server_max_window_bits": 12, "client_max_window_bits": 9},
    {"server_no_context_takeover": True, "client_no_context_takeover": True}])
def test_messages_of_all_sizes_pass_in_both_directions(shared, api, protocol, offer):
    identity = fresh()
    with peer(shared.ocpp, identity, protocol, **offer) as one:
        (extension,) = agreed(one)
        assert extension.remote_no_context_takeover and extension.local_no_context_takeover
        assert extension.remote_max_window_bits == offer.get("server_max_window_bits", 15)
        for size in [1, 100, 3000, 60_000]:
            text = ("充电" + "measurand " * size)[:size]
            one.send(json.dumps([2, f"s{size}", "DataTransfer", {"vendorId": "V", "data": text}], ensure_ascii=False))
            assert json.loads(one.recv(10))[:2] == [3, f"s{size}"]
            api.command(identity, "DataTransfer", json.dumps({"vendorId": "V", "data": text}), wait=0)
            call = json.loads(one.recv(10))
            assert call[3]["data"] == text
            one.send(json.dumps([3, call[1], {"status": "Accepted", "data": text}]))
            until(lambda: api.get(f"/api/v1/commands/{call[1]}")["status"] == "answered", "the answer is read")
            assert api.get(f"/api/v1/commands/{call[1]}")["response"]["data"] == text


def test_1_6_is_never_compressed(shared):
    with peer(shared.ocpp, fresh(), "ocpp1.6") as one:
        assert agreed(one) == []
        one.send('[2,"1","Heartbeat",{}]')
        assert json.loads(one.recv(5))[0] == 3


def test_a_station_of_the_library_works_over_it(shared):
    one = Station2(shared.ocpp, fresh(), "ocpp2.1").connect()
    assert one.socket.protocol.extensions and one.boot().status == "Accepted"
    one.close()


# MARK: By hand

def by_hand(port, protocol="ocpp2.0.1"):
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    stream.sendall((
        f"GET /ocpp/{fresh()} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
        f"Sec-WebSocket-Protocol: {protocol}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.recv(1)
    assert (b"permessage-deflate" in head) == (protocol != "ocpp1.6")
    return stream


def frame(data, first=0xC1):
    mask = os.urandom(4)
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack(">H", len(data))
    return bytes([first]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def close_code(stream):
    data = b""
    while piece := stream.recv(4096):
        data += piece
    assert data[0] == 0x88, data
    return struct.unpack(">H", data[2:4])[0]


def deflated(message, level=9):
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (squeeze.compress(message) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def peak(server):
    """Most memory that the process ever had, in bytes."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def test_a_bomb_ends_its_connection_and_costs_no_memory(serve):
    server = serve()
    bomb = deflated(b"[" * 60_000_000)
    assert len(bomb) < 65_536
    with by_hand(server.ocpp) as stream:
        stream.sendall(frame(deflated(b'[2,"1","Heartbeat",{}]')))
        assert stream.recv(2)[0] == 0x81
    before = peak(server)
    for _ in range(40):
        with by_hand(server.ocpp) as stream:
            stream.sendall(frame(bomb))
            assert close_code(stream) == 1009
    assert peak(server) - before < 20_000_000
    assert server.process.poll() is None


@pytest.mark.parametrize("protocol, first, data, code", [
    ("ocpp2.0.1", 0xC1, b"\x06\xff\xff", 1007), ("ocpp2.0.1", 0xC1, deflated(b"\xff" * 100), 1007),
    ("ocpp2.0.1", 0xC9, b"", 1002), ("ocpp2.0.1", 0xA1, b"[]", 1002), ("ocpp1.6", 0xC1, deflated(b"[]"), 1002)])
def test_what_is_no_compressed_message_ends_the_connection(shared, protocol, first, data, code):
    with by_hand(shared.ocpp, protocol) as stream:
        stream.sendall(frame(data, first))
        assert close_code(stream) == code
