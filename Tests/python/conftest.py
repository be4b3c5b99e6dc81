"""Servers of the tests: one that many tests share, and fresh ones for those that kill or configure theirs."""

import pytest

from support.program import PROGRAM, Server
from support.station import Station


def pytest_report_header():
    return f"program: {PROGRAM}"


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Open, accepts unknown stations. Tests use identities of their own (`fresh`)."""
    server = Server(tmp_path_factory.mktemp("shared")).start()
    yield server
    server.stop()


@pytest.fixture
def api(shared):
    return shared.api()


@pytest.fixture
def serve(tmp_path):
    """Starts servers that end with the test: `serve(unknown=False)`."""
    servers = []

    def start(**options):
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        servers.append(Server(folder, **options))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def station(shared):
    """Connects stations that leave with the test: `station("CP-1")`."""
    stations = []

    def connect(identity, *, server=shared, **options):
        stations.append(Station(server.ocpp, identity, **options))
        return stations[-1].connect()

    yield connect
    for one in stations:
        one.close()
