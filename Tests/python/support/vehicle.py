"""A station with a vehicle that takes what its profiles allow, as OCPP 1.6 §5.16 stacks them."""

import threading
from datetime import datetime, timezone

from ocpp.v16 import call_result

from .station import Station

VOLTAGE, AMPERES = 220, 32
FULL = VOLTAGE * AMPERES


class ChargingStation(Station):
    """Single phase, 220 V, 32 A. `follows=False`: says Accepted and charges at full power nevertheless."""

    def __init__(self, port, identity, follows=True):
        super().__init__(port, identity)
        self.follows = follows
        self.profiles = {}
        self.register = 0.0
        self.transaction = None
        self._lock = threading.Lock()
        self._dialogue = threading.Lock()
        self.answers["SetChargingProfile"] = self._take
        self.answers["ClearChargingProfile"] = self._clear

    def _take(self, fields):
        profile = fields["cs_charging_profiles"]
        key = (profile["charging_profile_purpose"], profile["stack_level"])
        if profile["charging_profile_purpose"] == "TxProfile" and self.transaction not in (
                None, profile.get("transaction_id")):
            return call_result.SetChargingProfile("Rejected")
        with self._lock:
            self.profiles = {
                k: p for k, p in self.profiles.items() if p["charging_profile_id"] != profile["charging_profile_id"]}
            self.profiles[key] = profile
        return call_result.SetChargingProfile("Accepted")

    def _clear(self, fields):
        with self._lock:
            found = [k for k, p in self.profiles.items() if fields.get("id") in (None, p["charging_profile_id"])]
            for key in found:
                del self.profiles[key]
        return call_result.ClearChargingProfile("Accepted" if found else "Unknown")

    def limit(self):
        """Watts that the profiles allow now."""
        at = datetime.now(timezone.utc)
        with self._lock:
            profiles = sorted(self.profiles.items(), key=lambda item: -item[0][1])
        watts = {}
        for (purpose, _), profile in profiles:
            found = rate_in_force(profile, at)
            if found is not None and purpose not in watts:
                watts[purpose] = found
        leading = watts.get("TxProfile", watts.get("TxDefaultProfile", FULL))
        return min(FULL, leading, watts.get("ChargePointMaxProfile", FULL))

    def power(self):
        if self.transaction is None:
            return 0.0
        if not self.follows:
            return float(FULL)
        limit = self.limit()
        return limit if limit >= 6 * VOLTAGE else 0.0

    # MARK: A vehicle comes, charges, goes

    def plug_in(self, tag):
        self.boot()
        self.status("Preparing")
        with self._dialogue:
            self.transaction = self.start(tag, register=int(self.register)).transaction_id
            self.status("Charging")

    def report(self, seconds=1.0):
        """A meter value after `seconds` at the present power."""
        with self._dialogue:
            if self.transaction is None:
                return
            power = self.power()
            self.register += power * seconds / 3600
            self.meter(self.transaction, int(self.register), f"{power:.1f}")

    def leave(self):
        with self._dialogue:
            transaction, self.transaction = self.transaction, None
            self.profiles = {key: p for key, p in self.profiles.items() if key[0] != "TxProfile"}
            self.stop(transaction, int(self.register), reason="EVDisconnected")
            self.status("Available")


def rate_in_force(profile, at=None):
    """Watts that one profile allows, or None where it says nothing."""
    at = at or datetime.now(timezone.utc)
    schedule = profile["charging_schedule"]
    start = schedule.get("start_schedule")
    elapsed = (at - datetime.fromisoformat(start.replace("Z", "+00:00"))).total_seconds() if start else 0
    if elapsed < 0:
        return None
    if profile["charging_profile_kind"] == "Recurring":
        elapsed %= 86_400 if profile["recurrency_kind"] == "Daily" else 7 * 86_400
    if "duration" in schedule and elapsed >= schedule["duration"]:
        return None
    periods = [p for p in schedule["charging_schedule_period"] if p["start_period"] <= elapsed]
    if not periods:
        return None
    period = periods[-1]
    limit = float(period["limit"])
    if schedule["charging_rate_unit"] == "W":
        return limit
    phases = period.get("number_phases", 3)
    assert phases == 1, f"a single-phase station was sent a limit for {phases} phases"
    return limit * VOLTAGE
