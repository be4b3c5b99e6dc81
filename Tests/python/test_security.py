"""Security of stations over OCPP: a new key, a new certificate, security events (1.6 security whitepaper, 2.0.1 block A)."""

import random
import threading
from http.client import HTTPException

import pytest
from ocpp.v16 import call_result as says16
from websockets.exceptions import InvalidStatus

from support.polling import until
from support.station import Station, fresh
from support.station2 import Station2, variables_set

OLD = "Correct-Horse-1"


def new_station(kind, server, identity, **options):
    """A station of one of the three versions."""
    if kind == "ocpp1.6":
        return Station(server.ocpp, identity, **options)
    return Station2(server.ocpp, identity, kind, **options)


def refused(kind, server, identity, password):
    """The status with which a station is not let in; 101 when it is."""
    one = new_station(kind, server, identity, password=password)
    try:
        one.connect()
    except InvalidStatus as refusal:
        return refusal.response.status_code
    one.close()
    return 101


def key_heard(one):
    """The newest key that the station was sent."""
    if one.subprotocols == ("ocpp1.6",):
        calls = one.heard("ChangeConfiguration")
        assert all(said["key"] == "AuthorizationKey" for said in calls)
        return calls[-1]["value"]
    data = one.heard("SetVariables")[-1]["setVariableData"][0]
    assert data["component"]["name"] == "SecurityCtrlr" and data["variable"]["name"] == "BasicAuthPassword"
    return data["attributeValue"]


def says(kind, status):
    return says16.ChangeConfiguration(status) if kind == "ocpp1.6" else variables_set(status)


def send_key(api, identity, wait=10, status=(200, 202)):
    return api.post(f"/api/v1/stations/{identity}/key", {"send": True}, headers={"Prefer": f"wait={wait}"}, status=status)


def state(api, identity):
    return (api.station(identity)["key_change"] or {}).get("state")


def nowhere(server, secret):
    """The key lies in none of the server's files, and none of its answers."""
    api = server.api()
    identity = next(item["id"] for item in api.every("/api/v1/stations"))
    texts = [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]
    texts += ["\n".join(server.log).encode()]
    for part in ["", "/messages?limit=1000", "/commands?limit=1000"]:
        texts.append(api.request("GET", f"/api/v1/stations/{identity}{part}").body)
    texts.append(api.request("GET", "/api/v1/audit?limit=1000").body)
    texts.append(api.request("GET", f"/stations/{identity}").body)
    assert len(texts) > 6
    for text in texts:
        assert secret.lower().encode() not in text.lower() and bytes.fromhex(secret) not in text


# MARK: A01, a new key

@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_TC_073_TC_A_09_after_accepted_the_station_comes_with_the_new_key_and_the_old_one_is_over(serve, kind):
    server = serve(unknown=False)
    api = server.api()
    api.put("/api/v1/stations/K1", {"password": OLD, "security_profile": 1})
    one = new_station(kind, server, "K1", password=OLD).connect()
    one.boot()
    ended = send_key(api, "K1")
    assert ended["status"] == "answered" and "******" in str(ended["payload"])
    key = key_heard(one)
    assert len(key) == 40 and state(api, "K1") == "accepted"
    # The socket that exists goes on; the next one needs the new key.
    assert one.boot().status == "Accepted"
    one.close()
    assert refused(kind, server, "K1", OLD) == 401
    assert refused(kind, server, "K1", key) == 101
    assert refused(kind, server, "K1", bytes.fromhex(key)) == 101
    assert state(api, "K1") == "confirmed"
    assert any(entry["action"] == "station.key" for entry in api.get("/api/v1/audit")["items"])
    nowhere(server, key)


@pytest.mark.parametrize("kind, word", [
    ("ocpp1.6", "Rejected"), ("ocpp1.6", "NotSupported"), ("ocpp2.0.1", "Rejected"), ("ocpp2.1", "UnknownVariable")])
def test_TC_A_10_after_a_refusal_the_old_key_stays_and_the_new_one_ends_with_it(shared, api, kind, word):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"password": OLD, "security_profile": 1})
    one = new_station(kind, shared, identity, password=OLD)
    one.answers[{"ocpp1.6": "ChangeConfiguration"}.get(kind, "SetVariables")] = says(kind, word)
    one.connect().boot()
    send_key(api, identity)
    shown = api.station(identity)["key_change"]
    assert (shown["state"], shown["word"], shown["undecided"]) == ("refused", word, 1)
    key = key_heard(one)
    one.close()
    assert refused(kind, shared, identity, OLD) == 101
    assert refused(kind, shared, identity, key) == 401
    assert api.station(identity)["key_change"] is None


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1"])
@pytest.mark.parametrize("takes", [True, False])
def test_a_station_that_reboots_in_the_middle_is_let_in_with_whichever_key_it_has(shared, api, kind, takes):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"password": OLD, "security_profile": 1})
    one = new_station(kind, shared, identity, password=OLD)

    def reboots(_):
        one.socket.transport.abort()
        return says(kind, "Accepted") if kind == "ocpp1.6" else variables_set("Accepted")(_)

    one.answers[{"ocpp1.6": "ChangeConfiguration"}.get(kind, "SetVariables")] = reboots
    one.connect().boot()
    ended = send_key(api, identity)
    assert ended["status"] == "offline" and ended["error"]["code"] == "connection-lost"
    assert state(api, identity) == "unanswered"
    key = key_heard(one)
    if takes:
        assert refused(kind, shared, identity, key) == 101
        assert state(api, identity) == "confirmed"
        assert refused(kind, shared, identity, OLD) == 401
    else:
        # It may take it late: as long as nobody knows, both let in.
        for _ in range(2):
            assert refused(kind, shared, identity, OLD) == 101
        assert refused(kind, shared, identity, key) == 101
        assert refused(kind, shared, identity, OLD) == 401


def test_a_station_that_never_answers_is_asked_again_and_no_key_that_it_may_have_is_forgotten(shared, api):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"password": OLD, "security_profile": 1})
    one = Station(shared.ocpp, identity, password=OLD)
    keys = []
    for attempt in range(3):
        one.answers["ChangeConfiguration"] = lambda _: one.socket.transport.abort()
        one.connect()
        send_key(api, identity)
        keys.append(key_heard(one))
        assert api.station(identity)["key_change"]["undecided"] == attempt + 1
    one.connect()
    refusal = api.post(f"/api/v1/stations/{identity}/key", {"send": True}, status=409)
    assert refusal["type"].endswith("keys-undecided")
    one.close()
    assert refused("ocpp1.6", shared, identity, keys[1]) == 101
    assert [refused("ocpp1.6", shared, identity, other) for other in [OLD, keys[0], keys[2]]] == [401] * 3


def test_nothing_is_begun_with_a_station_that_is_offline(shared, api):
    identity = fresh()
    api.put(f"/api/v1/stations/{identity}", {"password": OLD})
    refusal = api.post(f"/api/v1/stations/{identity}/key", {"send": True}, status=409)
    assert refusal["type"].endswith("station-offline")
    assert api.station(identity)["key_change"] is None


def test_a_first_key_holds_when_the_station_uses_it(shared, api):
    """The way from profile 0 to 1 (TC_076): the key first, then the profile."""
    identity = fresh()
    one = Station(shared.ocpp, identity).connect()
    one.boot()
    send_key(api, identity)
    key = key_heard(one)
    one.close()
    assert refused("ocpp1.6", shared, identity, None) == 101
    assert refused("ocpp1.6", shared, identity, key) == 101
    assert state(api, identity) == "confirmed"
    assert refused("ocpp1.6", shared, identity, None) == 401


@pytest.mark.parametrize("step", ["before the answer", "after the answer", "after the new connection"])
@pytest.mark.parametrize("attempt", range(3))
def test_killed_at_each_step_the_station_is_let_in_with_the_key_that_it_has(serve, step, attempt):
    server = serve(unknown=False)
    api = server.api()
    api.put("/api/v1/stations/K1", {"password": OLD, "security_profile": 1})
    one = Station(server.ocpp, "K1", password=OLD)
    chance = random.Random(attempt)

    def taken(_):
        if step == "before the answer":
            server.kill()
        if step == "after the answer":
            threading.Timer(chance.random() / 50, server.kill).start()
        return says16.ChangeConfiguration("Accepted")

    one.answers["ChangeConfiguration"] = taken
    one.connect().boot()
    try:
        send_key(api, "K1", wait=2)
    except (OSError, HTTPException):
        assert step != "after the new connection"
    key = until(lambda: one.heard("ChangeConfiguration") and key_heard(one), "the key has come")
    if step == "after the answer":
        until(lambda: server.process.poll() is not None, "the server is killed")
    if step == "after the new connection":
        assert refused("ocpp1.6", server, "K1", key) == 101
    if server.process.poll() is None:
        server.kill()
    server.start()
    assert refused("ocpp1.6", server, "K1", key) == 101, step
    assert refused("ocpp1.6", server, "K1", OLD) == 401, step
    assert state(server.api(), "K1") == "confirmed"
    nowhere(server, key)
