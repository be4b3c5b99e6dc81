"""OCA's central-system cases of OCPP 1.6, security whitepaper (`docs/standards/ocpp-1.6-cases.md`)."""

import base64
import ssl

import pytest
from ocpp.v16 import call, call_result
from websockets.exceptions import InvalidStatus

from support.pki import ENVIRONMENT, OPERATOR, context, openssl, signed, signing_request
from support.polling import until
from support.program import Server
from support.station import now

PASSWORD = "Correct-Horse-1"


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Listens with TLS too, lets in only stations that are registered."""
    server = Server(tmp_path_factory.mktemp("secure"), unknown=False, env=ENVIRONMENT).start()
    yield server
    server.stop()


@pytest.fixture
def guarded(bench, secure):
    """A station of a security profile, not yet connected."""
    def make(profile, password=PASSWORD):
        settings = {"security_profile": profile, **({"password": password} if password else {})}
        return bench(server=secure, come=False, settings=settings)
    return make


def status_of_coming(one, **options):
    with pytest.raises(InvalidStatus) as refusal:
        one.connect(**options)
    return refusal.value.response.status_code


def events(one):
    return [event["type"] for event in one.api.every(f"/api/v1/stations/{one.identity}/security-events")]


def tells(one, kind, info=None):
    """SecurityEventNotification; it is in the list once, and was not before."""
    before = events(one)
    one.station.call(call.SecurityEventNotification(type=kind, timestamp=now(), tech_info=info))
    assert events(one) == [kind, *before]


def alarms(one):
    return {alarm["object"] for alarm in one.api.every("/api/v1/alarms?active=true")}


# MARK: Who comes, and on what


def test_TC_073_a_new_password(guarded):
    one = guarded(1).come(password=PASSWORD)
    assert one.shown["key_change"] is None and one.shown["password_set"] is True
    one.station.answers["ChangeConfiguration"] = call_result.ChangeConfiguration("Accepted")
    done = one.api.post(f"/api/v1/stations/{one.identity}/key", {"send": True}, headers={"Prefer": "wait=10"})
    assert done["status"] == "answered" and done["response"] == {"status": "Accepted"}
    (heard,) = one.station.heard("ChangeConfiguration")
    assert heard["key"] == "AuthorizationKey" and len(bytes.fromhex(heard["value"])) == 20
    assert one.shown["key_change"]["state"] == "accepted"
    one.leaves()
    assert status_of_coming(one, password=PASSWORD) == 401
    one.come(password=bytes.fromhex(heard["value"]))
    assert one.shown["key_change"]["state"] == "confirmed"


def test_TC_083_a_stronger_security_profile(guarded, secure):
    one = guarded(1).come(password=PASSWORD)
    assert one.shown["security_profile"] == 1 and one.shown["security_profile_change"] is None
    one.asks("security-profile", {"security_profile": 2})
    assert one.station.heard("ChangeConfiguration") == [{"key": "SecurityProfile", "value": "2"}]
    assert (one.shown["security_profile_change"]["state"], one.shown["security_profile"]) == ("awaited", 1)
    assert one.order("Reset", {"type": "Hard"}, call_result.Reset("Accepted")) == {"status": "Accepted"}
    one.restart(tls=context(secure))
    assert (one.shown["security_profile_change"]["state"], one.shown["security_profile"]) == ("done", 2)
    one.leaves()
    assert status_of_coming(one, tls=None) == 403, "the weaker one is over"
    one.come(tls=context(secure))


def test_TC_085_a_name_and_a_password(guarded):
    one = guarded(1)
    assert status_of_coming(one) == 401 and status_of_coming(one, password="Wrong-Horse-1") == 401
    assert one.shown["online"] is False
    one.come(password=PASSWORD)
    assert one.shown["online"] is True


def test_TC_086_the_platform_shows_its_certificate(guarded, secure):
    one = guarded(2)
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    with pytest.raises(ssl.SSLCertVerificationError):
        one.connect(tls=stranger, password=PASSWORD)
    assert one.shown["online"] is False
    one.come(tls=context(secure))
    connection = one.station.socket.transport.get_extra_info("ssl_object")
    assert connection.version() in ("TLSv1.2", "TLSv1.3") and connection.compression() is None
    subject = dict(pair for part in connection.getpeercert()["subject"] for pair in part)
    assert subject["organizationName"] == OPERATOR
    assert one.shown["online"] is True


@pytest.mark.parametrize("cipher", [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384"])
def test_TC_086_each_cipher_suite_that_a_station_may_have(guarded, secure, cipher):
    one, only = guarded(2), context(secure)
    only.maximum_version = ssl.TLSVersion.TLSv1_2
    only.set_ciphers(cipher)
    one.come(tls=only, password=PASSWORD)
    assert one.station.socket.transport.get_extra_info("ssl_object").cipher()[0] == cipher
    assert one.shown["online"] is True


def test_TC_087_a_station_shows_its_certificate(guarded, secure):
    one = guarded(3, password=None)
    assert status_of_coming(one, tls=context(secure)) in (401, 403), "without one"
    other = guarded(3, password=None)
    key, certificate = signed(secure, other.identity)
    assert status_of_coming(one, tls=context(secure, certificate, key)) == 403, "another's"
    key, certificate = signed(secure, one.identity)
    one.come(tls=context(secure, certificate, key))
    (held,) = one.api.get(f"/api/v1/stations/{one.identity}/certificates")["items"]
    assert held["in_use"] is True and one.shown["online"] is True


def test_TC_088_the_sub_protocol(shared, api, bench):
    one = bench(come=False).connect(subprotocols=("ocpp0.1",))
    assert one.station.socket.subprotocol is None
    until(lambda: one.station.is_closed, "what speaks nothing that we do is closed")
    one.api.get(f"/api/v1/stations/{one.identity}", status=(200, 404))
    one.come(subprotocols=("ocpp0.1", "ocpp1.6"))
    assert one.station.socket.subprotocol == "ocpp1.6" and one.shown["protocol"] == "ocpp1.6"


# MARK: Certificates


def certificates(one):
    return [(c["state"], c["word"]) for c in one.api.get(f"/api/v1/stations/{one.identity}/certificates")["items"]]


def renew(one, secure, word):
    """The operator asks for a request, the station sends one, hears its certificate and answers `word`: that certificate."""
    one.station.answers["CertificateSigned"] = call_result.CertificateSigned(word)
    assert certificates(one) == []
    assert one.order("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"},
                     call_result.ExtendedTriggerMessage("Accepted")) == {"status": "Accepted"}
    key, request = signing_request(secure.folder, one.identity, f"/O={OPERATOR}/CN={one.identity}")
    assert one.station.call(call.SignCertificate(csr=request)).status == "Accepted"
    until(lambda: certificates(one)[0][0] == word.lower(), f"the certificate is {word}")
    (heard,) = one.station.heard("CertificateSigned")
    chain = secure.folder / f"{one.identity}.pem"
    chain.write_text(heard["certificateChain"])
    openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", secure.data / "pki/root.pem", chain)
    return key, chain


def test_TC_074_a_new_certificate_of_the_station(guarded, secure):
    one = guarded(2).come(tls=context(secure), password=PASSWORD)
    key, chain = renew(one, secure, "Accepted")
    one.leaves()
    one.api.put(f"/api/v1/stations/{one.identity}", {"security_profile": 3})
    one.come(tls=context(secure, chain, key), password=None)
    (held,) = one.api.get(f"/api/v1/stations/{one.identity}/certificates")["items"]
    assert held["in_use"] is True


def test_TC_077_a_certificate_that_the_station_finds_invalid(guarded, secure):
    one = guarded(2).come(tls=context(secure), password=PASSWORD)
    renew(one, secure, "Rejected")
    tells(one, "InvalidChargePointCertificate", "chain")
    assert f"{one.identity}/InvalidChargePointCertificate" in alarms(one)


def hash_of(number, algorithm="SHA256"):
    return {"hashAlgorithm": algorithm, "issuerNameHash": "ab" * 32, "issuerKeyHash": "cd" * 32, "serialNumber": number}


def lists(one, use, *held):
    """GetInstalledCertificateIds; the API shows what the station says that it holds."""
    answer = call_result.GetInstalledCertificateIds(
        "Accepted" if held else "NotFound", certificate_hash_data=list(held) or None)
    response = one.order("GetInstalledCertificateIds", {"certificateType": use}, answer)
    assert response.get("certificateHashData", []) == list(held)
    shown = one.api.get(f"/api/v1/stations/{one.identity}/installed-certificates")["items"]
    assert [entry["hash"] for entry in shown if entry["use"] == use] == list(held)


def install(one, secure, use, word="Accepted"):
    root = (secure.data / "pki/root.pem").read_text()
    assert one.order("InstallCertificate", {"certificateType": use, "certificate": root},
                     call_result.InstallCertificate(word)) == {"status": word}


@pytest.fixture
def plain(bench, secure):
    """A station without credentials, at the server that has an authority."""
    return bench(server=secure, settings={"security_profile": 0})


def held(one):
    """What the API shows of the certificates that the station holds: use, our root or not, whence it is known."""
    shown = one.api.get(f"/api/v1/stations/{one.identity}/installed-certificates")["items"]
    return [(entry["use"], entry["our_root"], entry["source"]) for entry in shown]


def installed(plain, use, word):
    """The operator's own order for one of the platform's roots; `use` and `word`: in 2.x's and in 1.6's words."""
    lists(plain, word)
    assert held(plain) == []
    asked = plain.api.post(
        f"/api/v1/stations/{plain.identity}/installed-certificates", {"root": "authority", "use": use},
        headers={"Prefer": "wait=10"})
    assert asked["response"] == {"status": "Accepted"}
    (heard,) = plain.station.heard("InstallCertificate")
    assert heard["certificateType"] == word and "BEGIN CERTIFICATE" in heard["certificate"]
    assert held(plain) == [(word, True, "installed")]
    (entry,) = plain.api.get(f"/api/v1/stations/{plain.identity}/installed-certificates")["items"]
    assert entry["not_after"] and OPERATOR in entry["subject"]
    lists(plain, word, hash_of("77"))
    assert held(plain) == [(word, False, "listed")], "what the station says counts"


def test_TC_075_1_a_root_of_the_manufacturer_is_installed(plain):
    installed(plain, "ManufacturerRootCertificate", "ManufacturerRootCertificate")


def test_TC_075_2_a_root_of_the_central_system_is_installed(plain):
    installed(plain, "CSMSRootCertificate", "CentralSystemRootCertificate")


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_TC_076_a_certificate_is_deleted(plain, secure, algorithm):
    use, gone, kept = "CentralSystemRootCertificate", hash_of("7", algorithm), hash_of("8", algorithm)
    install(plain, secure, use)
    lists(plain, use, gone, kept)
    plain.station.answers["DeleteCertificate"] = call_result.DeleteCertificate("Failed")
    path = f"/api/v1/stations/{plain.identity}/installed-certificates"
    asked = plain.api.post(path + ":delete", gone, headers={"Prefer": "wait=10"})
    assert asked["response"] == {"status": "Failed"}
    assert [entry["hash"] for entry in plain.api.get(path)["items"]] == [gone, kept]
    plain.station.answers["DeleteCertificate"] = call_result.DeleteCertificate("Accepted")
    plain.api.post(path + ":delete", gone, headers={"Prefer": "wait=10"})
    assert plain.station.heard("DeleteCertificate") == [{"certificateHashData": gone}] * 2
    assert [entry["hash"] for entry in plain.api.get(path)["items"]] == [kept], "without another list"
    # The operator's own question for both uses.
    plain.station.answers["GetInstalledCertificateIds"] = call_result.GetInstalledCertificateIds("NotFound")
    before = len(plain.station.heard("GetInstalledCertificateIds"))
    plain.api.post(path + ":read", headers={"Prefer": "wait=10"})
    assert {entry["certificateType"] for entry in plain.station.heard("GetInstalledCertificateIds")[before:]} == {
        use, "ManufacturerRootCertificate"}
    assert plain.api.get(path)["items"] == []


def test_TC_078_a_root_that_the_station_finds_invalid(plain, secure):
    install(plain, secure, "CentralSystemRootCertificate", "Rejected")
    tells(plain, "InvalidCentralSystemCertificate")
    assert f"{plain.identity}/InvalidCentralSystemCertificate" in alarms(plain)


# MARK: Security log


def job(one, kind):
    (found,) = one.api.every(f"/api/v1/stations/{one.identity}/jobs?kind={kind}")
    return found


def words(one, kind):
    return [step["word"] for step in job(one, kind)["steps"]]


def test_TC_079_the_security_log(bench):
    one = bench()
    assert one.api.every(f"/api/v1/stations/{one.identity}/jobs") == []
    one.asks("log", {
        "type": "security", "location": "https://files.example/logs", "from": now(-86_400), "to": now(), "retries": 1,
        "retry_interval_seconds": 60}, GetLog=call_result.GetLog("Accepted", "security.log"))
    (heard,) = one.station.heard("GetLog")
    assert (heard["logType"], heard["log"]["remoteLocation"]) == ("SecurityLog", "https://files.example/logs")
    assert (heard["retries"], heard["retryInterval"]) == (1, 60)
    asked = job(one, "log")
    assert (asked["state"], asked["number"], asked["file_name"]) == ("accepted", heard["requestId"], "security.log")
    for word, state in [("Uploading", "running"), ("Uploaded", "done")]:
        one.station.call(call.LogStatusNotification(status=word, request_id=heard["requestId"]))
        assert (job(one, "log")["state"], words(one, "log")[-1]) == (state, word)


# MARK: Signed firmware


def signed_update(one, folder):
    """The operator orders an update with a real signature, the station says yes: its number."""
    image = folder / "firmware.bin"
    image.write_bytes(b"firmware" * 100)
    key, certificate, signature = (folder / name for name in ("maker.key", "maker.pem", "firmware.sig"))
    openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/O=Maker/CN=Maker",
            "-days", 5, "-keyout", key, "-out", certificate)
    openssl("dgst", "-sha256", "-sign", key, "-out", signature, image)
    proof = base64.b64encode(signature.read_bytes()).decode()
    one.asks("firmware", {
        "location": "https://files.example/firmware.bin", "retrieve_at": now(), "install_at": now(300), "retries": 1,
        "retry_interval_seconds": 60, "signature": proof, "signing_certificate": certificate.read_text()},
        SignedUpdateFirmware=call_result.SignedUpdateFirmware("Accepted"))
    (heard,) = one.station.heard("SignedUpdateFirmware")
    assert heard["firmware"]["signature"] == proof and heard["firmware"]["signingCertificate"] == certificate.read_text()
    assert heard["firmware"]["location"] == "https://files.example/firmware.bin"
    asked = job(one, "firmware")
    assert (asked["state"], asked["number"], asked["signed"]) == ("accepted", heard["requestId"], True)
    return heard["requestId"]


def signed_tells(one, number, *told, state="running"):
    for word in told:
        before = words(one, "firmware")
        one.station.call(call.SignedFirmwareStatusNotification(status=word, request_id=number))
        assert words(one, "firmware") == [*before, word] and job(one, "firmware")["state"] == state


def test_TC_080_signed_firmware_is_installed(bench, tmp_path):
    one = bench()
    number = signed_update(one, tmp_path)
    signed_tells(one, number, "Downloading", "Downloaded", "SignatureVerified")
    one.all_say("Unavailable")
    signed_tells(one, number, "Installing", "InstallRebooting")
    one.leaves()
    one.connect()
    assert one.station.boot(firmware_version="2.0.0").status == "Accepted"
    tells(one, "FirmwareUpdated")
    one.all_say("Available")
    signed_tells(one, number, "Installed", state="done")
    assert (job(one, "firmware")["firmware_after"], one.shown["boot"]["firmware"]) == ("2.0.0", "2.0.0")


def test_TC_081_the_signature_of_firmware_is_invalid(bench, tmp_path):
    one = bench()
    number = signed_update(one, tmp_path)
    signed_tells(one, number, "Downloading", "Downloaded")
    signed_tells(one, number, "InvalidSignature", state="failed")
    tells(one, "InvalidFirmwareSignature")
    assert one.shown["boot"]["firmware"] == "1.0.0" and f"{one.identity}/InvalidFirmwareSignature" in alarms(one)
