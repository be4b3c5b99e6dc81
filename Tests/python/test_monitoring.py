"""Monitors and what they see, and what stations know of customers (2.x block N)."""

import subprocess

import pytest
from ocpp import v201

from support.polling import until
from support.program import PROGRAM
from support.station import Station, fresh, now
from support.station2 import Station2

BOTH = ["ocpp2.0.1", "ocpp2.1"]
TEMPERATURE = {"component": {"name": "ChargingStation"}, "variable": {"name": "Temperature"}}


def monitor(severity=2, value=75, type_="UpperThreshold"):
    return {"component": "ChargingStation", "variable": "Temperature", "type": type_, "value": value,
            "severity": severity}


def monitors(api, identity):
    return {item["id"]: item for item in api.get(f"/api/v1/stations/{identity}/monitors")["items"]}


def notify(one, number, *, by=101, cleared=False, value="80.5", trigger="Alerting", at=None):
    one.call(one.words.call.NotifyEvent(generated_at=now(), seq_no=0, event_data=[{
        "event_id": number, "timestamp": at or now(), "trigger": trigger, "actual_value": value,
        "event_notification_type": "CustomMonitor", "variable_monitoring_id": by,
        **({"cleared": True} if cleared else {}), **TEMPERATURE}]))


def events(api, identity, **query):
    text = "&".join(f"{key}={value}" for key, value in query.items())
    return api.every(f"/api/v1/stations/{identity}/device-events" + ("?" + text if text else ""))


def alarms(api, identity):
    return [alarm for alarm in api.every("/api/v1/alarms?active=true")
            if alarm["code"].startswith("station-monitor") and alarm["object"].startswith(identity + "/")]


def set_monitor(api, identity, **fields):
    return api.post(f"/api/v1/stations/{identity}/monitors", {"monitors": [monitor(**fields)]},
                    headers={"Prefer": "wait=10"})


@pytest.mark.parametrize("kind", BOTH)
def test_TC_N_08_TC_N_49_an_alert_is_an_alarm_until_it_is_cleared(shared, api, kind):
    identity = fresh()
    one = Station2(shared.ocpp, identity, kind).connect()
    one.boot()
    assert monitors(api, identity) == {}
    assert set_monitor(api, identity)["status"] == "answered"
    kept = monitors(api, identity)[101]
    assert (kept["type"], str(kept["value"]), kept["severity"]) == ("UpperThreshold", "75", 2)
    assert events(api, identity) == [] and alarms(api, identity) == []
    notify(one, 1)
    open_ = events(api, identity, open="true", severity=3)
    assert [(item["number"], item["severity"], item["value"]) for item in open_] == [(1, 2, "80.5")]
    assert [alarm["priority"] for alarm in alarms(api, identity)] == ["high"]
    # It reboots; the value has come back meanwhile.
    one.close()
    one.connect().boot()
    assert len(alarms(api, identity)) == 1
    notify(one, 2, cleared=True, value="60")
    assert alarms(api, identity) == [] and events(api, identity, open="true") == []
    first = next(item for item in events(api, identity) if item["number"] == 1)
    assert first["cleared_by"] == 2 and first["cleared_at"]
    one.close()


@pytest.mark.parametrize("word", ["Rejected", "UnknownVariable", "Duplicate"])
def test_a_monitor_that_is_refused_is_none(shared, api, word):
    identity = fresh()
    one = Station2(shared.ocpp, identity)
    one.answers["SetVariableMonitoring"] = lambda fields: v201.call_result.SetVariableMonitoring(
        set_monitoring_result=[{"status": word, "type": "UpperThreshold", "severity": 2, **TEMPERATURE}])
    one.connect().boot()
    set_monitor(api, identity)
    assert monitors(api, identity) == {}
    notify(one, 1)
    assert alarms(api, identity) == [], "of a monitor nobody knows the severity"
    one.close()


@pytest.mark.parametrize("kind", BOTH)
def test_TC_N_18_a_cleared_monitor_takes_its_alarm_along(shared, api, kind):
    identity = fresh()
    one = Station2(shared.ocpp, identity, kind).connect()
    one.boot()
    set_monitor(api, identity, severity=0)
    notify(one, 1)
    assert [alarm["priority"] for alarm in alarms(api, identity)] == ["critical"]
    one.answers["ClearVariableMonitoring"] = v201.call_result.ClearVariableMonitoring(
        clear_monitoring_result=[{"status": "Rejected", "id": 101}])
    api.delete(f"/api/v1/stations/{identity}/monitors/101", headers={"Prefer": "wait=10"}, status=(200, 202))
    assert set(monitors(api, identity)) == {101} and len(alarms(api, identity)) == 1
    del one.answers["ClearVariableMonitoring"]
    api.delete(f"/api/v1/stations/{identity}/monitors/101", headers={"Prefer": "wait=10"}, status=(200, 202))
    assert monitors(api, identity) == {} and alarms(api, identity) == []
    one.close()


@pytest.mark.parametrize("kind", BOTH)
def test_TC_N_47_a_report_of_all_monitors_is_the_picture(shared, api, kind):
    identity = fresh()
    one = Station2(shared.ocpp, identity, kind).connect()
    one.boot()
    set_monitor(api, identity)
    command = api.post(f"/api/v1/stations/{identity}/monitoring/refresh", headers={"Prefer": "wait=10"})
    request = command["payload"]["requestId"]
    for number in (0, 1):
        one.call(one.words.call.NotifyMonitoringReport(
            request_id=request, seq_no=number, generated_at=now(), tbc=number == 0, monitor=[{
                **TEMPERATURE, "variable_monitoring": [
                    {"id": 5 + number, "transaction": False, "value": 6.5, "type": "Delta", "severity": 8,
                     **({"event_notification_type": "HardWiredMonitor"} if kind == "ocpp2.1" else {})}]}]))
    assert set(monitors(api, identity)) == {5, 6}
    assert monitors(api, identity)[5]["origin"] == ("HardWiredMonitor" if kind == "ocpp2.1" else None)
    report = next(item for item in api.get(f"/api/v1/stations/{identity}/device-reports")["items"]
                  if item["kind"] == "monitors")
    assert (report["state"], report["items"]) == ("complete", 2)
    one.answers["GetMonitoringReport"] = v201.call_result.GetMonitoringReport("EmptyResultSet")
    api.post(f"/api/v1/stations/{identity}/monitoring/refresh", headers={"Prefer": "wait=10"})
    assert monitors(api, identity) == {}
    one.close()


def test_TC_N_05_TC_N_16_TC_N_17_base_and_level(shared, api):
    identity = fresh()
    one = Station2(shared.ocpp, identity).connect()
    one.boot()
    path = f"/api/v1/stations/{identity}/monitoring"
    assert api.get(path) == {"base": None, "level": None, "at": None}
    for body in ({"base": "FactoryDefault"}, {"level": 4}):
        api.put(path, body, headers={"Prefer": "wait=10"}, status=(200, 202))
    one.answers["SetMonitoringLevel"] = v201.call_result.SetMonitoringLevel("Rejected")
    api.put(path, {"level": 6}, headers={"Prefer": "wait=10"}, status=(200, 202))
    kept = api.get(path)
    assert (kept["base"], kept["level"]) == ("FactoryDefault", 4)
    api.put(path, {"level": 10}, status=400)
    one.close()


def test_TC_N_50_periodic_events_are_kept_and_alarm_nobody(shared, api):
    identity = fresh()
    one = Station2(shared.ocpp, identity).connect()
    one.boot()
    set_monitor(api, identity, severity=1, value=60, type_="Periodic")
    at = now()
    for number in (1, 2):
        notify(one, number, trigger="Periodic", value=str(number), at=now(number))
    notify(one, 3, trigger="Periodic", at=at)
    notify(one, 3, trigger="Periodic", at=at)
    assert [item["number"] for item in events(api, identity)] == [3, 2, 1]
    assert alarms(api, identity) == []
    one.close()


def test_1_6_has_no_monitors(shared, api):
    identity = fresh()
    one = Station(shared.ocpp, identity).connect()
    one.boot()
    problem = api.post(f"/api/v1/stations/{identity}/monitoring/refresh", status=409)
    assert "not-in-version" in problem["type"]
    one.close()


# MARK: N09, N10, customers

def customer(api, identity, status=(200, 202), **fields):
    return api.post(f"/api/v1/stations/{identity}/customer-information", fields, headers={"Prefer": "wait=10"},
                    status=status)


def tell_customer(one, request, number, data, last):
    one.call(one.words.call.NotifyCustomerInformation(
        data=data, seq_no=number, generated_at=now(), request_id=request, tbc=not last))


@pytest.mark.parametrize("kind", BOTH)
def test_TC_N_27_TC_N_28_customer_information_is_put_together_and_in_no_log(serve, kind):
    server = serve()
    api = server.api()
    one = Station2(server.ocpp, "CP1", kind).connect()
    one.boot()
    path = "/api/v1/stations/CP1/customer-information"
    assert api.get(path)["items"] == []
    command = customer(api, "CP1", id_token="SECRETTAG01", report=True)
    assert command["status"] == "answered" and "SECRETTAG01" not in str(command)
    heard = one.heard("CustomerInformation")[0]
    assert heard["idToken"]["idToken"] == "SECRETTAG01" and heard["report"] is True and heard["clear"] is False
    tell_customer(one, heard["requestId"], 0, "Mr Wang lives ", last=False)
    half = api.get(path)["items"][0]
    assert (half["status"], half["complete"], half["data"]) == ("Accepted", False, "Mr Wang lives ")
    server.kill()
    server.start()
    api = server.api()
    one = Station2(server.ocpp, "CP1", kind).connect()
    one.boot()
    tell_customer(one, heard["requestId"], 1, "in Wuhan", last=True)
    tell_customer(one, 4711, 0, "nobody asked", last=True)
    whole = api.get(path)["items"]
    assert [(item["complete"], item["data"]) for item in whole] == [(True, "Mr Wang lives in Wuhan")]
    texts = [api.request("GET", f"/api/v1/stations/CP1/{part}?limit=1000").text for part in ("messages", "commands")]
    texts += [api.request("GET", "/api/v1/audit").text, api.request("GET", "/stations/CP1").text, "\n".join(server.log)]
    for text in texts:
        assert "Wang lives" not in text and "SECRETTAG01" not in text and "nobody asked" not in text
    api.delete(f"{path}/{heard['requestId']}")
    assert api.get(path)["items"] == []
    one.close()


@pytest.mark.parametrize("word", ["Rejected", "Invalid"])
def test_TC_N_29_a_refused_inquiry_keeps_nothing(shared, api, word):
    identity = fresh()
    one = Station2(shared.ocpp, identity)
    one.answers["CustomerInformation"] = v201.call_result.CustomerInformation(word)
    one.connect().boot()
    customer(api, identity, customer_identifier="wang", report=True)
    request = one.heard("CustomerInformation")[0]["requestId"]
    tell_customer(one, request, 0, "x", last=True)
    item = api.get(f"/api/v1/stations/{identity}/customer-information")["items"][0]
    assert (item["status"], item["data"]) == (word, None)
    one.close()


def test_TC_N_30_TC_N_32_what_the_station_forgets_we_forget(shared, api):
    identity = fresh()
    one = Station2(shared.ocpp, identity).connect()
    one.boot()
    path = f"/api/v1/stations/{identity}/customer-information"
    customer(api, identity, customer_identifier="wang", report=True)
    tell_customer(one, one.heard("CustomerInformation")[0]["requestId"], 0, "x", last=True)
    assert len(api.get(path)["items"]) == 1
    customer(api, identity, customer_identifier="wang", clear=True)
    heard = one.heard("CustomerInformation")[1]
    assert heard["clear"] is True and heard["report"] is False
    kept = api.get(path)["items"]
    assert [(item["request"], item["data"]) for item in kept] == [(heard["requestId"], None)]
    customer(api, identity, status=400, customer_identifier="wang")
    customer(api, identity, status=400, report=True)
    one.close()


# MARK: Simulated stations

SESSIONS = """\
session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw
1,E1,2026-01-05T08:00:00+08:00,2026-01-05T18:00:00+08:00,60,7
"""


@pytest.fixture
def simulated(tmp_path, shared):
    """A station of `tidewatt simulate`, sixty times as fast as the clock; its identity."""
    sessions = tmp_path / "sessions.csv"
    sessions.write_text(SESSIONS, encoding="utf-8")
    prefix = fresh("WATCH") + "-"
    shared.api().put(f"/api/v1/id-tokens/{prefix}TAG", {"status": "Accepted"})
    process = subprocess.Popen(
        [PROGRAM, "simulate", "--url", f"ws://127.0.0.1:{shared.ocpp}/ocpp", "--sessions", str(sessions), "--ocpp",
         "2.0.1", "--speed", "60", "--identity-prefix", prefix, "--tags", prefix + "TAG"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    api = shared.api()

    def online():
        return [item["id"] for item in api.every("/api/v1/stations") if item["id"].startswith(prefix) and item["online"]]

    try:
        yield until(online, "the simulated station", 30)[0]
    finally:
        process.terminate()
        process.wait(20)


def test_a_simulated_station_tells_watches_and_forgets(simulated, api):
    api.post(f"/api/v1/stations/{simulated}/device-model/refresh", headers={"Prefer": "wait=10"})
    path = f"/api/v1/stations/{simulated}"

    def report(kind):
        items = api.get(path + "/device-reports")["items"]
        return next((item for item in items if item["kind"] == kind), {"state": None})

    until(lambda: report("variables")["state"] == "complete", "its report")
    known = {(item["component"], item["variable"], item["evse"]): item for item in api.every(path + "/device-model")}
    assert known["SecurityCtrlr", "SecurityProfile", None]["value"] == "0"
    assert known["EVSE", "Power", 1]["mutability"] == "ReadOnly"
    power = {"component": "EVSE", "evse": 1, "variable": "Power", "type": "UpperThreshold", "value": 1000, "severity": 3}
    period = {"component": "EVSE", "evse": 1, "variable": "Power", "type": "Periodic", "value": 60, "severity": 8}
    nowhere = {"component": "Nowhere", "variable": "X", "type": "Delta", "value": 1, "severity": 3}
    api.post(path + "/monitors", {"monitors": [power, period, nowhere]}, headers={"Prefer": "wait=10"})
    kept = monitors(api, simulated)
    assert sorted(item["type"] for item in kept.values()) == ["Periodic", "UpperThreshold"]
    until(lambda: alarms(api, simulated), "the vehicle draws more than 1 kW", 30)
    until(lambda: [item for item in events(api, simulated) if item["trigger"] == "Periodic"], "a periodic event", 30)
    api.post(path + "/monitoring/refresh", headers={"Prefer": "wait=10"})
    until(lambda: report("monitors")["state"] == "complete", "its monitors")
    # With those that it was built with.
    assert set(monitors(api, simulated)) == set(kept) | {10001, 20001, 30001}
    alert = next(number for number, item in kept.items() if item["type"] == "UpperThreshold")
    api.delete(f"{path}/monitors/{alert}", headers={"Prefer": "wait=10"}, status=(200, 202))
    assert alarms(api, simulated) == []
    # What it knows of a customer.
    customer(api, simulated, id_token="STRANGER", report=True)
    told = until(lambda: [item for item in api.get(path + "/customer-information")["items"] if item["complete"]], "its word")
    assert told[0]["data"] == "no data"
    # Network profiles, in the order that holds after a restart.
    data = {"ocppVersion": "OCPP20", "ocppInterface": "Wired0", "ocppTransport": "JSON", "messageTimeout": 30,
            "ocppCsmsUrl": "wss://elsewhere/ocpp", "securityProfile": 2}
    api.command(simulated, "SetNetworkProfile", {"configurationSlot": 2, "connectionData": data})
    assert [item["slot"] for item in api.get(path + "/network-profiles")["items"]] == [2]
    name = {"component": "OCPPCommCtrlr", "variable": "NetworkConfigurationPriority"}
    api.post(path + "/device-model/variables", {"variables": [{**name, "value": "2,1"}]}, headers={"Prefer": "wait=10"})

    def priority():
        return next(item for item in api.every(path + "/device-model?q=NetworkConfigurationPriority"))

    assert (priority()["value"], priority()["pending"]) == ("1", "2,1")
    api.command(simulated, "Reset", {"type": "Immediate"})
    until(lambda: priority()["value"] == "2,1" and priority()["pending"] is None, "it has restarted", 30)
    api.post(path + "/device-model/refresh", headers={"Prefer": "wait=10"})
    # Nobody is elsewhere: after its attempts it is back by the other slot, and proved nothing new.
    until(lambda: report("variables")["state"] == "complete", "its report", 20)
    assert api.get(path + "/device-model?q=SecurityProfile")["items"][0]["value"] == "0"
