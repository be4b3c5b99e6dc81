"""One change that the database refuses: its station is not told that it is accepted, all others are served."""

import json
import sqlite3

import pytest
from ocpp.exceptions import InternalError

from support.polling import until
from support.station import Station, now

TRIGGERS = [("refuse_insert", "INSERT ON session"), ("refuse_update", "UPDATE ON session")]


def poison(server, token):
    """From now on the database refuses sessions of `token`, as a constraint would."""
    with sqlite3.connect(server.data / "tidewatt.sqlite", timeout=10) as database:
        for name, event in TRIGGERS:
            database.execute(
                f"CREATE TRIGGER {name} BEFORE {event} WHEN NEW.id_token = '{token}' "
                "BEGIN SELECT RAISE(ABORT, 'refused for the test'); END")
    database.close()


def cure(server):
    with sqlite3.connect(server.data / "tidewatt.sqlite", timeout=10) as database:
        for name, _ in TRIGGERS:
            database.execute(f"DROP TRIGGER {name}")
    database.close()


def alarms(server):
    return [one for one in server.api().get("/api/v1/alarms?active=true")["items"] if one["code"] == "store-refused"]


def test_a_refused_change_harms_its_station_only_and_is_written_when_it_can_be(serve):
    server = serve()
    bad, good = Station(server.ocpp, "BAD").connect(), Station(server.ocpp, "GOOD").connect()
    bad.boot()
    good.boot()
    poison(server, "POISON")

    at = now()
    with pytest.raises(InternalError):
        bad.start("POISON", 100, at, message_id="s-1")
    (alarm,) = until(lambda: alarms(server), "the alarm")
    assert (alarm["object"], alarm["priority"]) == ("BAD", "high")
    line = next(json.loads(line) for line in server.log if '"store-refused"' in line)
    assert (line["change"], line["object"], line["words"]) == ("session", "BAD", "refused for the test")
    assert "POISON" not in "".join(server.log), "a token is personal data"

    # The core has it in memory; neither the same message nor one of its content is accepted for that.
    for message_id in ("s-1", "s-2"):
        with pytest.raises(InternalError):
            bad.start("POISON", 100, at, message_id=message_id)
    bad.heartbeat()
    transaction = good.start("TAG", 5, now()).transaction_id
    good.meter(transaction, 15, 7000)
    good.stop(transaction, 25)
    (session,) = server.api().sessions("GOOD")
    assert session["import_wh"] == 20 and session["status"] == "ended"

    cure(server)
    answer = bad.start("POISON", 100, at, message_id="s-3")
    until(lambda: not alarms(server), "the alarm ends")
    server.kill()
    server.start()
    (session,) = server.api().sessions("BAD")
    assert session["transaction_id"] == str(answer.transaction_id) and session["register_start_wh"] == 100
    again = Station(server.ocpp, "BAD").connect()
    assert again.start("POISON", 100, at, message_id="s-3").transaction_id == answer.transaction_id


def test_a_refused_change_is_no_crash_loop_and_nothing_refused_is_accepted_after_a_restart(serve):
    server = serve()
    station = Station(server.ocpp, "LOOP").connect()
    station.boot()
    poison(server, "POISON")
    at = now()
    for _ in range(2):
        with pytest.raises(InternalError):
            station.start("POISON", 100, at, message_id="s-1")
        assert server.process.poll() is None
        server.kill()
        server.start()
        station = Station(server.ocpp, "LOOP").connect()
    assert server.api().sessions("LOOP") == []
    cure(server)
    transaction = station.start("POISON", 100, at, message_id="s-1").transaction_id
    (session,) = server.api().sessions("LOOP")
    assert session["transaction_id"] == str(transaction)
    assert server.terminate() == 0


def test_a_refused_order_is_not_called_done(serve):
    server = serve()
    with sqlite3.connect(server.data / "tidewatt.sqlite", timeout=10) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON site WHEN NEW.id = 'S9' BEGIN SELECT RAISE(ABORT, 'no'); END")
    database.close()
    site = {"name": "S"}
    answer = server.api().request("PUT", "/api/v1/sites/S9", site)
    assert answer.status == 503 and answer.json["type"] == "urn:tidewatt:problem:change-refused", answer.text
    server.api().put("/api/v1/sites/S8", site)
    assert [one["object"] for one in until(lambda: alarms(server), "the alarm")] == ["S9"]
