"""OCA cases of 2.0.1 for central systems, block I (tariff and cost)."""

from support.charger import both, sampled


@both
def test_TC_I_01_a_driver_sees_what_it_costs_so_far(charger):
    one = charger()
    transaction = one.transaction().charging()
    for n, cost in [(1, 1.25), (2, 2.5)]:
        transaction.next("MeterValuePeriodic", values=[sampled(1000 + 1000 * n)])
        one.order("CostUpdated", {"totalCost": cost, "transactionId": transaction.id}, {})
    assert [sent["totalCost"] for sent in one.heard("CostUpdated")] == [1.25, 2.5]
    assert transaction.shown()["import_wh"] == 1000
