"""Security of stations over OCPP: a new key, a new certificate, security events (1.6 security whitepaper, 2.0.1 block A)."""

import base64
import random
import threading
from http.client import HTTPException

import pytest
from ocpp import v201
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as says16
from websockets.exceptions import InvalidStatus

from support.pki import ENVIRONMENT, OPERATOR, context, openssl, signing_request
from support.polling import until
from support.station import Station, fresh, now
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
    """The way from profile 0 to 1: the key first, then the profile."""
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


# MARK: A02, A03, certificates


@pytest.fixture
def secure(serve):
    return serve(unknown=False, env=ENVIRONMENT)


def ask_to_sign(one, request):
    words = call16 if one.subprotocols == ("ocpp1.6",) else one.words.call
    return one.call(words.SignCertificate(csr=request))


def over_tls(kind, server, identity, certificate=None, key=None, **options):
    options = {"tls": context(server, certificate, key), **options}
    if kind == "ocpp1.6":
        return Station(server.ports["ocpps"], identity, **options)
    return Station2(server.ports["ocpps"], identity, kind, **options)


def certificates(api, identity="C1"):
    return api.get(f"/api/v1/stations/{identity}/certificates")["items"]


def events(api, identity, path="security-events"):
    return api.every(f"/api/v1/stations/{identity}/{path}")


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_TC_074_TC_A_11_a_station_is_told_to_renew_and_comes_with_the_certificate_that_was_signed(secure, kind):
    api = secure.api()
    api.put("/api/v1/stations/C1", {"password": OLD, "security_profile": 2})
    one = over_tls(kind, secure, "C1", password=OLD).connect()
    one.boot()
    if kind == "ocpp1.6":
        asked = api.command("C1", "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
        assert one.heard("ExtendedTriggerMessage") == [{"requestedMessage": "SignChargePointCertificate"}]
    else:
        asked = api.command("C1", "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
        assert one.heard("TriggerMessage") == [{"requestedMessage": "SignChargingStationCertificate"}]
    assert asked["response"]["status"] == "Accepted"
    key, request = signing_request(secure.folder, "own")
    assert ask_to_sign(one, request).status == "Accepted"
    said = until(lambda: one.heard("CertificateSigned"), "the certificate comes")
    assert len(said) == 1 and ("certificateType" in said[0]) == (kind != "ocpp1.6")
    until(lambda: [c["state"] for c in certificates(api)] == ["accepted"], "its outcome is kept")
    # It came after the answer to the request.
    order = [f[0] if f[0] == 3 else f[2] for f in one.frames() if f[0] == 3 or f[2] == "CertificateSigned"]
    assert order[-2:] == [3, "CertificateSigned"]
    chain = secure.folder / "own.pem"
    chain.write_text(said[0]["certificateChain"])
    root = secure.data / "pki/root.pem"
    openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root, chain)
    subject = openssl("x509", "-in", chain, "-noout", "-subject", "-serial")
    assert "C1" in subject and OPERATOR in subject
    assert certificates(api)[0]["serial"].upper() in subject.upper()
    one.close()
    api.put("/api/v1/stations/C1", {"security_profile": 3})
    two = over_tls(kind, secure, "C1", chain, key).connect()
    assert two.boot().status == "Accepted"
    assert [(c["state"], c["in_use"]) for c in certificates(api)] == [("accepted", True)]
    two.close()
    page = api.request("GET", "/stations/C1").text
    assert "CN=C1" in page or "C1" in page
    assert api.request("GET", "/api/v1/stations/C1/certificates", headers={"Accept": "text/csv"}).text.startswith("serial,")


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1"])
def test_requests_that_are_not_the_stations_own_are_rejected_with_the_reason(secure, kind):
    api = secure.api()
    api.put("/api/v1/stations/C1", {})
    one = new_station(kind, secure, "C1").connect()
    one.boot()
    _, good = signing_request(secure.folder, "good")
    wrong = {
        "common name": signing_request(secure.folder, "a", f"/O={OPERATOR}/CN=C2")[1],
        "organization": signing_request(secure.folder, "b", "/O=Somebody/CN=C1")[1],
        "2048 bits": signing_request(secure.folder, "c", key=("rsa:1024",))[1],
        "not signed": altered(good),
        "cannot be read": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    }
    for number, (words, request) in enumerate(wrong.items()):
        answer = ask_to_sign(one, request)
        assert answer.status == "Rejected", words
        newest = events(api, "C1")[0]
        assert newest["type"] == "InvalidCsr" and newest["source"] == "platform" and newest["critical"]
        assert words in newest["info"], newest
        if kind != "ocpp1.6":
            assert answer.status_info["reason_code"] == "InvalidCSR" and words in answer.status_info["additional_info"]
        assert len(events(api, "C1")) == number + 1
    assert one.heard("CertificateSigned") == [] and certificates(api) == []
    (alarm,) = [a for a in api.get("/api/v1/alarms?active=true")["items"] if a["code"] == "station-security-event"]
    assert alarm["object"] == "C1/InvalidCsr"
    api.post(f"/api/v1/alarms/{alarm['id']}/acknowledge")
    assert api.get("/api/v1/alarms?active=true")["items"] == []
    # Five asked, one more in this hour.
    assert ask_to_sign(one, good).status == "Accepted"
    until(lambda: one.heard("CertificateSigned"), "a good one is signed")
    answer = ask_to_sign(one, good)
    assert answer.status == "Rejected"
    if kind != "ocpp1.6":
        assert answer.status_info["reason_code"] == "RateLimitExceeded"


def altered(request):
    """The same request with another name under the signature."""
    lines = request.strip().split("\n")
    der = base64.b64decode("".join(lines[1:-1])).replace(OPERATOR.encode(), OPERATOR[::-1].encode())
    body = base64.encodebytes(der).decode()
    return "\n".join([lines[0], *[body.replace("\n", "")[i:i + 64] for i in range(0, len(body.replace("\n", "")), 64)], lines[-1], ""])


def test_without_an_authority_a_request_is_rejected(shared, api):
    identity = fresh()
    one = Station(shared.ocpp, identity).connect()
    one.boot()
    assert ask_to_sign(one, "x").status == "Rejected"
    api.get("/api/v1/authority", status=404)


def alarmed(api):
    return [alarm["object"] for alarm in api.get("/api/v1/alarms?active=true")["items"]]


@pytest.mark.parametrize("kind, word, told", [
    ("ocpp1.6", "Rejected", "InvalidChargePointCertificate"),
    ("ocpp2.0.1", "InvalidCertificate", "InvalidChargingStationCertificate")])
def test_TC_077_TC_A_14_a_certificate_that_the_station_rejects_is_shown_as_rejected(secure, kind, word, told):
    api = secure.api()
    api.put("/api/v1/stations/C1", {})
    one = new_station(kind, secure, "C1")
    one.answers["CertificateSigned"] = (
        says16.CertificateSigned("Rejected") if kind == "ocpp1.6"
        else v201.call_result.CertificateSigned("Rejected", status_info={"reason_code": word}))
    one.connect().boot()
    assert ask_to_sign(one, signing_request(secure.folder, "own")[1]).status == "Accepted"
    until(lambda: [(c["state"], c["word"]) for c in certificates(api)] == [("rejected", word)], "rejected")
    words = call16 if kind == "ocpp1.6" else v201.call
    one.call(words.SecurityEventNotification(type=told, timestamp=now(), tech_info=None))
    assert alarmed(api) == [f"C1/{told}"]


def test_TC_078_a_root_that_the_station_rejects_is_told_and_alarmed(shared, api):
    identity = fresh()
    one = Station(shared.ocpp, identity)
    one.answers["InstallCertificate"] = says16.InstallCertificate("Rejected")
    one.connect().boot()
    root = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"
    done = api.command(identity, "InstallCertificate",
                       f'{{"certificateType": "CentralSystemRootCertificate", "certificate": "{root}"}}')
    assert done["response"]["status"] == "Rejected"
    one.call(call16.SecurityEventNotification(type="InvalidCentralSystemCertificate", timestamp=now(), tech_info=None))
    assert f"{identity}/InvalidCentralSystemCertificate" in alarmed(api)


@pytest.mark.parametrize("step", ["request", "certificate"])
def test_killed_in_the_middle_the_certificate_arrives_after_all(secure, step):
    api = secure.api()
    api.put("/api/v1/stations/C1", {})
    one = Station(secure.ocpp, "C1")

    def dies(_):
        secure.kill()
        return says16.CertificateSigned("Accepted")

    if step == "certificate":
        one.answers["CertificateSigned"] = dies
    one.connect().boot()
    request = signing_request(secure.folder, "own")[1]
    if step == "certificate":
        assert ask_to_sign(one, request).status == "Accepted"
        until(lambda: secure.process.poll() is not None, "the server is killed")
    else:
        one.answers["CertificateSigned"] = lambda _: one.socket.transport.abort()
        try:
            ask_to_sign(one, request)
        except ConnectionError:
            pass  # both came in one piece, and the station was gone before it looked at the first
        assert [3, {"status": "Accepted"}] in [[f[0], f[2]] for f in one.frames()]
        until(lambda: [c["state"] for c in certificates(api)] == ["unanswered"], "the station is gone")
        secure.kill()
    first = one.heard("CertificateSigned")
    secure.start()
    two = Station(secure.ocpp, "C1").connect()
    again = until(lambda: two.heard("CertificateSigned"), "it is sent again")
    assert again == first
    until(lambda: [c["state"] for c in certificates(secure.api())] == ["accepted"], "accepted")
    two.close()


def test_the_end_of_a_certificate_is_an_alarm_until_the_station_comes_with_another(secure):
    api = secure.api()
    api.put("/api/v1/stations/C1", {"security_profile": 3})

    def come(name, days):
        key, _ = signing_request(secure.folder, name)
        signed = secure.folder / f"{name}.pem"
        pki = secure.data / "pki"
        openssl("x509", "-req", "-in", secure.folder / f"{name}.csr", "-CA", pki / "root.pem", "-CAkey",
                pki / "root.key", "-set_serial", days, "-days", days, "-out", signed)
        one = over_tls("ocpp1.6", secure, "C1", signed, key).connect()
        one.heartbeat()
        one.close()
        return [(a["code"], a["priority"]) for a in api.get("/api/v1/alarms?active=true")["items"]]

    assert come("long", 40) == []
    assert come("soon", 15) == [("station-certificate-ends", "high")]
    assert come("now", 3) == [("station-certificate-ends-soon", "critical")]
    assert [c["in_use"] for c in certificates(api)] == [True, False, False]
    assert come("new", 60) == []


def test_TC_075_TC_076_certificates_of_a_station_are_installed_listed_and_deleted(secure):
    api = secure.api()
    api.put("/api/v1/stations/C1", {})
    root = api.get("/api/v1/authority")
    assert root["root"] == (secure.data / "pki/root.pem").read_text()
    hash_of_root = {to: root["hash"][to] for to in ["hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber"]}
    other = {**hash_of_root, "serialNumber": "77"}
    snake = lambda h: {"hash_algorithm": h["hashAlgorithm"], "issuer_name_hash": h["issuerNameHash"],
                       "issuer_key_hash": h["issuerKeyHash"], "serial_number": h["serialNumber"]}
    for kind in ["ocpp1.6", "ocpp2.0.1"]:
        one = new_station(kind, secure, "C1")
        if kind == "ocpp1.6":
            use = "CentralSystemRootCertificate"
            one.answers["GetInstalledCertificateIds"] = says16.GetInstalledCertificateIds(
                "Accepted", [snake(hash_of_root), snake(other)])
            ask = {"certificateType": use}
        else:
            use = "CSMSRootCertificate"
            one.answers["GetInstalledCertificateIds"] = v201.call_result.GetInstalledCertificateIds(
                "Accepted", certificate_hash_data_chain=[
                    {"certificate_type": use, "certificate_hash_data": snake(hash_of_root)},
                    {"certificate_type": "V2GCertificateChain", "certificate_hash_data": snake(other),
                     "child_certificate_hash_data": [snake(other)]}])
            ask = {}
        one.connect().boot()
        done = api.command("C1", "InstallCertificate", {"certificateType": use, "certificate": root["root"]})
        assert done["response"]["status"] == "Accepted"
        api.command("C1", "GetInstalledCertificateIds", ask)
        held = api.get("/api/v1/stations/C1/installed-certificates")["items"]
        assert [(c["use"], c["our_root"], c["child"]) for c in held][:1] == [(use, True, False)]
        assert [c["our_root"] for c in held][1:] == [False] * (1 if kind == "ocpp1.6" else 2)
        page = api.request("GET", "/stations/C1").text
        assert hash_of_root["issuerKeyHash"] in page and "DeleteCertificate" in page
        api.command("C1", "DeleteCertificate", {"certificateHashData": held[1]["hash"]})
        assert one.heard("DeleteCertificate") == [{"certificateHashData": other}]
        one.close()


# MARK: Security events

@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_security_events_are_kept_listed_and_alarmed(shared, api, kind):
    identity = fresh()
    one = new_station(kind, shared, identity).connect()
    one.boot()
    words = call16 if kind == "ocpp1.6" else one.words.call
    at = now(-60)
    one.call(words.SecurityEventNotification(type="TamperDetectionActivated", timestamp=at, tech_info="lid=open"))
    one.call(words.SecurityEventNotification(type="Vendor Own", timestamp=now(), tech_info=None))
    for _ in range(2):
        one.call(words.SecurityEventNotification(type="TamperDetectionActivated", timestamp=at, tech_info="lid=open"))
    listed = events(api, identity)
    assert [(e["type"], e["critical"], e["source"]) for e in listed] == [
        ("Vendor Own", False, "station"), ("TamperDetectionActivated", True, "station")]
    assert listed[1]["info"] == "lid=open" and listed[1]["at"] == at
    critical = api.get(f"/api/v1/security-events?station={identity}&critical=true")["items"]
    assert [e["type"] for e in critical] == ["TamperDetectionActivated"]
    csv = api.request("GET", f"/api/v1/stations/{identity}/security-events", headers={"Accept": "text/csv"}).text
    assert csv.splitlines()[0] == "id,station,at,received_at,source,type,critical,info" and len(csv.splitlines()) == 3
    for language, text in [("en", "The tamper sensor was triggered"), ("zh-CN", "防拆传感器触发")]:
        assert text in api.request("GET", f"/stations/{identity}?lang={language}").text
        assert text in api.request("GET", f"/alarms?lang={language}").text
    (alarm,) = [a for a in api.every("/api/v1/alarms?active=true") if a["object"].startswith(identity + "/")]
    assert alarm["priority"] == "critical"
    api.post(f"/api/v1/alarms/{alarm['id']}/acknowledge")
    assert not [a for a in api.every("/api/v1/alarms?active=true") if a["object"].startswith(identity + "/")]


def test_a_station_that_floods_is_answered_and_kept_within_bounds(shared, api):
    identity = fresh()
    one = Station(shared.ocpp, identity).connect()
    one.boot()
    for number in range(150):
        one.call(call16.SecurityEventNotification(type="InvalidMessages", timestamp=now(), tech_info=str(number)))
    assert len(events(api, identity)) == 60
    page = api.get(f"/api/v1/stations/{identity}/security-events?limit=50")
    rest = api.get(f"/api/v1/stations/{identity}/security-events?limit=50&cursor={page['next_cursor']}")
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (50, 10, None)


def test_what_the_platform_sees_at_the_door_is_an_event(secure):
    api = secure.api()

    def types(identity):
        return [event["type"] for event in events(api, identity)]

    api.put("/api/v1/stations/C1", {"password": OLD, "security_profile": 2})
    assert refused("ocpp1.6", secure, "C1", OLD) == 403
    until(lambda: types("C1") == ["WeakerProfile"], "the weaker profile is told")
    for password in ["Wrong-Horse-1", None]:
        with pytest.raises(InvalidStatus):
            over_tls("ocpp1.6", secure, "C1", password=password).connect()
    until(lambda: types("C1") == ["LoginFailed", "LoginFailed", "WeakerProfile"], "both attempts are told")
    told = events(api, "C1")
    assert "127.0.0.1" in told[0]["info"] and "Wrong" not in str(told) and OLD not in str(told)
    api.put("/api/v1/stations/C3", {"security_profile": 3})
    key, _ = signing_request(secure.folder, "other", f"/O={OPERATOR}/CN=C3")
    signed = secure.folder / "other.pem"
    pki = secure.data / "pki"
    openssl("x509", "-req", "-in", secure.folder / "other.csr", "-CA", pki / "root.pem", "-CAkey", pki / "root.key",
            "-set_serial", "9", "-days", "50", "-out", signed)
    with pytest.raises(InvalidStatus):
        over_tls("ocpp1.6", secure, "C1", signed, key).connect()
    until(lambda: types("C1")[0] == "ForeignCertificate", "another's certificate is told")
    assert "C3" in events(api, "C1")[0]["info"]
    with pytest.raises(InvalidStatus):
        Station(secure.ocpp, "NOBODY", password="x").connect()
    assert {e["station"] for e in api.every("/api/v1/security-events")} == {"C1"}
