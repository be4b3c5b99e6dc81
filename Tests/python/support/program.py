"""The finished program: commands that end, and a service that runs."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from .api import Api

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("TIDEWATT_PROGRAM", str(ROOT / ".build/release/tidewatt"))

CONFIG = """\
listen: {{http: "127.0.0.1:0", ocpp: "127.0.0.1:0"{files}}}
stations: {{accept_unknown: {unknown}}}
"""


def tidewatt(*arguments, stdin=None, env=None, cwd=None, seconds=60):
    """Runs a command to its end. Texts are English whatever the machine's language is."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], input=stdin, env=_environment(env), cwd=cwd, text=True,
        capture_output=True, timeout=seconds, check=False)


def _threads(process):
    """What each thread of a process that does not end waits for, and which signals it has not taken."""
    for task in sorted(Path(f"/proc/{process}/task").iterdir(), key=lambda task: int(task.name)):
        with contextlib.suppress(OSError):
            status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
            signals = " ".join(f"{name} {status[name]}" for name in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"))
            yield f"{task.name} {status['Name']}: {status['State']}, {(task / 'wchan').read_text()}, {signals}"


def _environment(more):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TIDEWATT_")}
    return {**inherited, "LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8", **(more or {})}


class Server:
    """`tidewatt serve` on free ports, and on the same folder again after an end or a kill."""

    def __init__(self, folder, *, unknown=True, opened=True, settings="", arguments=(), env=None, files=False):
        """`files`: stations may fetch and bring files."""
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "tidewatt.yaml"
        self.config.write_text(CONFIG.format(
            unknown=str(unknown).lower(), files=', files: "127.0.0.1:0"' if files else "") + settings, encoding="utf-8")
        self.opened = opened
        self.arguments = list(arguments)
        self.env = env
        self.process = None
        self.log = []
        self.ports = {}

    def start(self, seconds=30):
        command = [PROGRAM, "serve", "--config", str(self.config), "--data", str(self.data), *self.arguments]
        if self.opened:
            command.append("--open")
        self.ports = {}
        self.log = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=_environment(self.env))
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process.stderr, ready), daemon=True).start()
        if not ready.wait(seconds) or "http" not in self.ports:
            self.kill()
            raise AssertionError("serve did not become ready:\n" + self.tail())
        return self

    def _read(self, lines, ready):
        for line in lines:
            self.log.append(line.rstrip("\n"))
            if found := re.match(r"listening (\w+) (.+):(\d+)$", line):
                self.ports[found[1]] = int(found[3])
            if line.strip() == "ready":
                ready.set()
        ready.set()

    def tail(self):
        return "\n".join(self.log[-30:])

    @property
    def ocpp(self):
        return self.ports["ocpp"]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['http']}"

    def api(self, token=None):
        return Api(self.ports["http"], token)

    def terminate(self, seconds=90):
        """SIGTERM; the exit status. The service cuts its own end off after a minute: who waits longer has not heard it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            threads = "\n".join(_threads(self.process.pid))
            self.kill()
            raise AssertionError(f"no end {seconds} s after SIGTERM\n{threads}\n{self.tail()}") from None

    def kill(self):
        """SIGKILL: no last words."""
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        """For the end of a test, whatever its status."""
        if self.process is None or self.process.poll() is not None:
            return
        with contextlib.suppress(AssertionError):
            self.terminate()
