"""Vehicles that give back (OCPP 2.1 block Q, K18 to K22): PyPI's charge point of 2.1 in the place of a V2X station that grants,
refuses, is lost and comes back; and the platform, killed in the middle."""

from decimal import Decimal

import pytest

from support.charger import CARD, Charger, card, sampled
from support.polling import until
from support.station import fresh, now
from support.station2 import variables_read

pytestmark = pytest.mark.parametrize("version", ["ocpp2.1"], indirect=True)

V2X = "V2XChargingCtrlr"
MODES = "ChargingOnly,CentralSetpoint,CentralFrequency,ExternalLimits,LocalFrequency,Idle"
CAN = {
    (V2X, "Enabled"): "true", (V2X, "SupportedOperationModes"): MODES,
    (V2X, "SupportedEnergyTransferModes"): "DC,DC_BPT", ("SmartChargingCtrlr", "RateUnit"): "W,A",
    ("SmartChargingCtrlr", "ProfileStackLevel"): "9"}


def yard(api, **more):
    name = fresh("yard")
    api.put(f"/api/v1/sites/{name}", {"name": name, "kind": "depot", "zone": "Asia/Shanghai", **more})
    api.put(f"/api/v1/nodes/{name}", {"site": name, "limit_kw": 100})
    return {"site": name, "node": name, "phases": 3, "voltage": 230, "max_current_a": 32}


def ready(one, api, **site):
    """Of a site, with its abilities read. The charge point that says them."""
    one.answers["GetVariables"] = variables_read(CAN)
    api.put(one.path(), yard(api, **site))
    until(lambda: (one.shown()["commissioning"] or {}).get("v2x"), "its abilities are read", 40)
    return one


class Stay:
    """A transaction of a vehicle that speaks ISO 15118-20."""

    def __init__(self, one, evccid=None):
        self.one, self.id, self.number = one, fresh("TX"), 0
        self.token = card(one.api)
        self.more = {"additionalInfo": [{"additionalIdToken": evccid, "type": "EVCCID"}]} if evccid else {}

    @property
    def id_token(self):
        return {"idToken": self.token, "type": CARD, **self.more}

    def authorize(self):
        return self.one.say("Authorize", {"idToken": self.id_token})

    def begin(self, wh=1000):
        self.one.connector("Occupied")
        self._event("Started", "Authorized", wh, evse={"id": 1, "connectorId": 1}, idToken=self.id_token)
        return self

    def _event(self, kind, trigger, wh, info=None, **more):
        self.one.say("TransactionEvent", {
            "eventType": kind, "timestamp": now(), "triggerReason": trigger, "seqNo": self.number,
            "transactionInfo": {"transactionId": self.id, "chargingState": "Charging", **(info or {})},
            "meterValue": [sampled(wh)], **more})
        self.number += 1

    def meter(self, wh):
        self._event("Updated", "MeterValuePeriodic", wh)

    def end(self, wh, reason="EVDisconnected"):
        self._event("Ended", "AbnormalCondition", wh, {"stoppedReason": reason})

    def needs(self, transfer="DC_BPT", **more):
        return self.one.say("NotifyEVChargingNeeds", {"evseId": 1, "maxScheduleTuples": 12, "chargingNeeds": {
            "requestedEnergyTransfer": transfer, "availableEnergyTransfer": ["DC", "DC_BPT"],
            "controlMode": "DynamicControl", "mobilityNeedsMode": "EVCC_SECC", "departureTime": now(8 * 3600),
            "v2xChargingParameters": {
                "minChargePower": 1000, "maxChargePower": 20000, "minDischargePower": 500, "maxDischargePower": 11000,
                "evTargetEnergyRequest": 20000, "evMinEnergyRequest": -5000, "evMaxEnergyRequest": 40000,
                "evMinV2XEnergyRequest": -10000, "evMaxV2XEnergyRequest": 30000}, **more}})

    def shown(self):
        return self.one.api.get("/api/v1/sessions/" + self.one.session(self.id)["id"])

    def v2x(self):
        return self.shown()["v2x"]

    def order(self, what, body, status=200):
        path = f"/api/v1/sessions/{self.one.session(self.id)['id']}/{what}"
        return self.one.api.post(path, body, headers={"Prefer": "wait=10"}, status=status)


def test_Q01_a_session_from_its_authorization_to_its_limit_over_a_kill(serve, version):
    server = serve()
    api = server.api()
    one = Charger(server.ocpp, fresh("V2X"), version, api=api, evses=1)
    one.connect()
    one.booted()
    ready(one, api, allowed_energy_transfer=["DC", "DC_BPT"])
    assert one.shown()["commissioning"]["v2x"]["operation_modes"][0]["words"] == MODES.split(",")
    stay = Stay(one, evccid="WMIV1234567890ABC")
    assert stay.authorize()["allowedEnergyTransfer"] == ["DC", "DC_BPT"]
    stay.begin()
    stay.meter(4000)
    before = len(one.heard("SetChargingProfile"))
    assert stay.needs(evEnergyOffer={
        "evPowerSchedule": {"timeAnchor": now(), "evPowerScheduleEntries": [{"duration": 3600, "power": -5000}]},
        "evAbsolutePriceSchedule": {
            "timeAnchor": now(), "currency": "CNY", "priceAlgorithm": "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
            "evAbsolutePriceScheduleEntries": [{
                "duration": 3600, "evPriceRule": [{"energyFee": 0.8, "powerRangeStart": 0}]}]},
    }, derChargingParameters={"evInverterManufacturer": "Inverters"}) == {"status": "Accepted"}
    sent = until(lambda: one.heard("SetChargingProfile")[before:], "the profile that the vehicle waits for", 60)[-1]
    assert sent["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert sent["chargingProfile"]["transactionId"] == stay.id

    def kept():
        v2x = stay.v2x()
        assert (v2x["transfer"], v2x["bidirectional"], v2x["control"]) == ("DC_BPT", True, "dynamic")
        assert v2x["vehicle"] == "WMIV1234567890ABC" and v2x["mobility_needs"] == "EVCC_SECC"
        assert (v2x["target_kwh"], v2x["minimum_kwh"], v2x["maximum_v2x_kwh"]) == (23, -2, 33)
        assert (v2x["most_charge_kw"], v2x["most_discharge_kw"]) == (20, 11)
        assert v2x["power_offer"]["steps"] == [{"seconds": 3600, "kw": -5}]
        assert v2x["price_offer"]["steps"][0]["rules"] == [{"fee_per_kwh": "0.8", "from_kw": 0}]
        assert v2x["der"] == {"evInverterManufacturer": "Inverters"}
        assert v2x["allowed_transfers"] == ["DC", "DC_BPT"]

    kept()
    server.kill()
    server.start()
    one.close()
    one.api, one.port = server.api(), server.ocpp
    one.connect()
    kept()
    assert not one.heard("NotifyAllowedEnergyTransfer"), "it was told already"
    stay.end(5000)
    assert stay.v2x()["transfer"] == "DC_BPT" and stay.shown()["operation"] is None
    one.close()


def test_Q02_permission_comes_late_is_refused_and_told_again_and_taken_back(charger, api):
    one = ready(charger(evses=1), api)
    stay = Stay(one)
    assert "allowedEnergyTransfer" not in stay.authorize()
    stay.begin()
    # Nobody said that it may: it charges, and gives nothing back.
    assert stay.needs()["status"] == "Accepted"
    assert (stay.v2x()["transfer"], stay.v2x()["requested_transfer"]) == ("DC", "DC_BPT")

    def permit(words):
        api.put(f"/api/v1/id-tokens/{stay.token}", {"status": "Accepted", "allowed_energy_transfer": words})

    one.answers["NotifyAllowedEnergyTransfer"] = {"status": "Rejected"}
    permit(["DC", "DC_BPT"])
    told = until(lambda: one.heard("NotifyAllowedEnergyTransfer"), "it is told")
    assert told == [{"transactionId": stay.id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}]
    assert stay.v2x()["allowed_transfers"] is None, "it refused"
    one.answers["NotifyAllowedEnergyTransfer"] = {"status": "Accepted"}
    one.cut()
    until(lambda: not one.shown()["online"], "the platform lost it")
    one.connect()
    until(lambda: stay.v2x()["allowed_transfers"] == ["DC", "DC_BPT"], "told again to a station that came back")
    assert stay.needs()["status"] == "Accepted"
    assert stay.v2x()["bidirectional"]
    permit(None)
    assert stay.v2x()["transfer"] == "DC", "what is taken back counts before the station has answered"
    until(lambda: "DC_BPT" not in one.heard("NotifyAllowedEnergyTransfer")[-1]["allowedEnergyTransfer"], "it is told")


def test_Q01_FR_04_a_transfer_that_is_excluded_ends_the_transaction(charger, api):
    one = ready(charger(evses=1), api, allowed_energy_transfer=["AC_BPT"])
    stay = Stay(one).begin()
    answer = stay.needs()
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidValue")
    stay.end(1000, reason="ReqEnergyTransferRejected")
    assert stay.shown()["stop_reason"] == "ReqEnergyTransferRejected" and stay.v2x()["transfer"] is None
    other = ready(charger(evses=1), api, allowed_energy_transfer=["AC_BPT", "DC_BPT"])
    unknown = Stay(other).begin().needs("AC_BPT")
    assert unknown["statusInfo"]["reasonCode"] == "UnsupportedParam", "the EVSE itself does not know it"


def test_without_a_site_nobody_limits_it(charger):
    stay = Stay(charger(evses=1)).begin()
    assert stay.needs("DC") == {"status": "NoChargingProfile"}
    assert stay.v2x()["control"] == "dynamic" and stay.v2x()["bidirectional"] is False


LOCAL = {"mode": "LocalFrequency", "baseline_kw": -2,
         "frequency_curve": [{"hz": 49.8, "kw": -10}, {"hz": 50.2, "kw": 10}]}


@pytest.fixture
def running(charger, api):
    """A session that may give back, at a station that has every mode but two."""
    one = ready(charger(evses=1), api, allowed_energy_transfer=["DC_BPT"])
    stay = Stay(one)
    stay.authorize()
    stay.begin()
    assert stay.needs()["status"] == "Accepted"
    return stay


def test_Q05_to_Q10_modes_by_order(running):
    one = running.one

    def mode():
        state = running.shown()["operation"]
        return state and (state["mode"], state["manual"])

    sent = [
        ({"mode": "ExternalLimits"}, {"operationMode": "ExternalLimits"}, "Dynamic"),
        ({"mode": "CentralFrequency", "setpoint_kw": -4}, {"operationMode": "CentralFrequency", "setpoint": -4000}, "Dynamic"),
        (LOCAL, {"operationMode": "LocalFrequency", "v2xBaseline": -2000}, "Absolute"),
        ({"mode": "Idle", "preconditioning": True, "evse_sleep": False},
         {"operationMode": "Idle", "preconditioningRequest": True, "evseSleep": False}, "Absolute"),
        ({"mode": "ChargingOnly", "limit_kw": 5}, {"operationMode": "ChargingOnly"}, "Absolute"),
    ]
    for body, expected, kind in sent:
        done = running.order("operation-mode", body)
        assert done["response"]["status"] == "Accepted", done
        profile = one.heard("SetChargingProfile")[-1]["chargingProfile"]
        period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        assert profile["chargingProfileKind"] == kind and profile["stackLevel"] > 1
        assert expected.items() <= period.items(), period
        assert profile["maxOfflineDuration"] == 60 and profile["chargingSchedule"][0]["duration"] > 0
        assert mode() == (body["mode"], True)
    (kept,) = [one_ for one_ in one.listed("charging-profiles") if one_["id"] == 7_300_001]
    assert kept["offline_seconds"] == 60 and kept["schedules"][0]["periods"][0]["mode"] == "ChargingOnly"
    # A station that refuses holds what it held.
    one.answers["SetChargingProfile"] = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}}
    assert running.order("operation-mode", LOCAL)["response"]["status"] == "Rejected"
    assert mode() == ("ChargingOnly", True)
    # The platform steers again.
    running.order("operation-mode", {"mode": "CentralSetpoint"})
    assert one.heard("ClearChargingProfile")[-1] == {"chargingProfileId": 7_300_001}
    assert mode() is None or mode()[1] is False


THRESHOLDS = {"UpperThreshold": "5000", "LowerThreshold": "-3000", "UpperOffset": "500", "LowerOffset": "500"}


def knowing(charger, api, modes, thresholds):
    """A session that may give back, at a station that knows these modes."""
    one = charger(evses=1)
    can = {**CAN, (V2X, "SupportedOperationModes"): modes,
           **{(V2X, "LocalLoadBalancing", name): value for name, value in thresholds.items()}}
    one.answers["GetVariables"] = variables_read(can)
    api.put(one.path(), yard(api, allowed_energy_transfer=["DC_BPT"]))
    until(lambda: (one.shown()["commissioning"] or {}).get("v2x"), "its abilities are read", 40)
    stay = Stay(one)
    stay.authorize()
    stay.begin()
    assert stay.needs()["status"] == "Accepted"
    return stay


def test_Q05_a_setpoint_from_outside_holds_within_limits(charger, api):
    stay = knowing(charger, api, MODES + ",ExternalSetpoint", {})
    done = stay.order("operation-mode", {"mode": "ExternalSetpoint", "limit_kw": 7, "discharge_limit_kw": -6})
    assert done["response"]["status"] == "Accepted", done
    profile = stay.one.heard("SetChargingProfile")[-1]["chargingProfile"]
    assert profile["chargingProfileKind"] == "Dynamic"
    period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    assert (period["operationMode"], period["limit"], period["dischargeLimit"]) == ("ExternalSetpoint", 7000, -6000)
    shown = stay.shown()["operation"]
    assert (shown["mode"], shown["manual"], shown["limit_kw"], shown["discharge_limit_kw"]) == (
        "ExternalSetpoint", True, 7, -6)


def test_Q09_the_load_of_a_building_is_balanced_by_a_station_that_has_its_thresholds(charger, api):
    stay = knowing(charger, api, MODES + ",LocalLoadBalancing", THRESHOLDS)
    done = stay.order("operation-mode", {"mode": "LocalLoadBalancing", "limit_kw": 10, "discharge_limit_kw": -10})
    assert done["response"]["status"] == "Accepted", done
    period = stay.one.heard("SetChargingProfile")[-1]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    assert period["operationMode"] == "LocalLoadBalancing"
    assert stay.shown()["operation"]["mode"] == "LocalLoadBalancing"


@pytest.mark.parametrize("thresholds, problem", [
    ({**THRESHOLDS, "UpperThreshold": "-4000"}, "does not lie above"),
    ({"UpperThreshold": "5000"}, "the station has no LocalLoadBalancing"),
])
def test_Q09_FR_02_thresholds_that_are_missing_or_crossed_are_refused(charger, api, thresholds, problem):
    stay = knowing(charger, api, MODES + ",LocalLoadBalancing", thresholds)
    refused = stay.order("operation-mode", {"mode": "LocalLoadBalancing", "limit_kw": 10}, status=400)
    assert any("Q09.FR.02" in field["problem"] and problem in field["problem"] for field in refused["errors"]), refused


def test_limits_of_nodes_go_before_who_orders_a_mode(charger, api):
    stay = knowing(charger, api, MODES, {})
    place = stay.one.shown()["site"]
    api.put(f"/api/v1/nodes/{place}", {"site": place, "limit_kw": 15, "export_limit_kw": 4})
    refused = stay.order("operation-mode", {"mode": "ExternalLimits", "limit_kw": 20, "discharge_limit_kw": -3}, status=400)
    (field,) = refused["errors"]
    assert field["path"] == "limit" and place in field["problem"], refused
    refused = stay.order("operation-mode", {"mode": "ExternalLimits", "limit_kw": 10, "discharge_limit_kw": -6}, status=400)
    assert refused["errors"][0]["path"] == "discharge_limit", refused
    done = stay.order("operation-mode", {"mode": "ExternalLimits", "limit_kw": 10, "discharge_limit_kw": -3})
    assert done["response"]["status"] == "Accepted"


@pytest.mark.parametrize("body, path, rule", [
    ({"mode": "LocalLoadBalancing"}, "operationMode", "K01.FR.115"),
    ({"mode": "ExternalSetpoint"}, "operationMode", "K01.FR.115"),
    ({"mode": "CentralFrequency"}, "setpoint", "needs a setpoint"),
    ({"mode": "LocalFrequency", "baseline_kw": 0}, "v2xFreqWattCurve", "two points"),
    ({"mode": "Idle", "limit_kw": 3}, "setpoint", "neither limits nor setpoint"),
    ({"mode": "ChargingOnly", "limit_kw": 3, "discharge_limit_kw": -1}, "dischargeLimit", "does not discharge"),
])
def test_what_breaks_a_rule_is_refused_with_it(running, body, path, rule):
    refused = running.order("operation-mode", body, status=400)
    assert any(path in field["path"] and rule in field["problem"] for field in refused["errors"]), refused
    # The platform's own setpoints go on meanwhile.
    assert 7_300_001 not in [told["chargingProfile"]["id"] for told in running.one.heard("SetChargingProfile")]


def raw(stay, number, period, level=4, **more):
    return {"evseId": 1, "chargingProfile": {
        "id": number, "stackLevel": level, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "transactionId": stay.id, "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, **period}]}], **more}}


def test_K01_rules_that_need_the_station_hold_for_raw_commands_too(running, api):
    one = running.one

    def refused(*profile, **more):
        answer = api.command(one.identity, "SetChargingProfile", raw(running, *profile, **more), status=400)
        assert answer["type"].endswith("payload-invalid")
        return answer["errors"][0]["problem"]

    assert "K01.FR.142" in refused(5, {"limit": 5000, "limit_L2": 4000})
    assert "V2X.08" in refused(5, {"operationMode": "CentralSetpoint", "setpoint": 5000, "setpoint_L2": 1})
    assert "K01.FR.115" in refused(5, {"operationMode": "LocalLoadBalancing"})
    one.order("SetChargingProfile", raw(running, 5, {"limit": 5000}), says="Accepted")
    assert "K01.FR.06" in refused(6, {"limit": 6000})
    one.order("SetChargingProfile", raw(running, 6, {"limit": 6000}, level=5), says="Accepted")
    one.order("SetChargingProfile", raw(running, 5, {"limit": 4000}), says="Accepted")
    assert running.shown()["operation"] == {
        "mode": "ChargingOnly", "limit_kw": 6, "discharge_limit_kw": 0, "setpoint_kw": None, "manual": False}


def test_K28_the_values_of_an_update_are_known(running):
    one = running.one
    running.order("operation-mode", {"mode": "CentralFrequency", "setpoint_kw": -4, "duration_seconds": 600})
    assert running.shown()["operation"]["setpoint_kw"] == -4
    one.order("UpdateDynamicSchedule", {"chargingProfileId": 7_300_001, "scheduleUpdate": {"setpoint": 2500}}, says="Accepted")
    assert running.shown()["operation"]["setpoint_kw"] == 2.5
    one.answers["UpdateDynamicSchedule"] = {"status": "Rejected"}
    one.order("UpdateDynamicSchedule", {"chargingProfileId": 7_300_001, "scheduleUpdate": {"setpoint": 9}}, says="Rejected")
    assert running.shown()["operation"]["setpoint_kw"] == 2.5


def test_Q08_a_signal_goes_where_a_curve_takes_it(running, api):
    path = running.one.path("/afrr-signal")
    waits = {"headers": {"Prefer": "wait=10"}}
    running.order("operation-mode", LOCAL)
    refused = api.post(path, {"signal": 3}, status=400, **waits)
    assert "Q08.FR.11" in refused["errors"][0]["problem"] and not running.one.heard("AFRRSignal")
    running.order("operation-mode", {**LOCAL, "signal_curve": [{"signal": -10, "kw": -1}, {"signal": 10, "kw": 1}]})
    assert api.post(path, {"signal": 3}, status=200, **waits)["response"]["status"] == "Accepted"
    assert running.one.heard("AFRRSignal")[-1]["signal"] == 3


def test_K21_K22_priority_charging(running):
    one = running.one

    def notify(is_on):
        assert one.say("NotifyPriorityCharging", {"transactionId": running.id, "activated": is_on}) == {}

    def urgent():
        needs = running.shown()["needs"]
        return needs["charge_now"], running.v2x()["priority_charging"]

    one.answers["UsePriorityCharging"] = {"status": "NoProfile"}
    assert running.order("priority-charging", {"active": True, "limit_kw": 15})["response"]["status"] == "NoProfile"
    profile = one.heard("SetChargingProfile")[-1]["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "PriorityCharging" and "duration" not in profile["chargingSchedule"][0]
    assert urgent() == (False, None)
    one.answers["UsePriorityCharging"] = {"status": "Accepted"}
    count = len(one.heard("SetChargingProfile"))
    running.order("priority-charging", {"active": True})
    assert one.heard("UsePriorityCharging")[-1] == {"transactionId": running.id, "activate": True}
    assert not [each for each in one.heard("SetChargingProfile")[count:]
                if each["chargingProfile"]["chargingProfilePurpose"] == "PriorityCharging"], "it has one"
    notify(True)
    assert urgent()[0] and urgent()[1]["active"] and not urgent()[1]["local"]
    # Priority goes before every mode of the transaction.
    assert running.shown()["operation"]["mode"] == "ChargingOnly"
    running.order("priority-charging", {"active": False})
    notify(False)
    assert not urgent()[0] and not urgent()[1]["active"]
    # Somebody presses the button at the pile.
    notify(True)
    assert urgent()[0] and urgent()[1]["local"]


def test_an_older_station_has_nothing_of_the_kind(shared, api, version):
    one = Charger(shared.ocpp, fresh("OLD"), "ocpp2.0.1", api=api, evses=1)
    one.connect()
    one.booted()
    stay = one.transaction(token=card(api, allowed_energy_transfer=["DC_BPT"])).charging()
    assert "allowedEnergyTransfer" not in one.say("Authorize", {"idToken": {"idToken": stay.token, "type": CARD}})
    path = f"/api/v1/sessions/{stay.shown()['id']}/operation-mode"
    assert api.post(path, {"mode": "Idle"}, status=409)["type"].endswith("not-in-version")
    one.close()


def test_K18_the_vehicle_s_own_schedule_stays_within_what_it_was_told(running):
    one = running.one

    def course(**period):
        return one.say("NotifyEVChargingSchedule", {
            "timeBase": now(), "evseId": 1, "selectedChargingScheduleId": 1, "powerToleranceAcceptance": True,
            "chargingSchedule": {"id": 1, "duration": 240, "chargingRateUnit": "W", "chargingSchedulePeriod": [
                {"startPeriod": 0, **period}]}})["status"]

    running.order("operation-mode", {"mode": "ExternalLimits", "limit_kw": 10, "discharge_limit_kw": -4})
    before = len(one.heard("SetChargingProfile"))
    assert course(setpoint=-3000) == "Accepted"
    assert running.v2x()["course"]["fits"] and running.v2x()["course"]["steps"] == [{"seconds": 0, "kw": -3}]
    assert course(setpoint=-6000) == "Rejected"
    assert running.v2x()["course"]["fits"] is False
    until(lambda: len(one.heard("SetChargingProfile")) > before, "its limit is told again")


def composite(one, **period):
    """Answers what the station reckons."""
    def answer(fields):
        return one.words.call_result.GetCompositeSchedule(status="Accepted", schedule={
            "evse_id": fields["evse_id"], "duration": fields["duration"], "schedule_start": now(),
            "charging_rate_unit": "W", "charging_schedule_period": [{"start_period": 0, **period}]})
    return answer


def test_K08_a_station_whose_curve_is_another_is_told_where(running):
    one = running.one
    one.answers["GetCompositeSchedule"] = composite(
        one, operation_mode="LocalFrequency", v2x_baseline=-2000,
        v2x_freq_watt_curve=[{"frequency": 49.8, "power": -12000}, {"frequency": 50.2, "power": 10000}])
    running.order("operation-mode", {**LOCAL, "duration_seconds": 86400})

    def curves():
        return [row for row in one.listed("schedule-comparison") if row["field"] == "frequency_curve"]

    until(curves, "the difference is named", 90)
    row = curves()[0]
    assert (row["result"], row["ours_kw"], row["station_kw"]) == ("allows_more", -10, -12)
    assert (row["at_hz"], row["at_signal"], row["station_on"]) == (Decimal("49.8"), None, None)
    kept = [period for profile in one.listed("charging-profiles") for schedule in profile["schedules"]
            for period in schedule["periods"] if period["mode"] == "LocalFrequency"]
    assert kept and kept[0]["frequency_curve"] == [
        {"hz": Decimal("49.8"), "w": -10000}, {"hz": Decimal("50.2"), "w": 10000}]
    assert kept[0]["signal_curve"] == [] and kept[0]["evse_sleep"] is False


def test_K08_a_station_that_reckons_otherwise_is_told_by_field(running, api):
    one = running.one

    def rows():
        return one.listed("schedule-comparison")

    one.answers["GetCompositeSchedule"] = composite(one, setpoint=-9000, operation_mode="CentralFrequency")
    running.order("operation-mode", {"mode": "CentralFrequency", "setpoint_kw": -4, "duration_seconds": 86400})
    until(lambda: [row for row in rows() if row["field"] == "setpoint"], "the difference is named", 90)
    row = next(row for row in rows() if row["field"] == "setpoint")
    assert (row["result"], row["ours_kw"], row["station_kw"]) == ("allows_more", -4, -9)
    # One such answer may have crossed with what was on its way; the second a minute later is an alarm.
    until(lambda: any(alarm["code"] == "schedule-allows-more" and one.identity in alarm["object"]
                      for alarm in api.get("/api/v1/alarms")["items"]), "the alarm", 90)
