"""OCA cases of 2.0.1 for central systems, block N (diagnostics): monitors, events, logs, what is known of a customer."""

import itertools

from support.charger import CARD, both, card
from support.station import now
from support.station2 import monitors_cleared, monitors_set

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
    before = len(one.log("NotifyMonitoringReport"))
    origin = {} if one.subprotocols == ("ocpp2.0.1",) else {"eventNotificationType": "CustomMonitor"}
    assert one.say("NotifyMonitoringReport", {
        "requestId": number, "seqNo": part, "generatedAt": now(), "tbc": not last, "monitor": [
            {**place, "variableMonitoring": [
                {"id": monitor, "transaction": False, "value": value, "type": kind, "severity": 5, **origin}]}
            for place, monitor, kind, value in monitors]}) == {}
    assert len(one.log("NotifyMonitoringReport")) == before + 1


def empty_then(one, nothing, something, monitors):
    """Two questions: the first finds nothing, the second what is reported."""
    ask(one, "EmptyResultSet", *nothing)
    assert one.log("NotifyMonitoringReport") == []
    reported(one, ask(one, "Accepted", *something), *monitors)


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


# MARK: Monitors set and cleared

def test_TC_N_05_a_base_of_monitors_is_set(charger):
    one = charger()
    for base in ["All", "FactoryDefault", "HardWiredOnly"]:
        one.order("SetMonitoringBase", {"monitoringBase": base}, {"status": "Accepted"}, says="Accepted")


def monitor(place):
    return {"value": 1, "type": "Delta", "severity": 8, **place}


def set_monitors(one, *places):
    done = one.order("SetVariableMonitoring", {"setMonitoringData": [monitor(place) for place in places]}, monitors_set())
    results = done["response"]["setMonitoringResult"]
    assert [(r["status"], r["id"]) for r in results] == [("Accepted", n + 101) for n in range(len(places))]


@both
def test_TC_N_08_a_monitor_is_set(charger):
    set_monitors(charger(), {**EVSE, **STATE})


def test_TC_N_09_several_monitors_are_set_at_once(charger):
    set_monitors(charger(), {**EVSE, **STATE}, {**STATION, **STATE})


def level(charger, says):
    charger().order("SetMonitoringLevel", {"severity": 4}, {"status": says}, says=says)


def test_TC_N_16_the_level_of_events_is_set(charger):
    level(charger, "Accepted")


def test_TC_N_17_a_level_that_the_station_refuses_is_shown(charger):
    level(charger, "Rejected")


def test_TC_N_44_a_monitor_that_cannot_be_cleared_is_shown(charger):
    one = charger()
    set_monitors(one, {**EVSE, **STATE})
    done = one.order("ClearVariableMonitoring", {"id": [101]}, monitors_cleared("Rejected"))
    assert done["response"]["clearMonitoringResult"] == [{"id": 101, "status": "Rejected"}]


# MARK: Events

def happened(charger, trigger, value, **more):
    one = charger()
    before = len(one.log("NotifyEvent"))
    one.event("EVSE", "Power", value, 1, trigger=trigger, variableMonitoringId=101, **more)
    kept = one.log("NotifyEvent")[before:]
    assert len(kept) == 1 and kept[0]["reply"] == {} and f'"{trigger}"' in kept[0]["text"]


def test_TC_N_21_events_of_the_stations_own_monitors_are_kept(charger):
    one = charger()
    before = len(one.log("NotifyEvent"))
    for value in ["1", "2"]:
        one.event("ConnectorHolsterRelease", "Problem", value, 1, trigger="Alerting")
    assert len(one.log("NotifyEvent")) == before + 2


@both
def test_TC_N_24_events_come_at_intervals(charger):
    one = charger()
    before = len(one.log("NotifyEvent"))
    for value in ["1", "2", "3"]:
        one.event("EVSE", "Power", value, 1, trigger="Periodic", variableMonitoringId=101)
    assert len(one.log("NotifyEvent")) == before + 3


def test_TC_N_48_an_event_of_a_variable_that_cannot_be_read_has_no_value(charger):
    happened(charger, "Alerting", "")


def test_TC_N_49_an_event_is_over(charger):
    happened(charger, "Alerting", "100", cleared=True)


def test_TC_N_50_an_event_comes_by_the_clock(charger):
    happened(charger, "Periodic", "100")


# MARK: Logs

def log(one, kind="DiagnosticsLog", says="Accepted"):
    number = next(_numbers)
    one.order("GetLog", {"logType": kind, "requestId": number, "log": {"remoteLocation": "https://files.example/logs"}},
              {"status": says}, says=says)
    return number


def uploads(one, number, *words):
    for word in words:
        before = len(one.log("LogStatusNotification"))
        assert one.say("LogStatusNotification", {"status": word, "requestId": number}) == {}
        kept = one.log("LogStatusNotification")[before:]
        assert len(kept) == 1 and f'"{word}"' in kept[0]["text"]


@both
def test_TC_N_25_a_diagnostics_log_is_fetched(charger):
    one = charger()
    uploads(one, log(one), "Uploading", "Uploaded")


def test_TC_N_34_a_station_that_gives_no_log_is_shown(charger):
    log(charger(), says="Rejected")


def test_TC_N_35_a_security_log_is_fetched(charger):
    one = charger()
    uploads(one, log(one, "SecurityLog"), "Uploading", "Uploaded")


def test_TC_N_36_a_second_request_cancels_the_first(charger):
    one = charger()
    first = log(one)
    uploads(one, first, "Uploading")
    second = log(one, says="AcceptedCanceled")
    uploads(one, first, "AcceptedCanceled")
    uploads(one, second, "Uploading", "Uploaded")


# MARK: What is known of a customer

HASHED = {"hashAlgorithm": "SHA256", "issuerNameHash": "0" * 64, "issuerKeyHash": "1" * 64, "serialNumber": "1A2B"}


def customer(one, report, clear, says="Accepted", **who):
    """Ordered by an operator; the number of the request."""
    number = next(_numbers)
    one.order("CustomerInformation", {"requestId": number, "report": report, "clear": clear, **who}, {"status": says},
              says=says)
    return number


def token(api):
    return {"idToken": {"idToken": card(api), "type": CARD}}


def told(one, number, data, part=0, last=True):
    before = len(one.log("NotifyCustomerInformation"))
    assert one.say("NotifyCustomerInformation", {
        "requestId": number, "data": data, "seqNo": part, "generatedAt": now(), "tbc": not last}) == {}
    assert len(one.log("NotifyCustomerInformation")) == before + 1


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
    assert one.log("NotifyCustomerInformation") == []


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
