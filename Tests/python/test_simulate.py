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


V2G = """\
session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,max_discharge_kw,battery_kwh,soc_arrival,soc_min,\
charge_efficiency,discharge_efficiency
1,E1,2026-01-05T08:00:00+08:00,2026-01-05T08:10:00+08:00,6,20,20,60,0.5,0.3,0.95,0.95
2,E2,2026-01-05T08:00:00+08:00,2026-01-05T08:10:00+08:00,6,20,20,60,0.3,0.3,0.95,0.95
"""


def simulate(port, sessions, version, prefix, path="", speed=2000):
    return tidewatt(
        "simulate", "--url", f"ws://127.0.0.1:{port}{path}", "--sessions", sessions, "--ocpp", version, "--speed", str(speed),
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


def test_a_foreign_central_system_of_21_moves_energy_both_ways(central, tmp_path):
    sessions = tmp_path / "v2g.csv"
    sessions.write_text(V2G, encoding="utf-8")
    port, verdict = central("central21.py")
    ended = simulate(port, sessions, "2.1", "V2G-", speed=60)
    assert ended.returncode == 0, ended.stderr
    verdict = verdict()
    assert verdict["faults"] == []
    answers = verdict["answers"]
    assert answers["V2X"][0] == "DC,DC_BPT" and "CentralSetpoint" in answers["V2X"][1]
    assert len(set(answers["EVCCID"])) == 2
    assert verdict["refusals"] == {"no setpoint": "InvalidSchedule", "no curve": "NoFreqWattCurve"}
    assert answers["SetChargingProfile"] == answers["UpdateDynamicSchedule"] == ["Accepted", "Accepted"]
    assert answers["UpdateUnknown"] == ["Rejected", "Rejected"]
    assert answers["composite"] == [["CentralSetpoint", 6000]]
    assert {one["requested_energy_transfer"] for one in verdict["needs"]} == {"DC_BPT"}
    targets = sorted(one["v2x_charging_parameters"]["ev_target_energy_request"] for one in verdict["needs"])
    assert targets == [6000, 6000]
    # Both were told to give 5 kW for three minutes, then to take 6 kW; one stood at its driver's minimum.
    exported = sorted(
        one["end"]["Energy.Active.Export.Register"] - one["start"]["Energy.Active.Export.Register"]
        for one in verdict["sessions"])
    assert exported[0] == 0 and 180 < exported[1] < 330
    giver = next(one for one in verdict["sessions"] if one["end"]["Energy.Active.Export.Register"])
    assert {"Power.Active.Setpoint": -5000, "Power.Active.Export": 5000}.items() <= giver["samples"][2].items()
    assert {"Power.Active.Setpoint": 6000, "Power.Active.Import": 6000}.items() <= giver["samples"][-1].items()
    assert all(one["modes"] == ["CentralSetpoint"] for one in verdict["sessions"])
    told = json.loads(ended.stdout)["energy"]
    assert abs(1000 * Decimal(told["exported_kwh"]) - Decimal(str(sum(exported)))) <= 1


@pytest.mark.parametrize("version, protocols", [
    ("2.1", {"ocpp2.1"}), ("2.0.1", {"ocpp2.0.1"}), ("mixed", {"ocpp1.6", "ocpp2.0.1"}), ("1.6", {"ocpp1.6"})])
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
