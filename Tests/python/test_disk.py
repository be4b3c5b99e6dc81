"""A disk that is full, and one that hangs: what the operator sees, and that nothing acknowledged is lost."""

import concurrent.futures
import fcntl
import json
import os
import re
import signal
import subprocess

import pytest
from websockets.exceptions import ConnectionClosed

from support.disk import Disk
from support.polling import until
from support.program import PROGRAM, Server
from support.station import Station


@pytest.fixture
def made(tmp_path):
    """A server on a disk of its own that obeys the test."""
    disk = Disk(tmp_path / "data")
    server = Server(tmp_path, env=disk.environment).start()
    yield server, disk
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def beside():
    """Calls that may wait longer than the test looks."""
    with concurrent.futures.ThreadPoolExecutor() as threads:
        yield threads


def names(api, query=""):
    return {(alarm["code"], alarm["ended_at"] is None) for alarm in api.every("/api/v1/alarms" + query)}


def waiting_changes(server):
    return int(re.search(r"^tidewatt_store_waiting (\d+)", server.api().get("/metrics"), re.MULTILINE)[1])


def test_while_the_disk_is_full_its_alarm_is_seen_and_ends_when_there_is_room(made, beside):
    server, disk = made
    api = server.api()
    api.put("/api/v1/sites/full", {"name": "Full"})
    station = Station(server.ocpp, "FULL").connect()
    station.boot()
    transaction = station.start("TAG", 0).transaction_id
    assert names(api) == set()
    disk.fill()
    waiting = beside.submit(station.meter, transaction, 500, 7000)
    until(lambda: ("disk-full", True) in names(api, "?active=true"), "the alarm is among those that are active", 20)
    assert ("disk-full", True) in names(api), "and in the list of all"
    (alarm,) = [one for one in api.every("/api/v1/alarms?active=true") if one["code"] == "disk-full"]
    assert alarm["priority"] == "critical" and alarm["object"] == "store"
    for page in ("/", "/alarms"):
        assert "The disk is full" in api.get(page, headers={"Accept-Language": "en"}), page
        assert "磁盘已满" in api.get(page, headers={"Accept-Language": "zh-CN"}), page
    assert api.request("GET", "/readyz").status == 503
    assert not waiting.done(), "nothing is acknowledged that is not on the disk"
    disk.empty()
    waiting.result(30)
    until(lambda: names(api, "?active=true") == set(), "the alarm ends with the shortage", 20)
    until(lambda: ("disk-full", False) in names(api), "what was is kept", 20)
    assert "The disk is full" not in api.get("/alarms", headers={"Accept-Language": "en"})
    assert api.get("/readyz")
    (session,) = api.sessions("FULL")
    assert session["import_wh"] == 500


def test_who_waits_for_a_full_disk_does_not_keep_the_service_from_its_end(made, beside):
    server, disk = made
    api = server.api()
    disk.fill()
    waiting = beside.submit(api.request, "PUT", "/api/v1/sites/late", {"name": "Late"})
    until(lambda: '"disk-refuses"' in server.tail(), "the disk is found full", 20)
    assert api.request("PUT", "/api/v1/sites/later", {"name": "Later"}).json["type"].endswith(":disk-refuses")
    assert server.terminate(30) == 0, server.tail()
    answer = waiting.result(30)
    assert answer.status == 503 and answer.json["type"] == "urn:tidewatt:problem:stopping", answer.text
    disk.empty()
    server.start()
    assert server.api().request("GET", "/api/v1/sites/late").status == 404, "what was not acknowledged is not there"


def test_an_end_that_does_not_come_is_cut_off_and_said(tmp_path, beside):
    disk = Disk(tmp_path / "data")
    server = Server(tmp_path, settings="limits: {stop_seconds: 1}\n", env=disk.environment).start()
    station = Station(server.ocpp, "HANGING").connect()
    station.boot()
    transaction = station.start("TAG", 0).transaction_id
    station.meter(transaction, 500, 7000)
    disk.hang()
    unanswered = beside.submit(station.meter, transaction, 900, 7000)
    until(lambda: waiting_changes(server) > 0, "the reading waits for the disk")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 3, server.tail()
    with pytest.raises((ConnectionError, ConnectionClosed)):
        unanswered.result(30)
    until(lambda: any("stop-overdue" in line for line in server.log), "the log says why it ended")
    (said,) = [json.loads(line) for line in server.log if "stop-overdue" in line]
    assert said["level"] == "error" and said["seconds"] == 1
    disk.go_on()
    # With the usual time for its end: a real disk may be slow.
    server = Server(tmp_path, env=disk.environment).start()
    (session,) = server.api().sessions("HANGING")
    # The reading that was not acknowledged may be there or not; the acknowledged one must.
    assert session["status"] == "active" and session["import_wh"] in (500, 900)
    assert server.terminate() == 0


def test_an_end_is_bounded_also_when_nobody_reads_the_log(tmp_path):
    server = Server(tmp_path, settings="limits: {stop_seconds: 1}\n")
    outlet, inlet = os.pipe()
    room = fcntl.fcntl(inlet, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen(
        [PROGRAM, "serve", "--config", server.config, "--data", server.data, "--open"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=inlet)
    try:
        said = b""
        while b"\nready\n" not in said:
            said += os.read(outlet, 4096)
        os.write(inlet, b"." * room)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 3, "its last words have no room, and it ends all the same"
    finally:
        process.kill()
        os.close(outlet)
        os.close(inlet)
