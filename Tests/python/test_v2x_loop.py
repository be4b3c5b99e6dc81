"""The closed loop of vehicles that give back (OCPP 2.1 K28, K29, Q03, Q11): a charge point of PyPI's that follows what it is
told, is asked as a group to give, is lost and comes back, and asks by itself."""

import time

import pytest

from support.polling import until
from support.station import fresh, now
from test_v2x import Stay, ready

pytestmark = pytest.mark.parametrize("version", ["ocpp2.1"], indirect=True)

PROFILE = 7_100_001
# The yard's supply: powers to follow go out in amperes, the unit that the station prefers.
VOLTS = 3 * 230


class Steered:
    """A charge point that takes powers to follow and does what it is told at once."""

    def __init__(self, charger, api):
        self.one = ready(charger(evses=1), api, allowed_energy_transfer=["DC", "DC_BPT"])
        self.api = api
        self.stay = Stay(self.one)
        self.stay.authorize()
        self.stay.begin()
        self.imported, self.exported = 1000, 0

    @property
    def orders(self):
        """The platform's calls, oldest first."""
        return [(frame[2], frame[3]) for frame in self.one.frames() if frame[0] == 2]

    @property
    def told(self):
        """Powers that it was told to follow, W, oldest first."""
        powers = []
        for action, payload in self.orders:
            if action == "SetChargingProfile":
                profile = payload["chargingProfile"]
                period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
                if "setpoint" in period:
                    powers.append(round(float(period["setpoint"]) * VOLTS))
            elif action == "UpdateDynamicSchedule":
                powers.append(round(float(payload["scheduleUpdate"]["setpoint"]) * VOLTS))
        return powers

    def meter(self, watts):
        self.stay._event("Updated", "MeterValuePeriodic", self.imported, meterValue=[{
            "timestamp": now(), "sampledValue": [
                {"value": self.imported, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}},
                {"value": self.exported, "measurand": "Energy.Active.Export.Register", "unitOfMeasure": {"unit": "Wh"}},
                {"value": max(0, watts), "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W"}},
                {"value": max(0, -watts), "measurand": "Power.Active.Export", "unitOfMeasure": {"unit": "W"}}]}])

    def gives(self, watts):
        """Whether it was told last to give so much, to a tenth of an ampere and what the group's trim may add."""
        return bool(self.told) and abs(self.told[-1] + watts) <= VOLTS / 10 + watts / 50

    def follow(self, done, what, seconds=60):
        """Meters what it was told last, as the platform wants it, until `done`."""
        def step():
            powers = self.told
            self.meter(powers[-1] if powers else 0)
            return done()
        return until(step, what, seconds)

    def ask(self, kw, name="call"):
        site = self.one.shown()["site"]
        return self.api.put(f"/api/v1/sites/{site}/instructions/{name}", {"node": site, "power_kw": kw, "to": now(3600)})

    def standing(self, name="call"):
        site = self.one.shown()["site"]
        return next(i for i in self.api.get(f"/api/v1/sites/{site}/instructions")["items"] if i["id"] == name)


def test_K28_a_group_gives_what_it_is_asked_follows_changes_and_goes_back(charger, api):
    it = Steered(charger, api)
    assert it.stay.needs() == {"status": "Accepted"}
    it.follow(lambda: it.told, "a power to follow")
    profile = next(p["chargingProfile"] for a, p in it.orders if a == "SetChargingProfile"
                   and p["chargingProfile"]["chargingProfileKind"] == "Dynamic")
    schedule = profile["chargingSchedule"][0]
    assert (profile["id"], profile["chargingProfilePurpose"], profile["transactionId"]) == (PROFILE, "TxProfile", it.stay.id)
    assert schedule["duration"] == 60 and "startSchedule" not in schedule, "a dead-man, counted from when it comes"
    assert schedule["chargingSchedulePeriod"][0]["operationMode"] == "CentralSetpoint"
    assert profile["maxOfflineDuration"] == 60 and profile["invalidAfterOfflineDuration"] is True

    it.ask(-8)
    it.follow(lambda: it.gives(8000), "the discharge is told")
    assert it.one.heard("UpdateDynamicSchedule")[-1]["chargingProfileId"] == PROFILE
    stands = it.follow(lambda: (s := it.standing())["stage"] == "measured" and s, "the group's power is measured")
    assert (stands["target_kw"], stands["missed_since"]) == (-8, None) and abs(stands["measured_kw"] + 8) < 0.2
    assert stands["lowest_kw"] == -11, "the vehicle's own most"
    assert [step["stage"] for step in stands["history"]] == ["received", "allocated", "confirmed", "measured"]
    kept = api.get(it.one.path() + "/evses/1/setpoints")["items"]
    assert abs(kept[-1]["kw"] + 8) < 0.2 and {p["session"] for p in kept} == {it.one.shown()["evses"][0]["session"]}
    assert [p["at"] for p in kept] == sorted(p["at"] for p in kept) and len(kept) < 10, "a step where it changes only"

    # More than it can: the rest is missing, and why is said.
    it.ask(-20)
    it.follow(lambda: it.gives(11000), "all that it can give")
    stands = it.follow(lambda: (s := it.standing())["missed_since"] and s, "what is missing is told")
    assert (stands["target_kw"], stands["allocated_kw"]) == (-20, -11)
    site = it.one.shown()["site"]
    until(lambda: [a for a in api.get("/api/v1/alarms?active=true&limit=500")["items"]
                   if (a["code"], a["object"]) == ("group-misses-setpoint", site)], "the alarm")
    api.delete(f"/api/v1/sites/{site}/instructions/call", status=204)
    it.follow(lambda: it.told[-1] >= 0, "nobody asks for discharge any more")
    it.stay.end(it.imported)


def test_K29_a_station_that_asks_gets_what_it_follows_and_no_other_profile(charger, api):
    it = Steered(charger, api)
    assert it.one.say("PullDynamicScheduleUpdate", {"chargingProfileId": PROFILE})["status"] == "Rejected"
    it.stay.needs()
    it.ask(-3)
    it.follow(lambda: it.gives(3000), "the discharge is told")
    asked = it.one.say("PullDynamicScheduleUpdate", {"chargingProfileId": PROFILE})
    assert asked["status"] == "Accepted" and asked["scheduleUpdate"] == {"setpoint": -4.3}
    refused = it.one.say("PullDynamicScheduleUpdate", {"chargingProfileId": 12})
    assert (refused["status"], refused["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidProfile")
    it.stay.end(it.imported)


def test_Q11_a_station_that_was_lost_is_counted_on_only_when_its_default_was_read(charger, api):
    it = Steered(charger, api)
    it.stay.needs()
    it.ask(-5)
    it.follow(lambda: it.gives(5000), "the discharge is told")
    it.one.close()
    until(lambda: it.standing()["lowest_kw"] == it.standing()["highest_kw"], "its flexibility is gone at once")
    assert {s["reason"] for s in it.standing()["shortfalls"]} <= {"offline"}
    before = len(it.orders)
    it.one.answers["GetChargingProfiles"] = {"status": "Accepted"}
    it.one.connect()
    asked = it.follow(lambda: it.one.heard("GetChargingProfiles"), "its default profiles are asked for", 90)[-1]
    assert asked["chargingProfile"] == {"chargingProfilePurpose": "TxDefaultProfile"} and asked["evseId"] == 1
    steered = [a for a, _ in it.orders[before:] if a in ("UpdateDynamicSchedule",)]
    assert not steered, "nothing is asked of it before"
    held = next(p["chargingProfile"] for a, p in it.orders if a == "SetChargingProfile"
                and p["chargingProfile"]["chargingProfilePurpose"] == "TxDefaultProfile")
    it.one.say("ReportChargingProfiles", {
        "requestId": asked["requestId"], "chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": [held]})
    count = len(it.told)
    it.follow(lambda: len(it.told) > count and it.gives(5000), "it gives again", 90)
    last = [p for a, p in it.orders if a == "SetChargingProfile"][-1]["chargingProfile"]
    assert last["chargingProfileKind"] == "Dynamic", "what it was told before it was lost is not built on"
    it.stay.end(it.imported)


def test_K28_the_dead_man_is_renewed_in_time_and_not_earlier_than_needed(charger, api):
    it = Steered(charger, api)
    it.stay.needs()
    it.ask(-4)
    it.follow(lambda: it.gives(4000), "the discharge is told")
    began, count = time.monotonic(), len(it.told)
    it.follow(lambda: len(it.told) > count, "it is told again", 75)
    waited = time.monotonic() - began
    assert it.gives(4000) and 25 < waited < 60, f"told again after {waited:.0f} s of a dead-man of 60 s"
    it.stay.end(it.imported)
