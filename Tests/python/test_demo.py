"""`tidewatt demo` fails as a whole when one of its parts does: it says which, ends by itself and leaves nothing behind."""

import os
import re
import resource
import signal
import socket
import subprocess
import threading

import pytest

from support.api import Api
from support.disk import Disk
from support.polling import until
from support.program import PROGRAM, tidewatt

FREE = ["--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0"]
# Longer than any bound inside of it: reached only by a demo that hangs.
PATIENCE = 150


def failed(result, named):
    assert result.returncode == 2, f"{result.returncode}\n{result.stdout}{result.stderr}"
    assert re.search(named, result.stderr), result.stderr
    assert result.stdout == "", "nothing is judged"


@pytest.mark.parametrize("listener", ["http", "ocpp"])
def test_a_port_that_is_taken_ends_the_demo(listener, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        call = ["demo", *FREE, f"--{listener}", address]
        failed(tidewatt(*call, env={"TMPDIR": str(tmp_path)}, seconds=PATIENCE), re.escape(address))
        chinese = tidewatt(*call, "--lang", "zh", env={"TMPDIR": str(tmp_path)}, seconds=PATIENCE)
    assert chinese.returncode == 2 and "无法在 " + address in chinese.stderr, chinese.stderr
    assert list(tmp_path.iterdir()) == [], "the folder it made is gone"


def test_data_that_cannot_be_written_ends_the_demo(tmp_path):
    (tmp_path / "file").write_text("")
    failed(tidewatt("demo", *FREE, "--data", tmp_path / "file", seconds=PATIENCE), "file cannot be opened")
    temporary = {"TMPDIR": str(tmp_path / "file")}
    failed(tidewatt("demo", *FREE, env=temporary, seconds=PATIENCE), "tidewatt-demo-[0-9]+ cannot be opened")


def test_piles_that_cannot_connect_end_the_demo(tmp_path):
    # Room for the platform and some piles of 120; each needs a descriptor at both ends.
    result = subprocess.run(
        [PROGRAM, "demo", *FREE], env={**os.environ, "TMPDIR": str(tmp_path), "LC_ALL": "C"}, text=True,
        capture_output=True, timeout=PATIENCE, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160)))
    failed(result, "only [0-9]+ of 120 simulated piles could connect")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_fails_on_the_way_ends_the_demo(tmp_path):
    """The site meter's readings are refused, because the disk is full."""
    disk = Disk(tmp_path / "data")
    process = subprocess.Popen(
        [PROGRAM, "demo", *FREE, "--speed", "60", "--data", str(disk.data)], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, **disk.environment, "LC_ALL": "C"})
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    try:
        reader.start()
        until(lambda: any("console:" in line for line in list(said)), "the demo runs", 60)
        port = int(re.search(r"^listening http .*:(\d+)$", "".join(said), re.MULTILINE)[1])
        until(lambda: "tidewatt_stations_online 120.0\n" in Api(port).get("/metrics"), "all piles are there", 60)
        disk.fill()
        assert process.wait(PATIENCE) == 2, said
    finally:
        process.kill()
    reader.join(10)
    assert re.search(r"^\w+ /api/v1/\S+ was (not answered|answered 503)", "".join(said), re.MULTILINE), said[-3:]
    assert process.stdout.read() == ""


def test_an_interrupt_is_no_failure(tmp_path):
    process = subprocess.Popen(
        [PROGRAM, "demo", *FREE], text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path), "LC_ALL": "C"})
    try:
        for line in process.stderr:
            if line.startswith("console:"):
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
    assert list(tmp_path.iterdir()) == []
