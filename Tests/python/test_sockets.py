"""What sockets do to us: replaced, half-open, garbage, too large."""

import json
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from support.polling import until
from support.recorder import connected
from support.station import fresh


def raw(port, identity, **options):
    return connected(f"ws://127.0.0.1:{port}/ocpp/{identity}", subprotocols=["ocpp1.6"], max_size=None, **options)


def ask(one, action="Heartbeat", payload=None, message_id="h"):
    one.send(json.dumps([2, message_id, action, payload or {}]))
    return json.loads(one.recv(5))


def closed(one):
    """The code of the close that comes."""
    with pytest.raises(ConnectionClosed) as end:
        while True:
            one.recv(5)
    return end.value.rcvd.code if end.value.rcvd else None


@pytest.mark.parametrize("attempt", range(6))
def test_the_newest_socket_wins_and_the_station_stays_online(shared, api, attempt):
    """Several times and among others, because each socket may be on either of the listener's threads."""
    for _ in range(10):
        with raw(shared.ocpp, fresh()):
            pass
    identity = fresh()
    sockets = []
    for _ in range(1 + attempt % 3 + 1):
        sockets.append(raw(shared.ocpp, identity, legacy=True))
        assert ask(sockets[-1])[0] == 3
    for old in sockets[:-1]:
        closed(old)
    assert api.station(identity)["online"] is True
    assert ask(sockets[-1], message_id="again")[0] == 3
    assert api.station(identity)["online"] is True
    sockets[-1].close()
    until(lambda: api.station(identity)["online"] is False, "offline when the last one ends")


def test_a_command_goes_to_the_newest_socket_only(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as old:
        ask(old)
        with raw(shared.ocpp, identity) as new:
            ask(new)
            api.command(identity, "ClearCache", {}, wait=0)
            assert json.loads(new.recv(5))[2] == "ClearCache"
            closed(old)


def test_a_call_of_the_old_socket_is_never_answered_on_the_new_one(shared):
    identity = fresh()
    for attempt in range(20):
        old = raw(shared.ocpp, identity, legacy=True)
        ids = [f"old-{attempt}-{n}" for n in range(8)]
        for one in ids:
            old.send(json.dumps([2, one, "StatusNotification", {
                "connectorId": 1, "errorCode": "NoError", "status": "Available"}]))
        with raw(shared.ocpp, identity) as new:
            new.send(json.dumps([2, "new", "Heartbeat", {}]))
            while (frame := json.loads(new.recv(5)))[1] != "new":
                raise AssertionError(f"attempt {attempt}: {frame} on the new socket")
        old.socket.close()


@pytest.mark.misbehaves
def test_an_answer_of_the_old_socket_does_not_settle_the_new_ones_command(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as old:
        ask(old)
        first = api.command(identity, "Reset", {"type": "Soft"}, wait=0)
        frame = json.loads(old.recv(5))
        with raw(shared.ocpp, identity) as new:
            ask(new)
            shown = until(
                lambda: (c := api.get(f"/api/v1/commands/{first['id']}"))["status"] != "pending" and c,
                "the command of the old socket ends")
            assert shown["status"] != "answered"
            second = api.command(identity, "ClearCache", {}, wait=0)
            other = json.loads(new.recv(5))
            assert other[1] != frame[1]
            new.send(json.dumps([3, frame[1], {"status": "Rejected"}]))
            assert api.get(f"/api/v1/commands/{second['id']}")["status"] == "pending"
            new.send(json.dumps([3, other[1], {"status": "Accepted"}]))
            until(lambda: api.get(f"/api/v1/commands/{second['id']}")["response"] == {"status": "Accepted"}, "answered")


def test_a_half_open_socket_gives_way_to_a_new_one(shared, api):
    """The old TCP connection looks alive for ever: its peer neither reads nor closes."""
    identity = fresh()
    dead = socket.create_connection(("127.0.0.1", shared.ocpp))
    dead.sendall((
        f"GET /ocpp/{identity} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n").encode())
    assert dead.recv(4096).startswith(b"HTTP/1.1 101")
    until(lambda: api.station(identity)["online"], "the first socket is online")
    with raw(shared.ocpp, identity) as new:
        assert ask(new)[0] == 3
        assert api.station(identity)["online"] is True
        api.command(identity, "ClearCache", {}, wait=0)
        assert json.loads(new.recv(5))[2] == "ClearCache"
    dead.close()


def test_a_cut_connection_is_seen_at_once(shared, api):
    identity = fresh()
    one = raw(shared.ocpp, identity, legacy=True)
    ask(one)
    one.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: api.station(identity)["online"] is False, "offline after the cut")


@pytest.mark.misbehaves
@pytest.mark.parametrize("text", [
    "[,{}]", "{", "", "null", "[]", '[2]', '[2,"x"]', '[2,"x","Heartbeat"', "hello", '{"a":1}', '[9,"x","Heartbeat",{}]',
    '["2","x","Heartbeat",{}]', '[2,5,"Heartbeat",{}]', "[" * 3000, '[3,"nobody asked",{}]',
    '[4,"nobody asked","GenericError","",{}]',
], ids=lambda text: text[:20] or "empty")
def test_garbage_does_not_end_the_connection(shared, text):
    with raw(shared.ocpp, fresh()) as one:
        one.send(text)
        one.send(json.dumps([2, "after", "Heartbeat", {}]))
        while (frame := json.loads(one.recv(5)))[1] != "after":
            assert frame[0] == 4, frame
        assert frame[0] == 3


@pytest.mark.misbehaves
def test_garbage_is_in_the_message_log_with_its_reason(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as one:
        one.send("[,{}]")
        ask(one)
        log = api.every(f"/api/v1/stations/{identity}/messages")
        assert any(message["text"] == "[,{}]" and message["problem"] for message in log)


@pytest.mark.misbehaves
def test_text_that_is_no_utf_8_ends_the_connection_with_1007(shared):
    with raw(shared.ocpp, fresh()) as one:
        one.send(b'[2,"x","Heartbeat",{"a":"\xff\xfe"}]', text=True)
        assert closed(one) == 1007


@pytest.mark.misbehaves
def test_a_binary_frame_is_no_ocpp_j(shared):
    with raw(shared.ocpp, fresh()) as one:
        one.send(b'[2,"x","Heartbeat",{}]')
        try:
            one.send(json.dumps([2, "after", "Heartbeat", {}]))
            answered = json.loads(one.recv(5))
            assert answered[1] == "after", "a binary frame is not an OCPP-J message"
        except ConnectionClosed as end:
            assert end.rcvd.code == 1003, end


def test_a_message_over_the_limit_ends_this_connection_with_1009(shared, api):
    identity = fresh()
    with raw(shared.ocpp, identity) as one:
        one.send(json.dumps([2, "big", "DataTransfer", {"vendorId": "v", "data": "x" * 70_000}]))
        assert closed(one) == 1009
    with raw(shared.ocpp, identity) as one:
        assert ask(one)[0] == 3


def test_a_large_message_under_the_limit_is_taken(shared):
    with raw(shared.ocpp, fresh()) as one:
        one.send(json.dumps([2, "big", "DataTransfer", {"vendorId": "v", "data": "x" * 60_000}]))
        assert json.loads(one.recv(5))[:2] == [3, "big"]


@pytest.mark.misbehaves
def test_an_unknown_action_is_not_implemented_and_the_connection_lives(shared):
    with raw(shared.ocpp, fresh()) as one:
        frame = ask(one, "FlyToTheMoon")
        assert frame[:3] == [4, "h", "NotImplemented"] and frame[4] == {}
        assert ask(one)[0] == 3


@pytest.mark.misbehaves
def test_actions_are_case_sensitive(shared):
    with raw(shared.ocpp, fresh()) as one:
        assert ask(one, "heartbeat")[2] == "NotImplemented"


def test_fragments_with_a_ping_between_are_one_message(shared):
    with raw(shared.ocpp, fresh()) as one:
        def parts():
            yield '[2,"f","Heart'
            one.ping().wait(5)
            yield 'beat",{}]'
        one.send(parts())
        assert json.loads(one.recv(5))[:2] == [3, "f"]


def test_a_request_that_is_no_websocket_is_refused_and_the_listener_lives(shared):
    for request in [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /ocpp/X HTTP/1.1\r\nHost: x\r\n\r\n",
                    b"GET /ocpp/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"]:
        with socket.create_connection(("127.0.0.1", shared.ocpp), 10) as one:
            one.sendall(request)
            answer = one.recv(4096)
            assert b" 101 " not in answer.split(b"\r\n")[0]
    with raw(shared.ocpp, fresh()) as one:
        assert ask(one)[0] == 3
