"""Stations over TLS, from outside: the finished program, Python's ssl and the openssl program."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.polling import until
from support.recorder import Conversation

PEER = Path(__file__).parent / "peers/tls_station.py"


@pytest.fixture
def secure(serve):
    return serve(unknown=False, env={"TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0", "TIDEWATT_TLS_ORGANIZATION": "Harbour Power"})


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def visit(server, identity, *options):
    """What a station sees that comes over TLS."""
    command = [sys.executable, PEER, str(server.ports["ocpps"]), identity, "--ca", server.data / "pki/root.pem", *options]
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=True)
    seen = json.loads(ended.stdout)
    if "answer" in seen:
        conversation = Conversation(identity, "ocpp1.6")
        conversation.sent('[2,"1","Heartbeat",{}]')
        conversation.heard(seen["answer"])
    return seen


def certificate(server, identity, organization="Harbour Power", days=30):
    """Options for a station with a certificate that the platform's own root signed."""
    folder = server.folder
    key, request, signed = (folder / f"{identity}.{end}" for end in ["key", "csr", "pem"])
    openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-subj", f"/O={organization}/CN={identity}", "-keyout", key, "-out", request)
    pki = server.data / "pki"
    openssl("x509", "-req", "-in", request, "-CA", pki / "root.pem", "-CAkey", pki / "root.key", "-set_serial", "0x1234",
            "-days", str(days), "-out", signed)
    return "--cert", signed, "--key", key


def test_secrets_are_for_their_owner_only(secure):
    for name in ["pki/root.key", "pki/server-ecdsa.pem", "pki/server-rsa.pem", "station-keys.secret"]:
        assert (secure.data / name).stat().st_mode & 0o077 == 0, name


def test_a_password_is_checked_over_tls_and_a_weaker_profile_is_refused(secure):
    secure.api().put("/api/v1/stations/T2", {"password": "Correct-Horse-1", "security_profile": 2})
    assert visit(secure, "T2", "--password", "Correct-Horse-1")["status"] == 101
    assert visit(secure, "T2", "--password", "wrong")["status"] == 401
    assert visit(secure, "T2")["status"] == 401
    assert visit(secure, "nobody", "--password", "Correct-Horse-1")["status"] == 404
    plain = subprocess.run(
        [sys.executable, PEER, str(secure.ocpp), "T2", "--plain", "--password", "Correct-Horse-1"],
        capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(plain.stdout)
    assert answer["status"] == 403 and "security profile 2" in answer["text"]


def test_a_certificate_lets_its_own_station_in_and_no_other(secure):
    secure.api().put("/api/v1/stations/T3", {"security_profile": 3})
    secure.api().put("/api/v1/stations/T4", {"security_profile": 3, "password": "Correct-Horse-1"})
    own = certificate(secure, "T3")
    seen = visit(secure, "T3", *own)
    assert seen["status"] == 101 and seen["answer"].startswith('[3,"1"'), seen
    other = visit(secure, "T4", *own)
    assert other["status"] == 403 and "T3" in other["text"], other
    weaker = visit(secure, "T4", "--password", "Correct-Horse-1")
    assert weaker["status"] == 403, weaker
    foreign = visit(secure, "T4", *certificate(secure, "T4", organization="Somebody Else"))
    assert foreign["status"] == 403 and "Harbour Power" in foreign["text"], foreign


def test_new_certificates_come_into_force_on_sighup_and_sockets_stay(secure):
    secure.api().put("/api/v1/stations/H1", {"security_profile": 2, "password": "Correct-Horse-1"})
    holding = subprocess.Popen(
        [sys.executable, PEER, str(secure.ports["ocpps"]), "H1", "--ca", str(secure.data / "pki/root.pem"),
         "--password", "Correct-Horse-1", "--hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert json.loads(holding.stdout.readline())["ready"]
    pki = secure.data / "pki"
    serial = (pki / "server-ecdsa.pem").read_text()
    for name in ["server-ecdsa.pem", "server-rsa.pem"]:
        os.remove(pki / name)
    secure.process.send_signal(signal.SIGHUP)
    until(lambda: any("certificates-reloaded" in line for line in secure.log), "the reload is in the log")
    assert (pki / "server-ecdsa.pem").read_text() != serial
    secure.api().put("/api/v1/stations/H2", {"security_profile": 2, "password": "Correct-Horse-1"})
    assert visit(secure, "H2", "--password", "Correct-Horse-1")["status"] == 101
    # What cannot be used changes nothing.
    (pki / "server-rsa.pem").write_text("nonsense")
    secure.process.send_signal(signal.SIGHUP)
    until(lambda: any("certificates-refused" in line for line in secure.log), "the refusal is in the log")
    assert visit(secure, "H2", "--password", "Correct-Horse-1")["status"] == 101
    said, _ = holding.communicate("go\n", timeout=30)
    assert json.loads(said)["second"].startswith('[3,"2"')


def test_attempts_that_fail_are_told_with_the_reason(secure):
    assert "fault" in visit(secure, "X", "--max", "TLSv1_1", "--ciphers", "ALL:@SECLEVEL=0")
    until(lambda: any("tls-refused" in line and "UNSUPPORTED_PROTOCOL" in line for line in secure.log), "tls-refused")
