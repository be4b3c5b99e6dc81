"""OCA cases of 2.0.1 for central systems, block B (provisioning): boot, variables, reports, resets, network profiles."""

import pytest
from ocpp.exceptions import SecurityError

from support.charger import both, soon
from support.polling import until
from support.station import fresh, now
from support.station2 import variables_read

BOOT = {"chargingStation": {"vendorName": "Peer", "model": "P7"}, "reason": "PowerUp"}


# MARK: Boot

@both
def test_TC_B_01_a_known_station_boots_and_is_accepted(charger, api):
    identity = fresh("CS")
    api.put(f"/api/v1/stations/{identity}", {})
    assert api.station(identity)["boot"] is None and api.station(identity)["online"] is False
    one = charger(identity, boots=False)
    answer = one.booted()
    assert answer["status"] == "Accepted" and answer["interval"] > 0 and answer["currentTime"]
    shown = one.shown()
    assert shown["boot"]["vendor"] == "Peer" and shown["boot"]["serial"] == "SN-7" and shown["online"] is True
    assert one.statuses() == {1: "Available", 2: "Available"}


def test_TC_B_02_a_station_waits_as_pending_until_it_is_accepted(charger, api):
    identity = fresh("CS")
    api.put(f"/api/v1/stations/{identity}", {"registration": "pending"})
    one = charger(identity, boots=False)
    assert one.say("BootNotification", BOOT)["status"] == "Pending"
    # Meanwhile its settings can be read and changed.
    one.order("GetVariables", READ_ONE, variables_read({("OCPPCommCtrlr", "OfflineThreshold"): "60"}))
    assert one.shown()["registration"] == "pending"
    api.put(f"/api/v1/stations/{identity}", {"registration": "accepted"})
    one.booted()
    assert one.shown()["registration"] == "accepted"
    assert one.statuses() == {1: "Available", 2: "Available"}


@pytest.mark.parametrize("registration", ["pending", "rejected"])
def test_TC_B_30_what_a_station_says_before_it_is_accepted_is_refused(charger, api, registration):
    identity = fresh("CS")
    api.put(f"/api/v1/stations/{identity}", {"registration": registration})
    one = charger(identity, boots=False)
    assert one.say("BootNotification", BOOT)["status"] == registration.capitalize()
    before = one.shown()["evses"]
    with pytest.raises(SecurityError):
        one.connector("Available")
    assert one.shown()["evses"] == before, "nothing of it counts"
    api.put(f"/api/v1/stations/{identity}", {"registration": "accepted"})
    one.booted()
    assert one.statuses()[1] == "Available"


def test_TC_B_31_a_pending_station_is_told_to_boot_again(charger, api):
    identity = fresh("CS")
    api.put(f"/api/v1/stations/{identity}", {"registration": "pending"})
    one = charger(identity, boots=False)
    assert one.say("BootNotification", BOOT)["status"] == "Pending"
    api.put(f"/api/v1/stations/{identity}", {"registration": "accepted"})
    one.order("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"}, says="Accepted")
    one.booted(reason="Triggered")
    assert one.shown()["registration"] == "accepted" and one.statuses()[1] == "Available"


# MARK: Variables

def named(component, variable, **more):
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


READ_ONE = {"getVariableData": [named("OCPPCommCtrlr", "OfflineThreshold")]}
READ_TWO = {"getVariableData": [
    named("OCPPCommCtrlr", "OfflineThreshold"), named("AuthCtrlr", "AuthorizeRemoteStart")]}
VALUES = {("OCPPCommCtrlr", "OfflineThreshold"): "60", ("AuthCtrlr", "AuthorizeRemoteStart"): "true"}


def values(done):
    return {(one["component"]["name"], one["variable"]["name"]): one.get("attributeValue")
            for one in done["response"]["getVariableResult"]}


@both
def test_TC_B_06_one_variable_is_read(charger):
    one = charger()
    assert one.variables() == {}
    done = one.order("GetVariables", READ_ONE, variables_read(VALUES))
    assert values(done) == {("OCPPCommCtrlr", "OfflineThreshold"): "60"}
    soon(one.variables, values(done))


def test_TC_B_07_several_variables_are_read_at_once(charger):
    one = charger()
    assert one.variables() == {}
    done = one.order("GetVariables", READ_TWO, variables_read(VALUES))
    assert values(done) == VALUES
    soon(one.variables, VALUES)


def test_TC_B_08_more_variables_are_asked_than_one_message_may_hold(charger):
    one = charger()
    told = {("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): "4", ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport"): "9",
            ("DeviceDataCtrlr", "BytesPerMessage", "GetVariables"): "4096", ("DeviceDataCtrlr", "BytesPerMessage", "GetReport"): "99",
            ("AuthCtrlr", "AuthorizeRemoteStart"): "true"}
    one.answers["GetVariables"] = variables_read(told)
    asked = [{"component": name[0], "variable": name[1], **({"instance": name[2]} if len(name) > 2 else {})} for name in told]

    def read(variables):
        """The operator's question; how many variables each message had."""
        before = len(one.heard("GetVariables"))
        done = one.api.post(one.path("/device-model/variables:read"), {"variables": variables}, headers={"Prefer": "wait=10"})
        heard = one.heard("GetVariables")[before:]
        assert [command["status"] for command in done["items"]] == ["answered"] * len(heard)
        assert [(v["component"]["name"], v["variable"]["name"]) for m in heard for v in m["getVariableData"]] == [
            (v["component"], v["variable"]) for v in variables]
        return [len(message["getVariableData"]) for message in heard]

    assert one.variables() == {}
    assert read(asked[:1]) == [1]
    # Now the station has said how many it takes.
    assert read(asked) == [4, 1]
    shown = {(v["component"], v["variable"], v["instance"]): v["value"] for v in one.api.every(one.path("/device-model"))}
    assert shown == {(*name, None)[:3]: value for name, value in told.items()}
    # Bytes bound a message too: each of these has 45 to 120.
    told["DeviceDataCtrlr", "BytesPerMessage", "GetVariables"] = "400"
    assert read(asked) == [4, 1]
    parts = read(asked)
    assert sum(parts) == 5 and len(parts) > 2 and max(parts) < 4, parts


def set_variables(one, **wanted):
    """By the endpoint for it; `wanted`: value by component__variable."""
    names = {tuple(key.split("__")): value for key, value in wanted.items()}
    assert one.variables() == {} and one.heard("SetVariables") == []
    done = one.api.post(one.path("/device-model/variables"), {"variables": [
        {"component": component, "variable": variable, "value": value}
        for (component, variable), value in names.items()]}, headers={"Prefer": "wait=10"})
    assert [command["status"] for command in done["items"]] == ["answered"]
    (heard,) = one.heard("SetVariables")
    assert {(d["component"]["name"], d["variable"]["name"]): d["attributeValue"] for d in heard["setVariableData"]} == names
    assert all(d.get("attributeType", "Actual") == "Actual" for d in heard["setVariableData"])
    soon(one.variables, names)


@both
def test_TC_B_09_one_variable_is_set(charger):
    set_variables(charger(), OCPPCommCtrlr__OfflineThreshold="123")


def test_TC_B_10_several_variables_are_set_at_once(charger):
    set_variables(charger(), OCPPCommCtrlr__OfflineThreshold="123", AuthCtrlr__AuthorizeRemoteStart="false")


# MARK: Reports

def report(request, number, last, *names):
    return {"requestId": request, "generatedAt": now(), "seqNo": number, "tbc": not last, "reportData": [
        {"component": {"name": component}, "variable": {"name": variable},
         "variableAttribute": [{"value": value, "mutability": "ReadOnly"}]} for component, variable, value in names]}


def reported(one, base, number):
    one.order("GetBaseReport", {"requestId": number, "reportBase": base}, {"status": "Accepted"}, says="Accepted")
    soon(lambda: one.report(number), ("ordered", base, 0))
    assert one.variables() == {}
    assert one.say("NotifyReport", report(number, 0, False, ("OCPPCommCtrlr", "OfflineThreshold", "60"))) == {}
    assert one.report(number) == ("receiving", base, 1)
    assert one.say("NotifyReport", report(number, 1, True, ("AuthCtrlr", "AuthorizeRemoteStart", "true"))) == {}
    assert one.report(number) == ("complete", base, 2)
    assert one.variables() == VALUES


def test_TC_B_12_the_configuration_is_reported(charger):
    reported(charger(), "ConfigurationInventory", 12)


@both
def test_TC_B_13_everything_is_reported(charger):
    reported(charger(), "FullInventory", 13)


def test_TC_B_14_a_summary_is_reported(charger):
    reported(charger(), "SummaryInventory", 14)


def test_TC_B_18_a_report_of_chosen_components_may_be_empty_or_come(charger):
    one = charger()
    chosen = [{"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}]
    one.order("GetReport", {"requestId": 18, "componentCriteria": ["Problem"], "componentVariable": chosen},
              {"status": "EmptyResultSet"}, says="EmptyResultSet")
    one.order("GetReport", {"requestId": 19, "componentCriteria": ["Available"], "componentVariable": chosen},
              {"status": "Accepted"}, says="Accepted")
    soon(lambda: one.report(19), ("ordered", "selection", 0))
    assert one.variables() == {}
    assert one.say("NotifyReport", report(19, 0, True, ("EVSE", "AvailabilityState", "Available"))) == {}
    assert one.report(19) == ("complete", "selection", 1)
    assert one.variables() == {("EVSE", "AvailabilityState"): "Available"}


# MARK: Reset

def test_TC_B_20_an_idle_station_is_reset(charger):
    one = charger()
    reset = one.order("Reset", {"type": "OnIdle"}, {"status": "Accepted"}, says="Accepted")
    assert one.followed(reset) == ("waiting", None)
    one.close()
    until(lambda: one.shown()["online"] is False, "it is shown as gone")
    one.connect()
    one.booted("RemoteReset")
    assert one.shown()["online"] is True and one.statuses() == {1: "Available", 2: "Available"}
    assert one.followed(reset) == ("done", "BootNotification")


def test_TC_B_21_a_reset_on_idle_waits_for_the_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    assert transaction.shown()["status"] == "active"
    reset = one.order("Reset", {"type": "OnIdle"}, {"status": "Scheduled"}, says="Scheduled")
    assert one.followed(reset) == ("waiting", None)
    assert transaction.shown()["status"] == "active", "it goes on"
    answer = transaction.event("Updated", "StopAuthorized", state="EVConnected", token=transaction.token)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    transaction.unplugged()
    transaction.ended_with("EVDisconnected")
    one.booted("ScheduledReset")
    assert one.statuses()[1] == "Available" and one.followed(reset) == ("done", "BootNotification")


@both
def test_TC_B_22_an_immediate_reset_ends_the_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    one.order("Reset", {"type": "Immediate"}, {"status": "Accepted"}, says="Accepted")
    transaction.event("Ended", "ResetCommand", state="EVConnected", stoppedReason="ImmediateReset")
    transaction.ended_with("ImmediateReset")
    one.booted("RemoteReset")
    one.connector("Occupied", 1)
    assert one.statuses() == {1: "Preparing", 2: "Available"}


def test_TC_B_25_one_idle_evse_is_reset(charger):
    one = charger()
    one.order("Reset", {"type": "OnIdle", "evseId": 1}, {"status": "Accepted"}, says="Accepted")
    assert one.shown()["online"] is True


def test_TC_B_26_a_reset_of_one_evse_on_idle_waits_for_its_transaction(charger):
    one = charger()
    transaction, other = one.transaction(1).charging(), one.transaction(2).charging()
    one.order("Reset", {"type": "OnIdle", "evseId": 1}, {"status": "Scheduled"}, says="Scheduled")
    transaction.event("Updated", "StopAuthorized", state="EVConnected", token=transaction.token)
    transaction.unplugged()
    transaction.ended_with("EVDisconnected")
    assert other.shown()["status"] == "active", "the other EVSE is left alone"


def test_TC_B_27_an_immediate_reset_of_one_evse_ends_its_transaction(charger):
    one = charger()
    transaction, other = one.transaction(1).charging(), one.transaction(2).charging()
    one.order("Reset", {"type": "Immediate", "evseId": 1}, {"status": "Accepted"}, says="Accepted")
    transaction.event("Ended", "ResetCommand", state="EVConnected", stoppedReason="ImmediateReset")
    transaction.ended_with("ImmediateReset")
    assert other.shown()["status"] == "active"


# MARK: Network profiles

PROFILE = {"configurationSlot": 1, "connectionData": {
    "ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppCsmsUrl": "wss://csms.example/ocpp", "messageTimeout": 30,
    "securityProfile": 2, "ocppInterface": "Wired0"}}


def test_TC_B_42_a_network_profile_is_set(charger):
    one = charger()
    assert one.listed("network-profiles") == []
    one.order("SetNetworkProfile", PROFILE, {"status": "Accepted"}, says="Accepted")
    soon(lambda: [(held["slot"], held["url"], held["security_profile"]) for held in one.listed("network-profiles")],
         [(1, "wss://csms.example/ocpp", 2)])


def test_TC_B_44_a_station_that_fails_to_set_a_network_profile_is_shown(charger):
    one = charger()
    one.order("SetNetworkProfile", PROFILE, {"status": "Failed"}, says="Failed")
    assert one.listed("network-profiles") == []
