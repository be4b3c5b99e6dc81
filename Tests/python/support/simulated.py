"""One simulated station of the program's own, at high speed, until the test has seen enough."""

import os
import signal
import subprocess

from .polling import until
from .program import PROGRAM, _environment
from .station import fresh


class Simulated:
    """`with Simulated(server, tmp_path, "2.0.1") as station:` connected. A vehicle is there from a minute of its clock on; with
    several EVSEs one at each of the first `vehicles` (all)."""

    def __init__(self, server, folder, version, faults="none", speed=20, evses=1, vehicles=None, prefix=None, options=()):
        prefix = prefix or fresh("SIMFW") + "-"
        energy = 1 if evses == 1 else 40
        self.server = server
        self.sessions = folder / f"{prefix}sessions.csv"
        self.sessions.write_text(
            "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n" + "".join(
                f"{month}-{evse},E{evse},2026-{month}-10T18:00:00+08:00,2026-{month}-11T07:00:00+08:00,{energy},7\n"
                for month in ("03", "06")
                for evse in range(1, 1 + (evses if vehicles is None else vehicles))), encoding="utf-8")
        self.arguments = [
            PROGRAM, "simulate", "--url", f"ws://127.0.0.1:{server.ocpp}/ocpp", "--sessions", str(self.sessions),
            "--ocpp", version, "--stations", "1", "--evses", str(evses), "--speed", str(speed), "--faults", faults,
            "--identity-prefix", prefix, *map(str, options)]
        self.prefix = prefix
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(None))
        api = self.server.api()

        def there():
            for one in api.every("/api/v1/stations"):
                if one["id"].startswith(self.prefix) and one["online"] and one["boot"]:
                    return one["id"]
            return None
        self.identity = until(there, "the simulated station", 30)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
