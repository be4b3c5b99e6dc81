"""`tidewatt simulate` from outside: against a central system that others made, and against `tidewatt serve`."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from support.program import tidewatt
from support.recorder import read_log

PEERS = Path(__file__).parent / "peers"

SESSIONS = """\
session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw
1,E1,2026-01-05T08:00:00+08:00,2026-01-05T09:00:00+08:00,4,7
2,E2,2026-01-05T08:10:00+08:00,2026-01-05T09:00:00+08:00,3,7
3,E1,2026-01-05T09:30:00+08:00,2026-01-05T10:00:00+08:00,2,7
"""


@pytest.fixture
def sessions(tmp_path):
    file = tmp_path / "sessions.csv"
    file.write_text(SESSIONS, encoding="utf-8")
    return file


def simulate(port, sessions, version, prefix, path=""):
    return tidewatt(
        "simulate", "--url", f"ws://127.0.0.1:{port}{path}", "--sessions", sessions, "--ocpp", version, "--speed", "2000",
        "--identity-prefix", prefix, "--format", "json", seconds=120)


@pytest.fixture
def central():
    """A peer's central system; calling it ends it and gives what it has to say."""
    started = []

    def start(script):
        process = subprocess.Popen(
            [sys.executable, PEERS / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        port = int(process.stdout.readline().split()[1])
        return port, lambda: json.loads(process.communicate(timeout=30)[0])

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def test_a_foreign_central_system_of_201_takes_its_sessions(central, sessions):
    port, verdict = central("central201.py")
    ended = simulate(port, sessions, "2.0.1", "PY-")
    assert ended.returncode == 0, ended.stderr
    verdict = verdict()
    assert verdict["faults"] == []
    # By 16 A: what fits in each stay is less than the driver wants in the last one.
    sold = sum(stop - start for start, stop in verdict["sessions"])
    assert len(verdict["sessions"]) == 3 and 6_000 < sold <= 9_000
    assert verdict["answers"]["SetChargingProfile"] == ["Accepted", "Accepted"]
    assert verdict["answers"]["Overlapping"] == ["Rejected", "Rejected"]
    assert verdict["answers"]["GetVariables.status"] == ["Accepted", "UnknownComponent"]
    assert verdict["answers"]["SetVariables.status"] == ["Accepted", "UnknownVariable"]
    assert verdict["answers"]["UnlockConnector"] == ["UnknownConnector", "UnknownConnector"]
    assert verdict["actions"]["BootNotification"] == 2 and verdict["actions"]["ReportChargingProfiles"] == 2
    assert verdict["variables"] > 100


@pytest.mark.parametrize("version, protocols", [
    ("2.0.1", {"ocpp2.0.1"}), ("mixed", {"ocpp1.6", "ocpp2.0.1"}), ("1.6", {"ocpp1.6"})])
def test_the_platform_books_what_the_stations_metered(shared, api, sessions, version, protocols):
    prefix = f"SIM{version}-"
    for tag in ("E1", "E2"):
        api.put(f"/api/v1/id-tokens/{tag}", {"status": "Accepted"})
    ended = simulate(shared.ocpp, sessions, version, prefix, "/ocpp")
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    stations = [f"{prefix}{number:03}" for number in (1, 2)]
    for station in stations:
        read_log(station, api.station(station)["protocol"], api.every(f"/api/v1/stations/{station}/messages"))
    assert {api.station(station)["protocol"] for station in stations} == protocols
    booked = [session for station in stations for session in api.sessions(station)]
    assert len(booked) == 3 and all(session["status"] == "ended" for session in booked)
    assert {session["stop_reason"] for session in booked} == {"EVDisconnected"}
    imported = sum(session["import_wh"] for session in booked)
    assert imported > 0
    assert abs(imported - 1000 * Decimal(answer["energy"]["delivered_kwh"])) <= 2 * len(booked)
