"""OCA's central-system cases of OCPP 1.6, smart charging (`docs/standards/ocpp-1.6-cases.md`)."""

import json
from decimal import Decimal

from ocpp.v16 import call_result

from support.station import now


def profile(number, purpose, *, limit="6.0", start=True, transaction=None, duration=3600, **more):
    """JSON, so that limits go out as they are written."""
    made = {
        "chargingProfileId": number, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute" if start else "Relative", **more,
        "chargingSchedule": {
            "duration": duration, "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": "LIMIT", "numberPhases": 3}]}}
    if start:
        made["chargingSchedule"]["startSchedule"] = now()
    if transaction:
        made["transactionId"] = transaction
    return json.dumps(made).replace('"LIMIT"', limit)


def install(one, connector, text, word="Accepted"):
    answer = one.order("SetChargingProfile", f'{{"connectorId": {connector}, "csChargingProfiles": {text}}}',
                       call_result.SetChargingProfile(word))
    assert answer == {"status": word}
    return one.station.heard("SetChargingProfile")[-1]["csChargingProfiles"]


def test_TC_056_a_default_profile_is_installed(bench):
    one = bench()
    heard = install(one, 1, profile(11, "TxDefaultProfile", limit="16.1", validFrom=now(60), validTo=now(7200)))
    assert heard["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == Decimal("16.1")
    assert "transactionId" not in heard


def test_TC_057_a_profile_of_a_transaction_is_installed(bench):
    one = bench()
    transaction = one.charges()
    assert install(one, 1, profile(12, "TxProfile", transaction=transaction))["transactionId"] == transaction
    assert one.session(transaction)["status"] == "active"
    # Not accepted, when the station knows of no such transaction.
    install(one, 2, profile(13, "TxProfile", transaction=transaction), "Rejected")


def test_TC_059_a_remote_start_brings_its_profile(bench):
    one = bench()
    ordered = f'{{"idTag": "{one.card}", "connectorId": 1, "chargingProfile": {profile(14, "TxProfile")}}}'
    assert one.order("RemoteStartTransaction", ordered,
                     call_result.RemoteStartTransaction("Accepted")) == {"status": "Accepted"}
    heard = one.station.heard("RemoteStartTransaction")[0]["chargingProfile"]
    assert heard["chargingProfilePurpose"] == "TxProfile" and "transactionId" not in heard
    transaction = one.charges()
    assert one.transaction_on(1) == str(transaction)


def test_TC_066_a_composite_schedule(bench):
    one = bench()
    install(one, 1, profile(15, "TxDefaultProfile"))
    answer = one.order(
        "GetCompositeSchedule", {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"},
        call_result.GetCompositeSchedule("Accepted", connector_id=1, schedule_start=now(), charging_schedule={
            "duration": 300, "charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 6.5}]}))
    assert answer["status"] == "Accepted" and answer["chargingSchedule"]["duration"] == 300
    assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": Decimal("6.5")}]


def test_TC_067_profiles_are_cleared(bench):
    one = bench()
    transaction = one.charges()
    install(one, 0, profile(21, "ChargePointMaxProfile"))
    install(one, 1, profile(22, "TxDefaultProfile"))
    install(one, 1, profile(23, "TxProfile", transaction=transaction))
    by_id, by_kind = {"id": 21}, {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    for criteria, word in [(by_id, "Accepted"), (by_kind, "Accepted"), ({}, "Accepted"), ({"id": 21}, "Unknown")]:
        assert one.order("ClearChargingProfile", criteria,
                         call_result.ClearChargingProfile(word)) == {"status": word}
    assert one.session(transaction)["status"] == "active"
