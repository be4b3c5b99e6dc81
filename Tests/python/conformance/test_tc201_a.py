"""OCA cases of 2.0.1 for central systems, block A (security): who is let in, new passwords, new certificates."""

import socket
import ssl
import subprocess

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException

from support.charger import Charger, both
from support.polling import until
from support.program import Server
from support.station import fresh
from support.station2 import variables_set

OPERATOR = "Harbour Power"
PASSWORD = "Correct-Horse-Battery-1"


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Lets in who is known only, and listens with TLS too."""
    server = Server(tmp_path_factory.mktemp("secure"), unknown=False, env={
        "TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0", "TIDEWATT_TLS_ORGANIZATION": OPERATOR}).start()
    yield server
    server.stop()


@pytest.fixture
def door(secure, version):
    """Stations at the door of the secure server: `door("S1", password=…)`, `door("S1", certificate=…)`."""
    chargers = []

    def knock(identity, *, certificate=None, tls=False, most=None, **options):
        port = secure.ocpp
        if certificate or tls:
            options["tls"] = trusting(secure, certificate)
            if most:
                options["tls"].minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                options["tls"].maximum_version = most
                options["tls"].set_ciphers("ALL:@SECLEVEL=0")
            port = secure.ports["ocpps"]
        one = Charger(port, identity, version, api=secure.api(), **options)
        chargers.append(one)
        return one.connect()

    yield knock
    for one in chargers:
        one.close()


def trusting(server, certificate=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(server.data / "pki/root.pem")
    if certificate:
        made.load_cert_chain(*certificate)
    return made


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def request_of(server, name, subject):
    """Key file and signing request of a station."""
    key, request = server.folder / f"{name}.key", server.folder / f"{name}.csr"
    openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject,
            "-keyout", key, "-out", request)
    return key, request


def certified(server, identity, *, subject=None, authority=None, days=30):
    """A certificate of the station: by the platform's own root, or by another `authority` (certificate, key)."""
    name = fresh("pki")
    key, request = request_of(server, name, subject or f"/O={OPERATOR}/CN={identity}")
    root, root_key = authority or (server.data / "pki/root.pem", server.data / "pki/root.key")
    signed = server.folder / f"{name}.pem"
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-set_serial", f"0x{abs(hash(name)):x}",
            "-days", days, "-out", signed)
    return signed, key


def registered(secure, **fields):
    """A station that the platform knows, and that it has never seen."""
    identity = fresh("S")
    secure.api().put(f"/api/v1/stations/{identity}", fields)
    assert secure.api().station(identity)["online"] is False
    return identity


def is_let_in(one):
    one.booted()
    shown = one.shown()
    assert shown["online"] is True and shown["registration"] == "accepted" and shown["boot"]["model"] == "P7"
    assert one.statuses() == {1: "Available", 2: "Available"}


def is_refused(secure, identity, knock, status=None):
    with pytest.raises((WebSocketException, OSError, EOFError)) as refusal:
        knock()
    if status:
        assert refusal.value.response.status_code == status
    shown = secure.api().station(identity)
    assert shown["online"] is False and shown["boot"] is None


# MARK: Who is let in

@both
def test_TC_A_01_the_right_user_and_password_let_a_station_in(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    is_let_in(door(identity, password=PASSWORD))


def test_TC_A_02_a_user_that_is_not_the_station_is_refused(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    is_refused(secure, identity, lambda: door(identity, password=PASSWORD, user=identity + "Invalid"), 401)


def test_TC_A_03_a_wrong_password_is_refused_and_told(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    is_refused(secure, identity, lambda: door(identity, password="Another-Horse-Battery-2"), 401)
    until(lambda: [event["type"] for event in secure.api().get(f"/api/v1/stations/{identity}/security-events")["items"]]
          == ["LoginFailed"], "the attempt is told")
    is_let_in(door(identity, password=PASSWORD))


CIPHERS = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "ec", "ECDHE-ECDSA-AES256-GCM-SHA384": "ec",
    "AES128-GCM-SHA256": "rsa", "AES256-GCM-SHA384": "rsa"}


def test_TC_A_04_the_platform_proves_itself_with_every_cipher_suite_that_is_due(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=2)
    for cipher, kind in CIPHERS.items():
        context = trusting(secure)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher)
        with handshake(secure, context) as stream:
            assert stream.version() == "TLSv1.2" and stream.cipher()[0] == cipher and stream.compression() is None
            certificate = secure.folder / f"server-{kind}.der"
            certificate.write_bytes(stream.getpeercert(True))
            told = stream.getpeercert()
        assert (("commonName", "localhost"),) in told["subject"] and told["serialNumber"]
        text = openssl("x509", "-inform", "der", "-in", certificate, "-noout", "-text")
        bits = int(text.split("Public-Key: (")[1].split(" bit")[0])
        assert bits >= (2048 if kind == "rsa" else 224), (cipher, bits)
    is_let_in(door(identity, tls=True, password=PASSWORD))


def handshake(secure, context):
    raw = socket.create_connection(("127.0.0.1", secure.ports["ocpps"]), timeout=20)
    return context.wrap_socket(raw, server_hostname="localhost")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_TC_A_06_a_version_of_TLS_below_1_2_is_refused(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=2)
    is_refused(secure, identity, lambda: door(identity, tls=True, most=ssl.TLSVersion.TLSv1_1, password=PASSWORD))
    is_let_in(door(identity, tls=True, most=ssl.TLSVersion.TLSv1_2, password=PASSWORD))


@both
def test_TC_A_07_the_stations_own_certificate_lets_it_in(secure, door):
    identity = registered(secure, security_profile=3)
    is_let_in(door(identity, certificate=certified(secure, identity)))
    held = secure.api().get(f"/api/v1/stations/{identity}/certificates")["items"]
    assert [one["in_use"] for one in held] == [True]


@pytest.mark.parametrize("wrong", ["unknown authority", "expired", "another station's name"])
def test_TC_A_08_a_certificate_that_is_not_good_is_refused(secure, door, wrong):
    identity = registered(secure, security_profile=3)
    if wrong == "unknown authority":
        name = secure.folder / fresh("other")
        openssl("req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                "/CN=Other root", "-days", "30", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        bad = certified(secure, identity, authority=(f"{name}.pem", f"{name}.key"))
    elif wrong == "expired":
        bad = certified(secure, identity, days=-1)
    else:
        bad = certified(secure, identity, subject=f"/O={OPERATOR}/CN=SOMEBODY-ELSE")
    is_refused(secure, identity, lambda: door(identity, certificate=bad).heartbeat())
    is_let_in(door(identity, certificate=certified(secure, identity)))


# MARK: A new password

def send_password(one, answer):
    """Ordered by an operator; the password as the station heard it."""
    one.answers["SetVariables"] = answer
    assert one.shown()["key_change"] is None
    ended = one.api.post(one.path("/key"), {"send": True}, headers={"Prefer": "wait=10"})
    assert ended["status"] == "answered"
    (heard,) = one.heard("SetVariables")
    (data,) = heard["setVariableData"]
    assert (data["component"]["name"], data["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
    assert data["attributeValue"] not in str(ended), "the password is told to nobody else"
    return data["attributeValue"]


@both
def test_TC_A_09_after_a_new_password_was_taken_the_station_comes_with_it(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    one = door(identity, password=PASSWORD)
    one.booted()
    new = send_password(one, variables_set("Accepted"))
    assert 16 <= len(new) <= 40 and one.shown()["key_change"]["state"] == "accepted"
    one.close()
    is_let_in(door(identity, password=new))
    assert one.shown()["key_change"]["state"] == "confirmed"
    with pytest.raises(InvalidStatus):
        door(identity, password=PASSWORD)


@both
def test_TC_A_10_after_a_refusal_the_old_password_goes_on(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    one = door(identity, password=PASSWORD)
    one.booted()
    new = send_password(one, variables_set("Rejected"))
    assert one.shown()["key_change"]["state"] == "refused"
    one.close()
    is_let_in(door(identity, password=PASSWORD))
    with pytest.raises(InvalidStatus):
        door(identity, password=new)


# MARK: A higher security profile

def test_TC_A_19_a_station_is_brought_to_a_higher_profile_and_the_lower_one_is_over(secure, door):
    identity = registered(secure, password=PASSWORD, security_profile=1)
    one = door(identity, password=PASSWORD)
    one.booted()
    assert one.shown()["security_profile"] == 1 and one.shown()["security_profile_change"] is None
    url = "wss://csms.example/ocpp"
    one.api.post(one.path("/security-profile"), {"security_profile": 2, "url": url, "slot": 2, "priority": [2, 1]},
                 headers={"Prefer": "wait=10"}, status=(200, 202))
    until(lambda: one.shown()["security_profile_change"]["state"] == "awaited", "all that the station must be told")
    (profile,), (variables,) = one.heard("SetNetworkProfile"), one.heard("SetVariables")
    data = profile["connectionData"]
    assert (profile["configurationSlot"], data["ocppCsmsUrl"], data["securityProfile"]) == (2, url, 2)
    assert (data["ocppVersion"], data["ocppTransport"]) == ("OCPP20", "JSON")
    (priority,) = variables["setVariableData"]
    assert (priority["component"]["name"], priority["variable"]["name"], priority["attributeValue"]) == (
        "OCPPCommCtrlr", "NetworkConfigurationPriority", "2,1")
    assert len(one.heard("Reset")) == 1
    one.close()
    is_let_in(door(identity, tls=True, password=PASSWORD))
    assert (one.shown()["security_profile"], one.shown()["security_profile_change"]["state"]) == (2, "done")
    with pytest.raises(InvalidStatus) as refusal:
        door(identity, password=PASSWORD)
    assert refusal.value.response.status_code == 403


# MARK: A new certificate

def renewed(secure, one, use, kind, answer="Accepted", operator=OPERATOR):
    """The operator has the station ask for a certificate; what it was sent."""
    one.answers["CertificateSigned"] = {"status": answer}
    one.order("TriggerMessage", {"requestedMessage": use}, {"status": "Accepted"}, says="Accepted")
    _, request = request_of(secure, fresh("csr"), f"/O={operator}/CN={one.identity}")
    asked = one.say("SignCertificate", {
        "csr": request.read_text(), **({"certificateType": kind} if kind else {})})
    assert asked["status"] == "Accepted", asked
    return until(lambda: one.heard("CertificateSigned"), "the certificate comes")


def states(one):
    return [held["state"] for held in one.api.get(one.path("/certificates"))["items"]]


@both
def test_TC_A_11_a_station_renews_its_certificate_when_it_is_told_to(secure, door):
    identity = registered(secure, security_profile=2, password=PASSWORD)
    one = door(identity, tls=True, password=PASSWORD)
    one.booted()
    assert states(one) == []
    (signed,) = renewed(secure, one, "SignChargingStationCertificate", "ChargingStationCertificate")
    assert signed["certificateType"] == "ChargingStationCertificate"
    until(lambda: states(one) == ["accepted"], "the new certificate is shown as taken")
    chain = secure.folder / f"{identity}-chain.pem"
    chain.write_text(signed["certificateChain"])
    openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", secure.data / "pki/root.pem", chain)
    assert identity in openssl("x509", "-in", chain, "-noout", "-subject", "-serial")


def test_TC_A_12_a_station_renews_its_certificate_towards_vehicles_when_it_is_told_to(charger, mobility):
    one = charger(server=mobility.server)
    assert states(one) == []
    (signed,) = renewed(mobility.server, one, "SignV2GCertificate", "V2GCertificate", operator="Tidewatt")
    assert signed["certificateType"] == "V2GCertificate"
    until(lambda: states(one) == ["accepted"], "the new certificate is shown as taken")
    folder = mobility.pki.folder
    chain = folder / f"{one.identity}.pem"
    chain.write_text(signed["certificateChain"])
    openssl("verify", "-CAfile", folder / "root.pem", "-untrusted", folder / "sub.pem", chain)
    assert one.identity in openssl("x509", "-in", chain, "-noout", "-subject", "-serial")


def test_TC_A_13_a_station_renews_the_one_certificate_that_it_has_for_both_uses(mobility, tmp_path):
    # The listener believes the authority that vehicles believe: one certificate opens both doors.
    folder = mobility.pki.folder
    server = Server(tmp_path, env={
        "TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0", "TIDEWATT_TLS_ORGANIZATION": OPERATOR,
        "TIDEWATT_TLS_STATION_ROOTS": str(folder / "root.pem")}, settings=(
        f'iso15118: {{roots: "{folder}/root.pem", certificate: "{folder}/sub.pem", key: "{folder}/sub.key"}}\n')).start()
    identity = fresh("S")
    server.api().put(f"/api/v1/stations/{identity}", {"security_profile": 2, "password": PASSWORD})
    one = Charger(server.ports["ocpps"], identity, api=server.api(), tls=trusting(server), password=PASSWORD).connect()
    one.booted()
    assert states(one) == []
    one.order("TriggerMessage", {"requestedMessage": "SignCombinedCertificate"}, {"status": "Accepted"}, says="Accepted")
    key, request = request_of(server, fresh("csr"), f"/O={OPERATOR}/CN={identity}")
    assert one.say("SignCertificate", {"csr": request.read_text()})["status"] == "Accepted"
    (signed,) = until(lambda: one.heard("CertificateSigned"), "the certificate comes")
    assert "certificateType" not in signed, "it is for both"
    until(lambda: states(one) == ["accepted"], "the new certificate is shown as taken")
    (held,) = one.api.get(one.path("/certificates"))["items"]
    assert held["use"] == "CombinedCertificate"
    chain = tmp_path / "chain.pem"
    chain.write_text(signed["certificateChain"])
    for purpose in ["sslclient", "sslserver"]:
        openssl("verify", "-purpose", purpose, "-CAfile", folder / "root.pem", "-untrusted", chain, chain)
    # It comes with it.
    one.close()
    one.api.put(one.path(), {"security_profile": 3})
    again = Charger(server.ports["ocpps"], identity, api=server.api(), tls=trusting(server, (chain, key))).connect()
    again.booted()
    (held,) = again.api.get(again.path("/certificates"))["items"]
    assert (held["state"], held["in_use"]) == ("accepted", True)
    again.close()
    server.stop()


def test_TC_A_14_a_station_that_rejects_its_new_certificate_is_shown(secure, door):
    identity = registered(secure, security_profile=2, password=PASSWORD)
    one = door(identity, tls=True, password=PASSWORD)
    one.booted()
    assert states(one) == []
    assert len(renewed(secure, one, "SignChargingStationCertificate", "ChargingStationCertificate", "Rejected")) == 1
    until(lambda: states(one) == ["rejected"], "the refusal is shown")
    one.heartbeat()
    assert one.shown()["online"] is True
