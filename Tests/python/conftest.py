"""Servers of the tests: one that many tests share, and fresh ones for those that kill or configure theirs."""

import pytest

from support import recorder
from support.charger import Charger
from support.program import PROGRAM, Server
from support.station import Station, fresh


def pytest_report_header():
    return f"program: {PROGRAM}"


def pytest_configure(config):
    config.addinivalue_line("markers", "misbehaves: a station of this test says on purpose what no standard allows")


@pytest.fixture(autouse=True)
def judged(request):
    """Holds every frame of the test to schemas and framing rules, when all else of it is over (`support/recorder.py`)."""
    yield
    platform, stations = recorder.judge()
    if request.node.get_closest_marker("misbehaves") is None:
        platform += [f"(the test's own station; mark it `misbehaves` if it is meant) {line}" for line in stations]
    assert not platform, f"{len(platform)} wrong frames:\n" + "\n".join(platform[:10])


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


@pytest.fixture
def version(request):
    """The sub-protocol of `charger`: 2.0.1, and 2.1 too in tests marked `both`."""
    return getattr(request, "param", "ocpp2.0.1")


@pytest.fixture
def charger(shared, version):
    """Connects stations of 2.x that leave with the test: `charger()`."""
    chargers = []

    def connect(identity=None, *, server=shared, kind=version, boots=True, **options):
        one = Charger(server.ocpp, identity or fresh("CS"), kind, api=server.api(), **options)
        chargers.append(one)
        one.connect()
        if boots:
            one.booted()
        return one

    yield connect
    for one in chargers:
        one.close()
