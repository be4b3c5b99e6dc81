"""OCA cases of 2.0.1 for central systems, block I (tariff and cost)."""

from decimal import Decimal

from support.charger import both, sampled, soon
from support.station import fresh


@both
def test_TC_I_01_a_driver_sees_what_it_costs_so_far(charger):
    one = charger()
    transaction = one.transaction().charging()
    for n, cost in [(1, 1.25), (2, 2.5)]:
        transaction.next("MeterValuePeriodic", values=[sampled(1000 + 1000 * n)])
        one.order("CostUpdated", {"totalCost": cost, "transactionId": transaction.id}, {})
    assert [sent["totalCost"] for sent in one.heard("CostUpdated")] == [1.25, 2.5]
    assert transaction.shown()["import_wh"] == 1000


TARIFF = "cn/hubei/residential-charging"
# A winter evening there: 0.68 yuan/kWh until 23:00, 0.43 from then on.
DAY = "2026-03-02T"


def sited(charger, api, *tariffs):
    """A station of a site with these tariffs."""
    name = fresh("yard")
    api.put(f"/api/v1/sites/{name}", {
        "name": name, "kind": "residential", "region": "420000", "zone": "Asia/Shanghai",
        "tariffs": [{"from": "2026-01-01", "tariff": tariff} for tariff in tariffs]})
    one = charger()
    api.put(one.path(), {"site": name, "phases": 1, "voltage": 230, "max_current_a": 32})
    return one


def told(one, number, stage, trigger, clock, wh, state="Charging", **more):
    """One message of a transaction at an instant of that evening, with the register."""
    at = f"{DAY}{clock}:00+08:00"
    return one.say("TransactionEvent", {
        "eventType": stage, "timestamp": at, "triggerReason": trigger, "seqNo": number,
        "transactionInfo": {"transactionId": "TX-evening", "chargingState": state},
        **({"meterValue": [sampled(wh, at=at)]} if wh is not None else {}), **more})


EVSE = {"evse": {"id": 1, "connectorId": 1}}


@both
def test_TC_I_02_the_end_of_a_transaction_is_answered_with_what_it_cost(charger, api):
    one = sited(charger, api, TARIFF)
    assert "totalCost" not in told(one, 0, "Started", "CablePluggedIn", "22:40", 1000, **EVSE)
    assert "totalCost" not in told(one, 1, "Updated", "MeterValuePeriodic", "22:50", 3000)
    assert one.session("TX-evening")["cost_yuan"] is None
    # A step of 20 minutes across the change of price: half of it on either side.
    told(one, 2, "Updated", "MeterValuePeriodic", "23:10", 7000)
    one.connector("Available")
    answer = told(one, 3, "Ended", "EVCommunicationLost", "23:30", 9000, "Idle")
    assert answer["totalCost"] == 4.44  # 4 kWh at 0.68 and 4 at 0.43
    soon(lambda: one.session("TX-evening")["cost_yuan"], Decimal("4.44"))
    assert one.session("TX-evening")["import_wh"] == 8000
    # Told again under a new number of the message: the same sum.
    assert told(one, 3, "Ended", "EVCommunicationLost", "23:30", 9000, "Idle")["totalCost"] == 4.44


def test_a_cost_that_nobody_knows_is_left_out(charger, api):
    without = sited(charger, api)
    told(without, 0, "Started", "CablePluggedIn", "22:40", 1000, **EVSE)
    assert "totalCost" not in told(without, 1, "Ended", "EVCommunicationLost", "22:50", 3000, "Idle")
    silent = sited(charger, api, TARIFF)
    told(silent, 0, "Started", "CablePluggedIn", "22:40", None, **EVSE)
    assert "totalCost" not in told(silent, 1, "Ended", "EVCommunicationLost", "22:50", None, "Idle")
    # Its first message was lost: who knows what it had drawn before.
    late = sited(charger, api, TARIFF)
    told(late, 1, "Updated", "MeterValuePeriodic", "22:45", 1500, **EVSE)
    assert "totalCost" not in told(late, 2, "Ended", "EVCommunicationLost", "22:50", 3000, "Idle")
    for one in (without, silent, late):
        assert one.session("TX-evening")["cost_yuan"] is None
