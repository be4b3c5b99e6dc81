"""OCA cases of 2.0.1 for central systems, block K (smart charging): profiles set, read, cleared; composite schedules; limits
from outside."""

from decimal import Decimal

from ocpp.exceptions import NotSupportedError

from support.charger import CARD, both, card, soon
from support.polling import until
from support.station import fresh, now


def profile(number=101, limit=6, *, purpose="TxDefaultProfile", level=0, kind="Absolute", **more):
    """A profile of one period of 300 s, in amperes on one phase."""
    schedule = {"id": 1, "chargingRateUnit": "A", "duration": 300, "chargingSchedulePeriod": [
        {"startPeriod": 0, "limit": limit, "numberPhases": 1}]}
    made = {"id": number, "stackLevel": level, "chargingProfilePurpose": purpose, "chargingProfileKind": kind,
            "chargingSchedule": [schedule], **more}
    if kind != "Relative":
        schedule["startSchedule"] = now()
        made.update(validFrom=now(), validTo=now(3600))
    return made


def set_profile(one, made, evse=1, says="Accepted"):
    return one.order("SetChargingProfile", {"evseId": evse, "chargingProfile": made}, {"status": says}, says=says)


# MARK: Profiles set

@both
def test_TC_K_01_a_default_profile_for_one_evse(charger):
    set_profile(charger(), profile())


def test_TC_K_02_a_profile_for_a_transaction_that_does_not_run_is_rejected(charger):
    one = charger()
    assert one.sessions() == []
    # The standard wants the transaction named: the operator names one that is over.
    over = one.transaction().charging()
    over.plugged_after().unplugged()
    made = profile(102, 7, purpose="TxProfile", kind="Relative", transactionId=over.id)
    set_profile(one, made, says="Rejected")


@both
def test_TC_K_03_a_profile_for_the_whole_station(charger):
    set_profile(charger(), profile(103, 8, purpose="ChargingStationMaxProfile"), evse=0)


def test_TC_K_04_a_profile_is_replaced_by_one_of_the_same_number(charger):
    one = charger()
    set_profile(one, profile(104, 8))
    set_profile(one, profile(104, 6))
    first, second = [sent["chargingProfile"] for sent in one.heard("SetChargingProfile")]
    assert first["id"] == second["id"] and first["stackLevel"] == second["stackLevel"]
    assert [p["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] for p in (first, second)] == [8, 6]


def test_TC_K_10_a_default_profile_for_all_evses(charger):
    set_profile(charger(), profile(110), evse=0)


def test_TC_K_15_a_station_that_supports_no_profiles_is_shown(charger):
    one = charger()

    def refuses(_):
        raise NotSupportedError(description="no smart charging")

    done = one.order("SetChargingProfile", {"evseId": 1, "chargingProfile": profile(115)}, refuses, status="error")
    assert done["error"]["code"] == "NotSupported" and done["response"] is None


def test_TC_K_19_a_profile_that_recurs(charger):
    set_profile(charger(), profile(119, kind="Recurring", recurrencyKind="Daily"))


@both
def test_TC_K_60_a_profile_for_the_transaction_that_runs(charger):
    one = charger()
    transaction = one.transaction().charging()
    set_profile(one, profile(160, purpose="TxProfile", kind="Relative", transactionId=transaction.id))
    assert transaction.shown()["status"] == "active"


def test_TC_K_70_several_profiles_at_different_levels(charger):
    one = charger()
    set_profile(one, profile(170, level=1))
    set_profile(one, profile(171, level=2))
    assert [(sent["chargingProfile"]["id"], sent["chargingProfile"]["stackLevel"])
            for sent in one.heard("SetChargingProfile")] == [(170, 1), (171, 2)]


def test_TC_K_37_a_remote_start_brings_its_profile(charger, api):
    one = charger()
    token = card(api)
    made = profile(137, purpose="TxProfile", kind="Relative")
    one.order(
        "RequestStartTransaction",
        {"remoteStartId": 37, "idToken": {"idToken": token, "type": CARD}, "evseId": 1, "chargingProfile": made},
        {"status": "Accepted"}, says="Accepted")
    transaction = one.transaction(token=token)
    transaction.next("RemoteStart", token=token, evse=1, remoteStartId=37)
    shown = transaction.shown()
    assert (shown["status"], shown["id_token"], shown["evse_id"]) == ("active", token, 1)


# MARK: Profiles cleared

CRITERIA = {"evseId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}


def picture(one):
    """Profiles that the platform knows the station to hold: by number their EVSE, source, limit and how they stand."""
    return {each["id"]: (
        each["evse_id"], each["source"], each["schedules"][0]["periods"][0]["limit"], each["standing"])
        for each in one.api.get(one.path("/charging-profiles"))["items"]}


def report(one, number, *made, evse=1, source="CSO", last=True, standing="foreign"):
    """What the station tells stands in the picture, and not before."""
    before = len(one.log("ReportChargingProfiles"))
    known = picture(one)
    assert not any(known.get(each["id"], ("", "", "", "set"))[3] != "set" for each in made)
    answer = one.say("ReportChargingProfiles", {
        "requestId": number, "chargingLimitSource": source, "evseId": evse, "tbc": not last, "chargingProfile": list(made)})
    assert answer == {}
    kept = one.log("ReportChargingProfiles")[before:]
    assert len(kept) == 1 and kept[0]["reply"] == {}
    assert all(f'"id":{each["id"]}' in kept[0]["text"] for each in made)
    for each in made:
        limit = each["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
        soon(lambda: picture(one).get(each["id"]), (evse, source, limit, standing))
    told = one.api.get(one.path("/charging-profiles"))["report"]
    assert (told["request"], told["state"]) == (number, "complete" if last else "running")


def ask(one, number, criterion, says="Accepted", **more):
    one.order("GetChargingProfiles", {"requestId": number, "chargingProfile": criterion, **more}, {"status": says},
              says=says)


@both
def test_TC_K_05_one_profile_is_cleared_by_its_number(charger):
    one = charger()
    made = profile(105, 8, purpose="ChargingStationMaxProfile")
    ask(one, 5, {"chargingProfilePurpose": "ChargingStationMaxProfile"}, evseId=0)
    report(one, 5, made, evse=0)
    assert one.shown()["profile_differences"] == 1
    one.order("ClearChargingProfile", {"chargingProfileId": 105}, {"status": "Accepted"}, says="Accepted")
    soon(lambda: picture(one), {})
    assert one.shown()["profile_differences"] == 0


def test_TC_K_06_profiles_are_cleared_by_purpose_and_level(charger):
    one = charger()
    set_profile(one, profile(106))
    set_profile(one, profile(107, level=1))
    assert picture(one) == {106: (1, "CSO", 6, "set"), 107: (1, "CSO", 6, "set")}
    one.order("ClearChargingProfile", {"chargingProfileCriteria": CRITERIA}, {"status": "Accepted"}, says="Accepted")
    soon(lambda: list(picture(one)), [107])


def test_TC_K_08_a_station_that_has_nothing_to_clear_is_shown(charger):
    one = charger()
    one.order("ClearChargingProfile", {"chargingProfileCriteria": CRITERIA}, {"status": "Unknown"}, says="Unknown")
    assert picture(one) == {}


# MARK: Profiles read

@both
def test_TC_K_29_profiles_of_the_station_itself_are_read(charger):
    one = charger()
    one.transaction().charging()
    made = profile(129, purpose="ChargingStationMaxProfile")
    set_profile(one, made, evse=0)
    ask(one, 29, {"chargingProfilePurpose": "ChargingStationMaxProfile"}, evseId=0)
    report(one, 29, made, evse=0, standing="held")


def test_TC_K_30_profiles_of_one_evse_are_read(charger):
    one = charger()
    ask(one, 30, {"chargingProfilePurpose": "TxDefaultProfile"}, evseId=1)
    report(one, 30, profile(130))


def test_TC_K_31_all_profiles_are_read(charger):
    one = charger()
    set_profile(one, profile(140))
    ask(one, 31, {"chargingProfilePurpose": "TxDefaultProfile"})
    report(one, 31, profile(131), evse=1, last=False)
    assert picture(one)[140][3] == "set"
    report(one, 31, profile(132), evse=2)
    # What it took and does not tell, it has lost; what nobody set is a stranger's.
    soon(lambda: picture(one)[140][3], "missing")
    assert one.shown()["profile_differences"] == 3


def test_TC_K_32_a_profile_is_read_by_its_number(charger):
    one = charger()
    set_profile(one, profile(140))
    ask(one, 32, {"chargingProfileId": [133]})
    report(one, 32, profile(133))
    assert picture(one)[140][3] == "set"


def test_TC_K_33_profiles_are_read_by_level(charger):
    one = charger()
    ask(one, 33, {"stackLevel": 1}, evseId=1)
    report(one, 33, profile(134, level=1))


def test_TC_K_34_profiles_are_read_by_the_source_of_the_limit(charger):
    one = charger()
    ask(one, 34, {"chargingLimitSource": ["EMS"]}, evseId=1)
    report(one, 34, profile(135), source="EMS", standing="outside")
    assert one.shown()["profile_differences"] == 0


def test_TC_K_35_profiles_are_read_by_purpose(charger):
    one = charger()
    ask(one, 35, {"chargingProfilePurpose": "TxDefaultProfile"}, evseId=1)
    report(one, 35, profile(136))


def test_TC_K_36_profiles_are_read_by_purpose_and_level(charger):
    one = charger()
    made = profile(138)
    set_profile(one, made)
    ask(one, 36, {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}, evseId=1)
    report(one, 36, profile(138, 9), standing="differs")
    # Nothing matches any more: it has lost it.
    ask(one, 37, {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}, says="NoProfiles", evseId=1)
    soon(lambda: picture(one)[138][3], "missing")


# MARK: Composite schedules

def composite(charger, evse):
    one = charger()
    schedule = {"evseId": evse, "duration": 300, "scheduleStart": now(), "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}]}
    done = one.order(
        "GetCompositeSchedule", {"evseId": evse, "duration": 300, "chargingRateUnit": "A"},
        {"status": "Accepted", "schedule": schedule}, says="Accepted")
    assert done["response"]["schedule"] == schedule


@both
def test_TC_K_43_the_composite_schedule_of_one_evse(charger):
    composite(charger, 1)


def test_TC_K_44_the_composite_schedule_of_the_station(charger):
    composite(charger, 0)


# MARK: Limits from outside

def outside(one):
    """Limits that others set the station: by EVSE and source how much they allow now, and whether the grid is in danger."""
    return {(each["evse_id"], each["source"]): (each["limit_kw"], each["critical"])
            for each in one.api.get(one.path("/outside-limits"))["items"]}


def limited(one, evse=1, amperes=None, **more):
    """The station tells of a limit that an energy manager set."""
    told = {"chargingLimit": {"chargingLimitSource": "EMS", **more}, "evseId": evse}
    if amperes is not None:
        told["chargingSchedule"] = [{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": amperes, "numberPhases": 1}]}]
    assert one.say("NotifyChargingLimit", told) == {}
    assert one.told("NotifyChargingLimit")["reply"] == {}


def cleared(one):
    assert one.say("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1}) == {}
    assert one.told("ClearedChargingLimit")["reply"] == {}
    soon(lambda: outside(one), {})
    assert one.shown()["outside_limits"] == []


def alarms(one):
    return [each for each in one.api.get("/api/v1/alarms?active=true&limit=1000")["items"]
            if each["code"] == "outside-limit-critical" and each["object"] == one.identity]


@both
def test_TC_K_48_a_limit_from_outside_is_told(charger):
    one = charger()
    assert one.log("NotifyChargingLimit") == [] and outside(one) == {}
    limited(one)
    soon(lambda: outside(one), {(1, "EMS"): (None, False)})
    shown = one.shown()["outside_limits"]
    assert [(each["evse_id"], each["source"], each["critical"]) for each in shown] == [(1, "EMS", False)]
    assert alarms(one) == []
    # The next word of the same source on the same EVSE replaces it.
    limited(one, amperes=8, isGridCritical=True)
    volts = one.shown()["voltage"]
    soon(lambda: outside(one), {(1, "EMS"): (Decimal(8 * volts) / 1000, True)})
    assert len(until(lambda: alarms(one), "the alarm")) == 1
    cleared(one)
    soon(lambda: alarms(one), [])


def test_TC_K_50_a_limit_from_outside_ends_while_nobody_charges(charger):
    one = charger()
    assert one.log("ClearedChargingLimit") == []
    limited(one, amperes=6)
    soon(lambda: len(outside(one)), 1)
    cleared(one)


def test_TC_K_51_a_limit_from_outside_ends_while_somebody_charges(charger, api):
    one, transaction = sited(charger, api)
    transaction.next("ChargingStateChanged", state="Charging")
    known = len(limits(one))
    limited(one, amperes=8)
    # The platform promises no more than it leaves, and says why.
    until(lambda: limits(one)[known:] and rate(limits(one)[-1]) <= 8, "the limit that follows", 60)
    (own, *_) = one.api.get(one.path("/limits"))["items"]
    assert (own["purpose"], own["source"], own["limit_kw"]) == ("ChargingStationExternalConstraints", "EMS", Decimal("1.84"))
    cleared(one)
    until(lambda: rate(limits(one)[-1]) > 8, "the limit without it", 60)
    assert transaction.next("ChargingRateChanged") == {}
    assert transaction.shown()["status"] == "active" and one.statuses()[1] == "Charging"


def test_TC_K_52_a_limit_from_outside_is_in_the_report(charger):
    one = charger()
    assert outside(one) == {}
    ask(one, 52, {"chargingProfilePurpose": "ChargingStationExternalConstraints"})
    report(one, 52, profile(152, purpose="ChargingStationExternalConstraints"), source="EMS", standing="outside")
    soon(lambda: outside(one), {(1, "EMS"): (Decimal(6 * one.shown()["voltage"]) / 1000, False)})
    # A later report comes without it: it is over.
    ask(one, 53, {"chargingProfilePurpose": "ChargingStationExternalConstraints"}, says="NoProfiles")
    soon(lambda: (outside(one), picture(one)), ({}, {}))


# MARK: Vehicles that say what they need (ISO 15118)

def sited(charger, api):
    """A station of a site, so that the platform decides its limits; with a vehicle that may charge and is plugged in."""
    name = fresh("yard")
    api.put(f"/api/v1/sites/{name}", {"name": name, "kind": "residential", "region": "420000", "zone": "Asia/Shanghai"})
    api.put(f"/api/v1/nodes/{name}", {"site": name, "limit_kw": 20})
    one = charger()
    api.put(one.path(), {"site": name, "node": name, "phases": 1, "voltage": 230, "max_current_a": 32})
    transaction = one.transaction().authorized().plugged_in()
    until(lambda: limits(one), "the first limit", 60)
    return one, transaction


def limits(one):
    """Profiles for the transaction that the platform set of itself."""
    return [sent for sent in one.heard("SetChargingProfile")
            if sent["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"]


def rate(sent):
    """Amperes of a profile of one period."""
    return sent["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]


NEEDS = {"requestedEnergyTransfer": "AC_single_phase", "acChargingParameters": {
    "energyAmount": 14_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230}}


def needs(one, transaction):
    """The vehicle says what it needs, and gets a limit: the newest profile."""
    known = len(limits(one))
    answer = one.say("NotifyEVChargingNeeds", {
        "evseId": 1, "maxScheduleTuples": 3, "chargingNeeds": {**NEEDS, "departureTime": now(5 * 3600)}})
    assert answer["status"] in ("Accepted", "Processing")
    shown = transaction.shown()["needs"]
    assert shown["energy_kwh"] == 14 and "15118" in shown["stated_by"] and shown["departure"]
    return newest(one, transaction, known)


def newest(one, transaction, known):
    sent = until(lambda: limits(one)[known:], "a limit", 60)[-1]
    assert sent["evseId"] == 1 and sent["chargingProfile"]["transactionId"] == transaction.id
    return sent["chargingProfile"]


def follows(one, made, **more):
    """The vehicle's own schedule: that of the profile, or with another limit."""
    (schedule,) = made["chargingSchedule"]
    periods = [{**period, "limit": float(period["limit"]), **more} for period in schedule["chargingSchedulePeriod"]]
    answer = one.say("NotifyEVChargingSchedule", {"timeBase": now(), "evseId": 1, "chargingSchedule": {
        **schedule, "chargingSchedulePeriod": periods}})
    assert one.told("NotifyEVChargingSchedule")["reply"] == answer
    return answer["status"]


@both
def test_TC_K_53_a_vehicle_gets_a_limit_for_its_needs_and_follows_it(charger, api):
    one, transaction = sited(charger, api)
    assert transaction.shown()["needs"] is None
    assert follows(one, needs(one, transaction)) == "Accepted"
    transaction.next("ChargingStateChanged", state="Charging")
    assert one.statuses()[1] == "Charging"


def test_TC_K_55_a_vehicle_that_means_to_exceed_its_limit_is_told_again(charger, api):
    one, transaction = sited(charger, api)
    made = needs(one, transaction)
    known = len(limits(one))
    assert follows(one, made, limit=9999) == "Rejected"
    transaction.next("ChargingStateChanged", state="Charging")
    assert follows(one, newest(one, transaction, known)) == "Accepted"
    transaction.next("ChargingRateChanged")
    assert transaction.shown()["status"] == "active"


def test_TC_K_57_a_vehicle_that_needs_something_else_gets_another_limit(charger, api):
    one, transaction = sited(charger, api)
    assert follows(one, needs(one, transaction)) == "Accepted"
    made = needs(one, transaction)
    transaction.next("ChargingRateChanged")
    assert follows(one, made) == "Accepted"
    transaction.next("ChargingRateChanged")


def lowered(one, transaction, kilowatts):
    """An operator lowers the limit of the EVSE."""
    known = len(limits(one))
    one.api.put(one.path("/evses/1/control"), {"limit_kw": kilowatts})
    return newest(one, transaction, known)


def test_TC_K_58_the_platform_changes_the_limit_of_a_vehicle(charger, api):
    one, transaction = sited(charger, api)
    assert follows(one, needs(one, transaction)) == "Accepted"
    assert follows(one, lowered(one, transaction, 2)) == "Accepted"
    transaction.next("ChargingRateChanged")
    assert one.api.get(one.path("/evses/1/control"))["limit_kw"] == 2


def test_TC_K_59_a_vehicle_whose_limit_was_changed_says_its_needs_again(charger, api):
    one, transaction = sited(charger, api)
    assert follows(one, needs(one, transaction)) == "Accepted"
    lowered(one, transaction, 2)
    assert follows(one, needs(one, transaction)) == "Accepted"
    transaction.next("ChargingRateChanged")
