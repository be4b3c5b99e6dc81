"""OCA's central-system cases of OCPP 1.6, core profile (`docs/standards/ocpp-1.6-cases.md`)."""

import pytest
from ocpp.exceptions import SecurityError
from ocpp.v16 import call, call_result

from support.bench16 import instant
from support.polling import until
from support.station import fresh, now


def near(text, seconds=5):
    return abs((instant(text) - instant(now())).total_seconds()) < seconds


# MARK: Boot


def test_TC_001_a_station_boots_tells_its_connectors_and_beats(bench):
    one = bench(come=False).connect()
    assert one.shown["boot"] is None and one.shown["evses"] == []
    booted = one.station.boot(charge_point_serial_number="SN-7", firmware_version="2.1")
    assert booted.status == "Accepted" and booted.interval > 0 and near(booted.current_time)
    shown = one.shown
    assert shown["boot"] == {"vendor": "Peer", "model": "P7", "serial": "SN-7", "firmware": "2.1"}
    assert shown["online"] is True and shown["registration"] == "accepted" and shown["protocol"] == "ocpp1.6"
    one.all_say("Available")
    assert [evse["id"] for evse in one.shown["evses"]] == [1, 2]
    assert near(one.station.heartbeat().current_time)
    assert near(one.shown["last_seen"])


# MARK: Sessions that begin at the station


def test_TC_003_plugged_in_first(bench):
    one = bench()
    assert one.sessions == []
    transaction = one.charges(register=500)
    assert one.transaction_on(1) == str(transaction) and one.transaction_on(2) is None
    one.station.meter(transaction, 900, 6900)
    assert one.session(transaction)["import_wh"] == 400


def test_TC_004_1_identified_first(bench):
    one = bench()
    assert one.station.authorize(one.card) == "Accepted"
    assert one.sessions == [] and one.connector(1) == ("Available", None)
    one.says("Preparing")
    transaction = one.starts(40).transaction_id
    one.says("Charging")
    assert one.transaction_on(1) == str(transaction)


def test_TC_004_2_identified_and_nobody_plugged_in(bench):
    one = bench()
    assert one.station.authorize(one.card) == "Accepted"
    one.says("Preparing")
    one.says("Available")
    assert one.sessions == [] and one.transaction_on(1) is None


def test_TC_005_1_the_vehicle_is_unplugged_and_the_transaction_stops(bench):
    one = bench()
    transaction = one.charges()
    one.says("SuspendedEV")
    assert one.session(transaction)["status"] == "active"
    assert one.stops(transaction, 1200, "EVDisconnected", card=one.card).id_tag_info["status"] == "Accepted"
    one.says("Finishing")
    one.says("Available")
    assert one.transaction_on(1) is None


def test_TC_007_a_card_of_the_cache_starts_without_being_asked_about(bench):
    one = bench()
    assert one.station.authorize(one.card) == "Accepted"
    one.says("Preparing")
    asked = len(one.said("Authorize"))
    started = one.starts(0)
    assert started.id_tag_info["status"] == "Accepted"
    one.says("Charging")
    assert len(one.said("Authorize")) == asked and one.session(started.transaction_id)["flags"] == []


# MARK: Remote start and stop


def remote_start(one, word="Accepted", **more):
    payload = {"idTag": one.card, "connectorId": 1, **more}
    return one.order("RemoteStartTransaction", payload, call_result.RemoteStartTransaction(word))["status"]


def test_TC_010_remote_start_with_the_cable_in(bench):
    one = bench()
    one.says("Preparing")
    assert remote_start(one) == "Accepted" and one.sessions == []
    assert one.follow_up("RemoteStartTransaction")["state"] == "waiting"
    assert one.station.authorize(one.station.heard("RemoteStartTransaction")[0]["idTag"]) == "Accepted"
    transaction = one.starts(0).transaction_id
    led_to = until(lambda: (f := one.follow_up("RemoteStartTransaction"))["state"] == "done" and f, "it led to a session")
    assert led_to["object"] == one.session(transaction)["id"]
    one.says("Charging")
    assert one.transaction_on(1) == str(transaction)


def test_TC_011_1_remote_start_before_the_cable(bench):
    one = bench()
    assert remote_start(one) == "Accepted" and one.connector(1) == ("Available", None)
    assert one.station.authorize(one.card) == "Accepted"
    one.says("Preparing")
    transaction = one.starts(0).transaction_id
    one.says("Charging")
    assert one.transaction_on(1) == str(transaction)


def test_TC_011_2_remote_start_and_the_cable_never_comes(bench):
    one = bench()
    assert remote_start(one) == "Accepted"
    assert one.station.authorize(one.card) == "Accepted"
    one.says("Preparing")
    one.says("Available")
    assert one.sessions == [] and one.transaction_on(1) is None
    assert one.follow_up("RemoteStartTransaction")["state"] == "waiting"


def test_TC_012_remote_stop(bench):
    one = bench()
    transaction = one.charges()
    assert one.order("RemoteStopTransaction", {"transactionId": transaction},
                     call_result.RemoteStopTransaction("Accepted")) == {"status": "Accepted"}
    assert one.session(transaction)["status"] == "active", "the station's word is not the end yet"
    assert one.follow_up("RemoteStopTransaction")["state"] == "waiting"
    one.stops(transaction, 800, "Remote")
    until(lambda: one.follow_up("RemoteStopTransaction")["state"] == "done", "what was promised is seen")
    one.says("Finishing")
    one.says("Available")
    assert one.transaction_on(1) is None


def test_TC_026_a_remote_start_is_refused(bench):
    one = bench()
    assert remote_start(one, "Rejected") == "Rejected"
    assert one.sessions == [] and one.connector(1) == ("Available", None)


def test_TC_028_a_remote_stop_of_an_unknown_transaction_is_refused(bench):
    one = bench()
    transaction = one.charges()
    assert one.order("RemoteStopTransaction", {"transactionId": transaction + 1_000_000},
                     call_result.RemoteStopTransaction("Rejected")) == {"status": "Rejected"}
    assert one.session(transaction)["status"] == "active" and one.transaction_on(1) == str(transaction)


# MARK: Reset


def reset(one, kind):
    assert one.order("Reset", {"type": kind}, call_result.Reset("Accepted")) == {"status": "Accepted"}
    assert one.follow_up("Reset")["state"] == "waiting", "a word is not a reset yet"
    one.restart()
    assert one.follow_up("Reset")["state"] == "done"
    assert one.shown["online"] is True and [one.connector(n) for n in (1, 2)] == [("Available", None)] * 2
    assert len(one.said("BootNotification")) == 2


def test_TC_013_hard_reset(bench):
    reset(bench(), "Hard")


def test_TC_014_soft_reset(bench):
    one = bench()
    transaction = one.charges()

    def stops_before_it_goes(_):
        return call_result.Reset("Accepted")

    assert one.order("Reset", {"type": "Soft"}, stops_before_it_goes) == {"status": "Accepted"}
    one.stops(transaction, 700, "SoftReset")
    one.restart()
    assert one.transaction_on(1) is None


# MARK: Unlock


def unlock(one, word, connector=1):
    return one.order("UnlockConnector", {"connectorId": connector}, call_result.UnlockConnector(word)) == {"status": word}


def test_TC_017_1_unlock_of_a_free_connector(bench):
    one = bench()
    assert unlock(one, "Unlocked") and one.connector(1) == ("Available", None)
    follow_up = one.follow_up("UnlockConnector")
    assert (follow_up["state"], follow_up["object"]) == ("done", "available")


def test_TC_017_2_unlock_of_a_fixed_cable(bench):
    one = bench()
    assert unlock(one, "NotSupported") and one.connector(1) == ("Available", None)
    assert one.follow_up("UnlockConnector") is None


def test_TC_018_1_unlock_while_charging(bench):
    one = bench()
    transaction = one.charges()
    assert unlock(one, "Unlocked")
    assert one.follow_up("UnlockConnector")["state"] == "waiting", "the transaction there ends first"
    one.says("Finishing")
    one.stops(transaction, 300, "UnlockCommand")
    follow_up = one.follow_up("UnlockConnector")
    assert (follow_up["state"], follow_up["object"]) == ("done", one.session(transaction)["id"])
    one.says("Available")
    assert one.transaction_on(1) is None


def test_TC_030_unlock_fails(bench):
    one = bench()
    transaction = one.charges()
    assert unlock(one, "UnlockFailed") and one.session(transaction)["status"] == "active"
    assert one.follow_up("UnlockConnector") is None


def test_TC_031_unlock_of_a_connector_that_is_not_there(bench):
    one = bench()
    assert unlock(one, "NotSupported", connector=9) and one.connector(9) is None


# MARK: Configuration


KEYS = {
    "AuthorizeRemoteTxRequests": ("true", False), "ClockAlignedDataInterval": ("900", False),
    "ConnectionTimeOut": ("60", False), "GetConfigurationMaxKeys": ("50", True), "HeartbeatInterval": ("300", False),
    "LocalAuthorizeOffline": ("true", False), "LocalPreAuthorize": ("false", False),
    "MeterValuesAlignedData": ("Energy.Active.Import.Register", False),
    "MeterValuesSampledData": ("Energy.Active.Import.Register", False), "MeterValueSampleInterval": ("60", False),
    "NumberOfConnectors": ("2", True), "ResetRetries": ("3", False), "ConnectorPhaseRotation": ("NotApplicable", False),
    "StopTransactionOnEVSideDisconnect": ("true", False), "StopTransactionOnInvalidId": ("true", False),
    "StopTxnAlignedData": ("", False), "StopTxnSampledData": ("", False),
    "SupportedFeatureProfiles": ("Core,SmartCharging", True), "TransactionMessageAttempts": ("3", False),
    "TransactionMessageRetryInterval": ("60", False), "UnlockConnectorOnEVSideDisconnect": ("true", False)}


def entries(keys):
    return [{"key": key, "value": KEYS[key][0], "readonly": KEYS[key][1]} for key in keys]


def picture(one):
    """Value and whether it can be written of each key, as the API shows the station's configuration."""
    listed = one.api.every(f"/api/v1/stations/{one.identity}/device-model")
    return {row["variable"]: (row["value"], row["mutability"] == "ReadOnly") for row in listed}


def test_TC_019_1_all_configuration_keys(bench):
    one = bench()
    assert picture(one) == {}
    answer = one.order("GetConfiguration", {}, call_result.GetConfiguration(configuration_key=entries(KEYS)))
    assert answer == {"configurationKey": entries(KEYS)} and picture(one) == KEYS


def test_TC_019_2_one_configuration_key(bench):
    one = bench()
    answer = one.order("GetConfiguration", {"key": ["SupportedFeatureProfiles"]},
                       call_result.GetConfiguration(configuration_key=entries(["SupportedFeatureProfiles"])))
    assert answer == {"configurationKey": entries(["SupportedFeatureProfiles"])}
    assert picture(one) == {"SupportedFeatureProfiles": KEYS["SupportedFeatureProfiles"]}


def change(one, key, value, word):
    return one.order("ChangeConfiguration", {"key": key, "value": value},
                     call_result.ChangeConfiguration(word)) == {"status": word}


def test_TC_021_a_configuration_key_is_set(bench):
    one = bench()
    assert change(one, "MeterValueSampleInterval", "30", "Accepted")
    assert picture(one)["MeterValueSampleInterval"][0] == "30"


def test_TC_040_1_a_configuration_key_that_the_station_does_not_know(bench):
    one = bench()
    assert change(one, "UnheardOf", "123", "NotSupported")
    assert picture(one).get("UnheardOf", (None,))[0] is None


def test_TC_040_2_a_value_that_the_station_does_not_take(bench):
    one = bench()
    assert change(one, "MeterValueSampleInterval", "60", "Accepted")
    assert change(one, "MeterValueSampleInterval", "often", "Rejected")
    assert picture(one)["MeterValueSampleInterval"][0] == "60"


# MARK: Cards that may not charge


def refused_card(one, word, **token):
    card = fresh("CARD")
    if token:
        assert one.station.authorize(card) == "Invalid", "nobody knows it yet"
        one.api.put(f"/api/v1/id-tokens/{card}", token)
    one.says("Preparing")
    assert one.station.authorize(card) == word
    one.says("Available")
    assert one.sessions == []


def test_TC_023_1_an_unknown_card(bench):
    refused_card(bench(), "Invalid")


def test_TC_023_2_an_expired_card(bench):
    refused_card(bench(), "Expired", status="Accepted", expires_at=now(-86_400))


def test_TC_023_3_a_blocked_card(bench):
    refused_card(bench(), "Blocked", status="Blocked")


def test_TC_024_the_connector_does_not_lock(bench):
    one = bench()
    assert one.station.authorize(one.card) == "Accepted"
    one.says("Preparing")
    one.says("Faulted", error="ConnectorLockFailure")
    assert one.connector(1) == ("Faulted", "ConnectorLockFailure") and one.connector(2) == ("Available", None)
    assert one.sessions == []


def test_TC_061_the_cache_is_cleared(bench):
    one = bench()
    assert one.order("ClearCache", {}, call_result.ClearCache("Accepted")) == {"status": "Accepted"}
    assert one.order("ClearCache", {}, call_result.ClearCache("Rejected")) == {"status": "Rejected"}


# MARK: Power failure and time offline


def test_TC_032_1_after_a_power_failure_the_transaction_is_stopped(bench):
    one = bench()
    transaction = one.charges()
    one.station.cut()
    one.restart()
    assert one.session(transaction)["status"] == "active"
    one.says("Finishing")
    one.stops(transaction, 650, "PowerLoss")
    assert one.transaction_on(1) is None


def test_TC_037_1_started_offline_with_a_card_that_may(bench):
    one = bench()
    begun = now(-4 * 3600)
    started = one.starts(20, at=begun)
    assert started.id_tag_info["status"] == "Accepted"
    one.says("Charging", at=begun)
    assert instant(one.session(started.transaction_id)["started_at"]) == instant(begun)


def test_TC_037_3_started_offline_with_a_card_that_may_not(bench):
    one = bench()
    card, begun = fresh("CARD"), now(-4 * 3600)
    started = one.starts(20, card=card, at=begun)
    assert started.id_tag_info["status"] == "Invalid"
    assert "token was refused" in one.session(started.transaction_id)["flags"]
    one.says("Charging", at=begun)
    one.stops(started.transaction_id, 25, "DeAuthorized", card=card)
    one.says("Finishing")
    assert one.transaction_on(1) is None


def test_TC_039_a_whole_transaction_offline(bench):
    one = bench()
    started = one.starts(100, at=now(-4 * 3600))
    assert started.id_tag_info["status"] == "Accepted"
    answer = one.stops(started.transaction_id, 9_100, "Local", card=one.card, at=now(-3 * 3600))
    assert answer.id_tag_info["status"] == "Accepted"
    session = one.session(started.transaction_id)
    assert (instant(session["ended_at"]) - instant(session["started_at"])).total_seconds() == pytest.approx(3600, abs=1)
    assert session["import_wh"] == 9_000


# MARK: Data transfer


def test_TC_064_data_for_a_vendor_that_nobody_serves(bench):
    one = bench()
    request = call.DataTransfer(vendor_id="org.example.nobody", message_id="test", data="text")
    assert one.station.call(request).status in ("UnknownVendorId", "UnknownMessageId", "Rejected")
    assert one.said("DataTransfer") == [{"vendorId": "org.example.nobody", "messageId": "test", "data": "text"}]


# MARK: Beside the list: what a station that is not accepted may do (errata 3.10)


def test_a_station_that_is_not_accepted_starts_nothing(bench):
    one = bench(come=False, registration="pending").connect()
    assert one.station.boot().status == "Pending"
    with pytest.raises(SecurityError):
        one.station.authorize(one.card)
    assert one.sessions == []
