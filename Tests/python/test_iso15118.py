"""Plug and charge (2.x C07, M01, M02, M06, A02; 1.6 inside DataTransfer): a real PKI, OpenSSL's responder, a provider."""

import base64
import json
import shutil
import socket
import subprocess

import pytest
from ocpp.v16 import call as call16

from support.hook import Hook
from support.kinds import KINDS, is16, new_station
from support.polling import until
from support.simulated import Simulated
from support.station import fresh

PNC = "org.openchargealliance.iso15118pnc"


def openssl(folder, *arguments, stdin=None):
    done = subprocess.run(
        ["openssl", *map(str, arguments)], cwd=folder, capture_output=True, input=stdin, check=False, timeout=20)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Authority:
    """Root and sub authority, contracts, and OpenSSL's OCSP responder for the sub authority."""

    CONFIG = """\
[ca]
default_ca=sub
[sub]
database=index.txt
serial=serial
new_certs_dir=.
certificate=sub.pem
private_key=sub.key
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
organizationName=optional
[v3_ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[v3_contract]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
authorityInfoAccess=OCSP;URI:http://{host}/
[v3_ocsp]
basicConstraints=critical,CA:FALSE
extendedKeyUsage=critical,OCSPSigning
keyUsage=critical,digitalSignature
"""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        (folder / "ca.cnf").write_text(self.CONFIG.format(host=self.host))
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1001\n")
        self.key("root")
        openssl(
            folder, "req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=MO Root/O=MO", "-days", "30", "-out", "root.pem",
            "-config", self.request_config(), "-extensions", "v3_ca")
        self.key("sub")
        self.csr("sub", "/CN=MO Sub/O=MO")
        openssl(
            folder, "x509", "-req", "-in", "sub.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30",
            "-extfile", "ca.cnf", "-extensions", "v3_ca", "-out", "sub.pem")
        self.issue("ocsp", "MO OCSP", "v3_ocsp")
        self.responder = None

    def request_config(self):
        path = self.folder / "req.cnf"
        path.write_text(self.CONFIG.format(host=self.host) + "[req]\ndistinguished_name=dn\n[dn]\n")
        return path

    def key(self, name):
        openssl(self.folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key")

    def csr(self, name, subject):
        openssl(self.folder, "req", "-new", "-key", name + ".key", "-subj", subject, "-out", name + ".csr", "-config", self.request_config())

    def issue(self, name, common_name, extensions="v3_contract", days=10, start=None, end=None):
        self.key(name)
        self.csr(name, f"/CN={common_name}/O=MO")
        span = ["-startdate", start, "-enddate", end] if end else ["-days", days]
        openssl(
            self.folder, "ca", "-batch", "-config", "ca.cnf", "-in", name + ".csr", "-out", name + ".pem", "-notext",
            "-extensions", extensions, *span)
        return (self.folder / (name + ".pem")).read_text()

    def revoke(self, name):
        openssl(self.folder, "ca", "-batch", "-config", "ca.cnf", "-revoke", name + ".pem")
        # The responder reads its index when it starts.
        self.restart()

    def start(self):
        said = self.folder / "responder.log"
        with said.open("w") as log:
            self.responder = subprocess.Popen(
                ["openssl", "ocsp", "-index", "index.txt", "-port", str(self.port), "-rsigner", "ocsp.pem", "-rkey", "ocsp.key",
                 "-CA", "sub.pem", "-nmin", "60"], cwd=self.folder, stdout=log, stderr=log)
        # A connection without a request would hold it up.
        until(lambda: "waiting for OCSP client" in said.read_text(), "the responder listens")

    def stop(self):
        if self.responder:
            self.responder.kill()
            self.responder.wait()

    def restart(self):
        self.stop()
        self.start()

    def trusted(self):
        """Hash data names no chain: a responder's certificate leads to the authority that issued it."""
        path = self.folder / "trusted.pem"
        path.write_text((self.folder / "root.pem").read_text() + (self.folder / "sub.pem").read_text())
        return path

    def chain(self, name):
        return (self.folder / (name + ".pem")).read_text() + (self.folder / "sub.pem").read_text()

    def hash_data(self, name):
        """How OCPP names a certificate of the sub authority (2.0.1 OCSPRequestDataType)."""
        text = openssl(
            self.folder, "ocsp", "-sha256", "-issuer", "sub.pem", "-cert", name + ".pem", "-req_text", "-no_nonce").decode()
        values = dict(line.strip().split(": ", 1) for line in text.splitlines() if ": " in line)
        return {
            "hash_algorithm": "SHA256", "issuer_name_hash": values["Issuer Name Hash"].lower(),
            "issuer_key_hash": values["Issuer Key Hash"].lower(), "serial_number": values["Serial Number"],
            "responder_url": f"http://{self.host}/"}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    assert shutil.which("openssl"), "apt-get install openssl"
    authority = Authority(tmp_path_factory.mktemp("pki"))
    authority.issue("good", "EMP77TESTA12345")
    authority.issue("revoked", "EMP77REVOKED123")
    authority.issue("over", "EMP77EXPIRED123", start="20240101000000Z", end="20240201000000Z")
    authority.start()
    authority.revoke("revoked")
    yield authority
    authority.stop()


@pytest.fixture(scope="module")
def provider():
    hook = Hook(lambda asked: {"status": "Accepted", "exi_response": "RVhJ" + asked["exi_request"], "remaining_contracts": 2})
    yield hook
    hook.stop()


@pytest.fixture(scope="module")
def platform(tmp_path_factory, pki, provider):
    from support.program import Server
    folder = tmp_path_factory.mktemp("platform")
    settings = (
        f'iso15118: {{roots: "{pki.trusted()}", contract_provider: "{provider.url}", ocsp_hosts: "{pki.host}",\n'
        f'  certificate: "{pki.folder}/sub.pem", key: "{pki.folder}/sub.key"}}\n')
    (pki.folder / "sub.key").chmod(0o600)
    server = Server(folder, settings=settings).start()
    for name in ["EMP77TESTA12345", "EMP77REVOKED123", "EMP77EXPIRED123"]:
        server.api().put(f"/api/v1/id-tokens/{name}", {"status": "Accepted", "type": "eMAID"})
    yield server
    server.stop()


@pytest.fixture(params=KINDS)
def one(request, platform):
    one = new_station(request.param, platform, fresh())
    one.connect().boot()
    yield one
    one.close()


def camel(value):
    """Field names as they are on the wire."""
    if isinstance(value, dict):
        return {"".join(p if i == 0 else p.title() for i, p in enumerate(k.split("_"))).replace("Url", "URL"): camel(v)
                for k, v in value.items()}
    return [camel(v) for v in value] if isinstance(value, list) else value


def ask(one, message, /, **fields):
    """The answer's fields as on the wire, for 1.6 inside a DataTransfer."""
    if is16(one):
        answer = one.call(call16.DataTransfer(vendor_id=PNC, message_id=message, data=json.dumps(camel(fields))))
        assert answer.status == "Accepted", answer
        return json.loads(answer.data)
    return one.say(message, camel(fields))


def authorize(one, token, **fields):
    answer = ask(one, "Authorize", id_token={"id_token": token, "type": "eMAID"}, **fields)
    return answer.get("certificateStatus"), answer["idTokenInfo"]["status"]


# MARK: C07

def test_TC_C_50_TC_C_52_a_contract_whose_certificates_hold_may_charge(one, pki):
    assert authorize(one, "EMP77TESTA12345", iso15118_certificate_hash_data=[pki.hash_data("good")]) == ("Accepted", "Accepted")
    assert authorize(one, "EMP77TESTA12345", certificate=pki.chain("good")) == ("Accepted", "Accepted")


def test_a_contract_that_the_platform_does_not_accept_is_cancelled(one, pki, platform):
    platform.api().put("/api/v1/id-tokens/EMP77BLOCKED123", {"status": "Blocked"})
    for token, word in [("EMP77BLOCKED123", "Blocked"), ("EMP77NOBODY1234", "Invalid")]:
        assert authorize(one, token, iso15118_certificate_hash_data=[pki.hash_data("good")]) == ("ContractCancelled", word)


def test_TC_C_51_a_revoked_certificate_is_refused(one, pki):
    assert authorize(one, "EMP77REVOKED123", iso15118_certificate_hash_data=[pki.hash_data("revoked")]) == (
        "CertificateRevoked", "Invalid")
    assert authorize(one, "EMP77REVOKED123", certificate=pki.chain("revoked")) == ("CertificateRevoked", "Invalid")


def test_an_expired_certificate_is_refused(one, pki):
    assert authorize(one, "EMP77EXPIRED123", certificate=pki.chain("over")) == ("CertificateExpired", "Expired")


def test_certificates_that_cannot_be_verified_are_refused(one, pki, tmp_path):
    stranger = Authority(tmp_path)
    stranger.issue("foreign", "EMP77TESTA12345")
    assert authorize(one, "EMP77TESTA12345", certificate=stranger.chain("foreign")) == ("CertChainError", "Invalid")
    # A responder that the operator did not name is not asked, and one that says nothing proves nothing.
    elsewhere = {**pki.hash_data("good"), "responder_url": f"http://{stranger.host}/", "serial_number": "77"}
    assert authorize(one, "EMP77TESTA12345", iso15118_certificate_hash_data=[elsewhere]) == ("CertChainError", "Invalid")
    unknown = {**pki.hash_data("good"), "serial_number": "7777"}
    assert authorize(one, "EMP77TESTA12345", iso15118_certificate_hash_data=[unknown]) == ("CertChainError", "Invalid")


def test_a_token_without_certificates_is_judged_as_ever(one):
    if is16(one):
        assert one.authorize("EMP77TESTA12345") == "Accepted"
    else:
        assert authorize(one, "EMP77TESTA12345") == (None, "Accepted")


# MARK: M06

def test_TC_M_24_the_status_of_a_certificate_is_passed_on_as_the_responder_signed_it(one, pki, tmp_path):
    answer = ask(one, "GetCertificateStatus", ocsp_request_data=pki.hash_data("good"))
    assert answer["status"] == "Accepted"
    (tmp_path / "answer.der").write_bytes(base64.b64decode(answer["ocspResult"]))
    text = openssl(
        tmp_path, "ocsp", "-respin", "answer.der", "-issuer", pki.folder / "sub.pem", "-CAfile", pki.folder / "root.pem",
        "-verify_other", pki.folder / "sub.pem", "-resp_text").decode()
    assert "Cert Status: good" in text


def test_TC_M_24_a_status_is_remembered_until_its_next_update(one, pki):
    pki.issue("remembered", fresh("EMP77MEM"))
    pki.restart()
    data = pki.hash_data("remembered")
    assert ask(one, "GetCertificateStatus", ocsp_request_data=data)["status"] == "Accepted"
    pki.stop()
    try:
        assert ask(one, "GetCertificateStatus", ocsp_request_data=data)["status"] == "Accepted"
        other = {**data, "serial_number": "4242"}
        assert ask(one, "GetCertificateStatus", ocsp_request_data=other)["status"] == "Failed"
    finally:
        pki.start()


def test_the_status_of_a_whole_chain_is_told_one_by_one(platform, pki):
    """2.1 only; revocation lists are not read, and what cannot be found out is Failed."""
    one = new_station("ocpp2.1", platform, fresh()).connect()
    one.boot()

    def asked(name, source="OCSP"):
        data = dict(camel(pki.hash_data(name)))
        return {"source": source, "urls": [data.pop("responderURL")], "certificateHashData": data}

    answer = one.say("GetCertificateChainStatus", {
        "certificateStatusRequests": [asked("good"), asked("revoked"), asked("good", "CRL")]})
    told = answer["certificateStatus"]
    assert [each["status"] for each in told] == ["Good", "Revoked", "Failed"]
    assert [each["certificateHashData"]["serialNumber"] for each in told] == [
        pki.hash_data(name)["serial_number"] for name in ["good", "revoked", "good"]]
    one.close()


def test_TC_M_25_without_an_answer_of_a_responder_the_status_is_failed(one, pki):
    data = {**pki.hash_data("good"), "responder_url": "http://127.0.0.1:1/", "serial_number": "55"}
    assert ask(one, "GetCertificateStatus", ocsp_request_data=data)["status"] == "Failed"


# MARK: M01, M02

@pytest.mark.parametrize("action", ["Install", "Update"])
def test_TC_M_26_TC_M_28_a_contract_certificate_comes_from_the_provider(one, provider, action):
    answer = ask(
        one, "Get15118EVCertificate", iso15118_schema_version="urn:iso:15118:2:2013:MsgDef", action=action, exi_request="QUJD")
    assert (answer["status"], answer["exiResponse"]) == ("Accepted", "RVhJQUJD")
    asked = provider.heard[-1]
    assert (asked["station"], asked["action"], asked["exi_request"]) == (one.identity, action, "QUJD")


def test_TC_M_27_a_provider_that_refuses_or_fails_is_passed_on_as_failed(one, provider):
    fields = dict(iso15118_schema_version="urn:iso:15118:2:2013:MsgDef", action="Install", exi_request="QUJD")
    said, provider.answer = provider.answer, {"status": "Failed", "reason": "no contract"}
    try:
        answer = ask(one, "Get15118EVCertificate", **fields)
        assert answer["status"] == "Failed" and answer["statusInfo"]["additionalInfo"] == "no contract"
        provider.status = 503
        assert ask(one, "Get15118EVCertificate", **fields)["status"] == "Failed"
    finally:
        provider.answer, provider.status = said, 200


# MARK: A02 for the side of the vehicle

def test_a_certificate_towards_vehicles_is_signed_by_its_own_authority(one, pki, tmp_path, platform):
    openssl(tmp_path, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "v2g.key")
    openssl(tmp_path, "req", "-new", "-key", "v2g.key", "-subj", f"/CN={one.identity}/O=Tidewatt", "-out", "v2g.csr")
    from ocpp.v16 import call_result as says16
    if is16(one):
        one.answers["DataTransfer"] = lambda fields: says16.DataTransfer("Accepted", data=json.dumps({"status": "Accepted"}))
    answer = ask(one, "SignCertificate", csr=(tmp_path / "v2g.csr").read_text(), certificate_type="V2GCertificate")
    assert answer["status"] == "Accepted"

    def delivered():
        if is16(one):
            return [json.loads(call["data"]) for call in one.heard("DataTransfer") if call["messageId"] == "CertificateSigned"]
        return one.heard("CertificateSigned")

    signed = until(delivered, "the certificate came")[-1]
    assert signed["certificateType"] == "V2GCertificate"
    (tmp_path / "v2g.pem").write_text(signed["certificateChain"])
    openssl(tmp_path, "verify", "-CAfile", pki.folder / "root.pem", "-untrusted", pki.folder / "sub.pem", "v2g.pem")
    shown = until(
        lambda: [c for c in platform.api().get(f"/api/v1/stations/{one.identity}/certificates")["items"] if c["state"] == "accepted"],
        "its state is kept")
    assert f"CN={one.identity}" in shown[0]["subject"]


# MARK: Without any of it

@pytest.mark.parametrize("kind", KINDS)
def test_without_configuration_nothing_is_accepted_that_cannot_be_checked(shared, api, pki, kind):
    one = new_station(kind, shared, fresh())
    one.connect().boot()
    api.put("/api/v1/id-tokens/EMP77TESTA12345", {"status": "Accepted"})
    assert authorize(one, "EMP77TESTA12345", iso15118_certificate_hash_data=[pki.hash_data("good")]) == ("CertChainError", "Invalid")
    assert ask(one, "GetCertificateStatus", ocsp_request_data=pki.hash_data("good"))["status"] == "Failed"
    answer = ask(
        one, "Get15118EVCertificate", iso15118_schema_version="urn:iso:15118:2:2013:MsgDef", action="Install", exi_request="QUJD")
    assert answer["status"] == "Failed"
    one.close()


@pytest.mark.parametrize("kind", ["ocpp1.6"])
def test_a_message_of_plug_and_charge_that_nobody_routes_is_unknown(shared, kind):
    one = new_station(kind, shared, fresh()).connect()
    one.boot()
    answer = one.call(call16.DataTransfer(vendor_id=PNC, message_id="NotifyEVChargingNeeds", data="{}"))
    assert answer.status == "UnknownMessageId"
    one.close()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_vehicles_of_simulated_stations_pay_by_contract_and_tell_their_needs(platform, pki, tmp_path, version):
    def charging(name, **more):
        (tmp_path / "contract.pem").write_text(pki.chain(name))
        driven = Simulated(platform, tmp_path, version, **more)
        driven.arguments += ["--contracts", str(tmp_path / "contract.pem")]
        return driven

    api = platform.api()
    with charging("good") as station:
        path = "/api/v1/sessions?station=" + station.identity
        (session,) = until(lambda: api.get(path)["items"], "the session", 30)
        assert session["id_token"] == "EMP77TESTA12345"
        if version == "2.0.1":
            def stated():
                needs = api.get("/api/v1/sessions/" + session["id"])["needs"]
                return needs and (needs["stated_by"], needs["energy_kwh"])
            assert until(stated, "its needs", 30) == ("vehicle (ISO 15118)", 1)
    with charging("revoked") as station:
        asked = "DataTransfer" if version == "1.6" else "Authorize"

        def answered():
            return any(one["action"] == asked and "CertificateRevoked" in json.dumps(one["reply"])
                       for one in api.every(f"/api/v1/stations/{station.identity}/messages"))
        until(answered, "it is refused", 30)
        # What the station makes of it, it has said before it answers what came later.
        api.command(station.identity, "TriggerMessage", {"requestedMessage": "Heartbeat"})
        assert api.get("/api/v1/sessions?station=" + station.identity)["items"] == []
