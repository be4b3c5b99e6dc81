#!/usr/bin/env python3
"""CPU microseconds a message, memory a connection, handshakes and reconnect storms: of the echo server or of the platform.

    python3 run.py                                        # the gateway alone (builds `echo` of this package)
    P=../../.build/release/tidewatt
    python3 run.py --program $P                           # `serve --open` with a fresh data directory: durable answers
    python3 run.py --program $P --protocol ocpp2.0.1 --deflate --memory-connections 19000
    python3 run.py --program $P --tls --messages 0 --memory-connections 5000
    python3 run.py --program $P --handshakes 20000 --mutual
    python3 run.py --program $P --storm 10000             # all come at once with generated keys (Basic auth)
    python3 run.py --program $P --storm 1000 --made-up    # with passwords that people made up (Argon2id)

Prints a Markdown table; needs a C compiler, libssl-dev and zlib1g-dev. CPU is user + system time of the server process from
/proc, so what else runs on the machine hardly matters; messages a second do depend on it. Memory is the growth of the
resident set by stations that have booted, reported two connectors, ended a session and (platform) taken a charging profile.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = """listen: {{http: "127.0.0.1:0", ocpp: "127.0.0.1:0"{ocpps}}}
tls: {{organization: "Load"}}
stations: {{accept_unknown: {unknown}}}
limits: {{connections: 19000}}
"""
PERIODS = [{"startPeriod": 0, "limit": 16.0}]
PROFILES = {
    "ocpp1.6": {"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS}}},
    "ocpp2": {"evseId": 1, "chargingProfile": {
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
        "recurrencyKind": "Daily", "chargingSchedule": [{
            "id": 1, "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": PERIODS}]}},
}


class Server:
    """The server under test; stopped at the end of the `with`."""

    def __init__(self, options: argparse.Namespace, known: bool = False) -> None:
        """`known`: only stations that were set up may come."""
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="tidewatt-bench-"))
        if options.program:
            config = self.folder / "config.yaml"
            config.write_text(CONFIG.format(
                ocpps=', ocpps: "127.0.0.1:0"' if options.secure else "", unknown=str(not known).lower()))
            command = [options.program, "serve", "--config", config, "--data", self.folder / "data", "--open"]
        else:
            command = [options.echo, str(options.loops)]
        self.process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
        self.ports: dict[str, int] = {}
        self.local = threading.local()
        assert self.process.stderr
        for line in self.process.stderr:
            if found := re.match(r"listening (\w+) \S+:(\d+)$", line.strip()):
                self.ports[found[1]] = int(found[2])
            if line.strip() == "ready":
                break
        else:
            sys.exit(f"the server ended with {self.process.wait()} before it was ready")
        # Logs go on; nobody reads them.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, *words: object) -> list[str]:
        port = self.ports["ocpps" if self.options.secure else "ocpp"]
        every = [HERE / "load", "--port", port, "--pid", self.process.pid, "--protocol", self.options.protocol, *words]
        every += ["--deflate"] * self.options.deflate + ["--tls"] * self.options.secure
        return [str(word) for word in every]

    def run(self, *words: object) -> dict:
        ended = subprocess.run(self.load(*words), check=False, stdout=subprocess.PIPE, text=True)
        if not ended.stdout.strip():
            sys.exit(f"load ended with {ended.returncode}")
        return json.loads(ended.stdout)

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> dict:
        if not hasattr(self.local, "http"):
            self.local.http = http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=60)
        self.local.http.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json", **headers})
        response = self.local.http.getresponse()
        text = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {text[:200]!r}")
        return json.loads(text or b"{}")

    def order_profile(self, station: str) -> bool:
        payload = PROFILES["ocpp1.6" if self.options.protocol == "ocpp1.6" else "ocpp2"]
        body = {"action": "SetChargingProfile", "payload": payload}
        return self.ask("POST", f"/api/v1/stations/{station}/commands", body, Prefer="wait=10")["status"] == "answered"

    # MARK: Stations that must prove themselves

    def set_up(self, count: int) -> list[object]:
        """Registers stations with a password or a certificate each; the options for `load`."""
        mutual = self.options.mutual
        profile = 3 if mutual else 2 if self.options.secure else 1
        names = [f"LOAD{n}" for n in range(count)]

        def one(name: str) -> str:
            station, password = f"/api/v1/stations/{name}", f"Made-Up-{name}"
            if mutual or self.options.made_up:
                self.ask("PUT", station, {"security_profile": profile, **({} if mutual else {"password": password})})
                return password
            self.ask("PUT", station, {})
            key = self.ask("POST", station + "/key", {})["key"]
            self.ask("PUT", station, {"security_profile": profile})
            return key

        # A password that somebody made up costs 10 ms and more; few of them are reckoned at a time.
        with concurrent.futures.ThreadPoolExecutor(1 if self.options.made_up else 16) as pool:
            keys = list(pool.map(one, names))
        if not mutual:
            path = self.folder / "keys"
            path.write_text("\n".join(keys))
            return ["--keys", path]
        folder = self.folder / "certificates"
        folder.mkdir()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: self.certify(folder, name), names))
        return ["--certificates", folder]

    def certify(self, folder: Path, name: str) -> None:
        """A certificate of the platform's own root, key beside it."""
        pki, key, request, signed = self.folder / "data/pki", *(folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        subprocess.run(["openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                        f"/O=Load/CN={name}", "-keyout", key, "-out", request], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", pki / "root.pem", "-CAkey", pki / "root.key",
                        "-set_serial", str(int.from_bytes(os.urandom(8), "big")), "-days", "30", "-out", signed],
                       check=True, capture_output=True)
        (folder / f"{name}.pem").write_text(signed.read_text() + key.read_text())


def messages(options: argparse.Namespace) -> None:
    print("| pattern | connections | user µs | system µs | CPU µs a message | messages/s | p50 ms | p99 ms | errors |")
    print("|---|---|---|---|---|---|---|---|---|")
    for pattern in ("heartbeat", "meter", "mixed"):
        with Server(options) as server:
            run = server.run("--pattern", pattern, "--connections", options.connections, "--messages", options.messages)
        print(f"| {pattern} | {run['connections']} | {run['user_us']:.1f} | {run['system_us']:.1f} | **{run['cpu_us']:.1f}** | "
              f"{run['per_second']:.0f} | {run['p50_ms']:.2f} | {run['p99_ms']:.2f} | {run['errors']} |", flush=True)


def memory(options: argparse.Namespace) -> None:
    count = options.memory_connections
    with Server(options) as server:
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
    print(f"\n{(after - before) / count:.2f} kB resident a connection at {count} connections ({before} → {after} kB"
          f"{f', {profiles} profiles accepted' if options.program else ''}); set-up {setup['setup_cpu_us_per_station']} µs CPU a station")


def handshakes(options: argparse.Namespace) -> None:
    """Connections made and left by 200 stations, 32 at a time; with TLS each is a full handshake."""
    count = options.connections
    with Server(options, known=True) as server:
        words = server.set_up(count)
        run = server.run("--pattern", "connect", "--connections", count, "--window", 32, "--messages", options.handshakes, *words)
    kind = "mutual TLS" if options.mutual else "TLS, password" if options.secure else "password"
    print(f"{options.handshakes} connections ({kind}): {run['cpu_us']:.0f} µs CPU each, {run['per_second']:.0f} a second, "
          f"p50 {run['p50_ms']:.1f} ms, p99 {run['p99_ms']:.1f} ms")


def storm(options: argparse.Namespace) -> None:
    with Server(options, known=True) as server:
        words = server.set_up(options.storm)
        run = server.run("--pattern", "storm", "--connections", options.storm, *words)
    print(f"{options.storm} stations at once: all booted after {run['setup_seconds']:.1f} s, {run['connects']} connections made, "
          f"{run['refused']} of them refused, {run['setup_cpu_us_per_station']} µs CPU a station")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="tidewatt; without it the echo server")
    parser.add_argument("--echo", type=Path, help="a built echo server")
    parser.add_argument("--loops", type=int, default=1, help="event loops of the echo server")
    parser.add_argument("--protocol", default="ocpp1.6", choices=["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
    parser.add_argument("--deflate", action="store_true", help="permessage-deflate (2.x)")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--mutual", action="store_true", help="TLS with certificates of the stations (handshakes)")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--messages", type=int, default=100_000, help="0: leave this part out")
    parser.add_argument("--memory-connections", type=int, default=2000, help="0: leave this part out")
    parser.add_argument("--handshakes", type=int, help="only this: so many connections made and left")
    parser.add_argument("--storm", type=int, help="only this: so many stations come at once")
    parser.add_argument("--made-up", action="store_true", help="passwords that people made up (storm, handshakes)")
    options = parser.parse_args()
    options.secure = options.tls or options.mutual
    subprocess.run(["cc", "-O2", "-o", HERE / "load", HERE / "load.c", HERE / "wire.c", "-lssl", "-lcrypto", "-lz"], check=True)
    if not options.program and not options.echo:
        options.echo = HERE / ".build/release/echo"
        subprocess.run(["swift", "build", "-c", "release", "--package-path", HERE, "--product", "echo"], check=True)

    if options.handshakes:
        return handshakes(options)
    if options.storm:
        return storm(options)
    if options.messages:
        messages(options)
    if options.memory_connections:
        memory(options)


main()
