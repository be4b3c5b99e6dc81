"""Smart charging at a site: the sum of the limits stays below the node's, and people can intervene."""

import threading
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from support.polling import until
from support.program import Server
from support.station import now
from support.vehicle import FULL, ChargingStation, rate_in_force

LIMIT, BASE = 20_000, 5_000
SETTINGS = "planning: {replan_seconds: 60}\n"


class Community:
    """Five stations at one node, a site meter, and time that passes: each second every station reports."""

    def __init__(self, server, count=5, limit_kw=LIMIT / 1000):
        self.api = server.api()
        tariff = next(one["id"] for one in self.api.get("/api/v1/tariffs")["items"] if one["id"].startswith("cn/hubei/"))
        self.api.put("/api/v1/sites/yard", {
            "name": "潮汐小区", "kind": "residential", "region": "420000", "zone": "Asia/Shanghai",
            "tariffs": [{"from": "2024-01-01", "tariff": tariff}]})
        self.api.put("/api/v1/nodes/T1", {"site": "yard", "limit_kw": limit_kw})
        self.stations = [ChargingStation(server.ocpp, f"P{n}") for n in range(count)]
        for one in self.stations:
            self.api.put(f"/api/v1/stations/{one.identity}", {
                "site": "yard", "node": "T1", "phases": 1, "voltage": 220, "max_current_a": 32})
        self.meter_runs = True
        self.base = BASE
        self.measured = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._pass_time, daemon=True)
        self.failure = None

    def begin(self):
        self.read_meter()
        for n, one in enumerate(self.stations):
            one.connect()
            one.plug_in(f"CAR{n}")
        self._thread.start()

    def _pass_time(self):
        before = time.monotonic()
        while not self._ends.wait(0.5):
            elapsed, before = time.monotonic() - before, time.monotonic()
            try:
                for one in self.stations:
                    one.report(elapsed)
                if self.meter_runs:
                    self.read_meter()
            except Exception as failure:  # noqa: BLE001 - told by the test
                if not self._ends.is_set():
                    self.failure = failure
                return

    def settle(self):
        self.base, self.meter_runs = BASE, True
        if self.api.get("/api/v1/sites/yard")["mode"]["state"] != "auto":
            self.api.put("/api/v1/sites/yard/mode", {"state": "auto"})
        for one in self.stations:
            self.control(one, paused=False, limit_kw=None, charge_now=False)
        self.until(lambda: self.within() and self.charging() > 0, "charging with Σ limits + base ≤ node limit", 90)

    def control(self, station, **wishes):
        return self.api.put(f"/api/v1/stations/{station.identity}/evses/1/control", wishes)

    def session(self, station):
        return self.api.get("/api/v1/sessions?status=active&station=" + station.identity)["items"][0]

    def read_meter(self):
        total = self.base + self.charging()
        self.measured.append(total)
        self.api.post("/api/v1/nodes/T1/readings", {"at": now(), "kw": total / 1000})

    def end(self):
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(30)
        for one in self.stations:
            one.close()

    def charging(self):
        return sum(one.power() for one in self.stations)

    def limits(self):
        return sum(one.limit() for one in self.stations)

    def until(self, condition, what, seconds=60):
        def seen():
            assert self.failure is None, self.failure
            return condition()
        return until(seen, what, seconds)

    def within(self):
        return self.limits() + self.base <= LIMIT

    def alarms(self, code):
        return [one for one in self.api.get("/api/v1/alarms?active=true")["items"] if one["code"] == code]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One community for the tests that leave it as they found it: what takes longest is the beginning."""
    server = Server(tmp_path_factory.mktemp("yard"), settings=SETTINGS).start()
    community = Community(server)
    try:
        community.begin()
        yield community
    finally:
        community.end()
        server.stop()


@pytest.fixture
def community(running):
    """Automatic, nobody's wishes in force, charging within the limits."""
    running.settle()
    return running


def test_the_sum_of_the_limits_comes_below_the_nodes_and_stays_there(community):
    assert all(one.heard("SetChargingProfile") for one in community.stations)
    seen = len(community.measured)
    community.until(lambda: len(community.measured) >= seen + 10, "ten more readings of the meter")
    assert max(community.measured[seen:]) <= LIMIT, community.measured[seen:]
    assert community.within()
    assert community.charging() > 0, "nobody charges: too careful"


def test_the_plan_keeps_the_limit_and_knows_its_bound(community):
    def plan():
        answer = community.api.request("GET", "/api/v1/sites/yard/plan")
        return answer.status == 200 and len(answer.json["stays"]) == 5 and answer.json
    plan = community.until(plan, "a plan of five stays", 90)
    (node,) = [one for one in plan["nodes"] if one["node"] == "T1"]
    assert all(float(total) <= LIMIT / 1000 + 0.001 for total in node["total_kw"])
    assert float(plan["bound_yuan"]) <= float(plan["objective_yuan"]) + 1e-6


def test_a_session_shows_its_plan_and_that_it_is_a_forecast(community):
    def planned():
        shown = community.session(community.stations[2])["plan"]
        return shown and shown["setpoints_kw"] and shown
    assert community.until(planned, "the session's plan", 90)["forecast"] is True


def test_every_transaction_profile_ends_by_itself_above_a_default(community):
    community.until(
        lambda: all(any(k[0] == "TxDefaultProfile" for k in one.profiles) for one in community.stations),
        "every station has a default profile", 120)
    for one in community.stations:
        for frame in one.heard("SetChargingProfile"):
            profile = frame["csChargingProfiles"]
            schedule = profile["chargingSchedule"]
            purpose = profile["chargingProfilePurpose"]
            assert purpose in ("TxProfile", "TxDefaultProfile"), purpose
            if purpose == "TxProfile":
                assert 0 < schedule["duration"] <= 1200 and profile["transactionId"] == one.transaction
            else:
                assert profile["chargingProfileKind"] == "Recurring" and profile["recurrencyKind"] == "Daily"
                assert profile["stackLevel"] == 0


def test_the_defaults_of_all_stations_keep_the_limit_when_the_platform_is_gone(community):
    def defaults():
        total = 0
        for one in community.stations:
            profile = next((p for key, p in one.profiles.items() if key[0] == "TxDefaultProfile"), None)
            total += rate_in_force(profile) if profile else FULL
        return total
    community.until(lambda: defaults() + BASE <= LIMIT, "Σ defaults + base ≤ limit", 120)


def test_a_driver_in_a_hurry_gets_full_power_within_the_limit(community):
    hasty = community.stations[3]
    departure = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    path = f"/api/v1/sessions/{community.session(hasty)['id']}/needs"
    shown = community.api.put(path, {"departure": departure, "energy_kwh": 20, "minimum_kwh": 10, "charge_now": True})
    assert shown["needs"]["energy_kwh"] == 20 and shown["needs"]["charge_now"] is True
    try:
        community.until(lambda: hasty.power() >= 0.95 * FULL, "the hasty vehicle charges at full power", 90)
        community.until(community.within, "and the node's limit holds")
    finally:
        community.api.put(path, {"charge_now": False})


def test_pause_and_limit_of_an_operator_hold(community):
    paused, limited = community.stations[0], community.stations[1]
    assert community.control(paused, paused=True)["paused"] is True
    community.control(limited, limit_kw=2, charge_now=True)
    community.until(lambda: paused.limit() == 0, "the paused station stops")
    community.until(lambda: 0 < limited.limit() <= 2000, "the limited station gets at most 2 kW")
    community.control(paused, paused=False, charge_now=True)
    community.until(lambda: paused.power() > 0, "the station goes on after the pause")
    objects = [row["object"] for row in community.api.every("/api/v1/audit")]
    assert any(paused.identity in one for one in objects) and any(limited.identity in one for one in objects)


def test_stop_all_takes_two_steps_and_auto_starts_again(community):
    api = community.api
    first = api.post("/api/v1/sites/yard/stop", {})
    assert first["effect"]["sessions"] == 5 and first["confirmation"]
    assert api.get("/api/v1/sites/yard")["mode"]["state"] == "auto", "the first step stops nothing"
    api.post("/api/v1/sites/yard/stop", {"confirmation": first["confirmation"]}, status=400)
    api.post("/api/v1/sites/yard/stop", {"confirmation": "made up", "reason": "smoke"}, status=409)
    site = api.post("/api/v1/sites/yard/stop", {"confirmation": first["confirmation"], "reason": "smoke"})
    assert site["mode"]["state"] == "stopped" and site["mode"]["reason"] == "smoke"
    community.until(lambda: community.charging() == 0, "everything stops", 30)
    api.post("/api/v1/sites/yard/stop", {"confirmation": first["confirmation"], "reason": "smoke"}, status=409)
    api.put("/api/v1/sites/yard/mode", {"state": "auto"})
    community.until(lambda: community.charging() > 0, "charging goes on")
    rows = api.every("/api/v1/audit")
    assert any("yard" in row["object"] and "smoke" in row["detail"] for row in rows), rows[:5]


def test_manual_mode_has_a_name_and_a_reason_and_keeps_the_limit(community):
    api = community.api
    api.put("/api/v1/sites/yard/mode", {"state": "manual"}, status=400)
    site = api.put("/api/v1/sites/yard/mode", {"state": "manual", "reason": "works on T1"})
    assert site["mode"] == {"state": "manual", "by": "open", "reason": "works on T1"}
    seen = len(community.measured)
    community.until(lambda: len(community.measured) >= seen + 10, "ten more readings of the meter")
    assert max(community.measured[seen:]) <= LIMIT
    community.control(community.stations[0], limit_kw=1.4)
    community.until(lambda: community.stations[0].limit() <= 1400, "the operator's limit holds")
    assert any("works on T1" in row["detail"] for row in api.every("/api/v1/audit"))
    assert api.put("/api/v1/sites/yard/mode", {"state": "auto"})["mode"]["state"] == "auto"


def test_a_step_of_the_base_load_is_answered_within_seconds(community):
    step = 12_000
    community.until(lambda: community.charging() + step > LIMIT, "so much charging that the step matters")
    community.base = step
    community.until(lambda: community.charging() + community.base <= LIMIT, "the guard makes room", 20)


def test_the_power_curve_shows_measured_limit_and_base(community):
    def minute():
        points = community.api.get("/api/v1/sites/yard/power")["items"]
        return next((p for p in points if p["measured_kw"] is not None and p["charging_kw"]), None)
    point = community.until(minute, "a minute of the curve", 150)
    assert point["limit_kw"] == 20 and point["level"]
    assert point["measured_kw"] == pytest.approx(point["base_kw"] + point["charging_kw"], abs=1)
    text = community.api.request(
        "GET", f"/api/v1/sites/yard/power?from={quote(now(-3600))}&to={quote(now())}", headers={"Accept": "text/csv"})
    assert text.headers["content-type"].startswith("text/csv") and "measured_kw" in text.text.splitlines()[0]


def test_a_stale_site_meter_is_visible_and_the_limit_still_holds(community):
    community.meter_runs = False
    (alarm,) = community.until(lambda: community.alarms("site-meter-stale"), "the alarm", 90)
    assert alarm["object"] == "T1" and alarm["ended_at"] is None
    assert community.charging() + BASE <= LIMIT
    community.until(
        lambda: any(point["base_is_stale"] for point in community.api.get("/api/v1/sites/yard/power")["items"]),
        "the power curve shows a stale base load", 150)
    community.meter_runs = True
    community.until(lambda: not community.alarms("site-meter-stale"), "the alarm ends with a fresh reading", 30)


def test_a_vehicle_that_leaves_makes_room_and_its_session_is_closed(community):
    leaving = community.stations[4]
    leaving.leave()
    (session,) = [s for s in community.api.sessions(leaving.identity) if s["status"] == "ended"][:1]
    assert session["stop_reason"] == "EVDisconnected" and session["import_wh"] > 0
    leaving.plug_in("CAR4")
    community.until(lambda: community.within() and leaving.transaction, "the newcomer is limited too", 60)


def test_a_station_that_ignores_its_profiles_is_flagged_reserved_and_alarmed(serve):
    community = Community(serve(settings=SETTINGS))
    rogue, others = community.stations[0], community.stations[1:]
    rogue.follows = False

    def safe():
        return rogue.power() + sum(one.limit() for one in others) + BASE <= LIMIT
    try:
        community.begin()
        community.until(safe, "the others make room for the one that does not follow", 120)
        (alarm,) = community.until(lambda: community.alarms("station-does-not-follow"), "the alarm", 120)
        assert rogue.identity in alarm["object"]
        community.until(
            lambda: community.api.station(rogue.identity)["commissioning"]["verdict"] == "does_not_follow", "the verdict")
        community.until(safe, "and they still do", 30)
        acknowledged = community.api.post(f"/api/v1/alarms/{alarm['id']}/acknowledge")
        assert acknowledged["acknowledged_by"] == "open" and acknowledged["acknowledged_at"]
        assert community.alarms("station-does-not-follow")[0]["acknowledged_by"] == "open"
        assert any("alarm" in row["action"] for row in community.api.every("/api/v1/audit"))
    finally:
        community.end()


def test_readings_of_a_node_are_idempotent_and_checked(shared, api):
    api.put("/api/v1/sites/quiet", {"name": "Q"})
    api.put("/api/v1/nodes/quiet-node", {"site": "quiet", "limit_kw": 10})
    reading = {"at": now(-5), "kw": 3.5}
    for body in (reading, [reading, reading], [reading]):
        assert api.request("POST", "/api/v1/nodes/quiet-node/readings", body).status in (200, 201, 202, 204)
    for body in ({"at": "soon", "kw": 1}, {"kw": 1}, {"at": now()}, {"at": now(), "kw": "much"}, {"at": now(3600), "kw": 1}):
        assert api.request("POST", "/api/v1/nodes/quiet-node/readings", body).status == 400, body
    assert api.request("POST", "/api/v1/nodes/nowhere/readings", reading).status == 404


def test_nodes_form_a_tree(api):
    api.put("/api/v1/sites/tree", {"name": "T"})
    api.put("/api/v1/nodes/root", {"site": "tree", "rating": {"kva": 630, "power_factor": 0.95, "loading": 0.85}})
    node = api.get("/api/v1/nodes/root")
    assert float(node["limit_kw"]) == pytest.approx(630 * 0.95 * 0.85, abs=0.001)
    api.put("/api/v1/nodes/leaf", {"site": "tree", "parent": "root", "limit_kw": 100})
    assert api.request("PUT", "/api/v1/nodes/root", {"parent": "leaf"}).status in (400, 409), "a cycle"
    assert api.request("PUT", "/api/v1/nodes/lost", {"parent": "nowhere", "limit_kw": 1}).status in (400, 404, 409)
    assert api.request("DELETE", "/api/v1/nodes/root").status == 409, "it has a child"
    assert api.request("PUT", "/api/v1/sites/tree", {"tariffs": [{"from": "2024-01-01", "tariff": "no/such"}]}).status == 400
    assert api.request("PUT", "/api/v1/sites/tree", {"zone": "Moon/Crater"}).status == 400
    api.delete("/api/v1/nodes/leaf")
    api.delete("/api/v1/nodes/root")
    api.delete("/api/v1/sites/tree")
    api.get("/api/v1/sites/tree", status=404)
