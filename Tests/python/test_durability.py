"""What was acknowledged is there after a kill, once; repeats get the same answer and are applied once."""

import random
import threading

import pytest
from ocpp.v16 import call

from support.polling import until
from support.recorder import connected
from support.station import Station, meter_values, now

SEEDS = [1, 2, 3]


class Reporter(threading.Thread):
    """A station that charges without pause, and remembers what was acknowledged and what was only sent."""

    def __init__(self, station):
        super().__init__(daemon=True)
        self.station = station
        self.started, self.metered, self.stopped = {}, {}, {}
        self.asked_starts = []
        self.unsure = None
        self.register = 0

    def run(self):
        try:
            self.station.boot()
            while True:
                self._session()
        except Exception:  # noqa: BLE001 - the server was killed
            pass

    def _session(self):
        begun = now()
        self.asked_starts.append((begun, self.register))
        self.unsure = ("start", begun, self.register)
        transaction = self.station.start("TAG", self.register, begun).transaction_id
        self.started[transaction] = (begun, self.register)
        self.metered[transaction] = []
        for _ in range(4):
            self.register += 10
            at = now()
            self.unsure = ("meter", transaction, self.register)
            self.station.meter(transaction, self.register, 7000, at)
            self.metered[transaction].append(str(self.register))
        self.register += 5
        self.unsure = ("stop", transaction, self.register)
        self.station.stop(transaction, self.register)
        self.stopped[transaction] = self.register
        self.unsure = None


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_acknowledged_is_there_once_after_a_kill(serve, seed):
    chance = random.Random(seed)
    server = serve()
    reporters = []
    for _ in range(3):
        names = [f"K{len(reporters) + n}" for n in range(6)]
        round_of = [Reporter(Station(server.ocpp, name).connect()) for name in names]
        reporters += round_of
        goal = chance.randint(5, 120)
        for one in round_of:
            one.start()
        until(lambda: sum(len(values) for one in round_of for values in list(one.metered.values())) >= goal,
              f"seed {seed}: {goal} readings acknowledged", 60)
        server.kill()
        for one in round_of:
            one.join(60)
            assert not one.is_alive()
        server.start()

    api = server.api()
    for one in reporters:
        sessions = api.sessions(one.station.identity)
        by_transaction = {s["transaction_id"]: s for s in sessions}
        assert len(by_transaction) == len(sessions), f"seed {seed}: a session twice"
        assert len(sessions) in (len(one.started), len(one.asked_starts)), f"seed {seed}: {one.station.identity}"
        for transaction, (_, register) in one.started.items():
            session = by_transaction[str(transaction)]
            assert session["register_start_wh"] == register
            registers = [r["value"] for r in api.readings(session["id"])
                         if r["measurand"] == "Energy.Active.Import.Register" and r["context"] != "Transaction.End"]
            acknowledged = one.metered[transaction]
            unsure = [str(one.unsure[2])] if one.unsure and one.unsure[:2] == ("meter", transaction) else []
            assert registers in (acknowledged, acknowledged + unsure), f"seed {seed}: readings of {session['id']}"
            if transaction in one.stopped:
                assert session["status"] == "ended"
                assert session["register_stop_wh"] == one.stopped[transaction]
                assert session["import_wh"] == one.stopped[transaction] - register
            elif acknowledged and session["status"] == "active":
                assert session["import_wh"] >= int(acknowledged[-1]) - register, (
                    f"seed {seed}: energy of {session['id']} is behind its acknowledged readings")
    assert server.terminate() == 0


def story(server, identity="REPEAT"):
    """A station with one session under way, and how to come back after a kill."""
    station = Station(server.ocpp, identity).connect()
    station.boot()
    return station


def again(server, station):
    server.kill()
    server.start()
    return Station(server.ocpp, station.identity).connect()


def test_a_start_repeated_after_a_restart_gets_the_same_transaction(serve):
    server = serve()
    station = story(server)
    at = now()
    first = station.start("TAG", 100, at, message_id="start-1")
    assert station.start("TAG", 100, at, message_id="start-1") == first
    station = again(server, station)
    assert station.start("TAG", 100, at, message_id="start-1") == first, "same id, same payload"
    assert station.start("TAG", 100, at, message_id="other-id").transaction_id == first.transaction_id, "natural key"
    assert len(server.api().sessions("REPEAT")) == 1


def test_a_start_repeated_after_its_stop_does_not_begin_a_second_session(serve):
    server = serve()
    station = story(server)
    at = now()
    first = station.start("TAG", 100, at)
    station.stop(first.transaction_id, 900)
    assert station.start("TAG", 100, at).transaction_id == first.transaction_id
    station = again(server, station)
    assert station.start("TAG", 100, at).transaction_id == first.transaction_id
    (session,) = server.api().sessions("REPEAT")
    assert session["status"] == "ended" and session["import_wh"] == 800


def test_the_same_id_with_another_payload_is_a_new_message(serve):
    server = serve()
    station = story(server)
    first = station.start("TAG", 100, now(-60), message_id="1")
    station.stop(first.transaction_id, 200, now(-30), message_id="2")
    second = station.start("TAG", 200, now(), message_id="1")
    assert second.transaction_id != first.transaction_id
    station = again(server, station)
    third = station.call(
        call.StartTransaction(connector_id=2, id_tag="TAG", meter_start=0, timestamp=now()), message_id="1")
    assert third.transaction_id not in (first.transaction_id, second.transaction_id)
    assert len(server.api().sessions("REPEAT")) == 3


def test_readings_repeated_after_a_restart_are_stored_once(serve):
    server = serve()
    station = story(server)
    transaction = station.start("TAG", 0).transaction_id
    at = now()
    request = meter_values(transaction, 500, 7000, at)
    for message_id in ("m-1", "m-1", "m-2"):
        station.call(request, message_id)
    station = again(server, station)
    for message_id in ("m-1", "m-3"):
        station.call(request, message_id)
    (session,) = server.api().sessions("REPEAT")
    shown = server.api().readings(session["id"])
    assert sorted(r["measurand"] for r in shown) == ["Energy.Active.Import.Register", "Power.Active.Import"]
    assert session["import_wh"] == 500


def test_a_stop_repeated_after_a_restart_changes_nothing(serve):
    server = serve()
    station = story(server)
    transaction = station.start("TAG", 0).transaction_id
    at = now()
    for message_id in ("s-1", "s-1", "s-2"):
        station.stop(transaction, 800, at, message_id=message_id)
    before = server.api().sessions("REPEAT")
    station = again(server, station)
    for message_id in ("s-1", "s-3"):
        station.stop(transaction, 800, at, message_id=message_id)
    assert server.api().sessions("REPEAT") == before
    assert len(before) == 1 and before[0]["import_wh"] == 800


def test_a_session_goes_on_over_a_restart(serve):
    server = serve()
    station = story(server)
    transaction = station.start("TAG", 0).transaction_id
    station.meter(transaction, 300, 7000, now(-60))
    station = again(server, station)
    station.meter(transaction, 600, 7000)
    station.stop(transaction, 700)
    (session,) = server.api().sessions("REPEAT")
    assert session["status"] == "ended" and session["import_wh"] == 700
    registers = [r["value"] for r in server.api().readings(session["id"]) if "Register" in r["measurand"]]
    assert registers[:2] == ["300", "600"]


def test_set_up_and_tokens_survive_a_kill(serve):
    server = serve()
    api = server.api()
    api.put("/api/v1/sites/S1", {"name": "小区"})
    api.put("/api/v1/nodes/N1", {"site": "S1", "limit_kw": 100})
    api.put("/api/v1/stations/ST", {"site": "S1", "node": "N1", "registration": "pending"})
    api.put("/api/v1/id-tokens/TAG", {"status": "Blocked"})
    paths = ["/api/v1/sites/S1", "/api/v1/nodes/N1", "/api/v1/stations/ST", "/api/v1/id-tokens/TAG"]
    before = {path: api.get(path) for path in paths}
    server.kill()
    server.start()
    api = server.api()
    for path in paths:
        assert {**api.get(path), "evses": None} == {**before[path], "evses": None}


def test_an_order_open_at_the_kill_has_an_end_after_it(serve):
    server = serve()
    with connected(f"ws://127.0.0.1:{server.ocpp}/ocpp/SILENT", subprotocols=["ocpp1.6"]) as silent:
        ordered = server.api().command("SILENT", "Reset", {"type": "Soft"}, wait=0, status=202)["id"]
        assert "Reset" in silent.recv(5)
        server.kill()
    server.start()
    shown = server.api().get(f"/api/v1/commands/{ordered}")
    assert shown["status"] in ("timeout", "error", "offline"), shown


def test_transaction_ids_go_on_after_a_kill(serve):
    server = serve()
    station = story(server)
    first = station.start("TAG", 0).transaction_id
    station.stop(first, 10)
    station = again(server, station)
    assert station.start("TAG", 10).transaction_id > first
