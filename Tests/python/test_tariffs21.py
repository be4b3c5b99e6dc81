"""OCPP 2.1 blocks I (I07 to I12) and E16 over real sockets: prices at stations that reckon costs, their sums beside ours, limits."""

from decimal import Decimal

import pytest

from support.charger import CARD, card, sampled, soon
from support.polling import until
from support.station import fresh
from support.station2 import variables_read

TARIFF = "cn/hubei/residential-charging"
DAY = "2026-03-02T"
EVSE = {"evse": {"id": 1, "connectorId": 1}}
RECKONS = {("TariffCostCtrlr", "Enabled", "Tariff"): "true", ("TariffCostCtrlr", "Enabled", "Cost"): "true",
           ("TariffCostCtrlr", "MaxElements", "Tariff"): "20", ("TariffCostCtrlr", "ConditionsSupported", "Tariff"): "true",
           ("TxCtrlr", "SupportedLimits"): "maxCost,maxEnergy"}

pytestmark = pytest.mark.parametrize("version", ["ocpp2.1"], indirect=True)


class Reckoner:
    """A station that keeps tariffs and reckons by what it has (I12.FR.30 to FR.34).

    `word`: what it says of a list of prices that it is to take.
    """

    def __init__(self, charger, api, variables=RECKONS, word=lambda prices: "Accepted", **site):
        self.site = fresh("yard")
        api.put(f"/api/v1/sites/{self.site}", {
            "name": self.site, "zone": "Asia/Shanghai", "tariffs": [{"from": "2026-01-01", "tariff": TARIFF}], **site})
        self.api, self.tariffs, self.word = api, {}, word
        self.one = charger(boots=False)
        self.one.answers.update({
            "GetVariables": variables_read(variables), "SetDefaultTariff": self.takes, "GetTariffs": self.tells,
            "ClearTariffs": self.clears, "ChangeTransactionTariff": self.changes})
        api.put(self.one.path(), {"site": self.site})
        self.one.booted()

    def takes(self, fields):
        word = self.word(fields["tariff"]["energy"]["prices"])
        if word == "Accepted":
            self.tariffs = {fields["tariff"]["tariff_id"]: fields["tariff"]}
        return {"status": word}

    def changes(self, fields):
        self.tariffs[fields["tariff"]["tariff_id"]] = fields["tariff"]
        return {"status": "Accepted"}

    def tells(self, _):
        if not self.tariffs:
            return {"status": "NoTariff"}
        return {"status": "Accepted", "tariffAssignments": [
            {"tariffId": name, "tariffKind": "DefaultTariff", "evseIds": [1, 2]} for name in self.tariffs]}

    def clears(self, _):
        gone, self.tariffs = list(self.tariffs), {}
        return {"clearTariffsResult": [{"status": "Accepted", "tariffId": name} for name in gone] or [{"status": "NoTariff"}]}

    def shown(self):
        return self.api.get(self.one.path("/tariffs"))

    def held(self):
        return until(lambda: (picture := self.shown())["state"] == "held" and picture, "a tariff is held", shown=self.shown)

    def price(self, clock):
        """Of a kWh at this time of that Monday."""
        (tariff,) = self.tariffs.values()
        for element in tariff["energy"]["prices"]:
            conditions = element.get("conditions", {})
            start, end = conditions.get("start_time_of_day"), conditions.get("end_time_of_day")
            if start and not (start <= clock < end if end > start else clock >= start or clock < end):
                continue
            if "day_of_week" in conditions and "Monday" not in conditions["day_of_week"]:
                continue
            if conditions.get("valid_from_date", "") > DAY[:10] or DAY[:10] >= conditions.get("valid_to_date", "9"):
                continue
            return Decimal(str(element["price_kwh"]))
        raise AssertionError("no element holds")


def told(one, number, stage, trigger, clock, wh, info=None, **more):
    at = f"{DAY}{clock}:00+08:00"
    return one.say("TransactionEvent", {
        "eventType": stage, "timestamp": at, "triggerReason": trigger, "seqNo": number,
        "transactionInfo": {"transactionId": "TX", **(info or {})}, "meterValue": [sampled(wh, at=at)], **more})


def test_a_station_that_reckons_is_given_the_prices_and_its_sum_stands_beside_ours(charger, api):
    station = Reckoner(charger, api, service_fees=[{"from": "2026-01-01", "yuan_kwh": 0.3}])
    picture = station.held()
    (name,) = station.tariffs
    assert picture["wanted"] == name and [one["id"] for one in picture["items"]] == [name]
    assert picture["abilities"]["max_elements"] == 20 and len(station.tariffs[name]["energy"]["prices"]) <= 20
    one = station.one
    told(one, 0, "Started", "Authorized", "22:40", 1000, {"tariffId": name}, **EVSE)
    told(one, 1, "Updated", "RunningCost", "22:50", 3000, costDetails={
        "totalCost": {"currency": "CNY", "typeOfCost": "NormalCost", "total": {"exclTax": 1.96}},
        "totalUsage": {"energy": 2, "chargingTime": 600, "idleTime": 0}})
    told(one, 2, "Updated", "MeterValuePeriodic", "23:00", 5000)
    # As the station reckons, from nothing but the tariff that it was given.
    own = 4 * station.price("22:50") + 4 * station.price("23:15")
    details = {"totalCost": {"currency": "CNY", "typeOfCost": "NormalCost", "total": {"exclTax": float(own)}},
               "totalUsage": {"energy": 8, "chargingTime": 3000, "idleTime": 0},
               "chargingPeriods": [{"startPeriod": f"{DAY}22:40:00+08:00", "tariffId": name}]}
    answer = told(one, 3, "Ended", "EVCommunicationLost", "23:30", 9000, costDetails=details)
    assert Decimal(str(answer["totalCost"])) == own == Decimal("6.84")
    soon(lambda: one.session("TX")["account"]["difference_fen"], 0)
    session = one.session("TX")
    assert session["account"]["tariff_id"] == name and "station reckons another cost" not in session["flags"]
    statement = api.get(f"/api/v1/sessions/{session['id']}/statement")
    assert (statement["total_yuan"], statement["service_fee_yuan"]) == (Decimal("6.84"), Decimal("2.4"))
    assert [(line["level"], line["energy_kwh"]) for line in statement["lines"]] and statement["final"]
    lines = api.request("GET", f"/api/v1/sessions/{session['id']}/statement?format=csv").text.splitlines()
    assert lines[0].startswith("direction,level,price_yuan_kwh") and len(lines) == 1 + len(statement["lines"])


def test_a_sum_that_differs_is_marked(charger, api):
    station = Reckoner(charger, api, local_cost="off")
    one = station.one
    told(one, 0, "Started", "Authorized", "20:00", 0, **EVSE)
    told(one, 1, "Ended", "EVCommunicationLost", "20:30", 1000, costDetails={
        "totalCost": {"currency": "CNY", "typeOfCost": "NormalCost", "total": {"exclTax": 9.99}},
        "totalUsage": {"energy": 1, "chargingTime": 1800, "idleTime": 0}})
    soon(lambda: "station reckons another cost" in one.session("TX")["flags"], True)
    assert one.session("TX")["account"]["station_cost_yuan"] == Decimal("9.99")
    assert not one.heard("SetDefaultTariff"), "the site does not want it"


def takes_few_without_conditions(prices):
    if len(prices) > 3:
        return "TooManyElements"
    return "ConditionNotSupported" if any("conditions" in one for one in prices) else "Accepted"


def test_too_much_for_a_station_is_cut_down_and_what_it_takes_in_no_form_we_reckon(charger, api):
    station = Reckoner(charger, api, word=takes_few_without_conditions)
    station.held()
    sizes = [len(sent["tariff"]["energy"]["prices"]) for sent in station.one.heard("SetDefaultTariff")]
    # Where one price is left of the day, no condition comes between.
    assert len(sizes) in (2, 3) and sizes == sorted(set(sizes), reverse=True) and sizes[-1] == 1, sizes
    station.word = lambda prices: "Rejected"
    api.put(f"/api/v1/sites/{station.site}", {"service_fees": [{"from": "2026-01-01", "yuan_kwh": 1}]})
    picture = until(lambda: station.shown()["state"] == "central" and station.shown(), "the platform reckons")
    assert picture["word"] == "Rejected"


def test_what_an_operator_reads_clears_and_sends_is_known(charger, api):
    station = Reckoner(charger, api, local_cost="on")
    wanted = station.held()["wanted"]
    one = station.one
    done = api.post(one.path("/tariffs:clear"), {}, headers={"Prefer": "wait=10"})
    assert done["status"] == "answered" and one.heard("ClearTariffs")
    # Where the site wants it there, it comes back.
    until(lambda: wanted in station.tariffs, "it comes back")
    station.held()
    station.tariffs = {}
    api.post(one.path("/tariffs:read"), headers={"Prefer": "wait=10"})
    until(lambda: wanted in station.tariffs, "what was lost comes back")
    api.put(f"/api/v1/sites/{station.site}", {"local_cost": "off"})
    soon(lambda: station.shown()["state"], "off")
    station.tariffs = {"of-others": {}}
    api.post(one.path("/tariffs:read"), headers={"Prefer": "wait=10"})
    soon(lambda: {one["id"]: one["standing"] for one in station.shown()["items"]},
         {wanted: "missing", "of-others": "foreign"})
    done = api.post(one.path("/tariffs:send"), headers={"Prefer": "wait=10"})
    assert done["response"]["status"] == "Accepted" and wanted in station.tariffs


def test_limits_go_to_the_station_and_hold_without_it(charger, api):
    station = Reckoner(charger, api, local_cost="off")
    one = station.one
    transaction = one.transaction().charging()
    session = transaction.shown()
    triggered = []
    one.answers["TriggerMessage"] = lambda fields: triggered.append(fields) or {"status": "Accepted"}
    shown = api.put(f"/api/v1/sessions/{session['id']}/limits", {"max_energy_kwh": 2, "max_cost_yuan": 50, "max_seconds": 7200})
    assert shown["account"]["limits"]["max_energy_kwh"] == 2
    until(lambda: triggered, "it is asked for a message")
    answer = transaction.next("Trigger", values=[sampled(1000)])
    assert answer["transactionLimit"] == {"maxCost": 50.0, "maxEnergy": 2000}, "what it keeps, of what was set"
    transaction.next("LimitSet", transactionLimit={"maxCost": 50.0, "maxEnergy": 2000})
    soon(lambda: transaction.shown()["account"]["station_limits"]["max_energy_kwh"], 2)
    transaction.next("EnergyLimitReached", state="SuspendedEVSE", values=[sampled(3000)])
    soon(lambda: transaction.shown()["account"]["limit_reached"], "energy")
    assert not one.heard("RequestStopTransaction"), "it acted itself"
    # One that knows no limits is asked to stop.
    plain = Reckoner(charger, api, variables={}, local_cost="off")
    other = plain.one.transaction().charging()
    api.put(f"/api/v1/sessions/{other.shown()['id']}/limits", {"max_energy_kwh": 2})
    other.next("MeterValuePeriodic", values=[sampled(1000)])
    assert "transactionLimit" not in other.next("MeterValuePeriodic", values=[sampled(3100)])
    until(lambda: plain.one.heard("RequestStopTransaction"), "it is asked to stop")
    refused = api.request("PUT", f"/api/v1/sessions/{other.shown()['id']}/limits", {"max_soc_percent": 101})
    assert refused.status == 400 and "max_soc_percent" in refused.text


def test_I08_a_driver_with_prices_of_its_own_pays_them_wherever_it_is_reckoned(charger, api):
    station = Reckoner(charger, api, service_fees=[{"from": "2026-01-01", "yuan_kwh": 0.3}])
    usual = station.held()["wanted"]
    one = station.one
    refused = api.request("PUT", f"/api/v1/id-tokens/{fresh('X')}", {"status": "Accepted", "tariff": "cn/nowhere/none"})
    assert refused.status == 400 and "tariff" in refused.text
    group, other = card(api, service_fee_yuan_kwh=0.1), card(api)
    driver = card(api, parent=group)

    def authorized(token):
        return one.say("Authorize", {"idToken": {"idToken": token, "type": CARD}})

    assert "tariff" not in authorized(other), "who pays what all pay"
    own = authorized(driver)["tariff"]
    assert own["tariffId"] != usual and "validFrom" not in own
    prices = [Decimal(str(element["priceKwh"])) for element in own["energy"]["prices"]]
    all_pay = [Decimal(str(element["price_kwh"])) for element in station.tariffs[usual]["energy"]["prices"]]
    assert [price + Decimal("0.2") for price in prices] == all_pay
    # It begins by what all pay, as after an authorization from its memory, and is put right.
    told(one, 0, "Started", "Authorized", "22:40", 1000, {"tariffId": usual}, idToken={"idToken": driver, "type": CARD}, **EVSE)
    changed = until(lambda: one.heard("ChangeTransactionTariff"), "the transaction goes on by its own")[-1]
    assert changed["tariff"]["tariffId"] == own["tariffId"] and changed["transactionId"] == "TX"
    soon(lambda: one.session("TX")["account"]["tariff_id"], own["tariffId"])
    told(one, 1, "Updated", "MeterValuePeriodic", "23:00", 5000)
    details = {"totalCost": {"currency": "CNY", "typeOfCost": "NormalCost", "total": {"exclTax": 5.24}},
               "totalUsage": {"energy": 8, "chargingTime": 3000, "idleTime": 0},
               "chargingPeriods": [
                   {"startPeriod": f"{DAY}22:40:00+08:00", "tariffId": own["tariffId"],
                    "dimensions": [{"type": "Energy", "volume": 4}, {"type": "ChargingTime", "volume": 20}]},
                   {"startPeriod": f"{DAY}23:00:00+08:00", "tariffId": own["tariffId"],
                    "dimensions": [{"type": "Energy", "volume": 4}]}]}
    answer = told(one, 2, "Ended", "EVCommunicationLost", "23:30", 9000, costDetails=details)
    assert Decimal(str(answer["totalCost"])) == Decimal("5.24"), "4.44 of energy and 0.1 a kWh"
    soon(lambda: one.session("TX")["account"]["difference_fen"], 0)
    account = one.session("TX")["account"]
    assert account["driver_prices"] == {"tariff": None, "service_fee_yuan_kwh": Decimal("0.1")}
    assert [(part["tariff_id"], part["energy_kwh"]) for part in account["station_periods"]] == [(own["tariffId"], 4)] * 2
    rows = api.request("GET", "/api/v1/id-tokens?format=csv&limit=1").text.splitlines()
    assert {"tariff", "service_fee_yuan_kwh"} <= set(rows[0].split(","))


def test_I02_a_station_that_says_little_is_told_the_cost_so_far_also_after_it_was_lost(charger, api):
    station = Reckoner(
        charger, api, variables={}, local_cost="off", running_cost=True, service_fees=[{"from": "2026-01-01", "yuan_kwh": 2}])
    one = station.one
    one.answers["CostUpdated"] = {}
    transaction = one.transaction().charging()
    assert transaction.next("MeterValuePeriodic", values=[sampled(1000)])["totalCost"] == 0
    one.close()
    one.connect()
    one.meter(1, 3000)
    sent = until(lambda: one.heard("CostUpdated"), "what it costs so far", 60)
    assert len(sent) == 1 and sent[0]["transactionId"] == transaction.id and 4 < sent[0]["totalCost"] < 8
