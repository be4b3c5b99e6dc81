"""`tidewatt admin`: tokens, users, check, backup beside a running server, restore."""

import json
import re
import sqlite3

import pytest

from support.program import Server, tidewatt
from support.station import Station


def admin(data, *words, stdin=None, status=0):
    result = tidewatt("admin", *words, "--data", data, "--format", "json", stdin=stdin)
    assert result.returncode == status, f"{result.returncode}: {result.stdout}{result.stderr}"
    return json.loads(result.stdout) if status == 0 else result.stderr


@pytest.fixture
def data(tmp_path):
    admin(tmp_path / "data", "migrate")
    return tmp_path / "data"


def test_a_token_is_made_listed_without_its_secret_and_revoked(data):
    made = admin(data, "token", "create", "--role", "operator", "--name", "billing")
    assert len(made["token"]) >= 32
    listed = admin(data, "token", "list")
    assert [(item["name"], item["role"], item["revoked_at"]) for item in listed["items"]] == [("billing", "operator", None)]
    assert made["token"] not in json.dumps(listed)
    number = listed["items"][0]["number"]
    admin(data, "token", "revoke", str(number))
    assert admin(data, "token", "list")["items"][0]["revoked_at"]
    assert made["token"].encode() not in b"".join(file.read_bytes() for file in data.iterdir() if file.is_file())


def test_an_unknown_token_cannot_be_revoked(data):
    assert "7" in admin(data, "token", "revoke", "7", status=2)


def test_a_token_as_text_is_the_secret_alone(data):
    result = tidewatt("admin", "token", "create", "--role", "viewer", "--data", data)
    assert result.returncode == 0 and re.fullmatch(r"\S{32,}\n", result.stdout)


def test_a_user_is_added_listed_and_removed(data):
    admin(data, "user", "add", "wang", "--role", "manager", stdin="correct horse battery\n")
    assert [(user["name"], user["role"]) for user in admin(data, "user", "list")["items"]] == [("wang", "manager")]
    admin(data, "user", "remove", "wang")
    assert admin(data, "user", "list")["items"] == []
    assert "wang" in admin(data, "user", "remove", "wang", status=2)


def test_a_user_without_a_password_is_refused(data):
    admin(data, "user", "add", "li", "--role", "viewer", stdin="", status=2)
    assert admin(data, "user", "list")["items"] == []


def test_admin_on_a_folder_without_data_is_refused_and_makes_none(tmp_path):
    for words in [["token", "list"], ["user", "list"], ["check"], ["backup", str(tmp_path / "b.sqlite")]]:
        error = admin(tmp_path / "none", *words, status=2)
        assert str(tmp_path / "none") in error
    assert list(tmp_path.iterdir()) == []


def test_a_backup_beside_the_running_server_restores_the_same_sessions(serve, tmp_path):
    server = serve()
    station = Station(server.ocpp, "BACKED-UP").connect()
    station.boot()
    for n in range(3):
        transaction = station.start("TAG", register=1000 * n).transaction_id
        station.meter(transaction, 1000 * n + 500, 7000)
        station.stop(transaction, 1000 * n + 900)
    api = server.api()
    before = api.sessions("BACKED-UP")
    assert len(before) == 3
    readings = {one["id"]: api.readings(one["id"]) for one in before}
    assert all(readings.values())
    backup = tmp_path / "backup.sqlite"
    assert admin(server.data, "backup", str(backup))["file"] == str(backup)
    assert admin(server.data, "check")["ok"]
    # What comes after the backup is not in it.
    station.start("LATER", register=9000)
    error = admin(server.data, "restore", str(backup), status=2)
    assert str(server.process.pid) in error, "a server that runs keeps its data"
    assert len(api.sessions("BACKED-UP")) == 4
    assert server.terminate() == 0

    other = Server(tmp_path)
    admin(other.data, "restore", str(backup))
    assert admin(other.data, "check")["ok"]
    other.start()
    try:
        restored = other.api()
        assert restored.sessions("BACKED-UP") == before
        assert {one["id"]: restored.readings(one["id"]) for one in before} == readings
    finally:
        other.stop()


def test_a_restore_keeps_what_it_replaces(serve, tmp_path):
    server = serve()
    backup = tmp_path / "empty.sqlite"
    admin(server.data, "backup", str(backup))
    server.api().put("/api/v1/stations/KEPT", {})
    assert server.terminate() == 0
    admin(server.data, "restore", str(backup))
    kept = [file for file in server.data.rglob("*") if file.name.endswith(".replaced")]
    kept += list(server.data.parent.glob("*.replaced"))
    assert kept
    server.start()
    server.api().get("/api/v1/stations/KEPT", status=404)


def test_a_file_that_is_no_backup_is_refused_and_changes_nothing(serve, tmp_path):
    server = serve()
    server.api().put("/api/v1/stations/KEPT", {})
    assert server.terminate() == 0
    junk = tmp_path / "junk.sqlite"
    junk.write_bytes(b"not a database" * 100)
    assert str(junk) in admin(server.data, "restore", str(junk), status=2)
    server.start()
    assert server.api().station("KEPT")


def test_check_says_no_when_the_data_is_damaged(serve):
    server = serve()
    for n in range(200):
        server.api().put(f"/api/v1/stations/S{n}", {"owner": "x" * 100})
    assert server.terminate() == 0
    database = max((file for file in server.data.iterdir() if file.is_file()), key=lambda file: file.stat().st_size)
    content = bytearray(database.read_bytes())
    for at in range(8192, len(content), 4096):
        content[at:at + 64] = bytes(64)
    database.write_bytes(content)
    result = tidewatt("admin", "check", "--data", server.data)
    assert result.returncode == 1, result.stdout + result.stderr


def test_check_of_an_older_directory_asks_for_the_migration_and_counts_nothing(data):
    with sqlite3.connect(data / "tidewatt.sqlite") as database:
        database.execute("DELETE FROM grdb_migrations WHERE identifier LIKE '2 %'")
    database.close()
    result = tidewatt("admin", "check", "--data", data)
    assert result.returncode == 1
    assert result.stdout.splitlines() == ["schema: migrations are missing; run `tidewatt admin migrate`"]


def test_a_revoked_token_is_refused_by_the_running_server(serve):
    server = serve(opened=False)
    secret = admin(server.data, "token", "create", "--role", "viewer")["token"]
    api = server.api(secret)
    api.get("/api/v1/stations")
    number = admin(server.data, "token", "list")["items"][0]["number"]
    admin(server.data, "token", "revoke", str(number))
    api.get("/api/v1/stations", status=401)
