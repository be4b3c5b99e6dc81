"""OCA cases of 2.0.1 for central systems, block J (meter values): by the clock, by samples, signed."""

from decimal import Decimal

from support.charger import both, sampled
from support.station import now

SIGNED = {"signedMeterData": "c2lnbmVk", "signingMethod": "ECDSAP256SHA256", "encodingMethod": "OCMF",
          "publicKey": "a2V5"}


def registers(transaction):
    """Registers of a transaction as the API shows them: value and context, oldest first."""
    return [(Decimal(r["value"]), r["context"]) for r in transaction.readings()
            if r["measurand"] == "Energy.Active.Import.Register"]


def three(context="Sample.Clock", begin=-60):
    """Three values 20 s apart."""
    return [sampled(1000 + 100 * n, context=context, at=now(begin + 20 * n)) for n in range(3)]


@both
def test_TC_J_01_values_by_the_clock_while_nobody_charges(charger):
    one = charger()
    assert one.powers() == {1: None, 2: None}
    for n in range(3):
        for evse in (0, 1, 2):
            watts = 10 * n + evse
            assert one.meter(evse, 1000 + watts, watts, "Sample.Clock", at=now(-60 + 20 * n)) == {}
        one.event("FiscalMetering", "EnergyActiveImport", "1.2", trigger="Periodic")
        assert one.powers() == {1: Decimal(10 * n + 1) / 1000, 2: Decimal(10 * n + 2) / 1000}
    kept = one.log("MeterValues")
    assert len(kept) == 9 and all(part["reply"] == {} and "Sample.Clock" in part["text"] for part in kept)
    assert one.sessions() == [], "they make no session"


@both
def test_TC_J_02_values_by_the_clock_while_somebody_charges(charger):
    one = charger()
    transaction = one.transaction().charging()
    for n, value in enumerate(three()):
        assert one.say("MeterValues", {"evseId": 2, "meterValue": [value]}) == {}
        transaction.next("MeterValueClock", values=[value])
        assert len(registers(transaction)) == n + 1
    assert registers(transaction) == [(1000, "Sample.Clock"), (1100, "Sample.Clock"), (1200, "Sample.Clock")]
    assert transaction.shown()["import_wh"] == 200


def ended(charger, context, **signed):
    """The values of the whole transaction come with its end."""
    transaction = charger().transaction().charging()
    assert registers(transaction) == []
    transaction.plugged_after()
    values = [sampled(1000 + 100 * n, context=context, at=now(-60 + 20 * n), **signed) for n in range(3)]
    transaction.unplugged(values=[*values, sampled(1300, context="Transaction.End", **signed)])
    assert registers(transaction) == [
        (1000, context), (1100, context), (1200, context), (1300, "Transaction.End")]
    shown = transaction.ended_with("EVDisconnected")
    assert shown["register_stop_wh"] == 1300
    return transaction


@both
def test_TC_J_03_values_by_the_clock_come_with_the_end(charger):
    ended(charger, "Sample.Clock")


def signed_values(charger, context):
    transaction = ended(charger, context, signedMeterValue=SIGNED)
    assert transaction.charger.log("TransactionEvent")[-1]["text"].count("c2lnbmVk") == 4, "kept as they came"


def test_TC_J_04_signed_values_by_the_clock_come_with_the_end(charger):
    signed_values(charger, "Sample.Clock")


@both
def test_TC_J_07_values_of_the_start_with_the_evse_known(charger):
    transaction = charger().transaction()
    transaction.plugged_in(values=[sampled(1000, context="Transaction.Begin")])
    assert registers(transaction) == [(1000, "Transaction.Begin")]
    assert transaction.shown()["register_start_wh"] == 1000


@both
def test_TC_J_08_values_of_the_start_come_when_the_evse_is_known(charger):
    transaction = charger().transaction().authorized()
    assert transaction.shown()["register_start_wh"] is None
    transaction.plugged_in(values=[sampled(1000, context="Transaction.Begin")])
    transaction.charging()
    assert registers(transaction) == [(1000, "Transaction.Begin")]
    shown = transaction.shown()
    assert (shown["evse_id"], shown["register_start_wh"]) == (1, 1000)


@both
def test_TC_J_09_sampled_values_while_somebody_charges(charger):
    transaction = charger().transaction().charging()
    for value in three("Sample.Periodic"):
        transaction.next("MeterValuePeriodic", values=[value])
    assert registers(transaction) == [(1000 + 100 * n, "Sample.Periodic") for n in range(3)]
    assert transaction.shown()["import_wh"] == 200


@both
def test_TC_J_10_sampled_values_come_with_the_end(charger):
    ended(charger, "Sample.Periodic")


def test_TC_J_11_signed_sampled_values_come_with_the_end(charger):
    signed_values(charger, "Sample.Periodic")
