"""OCA cases of 2.0.1 for central systems, block N (diagnostics): monitors, events, logs, what is known of a customer."""

import itertools

from support.charger import CARD, both, card, soon
from support.station import now
from support.station2 import monitors_cleared, variables_read

_numbers = itertools.count(1)

STATION = {"component": {"name": "ChargingStation"}}
EVSE = {"component": {"name": "EVSE", "evse": {"id": 1}}}
POWER, STATE = {"variable": {"name": "Power"}}, {"variable": {"name": "AvailabilityState"}}


# MARK: Monitoring reports

def ask(one, says="Accepted", criteria=None, chosen=None):
    number = next(_numbers)
    payload = {"requestId": number, **({"monitoringCriteria": criteria} if criteria else {}),
               **({"componentVariable": chosen} if chosen else {})}
    one.order("GetMonitoringReport", payload, {"status": says}, says=says)
    return number


def reported(one, number, *monitors, last=True, part=0):
    """Monitors as (place, number, kind, value)."""
    origin = {} if one.subprotocols == ("ocpp2.0.1",) else {"eventNotificationType": "CustomMonitor"}
    assert one.say("NotifyMonitoringReport", {
        "requestId": number, "seqNo": part, "generatedAt": now(), "tbc": not last, "monitor": [
            {**place, "variableMonitoring": [
                {"id": monitor, "transaction": False, "value": value, "type": kind, "severity": 5, **origin}]}
            for place, monitor, kind, value in monitors]}) == {}
    assert one.report(number)[0] == ("complete" if last else "receiving")


def held(one):
    """Monitors as the platform pictures them: number, component, variable, kind."""
    return sorted((m["id"], m["component"], m["variable"], m["type"]) for m in one.listed("monitors"))


def empty_then(one, nothing, something, monitors):
    """Two questions: the first finds nothing, the second what is reported."""
    ask(one, "EmptyResultSet", *nothing)
    assert held(one) == []
    reported(one, ask(one, "Accepted", *something), *monitors)
    assert held(one) == sorted(
        (number, place["component"]["name"], place["variable"]["name"], kind) for place, number, kind, _ in monitors)


@both
def test_TC_N_01_monitors_of_a_kind_are_reported(charger):
    empty_then(charger(), [["DeltaMonitoring"]], [["ThresholdMonitoring"]], [
        ({**STATION, **POWER}, 101, "UpperThreshold", 11000)])


def test_TC_N_02_monitors_of_a_variable_are_reported(charger):
    empty_then(charger(), [None, [{**STATION, **POWER}]], [None, [{**EVSE, **STATE}]], [
        ({**EVSE, **STATE}, 102, "Delta", 1)])


def test_TC_N_03_monitors_of_a_kind_and_a_variable_are_reported(charger):
    empty_then(
        charger(), [["DeltaMonitoring"], [{**EVSE, **STATE}]], [["ThresholdMonitoring"], [{**STATION, **POWER}]], [
            ({**STATION, **POWER}, 103, "UpperThreshold", 11000)])


def test_TC_N_60_monitors_of_several_variables_are_reported(charger):
    empty_then(
        charger(), [["ThresholdMonitoring"], [{**STATION, **POWER}, {**EVSE, **POWER}]],
        [["DeltaMonitoring"], [{**STATION, **STATE}, {**EVSE, **STATE}]], [
            ({**STATION, **STATE}, 104, "Delta", 1), ({**EVSE, **STATE}, 105, "Delta", 1)])


def test_TC_N_47_all_monitors_are_reported(charger):
    one = charger()
    number = ask(one)
    reported(one, number, ({**STATION, **POWER}, 106, "UpperThreshold", 11000), last=False)
    reported(one, number, ({**EVSE, **STATE}, 107, "Delta", 1), part=1)
    assert [m[0] for m in held(one)] == [106, 107]


# MARK: Monitors set and cleared

def monitoring(one):
    return one.api.get(one.path("/monitoring"))


def test_TC_N_05_a_base_of_monitors_is_set(charger, api):
    one = charger()
    assert monitoring(one)["base"] is None
    for base in ["All", "FactoryDefault", "HardWiredOnly"]:
        api.put(one.path("/monitoring"), {"base": base}, headers={"Prefer": "wait=10"}, status=(200, 202))
        assert one.heard("SetMonitoringBase")[-1] == {"monitoringBase": base}
        soon(lambda: monitoring(one)["base"], base)


def set_monitors(one, *places):
    """By the endpoint for it."""
    assert held(one) == []
    done = one.api.post(one.path("/monitors"), {"monitors": [
        {"component": place["component"]["name"], "evse": place["component"].get("evse", {}).get("id"),
         "variable": place["variable"]["name"], "type": "Delta", "value": 1, "severity": 8} for place in places]},
        headers={"Prefer": "wait=10"})
    assert done["status"] == "answered"
    (heard,) = one.heard("SetVariableMonitoring")
    assert [{key: data[key] for key in ("value", "type", "severity", "component", "variable")}
            for data in heard["setMonitoringData"]] == [{"value": 1, "type": "Delta", "severity": 8, **p} for p in places]
    soon(lambda: held(one), [(101 + n, place["component"]["name"], place["variable"]["name"], "Delta")
                             for n, place in enumerate(places)])


@both
def test_TC_N_08_a_monitor_is_set(charger):
    set_monitors(charger(), {**EVSE, **STATE})


def test_TC_N_09_several_monitors_are_set_at_once(charger):
    set_monitors(charger(), {**EVSE, **STATE}, {**STATION, **STATE})


def test_TC_N_18_more_monitors_are_cleared_than_one_message_may_name(charger, api):
    one = charger()
    limit = {"component": {"name": "MonitoringCtrlr"},
             "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}}
    one.order("GetVariables", {"getVariableData": [limit]}, variables_read({
        ("MonitoringCtrlr", "ItemsPerMessage", "ClearVariableMonitoring"): "2"}))
    set_monitors(one, {**EVSE, **STATE}, {**STATION, **STATE}, {**STATION, **POWER})
    for number in (101, 102, 103):
        api.delete(one.path(f"/monitors/{number}"), headers={"Prefer": "wait=10"}, status=(200, 202))
    asked = [sent["id"] for sent in one.heard("ClearVariableMonitoring")]
    assert all(len(ids) <= 2 for ids in asked) and sorted(sum(asked, [])) == [101, 102, 103]
    soon(lambda: held(one), [])


def level(charger, says):
    one = charger()
    assert monitoring(one)["level"] is None
    one.order("SetMonitoringLevel", {"severity": 4}, {"status": says}, says=says)
    soon(lambda: monitoring(one)["level"], 4 if says == "Accepted" else None)


def test_TC_N_16_the_level_of_events_is_set(charger):
    level(charger, "Accepted")


def test_TC_N_17_a_level_that_the_station_refuses_is_shown(charger):
    level(charger, "Rejected")


def test_TC_N_44_a_monitor_that_cannot_be_cleared_is_shown(charger):
    one = charger()
    set_monitors(one, {**EVSE, **STATE})
    done = one.order("ClearVariableMonitoring", {"id": [101]}, monitors_cleared("Rejected"))
    assert done["response"]["clearMonitoringResult"] == [{"id": 101, "status": "Rejected"}]
    assert [m[0] for m in held(one)] == [101], "it is still there"
    one.order("ClearVariableMonitoring", {"id": [101]}, monitors_cleared())
    soon(lambda: held(one), [])


# MARK: Events

def seen(one, component):
    """Events of a component as the API shows them, newest first: variable, value, trigger, whether it is over."""
    return [(event["variable"], event["value"], event["trigger"], event["cleared"])
            for event in one.listed("device-events") if event["component"] == component]


def happened(charger, trigger, value, **more):
    one = charger()
    assert seen(one, "EVSE") == []
    one.event("EVSE", "Power", value, 1, trigger=trigger, variableMonitoringId=101, **more)
    assert seen(one, "EVSE") == [("Power", value, trigger, more.get("cleared", False))]


def test_TC_N_21_events_of_the_stations_own_monitors_are_kept(charger):
    one = charger()
    assert seen(one, "ConnectorHolsterRelease") == []
    for value in ["1", "2"]:
        one.event("ConnectorHolsterRelease", "Problem", value, 1, trigger="Alerting",
                  eventNotificationType="HardWiredNotification")
    assert seen(one, "ConnectorHolsterRelease") == [
        ("Problem", "2", "Alerting", False), ("Problem", "1", "Alerting", False)]


@both
def test_TC_N_24_events_come_at_intervals(charger):
    one = charger()
    assert seen(one, "EVSE") == []
    for value in ["1", "2", "3"]:
        one.event("EVSE", "Power", value, 1, trigger="Periodic", variableMonitoringId=101)
    assert seen(one, "EVSE") == [("Power", value, "Periodic", False) for value in ["3", "2", "1"]]


def test_TC_N_48_an_event_of_a_variable_that_cannot_be_read_has_no_value(charger):
    happened(charger, "Alerting", "")


def test_TC_N_49_an_event_is_over(charger):
    happened(charger, "Alerting", "100", cleared=True)


def test_TC_N_50_an_event_comes_by_the_clock(charger):
    happened(charger, "Periodic", "100")


# MARK: Logs

def log(one, kind="diagnostics", says="Accepted"):
    """Ordered by an operator; the number of the request."""
    known, location = len(one.heard("GetLog")), "https://files.example/logs"
    one.answers["GetLog"] = {"status": says}
    one.api.post(one.path("/log"), {"type": kind, "location": location}, headers={"Prefer": "wait=10"})
    (asked,) = one.heard("GetLog")[known:]
    assert asked["logType"] == {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}[kind]
    assert asked["log"]["remoteLocation"] == location
    soon(lambda: one.job(asked["requestId"], "log"), ("accepted" if says.startswith("Accepted") else "refused", says))
    return asked["requestId"]


def uploads(one, number, *words):
    for word in words:
        assert one.job(number, "log")[1] != word
        assert one.say("LogStatusNotification", {"status": word, "requestId": number}) == {}
        assert one.job(number, "log") == ({"Uploading": "running", "Uploaded": "done"}[word], word)


@both
def test_TC_N_25_a_diagnostics_log_is_fetched(charger):
    one = charger()
    uploads(one, log(one), "Uploading", "Uploaded")


def test_TC_N_34_a_station_that_gives_no_log_is_shown(charger):
    log(charger(), says="Rejected")


def test_TC_N_35_a_security_log_is_fetched(charger):
    one = charger()
    uploads(one, log(one, "security"), "Uploading", "Uploaded")


def test_TC_N_36_a_second_request_cancels_the_first(charger):
    one = charger()
    first = log(one)
    uploads(one, first, "Uploading")
    second = log(one, says="AcceptedCanceled")
    soon(lambda: one.job(first, "log"), ("superseded", "Uploading"))
    assert one.say("LogStatusNotification", {"status": "AcceptedCanceled", "requestId": first}) == {}
    assert one.job(first, "log")[0] == "superseded"
    uploads(one, second, "Uploading", "Uploaded")


# MARK: What is known of a customer

HASHED = {"hashAlgorithm": "SHA256", "issuerNameHash": "0" * 64, "issuerKeyHash": "1" * 64, "serialNumber": "1A2B"}


def customer(one, report, clear, says="Accepted", **who):
    """Ordered by an operator; the number of the request."""
    number = next(_numbers)
    one.answers["CustomerInformation"] = {"status": says}
    done = one.api.command(one.identity, "CustomerInformation", {
        "requestId": number, "report": report, "clear": clear, **who})
    assert done["response"]["status"] == says
    assert one.heard("CustomerInformation")[-1] == {"requestId": number, "report": report, "clear": clear, **who}
    soon(lambda: known(one, number)[0], says)
    return number


def known(one, number):
    """An inquiry as it is shown to those who may see it: the station's word, what it told, whether that is all."""
    return next(((item["status"], item["data"] or "", item["complete"]) for item in one.listed("customer-information")
                 if item["request"] == number), (None, "", False))


def token(api):
    return {"idToken": {"idToken": card(api), "type": CARD}}


def told(one, number, data, part=0, last=True):
    _, before, complete = known(one, number)
    assert complete is False
    assert one.say("NotifyCustomerInformation", {
        "requestId": number, "data": data, "seqNo": part, "generatedAt": now(), "tbc": not last}) == {}
    assert known(one, number)[1:] == (before + data, last)


@both
def test_TC_N_27_what_is_known_of_a_customer_is_told(charger, api):
    one = charger()
    number = customer(one, True, False, **token(api))
    told(one, number, "card used 3 times", last=False)
    told(one, number, "last week", part=1)


def test_TC_N_28_nothing_is_known_of_a_customer(charger, api):
    one = charger()
    told(one, customer(one, True, False, **token(api)), "")


def test_TC_N_29_a_station_that_tells_nothing_of_customers_is_shown(charger, api):
    one = charger()
    customer(one, True, False, "Rejected", **token(api))
    number = one.heard("CustomerInformation")[-1]["requestId"]
    assert known(one, number) == ("Rejected", "", False)


def test_TC_N_30_what_is_known_of_a_customer_is_told_and_cleared(charger, api):
    one = charger()
    told(one, customer(one, True, True, **token(api)), "card used 3 times")


def test_TC_N_31_nothing_is_known_of_a_customer_that_is_cleared(charger, api):
    one = charger()
    told(one, customer(one, True, True, **token(api)), "")


def test_TC_N_32_what_is_known_of_a_customer_is_cleared_untold(charger, api):
    one = charger()
    told(one, customer(one, False, True, **token(api)), "")


def test_TC_N_46_a_customer_that_was_cleared_is_taken_off_the_local_list(charger, api):
    one = charger()
    who = token(api)
    one.order("SendLocalList", {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [
        {**who, "idTokenInfo": {"status": "Accepted"}}]}, says="Accepted")
    told(one, customer(one, True, True, **who), "card used 3 times")
    one.order("SendLocalList", {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [who]},
              says="Accepted")


def test_TC_N_62_a_customer_is_named_by_a_text(charger):
    one = charger()
    told(one, customer(one, True, True, customerIdentifier="OpenChargeAlliance"), "a name")


def test_TC_N_63_a_customer_is_named_by_a_certificate(charger):
    one = charger()
    told(one, customer(one, True, True, customerCertificate=HASHED), "a contract")
