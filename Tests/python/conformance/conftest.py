"""Stations of the cases; they leave when a case is over."""

import subprocess
from types import SimpleNamespace

import pytest

from support.bench16 import Bench
from support.hook import Hook
from support.polling import until
from support.program import Server


@pytest.fixture
def bench(shared):
    """A station of 1.6 that has come: `bench()`; `come=False`: one that has not connected yet."""
    made = []

    def make(*, server=shared, come=True, **options):
        made.append(Bench(server, **options))
        return made[-1].come() if come else made[-1]

    yield make
    for one in made:
        if one.station is not None:
            one.station.close()


def vouches(pki):
    """The responder says of the good contract that it is good."""
    said = subprocess.run(
        ["openssl", "ocsp", "-issuer", "sub.pem", "-cert", "good.pem", "-url", f"http://{pki.host}/", "-noverify"],
        cwd=pki.folder, capture_output=True, text=True, check=False)
    return "good.pem: good" in said.stdout


CONTRACT, REVOKED = "EMP77TESTA12345", "EMP77REVOKED123"


@pytest.fixture(scope="session")
def mobility(tmp_path_factory):
    """A platform that works with a mobility operator: an authority whose certificates OpenSSL's responder vouches for, one
    good and one revoked contract, and a provider of contract certificates."""
    from test_iso15118 import Authority
    pki = Authority(tmp_path_factory.mktemp("mobility-pki"))
    pki.issue("good", CONTRACT)
    pki.issue("revoked", REVOKED)
    pki.start()
    pki.revoke("revoked")
    until(lambda: vouches(pki), "the responder answers", 60)
    provider = Hook(lambda asked: {"status": "Accepted", "exi_response": "RVhJ" + asked["exi_request"]})
    (pki.folder / "sub.key").chmod(0o600)
    server = Server(tmp_path_factory.mktemp("mobility"), settings=(
        f'iso15118: {{roots: "{pki.trusted()}", contract_provider: "{provider.url}", ocsp_hosts: "{pki.host}",\n'
        f'  certificate: "{pki.folder}/sub.pem", key: "{pki.folder}/sub.key"}}\n')).start()
    for contract in (CONTRACT, REVOKED):
        server.api().put(f"/api/v1/id-tokens/{contract}", {"status": "Accepted", "type": "eMAID"})
    yield SimpleNamespace(pki=pki, provider=provider, server=server, contract=CONTRACT, revoked=REVOKED)
    server.stop()
    provider.stop()
    pki.stop()
