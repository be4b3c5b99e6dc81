#!/usr/bin/env python3
"""CPU microseconds a message and memory a connection, of the echo server or of the whole platform.

    python3 run.py                                        # the gateway alone (builds `echo` of this package)
    python3 run.py --program ../../.build/release/tidewatt       # `serve --open` with a fresh data directory: durable answers
    python3 run.py --program … --messages 200000 --connections 200 --memory-connections 2000

Prints a Markdown table; needs a C compiler. CPU is user + system time of the server process from /proc, so what else runs on
the machine hardly matters; messages a second do depend on it. Memory is the growth of the resident set by stations that have
booted, reported two connectors, ended a session and (platform) taken a charging profile.
"""

import argparse
import concurrent.futures
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = """listen: {http: "127.0.0.1:0", ocpp: "127.0.0.1:0"}
stations: {accept_unknown: true}
"""
PROFILE = {"connectorId": 1, "csChargingProfiles": {
    "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
    "recurrencyKind": "Daily", "chargingSchedule": {"startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
                                                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}}}


class Server:
    """The server under test; stopped at the end of the `with`."""

    def __init__(self, program: Path | None, echo: Path, loops: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tidewatt-bench-"))
        if program:
            config = self.folder / "config.yaml"
            config.write_text(CONFIG)
            command = [program, "serve", "--config", config, "--data", self.folder / "data", "--open"]
        else:
            command = [echo, str(loops)]
        self.process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
        self.ports: dict[str, int] = {}
        assert self.process.stderr
        for line in self.process.stderr:
            if found := re.match(r"listening (\w+) \S+:(\d+)$", line.strip()):
                self.ports[found[1]] = int(found[2])
            if line.strip() == "ready":
                break
        else:
            sys.exit(f"the server ended with {self.process.wait()} before it was ready")
        # Logs go on; nobody reads them.
        concurrent.futures.ThreadPoolExecutor(1).submit(self.process.stderr.read)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, *words: object) -> list[str]:
        return [str(word) for word in (HERE / "load", "--port", self.ports["ocpp"], "--pid", self.process.pid, *words)]

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def order_profile(self, station: str) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['http']}/api/v1/stations/{station}/commands", method="POST",
            data=json.dumps({"action": "SetChargingProfile", "payload": PROFILE}).encode(),
            headers={"Content-Type": "application/json", "Prefer": "wait=10"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["status"] == "answered"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="tidewatt; without it the echo server")
    parser.add_argument("--echo", type=Path, help="a built echo server")
    parser.add_argument("--loops", type=int, default=1, help="event loops of the echo server")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--memory-connections", type=int, default=2000)
    options = parser.parse_args()
    subprocess.run(["cc", "-O2", "-o", HERE / "load", HERE / "load.c"], check=True)
    echo = options.echo or HERE / ".build/release/echo"
    if not options.program and not options.echo:
        subprocess.run(["swift", "build", "-c", "release", "--package-path", HERE, "--product", "echo"], check=True)

    print("| pattern | connections | user µs | system µs | CPU µs a message | messages/s | p50 ms | p99 ms | errors |")
    print("|---|---|---|---|---|---|---|---|---|")
    for pattern in ("heartbeat", "meter", "mixed"):
        with Server(options.program, echo, options.loops) as server:
            words = server.load("--pattern", pattern, "--connections", options.connections, "--messages", options.messages)
            run = json.loads(subprocess.run(words, check=False, stdout=subprocess.PIPE, text=True).stdout)
        print(f"| {pattern} | {run['connections']} | {run['user_us']:.1f} | {run['system_us']:.1f} | **{run['cpu_us']:.1f}** | "
              f"{run['per_second']:.0f} | {run['p50_ms']:.2f} | {run['p99_ms']:.2f} | {run['errors']} |", flush=True)

    count = options.memory_connections
    with Server(options.program, echo, options.loops) as server:
        before = server.resident_kb()
        load = subprocess.Popen(server.load("--pattern", "session", "--connections", count, "--hold"),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert load.stdout and load.stdin
        setup = json.loads(load.stdout.readline())
        profiles = 0
        if options.program:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                profiles = sum(pool.map(server.order_profile, (f"LOAD{n}" for n in range(count))))
        after = server.resident_kb()
        load.stdin.close()
        load.wait(30)
    print()
    print(f"{(after - before) / count:.2f} kB resident a connection at {count} connections ({before} → {after} kB"
          f"{f', {profiles} profiles accepted' if options.program else ''}); set-up {setup['setup_cpu_us_per_station']} µs CPU a station")


main()
