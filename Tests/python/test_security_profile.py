"""Another security profile over OCPP: the platform asks for more once the station has come with more (1.6 security
whitepaper A05, 2.0.1 A05 with B09 and B10)."""

import ssl
from contextlib import nullcontext, suppress

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16
from websockets.exceptions import InvalidStatus

from support.polling import until
from support.station import Station
from support.station2 import Station2, variables_set

PASSWORD = "Correct-Horse-1"
URL = "wss://csms.example/ocpp"


@pytest.fixture
def secure(serve):
    return serve(unknown=False, env={"TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0"})


def a_station(kind, server, profile, identity="CP1"):
    """As it would come in a security profile."""
    options = {"password": None if profile == 0 else PASSWORD}
    port = server.ocpp
    if profile == 2:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(server.data / "pki/root.pem")
        options["tls"], port = made, server.ports["ocpps"]
    if kind == "ocpp1.6":
        return Station(port, identity, **options)
    return Station2(port, identity, kind, **options)


def refused(kind, server, profile):
    """The status with which a station is not let in; 101 when it is."""
    one = a_station(kind, server, profile)
    try:
        one.connect()
    except InvalidStatus as refusal:
        return refusal.response.status_code
    one.close()
    return 101


def order(api, profile=2, status=(200, 202), **more):
    return api.post("/api/v1/stations/CP1/security-profile", {"security_profile": profile, **more},
                    headers={"Prefer": "wait=10"}, status=status)


def change(api):
    return api.station("CP1")["security_profile_change"]


def held(api):
    return api.station("CP1")["security_profile"]


def test_TC_083_in_1_6_the_station_comes_with_the_profile_that_was_set(secure):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = a_station("ocpp1.6", secure, 1).connect()
    one.boot()
    assert change(api) is None
    ended = order(api)
    assert ended["status"] == "answered"
    assert one.heard("ChangeConfiguration") == [{"key": "SecurityProfile", "value": "2"}]
    assert (change(api)["state"], held(api)) == ("awaited", 1)
    one.close()
    # As before it is let in as long as it has not come with more.
    assert refused("ocpp1.6", secure, 1) == 101
    two = a_station("ocpp1.6", secure, 2).connect()
    assert two.boot().status == "Accepted"
    assert (change(api)["state"], held(api)) == ("done", 2)
    two.close()
    assert refused("ocpp1.6", secure, 1) == 403
    assert refused("ocpp1.6", secure, 2) == 101
    assert "安全等级变更" in api.request("GET", "/stations/CP1?lang=zh-CN").text


@pytest.mark.parametrize("kind", ["ocpp2.0.1", "ocpp2.1"])
def test_TC_A_19_TC_B_42_in_2_profile_priority_and_reset(secure, kind):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = a_station(kind, secure, 1).connect()
    one.boot()
    assert "needs-network" in order(api, status=409)["type"]
    assert "needs-network" in order(api, status=409, url=URL)["type"]
    order(api, url=URL, slot=2, priority=[2, 1], message_timeout_seconds=45)
    until(lambda: change(api)["state"] == "awaited", "all three steps")
    sent = one.heard("SetNetworkProfile")[0]
    assert sent["configurationSlot"] == 2
    data = sent["connectionData"]
    assert (data["ocppCsmsUrl"], data["securityProfile"], data["messageTimeout"]) == (URL, 2, 45)
    assert (data["ocppTransport"], data["ocppInterface"]) == ("JSON", "Wired0")
    assert data.get("ocppVersion") == ("OCPP20" if kind == "ocpp2.0.1" else None)
    assert one.heard("SetVariables")[0]["setVariableData"][0]["attributeValue"] == "2,1"
    assert one.heard("Reset") == [{"type": "OnIdle"}]
    assert [item["url"] for item in api.get("/api/v1/stations/CP1/network-profiles")["items"]] == [URL]
    one.close()
    two = a_station(kind, secure, 2).connect()
    assert two.boot().status == "Accepted"
    assert (change(api)["state"], held(api)) == ("done", 2)
    two.close()
    assert refused(kind, secure, 1) == 403


@pytest.mark.parametrize("kind, step", [
    ("ocpp1.6", "ChangeConfiguration"), ("ocpp2.0.1", "SetNetworkProfile"), ("ocpp2.0.1", "SetVariables")])
def test_TC_B_44_a_refusal_leaves_everything_as_it_was(secure, kind, step):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = a_station(kind, secure, 1)
    one.answers[step] = {
        "ChangeConfiguration": says16.ChangeConfiguration("Rejected"),
        "SetNetworkProfile": v201.call_result.SetNetworkProfile("Failed"),
        "SetVariables": variables_set("Rejected")}[step]
    one.connect().boot()
    order(api, **({} if kind == "ocpp1.6" else {"url": URL, "slot": 2, "priority": [2, 1]}))
    until(lambda: change(api)["state"] == "refused", "its end")
    assert held(api) == 1 and change(api)["word"] in ("Rejected", "Failed")
    one.close()
    assert refused(kind, secure, 1) == 101
    # Nobody waits for it any more.
    a_station(kind, secure, 2).connect().close()
    assert held(api) == 1


@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
@pytest.mark.parametrize("kind, step", [
    ("ocpp1.6", "ChangeConfiguration"), ("ocpp2.0.1", "SetNetworkProfile"), ("ocpp2.0.1", "SetVariables"),
    ("ocpp2.0.1", "Reset")])
def test_killed_at_any_step_the_station_is_let_in_with_what_it_uses(secure, kind, step, moment):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = a_station(kind, secure, 1)
    one.connect().boot()
    if moment == "before the answer":
        def dies(_):
            secure.kill()
            raise ValueError("the platform is gone")
        one.answers[step] = dies
    body = {"security_profile": 2, **({} if kind == "ocpp1.6" else {"url": URL, "slot": 2, "priority": [2, 1]})}
    # The death may be faster than the answer to the person.
    with suppress(ConnectionError) if moment == "before the answer" else nullcontext():
        api.post("/api/v1/stations/CP1/security-profile", body)
    if moment == "before the answer":
        until(lambda: secure.process.poll() is not None, "the platform dies", 20)
    else:
        until(lambda: one.heard(step), "the step comes")
        secure.kill()
    secure.start()
    api = secure.api()
    assert held(api) == 1 and refused(kind, secure, 1) == 101
    # Whatever it got, it comes with the one or with the other.
    again = a_station(kind, secure, 1).connect()
    again.boot()
    until(lambda: change(api)["state"] == "awaited", "the steps are done again")
    again.close()
    two = a_station(kind, secure, 2).connect()
    two.boot()
    assert (change(api)["state"], held(api)) == ("done", 2)
    two.close()
    assert refused(kind, secure, 1) == 403


def test_what_is_weaker_or_not_ready_is_refused_before_anything_is_sent(secure, serve):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {})
    one = Station(secure.ocpp, "CP1").connect()
    one.boot()
    assert "needs-password" in order(api, 1, status=409)["type"]
    assert "needs-certificate" in order(api, 3, status=409)["type"]
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 2})
    assert "not-above" in order(api, 1, status=409)["type"]
    assert "not-above" in order(api, 2, status=409)["type"]
    order(api, 4, status=400)
    order(api, 3, status=400, url="ws://plain/ocpp")
    assert one.heard("ChangeConfiguration") == []
    one.close()
    plain = serve()
    api = plain.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = Station(plain.ocpp, "CP1", password=PASSWORD).connect()
    one.boot()
    assert "needs-listener" in order(api, 2, status=409)["type"]
    one.close()
    assert "station-offline" in order(api, 2, status=409)["type"] or "needs-listener" in order(api, 2, status=409)["type"]


def test_a_raw_command_is_followed_upwards_and_the_change_can_be_ended(secure):
    api = secure.api()
    api.put("/api/v1/stations/CP1", {"password": PASSWORD, "security_profile": 1})
    one = a_station("ocpp1.6", secure, 1).connect()
    one.boot()
    api.command("CP1", "ChangeConfiguration", {"key": "SecurityProfile", "value": "2"})
    assert change(api)["state"] == "awaited"
    assert api.delete("/api/v1/stations/CP1/security-profile")["security_profile_change"]["state"] == "refused"
    one.close()
    a_station("ocpp1.6", secure, 2).connect().close()
    assert held(api) == 1
