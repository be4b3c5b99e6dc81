"""The picture of a station's variables: reports in parts, values that are set, templates and drift (2.x block B, 1.6 keys)."""

import json

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16

from support.polling import until
from support.station import Station, fresh, now
from support.station2 import Station2, variables_read, variables_set

BOTH = ["ocpp2.0.1", "ocpp2.1"]


def a_station(kind, server, identity):
    if kind == "ocpp1.6":
        return Station(server.ocpp, identity)
    return Station2(server.ocpp, identity, kind)


def reported(name, value, component="TxCtrlr", mutability="ReadWrite", **characteristics):
    kind = {"data_type": "string", "supports_monitoring": False, **characteristics}
    return {"component": {"name": component}, "variable": {"name": name},
            "variable_attribute": [{"type": "Actual", "value": value, "mutability": mutability}],
            "variable_characteristics": kind}


def tell(one, request, parts, last=True, first=0):
    """Parts of a report; without `last` more is to come."""
    for number, part in enumerate(parts):
        more = number < len(parts) - 1 or not last
        one.call(one.words.call.NotifyReport(
            request_id=request, generated_at=now(), seq_no=first + number, tbc=more, report_data=part))


def picture(api, identity, **query):
    text = "&".join(f"{key}={value}" for key, value in query.items())
    items = api.every(f"/api/v1/stations/{identity}/device-model" + ("?" + text if text else ""))
    return {(item["component"] or "", item["variable"]): item for item in items}


def last_report(api, identity):
    reports = api.get(f"/api/v1/stations/{identity}/device-reports")["items"]
    return next(report for report in reports if report["kind"] == "variables")


def refresh(api, one, answer=None):
    """Orders everything anew; the number of the report."""
    if answer is not None:
        one.answers["GetBaseReport"] = answer
    command = api.post(f"/api/v1/stations/{one.identity}/device-model/refresh", headers={"Prefer": "wait=10"})
    return command, command["payload"].get("requestId")


@pytest.mark.parametrize("kind", BOTH)
def test_TC_B_12_TC_B_13_a_full_report_in_parts_is_the_picture(shared, api, kind):
    identity = fresh()
    one = a_station(kind, shared, identity).connect()
    one.boot()
    assert picture(api, identity) == {}
    command, request = refresh(api, one)
    assert command["status"] == "answered" and command["payload"]["reportBase"] == "FullInventory"
    assert last_report(api, identity)["state"] == "ordered"
    tell(one, request, [[reported("A", "1"), reported("B", "2", data_type="integer", max_limit=10)]], last=False)
    half = last_report(api, identity)
    assert (half["state"], half["parts"], half["scope"]) == ("receiving", 1, "FullInventory")
    tell(one, request, [[reported("C", "3")]], first=1)
    whole = last_report(api, identity)
    assert (whole["state"], whole["items"], whole["missing"]) == ("complete", 3, "")
    known = picture(api, identity)
    assert {name: item["value"] for (_, name), item in known.items()} == {"A": "1", "B": "2", "C": "3"}
    assert known["TxCtrlr", "B"]["max_limit"] == "10" and known["TxCtrlr", "B"]["mutability"] == "ReadWrite"
    # What a later report does not name, the station no longer has.
    _, again = refresh(api, one)
    tell(one, again, [[reported("A", "5")]])
    assert {name: item["value"] for (_, name), item in picture(api, identity).items()} == {"A": "5"}
    one.close()


def test_a_report_that_a_reboot_cuts_off_says_what_is_missing(shared, api):
    identity = fresh()
    one = a_station("ocpp2.0.1", shared, identity).connect()
    one.boot()
    _, request = refresh(api, one)
    tell(one, request, [[reported("A", "1")]], last=False)
    tell(one, request, [[reported("D", "4")]], last=True, first=3)
    one.cut()
    report = last_report(api, identity)
    assert (report["missing"], report["state"]) == ("1-2", "receiving")
    one = a_station("ocpp2.0.1", shared, identity).connect()
    one.boot()
    tell(one, request, [[reported("B", "2")], [reported("C", "3")]], last=False, first=1)
    assert last_report(api, identity)["state"] == "complete"
    assert len(picture(api, identity)) == 4
    one.close()


@pytest.mark.parametrize("word", ["Rejected", "NotSupported"])
def test_a_station_that_refuses_a_report_leaves_no_picture(shared, api, word):
    identity = fresh()
    one = a_station("ocpp2.0.1", shared, identity).connect()
    one.boot()
    command, _ = refresh(api, one, v201.call_result.GetBaseReport(word))
    assert command["response"]["status"] == word
    assert api.get(f"/api/v1/stations/{identity}/device-reports")["items"] == []
    one.close()


@pytest.mark.parametrize("kind", BOTH)
def test_TC_B_09_TC_B_10_values_are_checked_sent_and_known(shared, api, kind):
    identity = fresh()
    one = a_station(kind, shared, identity).connect()
    one.boot()
    _, request = refresh(api, one)
    tell(one, request, [[
        reported("Interval", "60", data_type="integer", min_limit=10, max_limit=100),
        reported("Fixed", "x", mutability="ReadOnly"), reported("Flag", "true", data_type="boolean"),
        reported("Word", "A", data_type="OptionList", values_list="A,B")]])
    path = f"/api/v1/stations/{identity}/device-model/variables"

    def set_(*pairs, **more):
        body = {"variables": [{"component": "TxCtrlr", "variable": name, "value": value} for name, value in pairs]}
        return api.post(path, body, headers={"Prefer": "wait=10"}, **more)

    for name, value, text in [
            ("Interval", "5", "10 or more"), ("Interval", "101", "100 at most"), ("Interval", "x", "integer"),
            ("Fixed", "y", "ReadOnly"), ("Flag", "yes", "boolean"), ("Word", "C", "one of A,B"),
            ("Nowhere", "1", "does not name it")]:
        problem = set_((name, value), status=400)
        assert text in json.dumps(problem), problem
    assert one.heard("SetVariables") == []
    sent = set_(("Interval", "30"), ("Word", "B"))
    assert [command["status"] for command in sent["items"]] == ["answered"]
    known = picture(api, identity)
    assert (known["TxCtrlr", "Interval"]["value"], known["TxCtrlr", "Interval"]["source"]) == ("30", "set")
    one.answers["SetVariables"] = variables_set("RebootRequired")
    set_(("Interval", "40"))
    item = picture(api, identity)["TxCtrlr", "Interval"]
    assert (item["value"], item["pending"]) == ("30", "40")
    one.close()
    one.connect().boot()
    item = picture(api, identity)["TxCtrlr", "Interval"]
    assert (item["value"], item["pending"], item["source"]) == ("40", None, "restart")
    one.answers["SetVariables"] = variables_set("Rejected")
    set_(("Interval", "50"))
    assert picture(api, identity)["TxCtrlr", "Interval"]["value"] == "40"
    one.close()


def test_in_1_6_the_keys_are_the_picture(shared, api):
    identity = fresh()
    one = a_station("ocpp1.6", shared, identity)
    keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"},
            {"key": "NumberOfConnectors", "readonly": True, "value": "1"},
            {"key": "AuthorizationKey", "readonly": False, "value": "do-not-keep-this-key"}]
    one.answers["GetConfiguration"] = says16.GetConfiguration(configuration_key=keys)
    one.connect().boot()
    refresh(api, one)
    known = picture(api, identity)
    assert known["", "HeartbeatInterval"]["value"] == "300"
    assert known["", "AuthorizationKey"]["value"] is None
    assert last_report(api, identity)["state"] == "complete"
    path = f"/api/v1/stations/{identity}/device-model/variables"
    problem = api.post(path, {"variables": [{"variable": "NumberOfConnectors", "value": "2"}]}, status=400)
    assert "ReadOnly" in json.dumps(problem)
    two = {"variables": [{"variable": "HeartbeatInterval", "value": "60"}]}
    api.post(path, two, headers={"Prefer": "wait=10"})
    assert picture(api, identity)["", "HeartbeatInterval"]["value"] == "60"
    one.answers["ChangeConfiguration"] = says16.ChangeConfiguration("Rejected")
    api.post(path, {"variables": [{"variable": "HeartbeatInterval", "value": "70"}]}, headers={"Prefer": "wait=10"})
    assert picture(api, identity)["", "HeartbeatInterval"]["value"] == "60"
    # A raw command leaves the same picture behind.
    one.answers["ChangeConfiguration"] = says16.ChangeConfiguration("RebootRequired")
    api.command(identity, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "80"})
    assert picture(api, identity)["", "HeartbeatInterval"]["pending"] == "80"
    one.close()


def test_TC_B_06_what_is_read_by_name_is_known_and_what_is_unknown_goes(shared, api):
    identity = fresh()
    one = a_station("ocpp2.0.1", shared, identity)

    def get(fields):
        return v201.call_result.GetVariables(get_variable_result=[
            {"attribute_status": "Accepted" if one_["variable"]["name"] == "A" else "UnknownVariable",
             "component": one_["component"], "variable": one_["variable"],
             **({"attribute_value": "7"} if one_["variable"]["name"] == "A" else {})}
            for one_ in fields["get_variable_data"]])

    one.answers["GetVariables"] = get
    one.connect().boot()
    wanted = [{"component": {"name": "TxCtrlr"}, "variable": {"name": name}} for name in ("A", "B")]
    tell(one, 5, [[reported("B", "1")]])
    assert set(picture(api, identity)) == {("TxCtrlr", "B")}
    api.command(identity, "GetVariables", {"getVariableData": wanted})
    assert {key: item["value"] for key, item in picture(api, identity).items()} == {("TxCtrlr", "A"): "7"}
    one.close()


def test_a_template_shows_who_differs_and_sends_only_that(shared, api):
    first, second = fresh(), fresh()
    for identity, interval in ((first, "60"), (second, "30")):
        one = a_station("ocpp2.0.1", shared, identity).connect()
        one.boot()
        tell(one, 1, [[reported("Interval", interval), reported("Other", "x")]])
        if identity == second:
            one.close()
        else:
            online = one
    name = fresh("template")
    path = f"/api/v1/device-templates/{name}"
    body = {"settings": [{"component": "TxCtrlr", "variable": "Interval", "value": "30"},
                         {"component": "TxCtrlr", "variable": "Missing", "value": "1"}], "stations": [first, second]}
    api.put(path, body, status=201)
    counts = {row["station"]: row for row in api.get(path + "/stations")["items"]}
    assert (counts[first]["differs"], counts[first]["unknown"], counts[first]["holds"]) == (1, 1, 0)
    assert (counts[second]["differs"], counts[second]["unknown"], counts[second]["holds"]) == (0, 1, 1)
    assert {(row["station"], row["variable"], row["state"]) for row in api.every(path + "/drift")} == {
        (first, "Interval", "differs"), (first, "Missing", "unknown"), (second, "Missing", "unknown")}
    assert picture(api, first, drift="true")["TxCtrlr", "Interval"]["wanted"] == "30"
    applied = {row["station"]: row for row in api.post(path + "/apply")["items"]}
    assert applied[first]["state"] == "sent" and applied[second]["state"] == "offline"
    until(lambda: len(online.heard("SetVariables")) == 1, "the settings at the station")
    sent = online.heard("SetVariables")[0]["setVariableData"]
    assert {data["variable"]["name"] for data in sent} == {"Interval", "Missing"}
    until(lambda: not [row for row in api.every(path + "/drift") if row["station"] == first], "no drift any more")
    assert [row["state"] for row in api.post(path + "/apply", {"stations": [first]})["items"]] == ["holds"]
    assert len(online.heard("SetVariables")) == 1
    page = api.request("GET", f"/device-templates/{name}").text
    assert first in page and second in page
    api.delete(path)
    api.get(path, status=404)
    online.close()


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1"])
def test_a_template_may_ask_for_an_alarm_when_a_station_drifts(serve, kind):
    server = serve()
    api, identity = server.api(), fresh()
    one = a_station(kind, server, identity).connect()
    one.boot()
    where = {} if kind == "ocpp1.6" else {"component": "OCPPCommCtrlr"}
    settings = [{**where, "variable": "HeartbeatInterval", "value": "60"}]
    template = {"settings": settings, "stations": [identity]}

    def says(value):
        """The station tells its value when it is asked."""
        if kind == "ocpp1.6":
            one.answers["GetConfiguration"] = says16.GetConfiguration(
                configuration_key=[{"key": "HeartbeatInterval", "value": value, "readonly": False}])
        else:
            one.answers["GetVariables"] = variables_read({("OCPPCommCtrlr", "HeartbeatInterval"): value})
        api.post(f"/api/v1/stations/{identity}/device-model/variables:read",
                 {"variables": [{**where, "variable": "HeartbeatInterval"}]}, headers={"Prefer": "wait=10"})

    def alarm(active=True):
        found = [a for a in api.every(f"/api/v1/alarms?active={str(active).lower()}") if a["code"] == "station-drifts"]
        return [(a["object"], a["values"]["settings"], a["values"]["templates"]) for a in found]

    # Nobody asked for alarms.
    assert api.put("/api/v1/device-templates/T", template)["alarm"] is False
    says("300")
    assert api.get("/api/v1/device-templates/T/drift")["items"][0]["state"] == "differs" and alarm() == []
    api.put("/api/v1/device-templates/T", {**template, "alarm": True})
    until(lambda: alarm() == [(identity, "1", "T")], "the alarm begins")
    # It outlives the platform, and does not begin a second time.
    one.close()
    server.kill()
    server.start()
    api = server.api()
    until(lambda: alarm() == [(identity, "1", "T")], "the alarm is still there")
    one = a_station(kind, server, identity).connect()
    says("60")
    until(lambda: alarm() == [], "the alarm ends with agreement")
    assert len(alarm(active=False)) == 1
    says("61")
    until(lambda: len(alarm()) == 1, "it begins anew")
    api.put("/api/v1/device-templates/T", {**template, "alarm": False})
    until(lambda: alarm() == [], "nobody wants to be told any more")
    one.close()


def test_the_picture_and_its_templates_outlive_a_kill(serve):
    server = serve()
    api = server.api()
    one = a_station("ocpp2.0.1", server, "CP1").connect()
    one.boot()
    _, request = refresh(api, one)
    tell(one, request, [[reported("A", "1")]], last=False)
    api.put("/api/v1/device-templates/t", {
        "settings": [{"component": "TxCtrlr", "variable": "A", "value": "2"}], "stations": ["CP1"]})
    server.kill()
    server.start()
    api = server.api()
    one = a_station("ocpp2.0.1", server, "CP1").connect()
    one.boot()
    tell(one, request, [[reported("B", "2")]], first=1)
    assert last_report(api, "CP1")["state"] == "complete"
    known = picture(api, "CP1")
    assert known["TxCtrlr", "A"]["drift"] == "differs" and known["TxCtrlr", "B"]["drift"] is None
    page = api.request("GET", "/stations/CP1/device-model").text
    assert "TxCtrlr.A" in page and "TxCtrlr.B" in page
    one.close()


@pytest.mark.parametrize("base, scope", [
    ("ConfigurationInventory", "ConfigurationInventory"), ("SummaryInventory", "SummaryInventory")])
def test_TC_B_12_TC_B_14_a_part_of_the_inventory_takes_nothing_away(shared, api, base, scope):
    identity = fresh()
    one = a_station("ocpp2.0.1", shared, identity).connect()
    one.boot()
    tell(one, 1, [[reported("Kept", "1")]])
    api.command(identity, "GetBaseReport", {"requestId": 77, "reportBase": base})
    tell(one, 77, [[reported("A", "1")], [reported("B", "2")]])
    report = last_report(api, identity)
    assert (report["request"], report["scope"], report["state"]) == (77, scope, "complete")
    assert {name for _, name in picture(api, identity)} == {"Kept", "A", "B"}
    one.close()


def test_who_may_do_what(serve):
    server = serve(opened=False)
    for path in ("device-model", "monitors", "device-events", "customer-information"):
        assert server.api().request("GET", f"/api/v1/stations/X/{path}").status == 401
