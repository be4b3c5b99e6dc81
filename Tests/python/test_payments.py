"""Ad hoc payments of OCPP 2.1 (C18 to C25) with a provider that is a process of its own, over real sockets."""

from decimal import Decimal

import pytest

from support.charger import Charger, sampled, soon
from support.payment_provider import Provider
from support.polling import until
from support.program import Server
from support.station import fresh, now
from support.station2 import variables_read

TARIFF = "cn/hubei/residential-charging"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server with a provider."""
    folder = tmp_path_factory.mktemp("payments")
    provider = Provider(folder)
    server = paying(folder, provider).start()
    yield server, provider
    server.stop()
    provider.stop()


def paying(folder, provider, more=""):
    key = folder / "provider.key"
    key.write_text(Provider.TOKEN + "\n")
    key.chmod(0o600)
    return Server(folder, settings=f"""\
payment: {{provider: "{provider.url}", key_file: "{key}", public_url: "https://charge.example"{more}}}
""")


class Stall:
    """A station of 2.1 at a site with prices; it starts what it is asked to start."""

    def __init__(self, server):
        self.server, self.api = server, server.api()
        site = fresh("yard")
        self.api.put(f"/api/v1/sites/{site}", {
            "name": site, "operator": "Yard & Co", "local_cost": "off", "tariffs": [{"from": "2020-01-01", "tariff": TARIFF}]})
        self.id = fresh("CS")
        self.api.put(f"/api/v1/stations/{self.id}", {"site": site})
        self.connect()

    def connect(self):
        self.one = Charger(self.server.ocpp, self.id, "ocpp2.1", api=self.server.api())
        self.one.answers["NotifyWebPaymentStarted"] = {}
        self.one.connect()
        self.one.booted()

    def begin(self, **more):
        return self.api.post("/api/v1/payments", {"station": self.id, "evse_id": 1, "amount_yuan": 20, **more})

    def payment(self, payment):
        return self.server.api().get(f"/api/v1/payments/{payment['id']}")

    def is_in(self, payment, *states, seconds=15):
        return until(lambda: (found := self.payment(payment))["state"] in states and found, f"{payment['id']} in {states}", seconds)

    def charges(self, payment, wh=4000):
        """The transaction that it was asked to start, to its end."""
        start = until(lambda: self.one.heard("RequestStartTransaction"), "a start")[-1]
        assert start["idToken"] == {"idToken": payment["psp_ref"], "type": "DirectPayment"}
        transaction = self.one.transaction(token=payment["psp_ref"], kind="DirectPayment")
        answer = transaction.next(
            "RemoteStart", token=payment["psp_ref"], evse=1, values=[sampled(0)], remoteStartId=start["remoteStartId"])
        assert answer["idTokenInfo"]["status"] == "Accepted"
        transaction.next("ChargingStateChanged", state="Charging", values=[sampled(wh // 2)])
        transaction.unplugged(values=[sampled(wh)])
        return transaction


@pytest.fixture
def stall(shop):
    one = Stall(shop[0])
    yield one
    one.one.close()


def test_a_driver_pays_on_a_page_charges_and_gets_a_receipt(shop, stall):
    _, provider = shop
    begun = stall.begin()
    assert begun["state"] == "begun" and begun["reserved_yuan"] == 20
    told = until(lambda: stall.one.heard("NotifyWebPaymentStarted"), "the station is told")[-1]
    assert told["evseId"] == 1 and told["timeout"] == 600
    waiting = stall.is_in(begun, "awaiting")
    assert waiting["page_url"].startswith("https://pay.example/")
    assert not stall.one.heard("RequestStartTransaction"), "nothing starts before it is paid"
    provider.pays(waiting["psp_ref"])
    stall.is_in(begun, "authorized")
    transaction = stall.charges(waiting)
    done = stall.is_in(begun, "settled")
    cost = transaction.shown()["cost_yuan"]
    assert cost > 0 and done["captured_yuan"] == done["cost_yuan"] == cost
    assert provider.payment(waiting["psp_ref"])["captured"] == int(cost * 100)
    assert transaction.shown()["account"]["limits"]["max_cost_yuan"] == 20
    assert done["receipt_url"].startswith("https://charge.example/receipts/")
    ticket = done["receipt_url"].removeprefix("https://charge.example")
    page = stall.api.request("GET", ticket, headers={"Accept-Language": "en"})
    assert page.status == 200 and str(cost) in page.text and "Yard &amp; Co" in page.text
    assert stall.api.request("GET", ticket[:-1] + ("0" if ticket[-1] != "0" else "1")).status == 404
    given = stall.api.post(f"/api/v1/payments/{begun['id']}/refund", {"amount_yuan": 0.5})
    assert given["state"] == "refunding"
    soon(lambda: stall.payment(begun)["state"], "refunded")
    assert provider.payment(waiting["psp_ref"])["refunded"] == 50
    assert any(row.startswith(begun["id"] + ",web,refunded") for row in
               stall.api.request("GET", f"/api/v1/payments?station={stall.id}&format=csv").text.splitlines())


def test_whoever_is_refused_or_cannot_start_loses_nothing(shop, stall):
    _, provider = shop
    provider.behave(refuse=True)
    refused = stall.is_in(stall.begin(), "refused")
    provider.behave(refuse=False)
    assert refused["word"] == "no money"
    stall.one.answers["RequestStartTransaction"] = {"status": "Rejected"}
    kiosk = fresh("kiosk")
    provider.pays(kiosk, reserved=2000)
    released = stall.is_in(stall.begin(psp_ref=kiosk), "cancelled")
    assert released["word"] == "the station said Rejected" and provider.payment(kiosk)["cancelled"]
    begun = stall.begin()
    waiting = stall.is_in(begun, "awaiting")
    stall.api.post(f"/api/v1/payments/{begun['id']}/cancel")
    stall.is_in(begun, "cancelled")
    assert provider.payment(waiting["psp_ref"])["cancelled"]


def test_an_answer_that_is_lost_takes_nothing_twice(shop, stall):
    _, provider = shop
    kiosk = fresh("kiosk")
    provider.pays(kiosk, reserved=2000)
    provider.behave(mute={"capture": 2})
    begun = stall.begin(psp_ref=kiosk)
    stall.is_in(begun, "authorized")
    stall.charges(stall.payment(begun))
    done = stall.is_in(begun, "settled", seconds=30)
    asked = [one for one in provider.asked("capture") if one["key"] == f"{begun['id']}-capture"]
    assert len(asked) == 3 and len({one["amount_fen"] for one in asked}) == 1
    assert provider.payment(kiosk)["captured"] == int(done["captured_yuan"] * 100)


def test_a_kill_in_the_middle_takes_what_it_cost_once(tmp_path):
    provider = Provider(tmp_path)
    server = paying(tmp_path, provider).start()
    try:
        stall = Stall(server)
        kiosk = fresh("kiosk")
        provider.pays(kiosk, reserved=2000)
        begun = stall.begin(psp_ref=kiosk)
        stall.is_in(begun, "authorized")
        until(lambda: stall.one.heard("RequestStartTransaction"), "a start")
        server.kill()
        server.start()
        stall.connect()
        transaction = stall.one.transaction(token=kiosk, kind="DirectPayment")
        # The provider is slow, and the platform is killed while it takes the money.
        provider.behave(delay=3)
        assert transaction.next("RemoteStart", token=kiosk, evse=1, values=[sampled(0)])["idTokenInfo"]["status"] == "Accepted"
        transaction.unplugged(values=[sampled(4000)])
        until(lambda: provider.asked("capture"), "the capture is under way")
        server.kill()
        provider.behave(delay=0)
        server.start()
        stall.connect()
        done = stall.is_in(begun, "settled", seconds=30)
        assert not stall.one.heard("RequestStartTransaction"), "a start is sent once"
        captures = provider.asked("capture")
        assert len(captures) >= 2 and len({one["key"] for one in captures}) == 1
        assert provider.payment(kiosk)["captured"] == int(done["captured_yuan"] * 100) > 0
    finally:
        server.stop()
        provider.stop()


def test_a_card_at_the_terminal_is_looked_at_and_what_it_settles_is_kept(shop, stall):
    _, provider = shop
    card, one = fresh("card"), stall.one
    details = {"additionalInfo": [{"additionalIdToken": "123456", "type": "CardBin"}]}
    assert one.say("Authorize", {"idToken": {"idToken": card, "type": "DirectPayment", **details}})[
        "idTokenInfo"]["status"] == "Invalid", "the provider does not know it"
    provider.pays(card, reserved=5000)
    assert one.authorize(card, "DirectPayment")["status"] == "Accepted"
    transaction = one.transaction(token=card, kind="DirectPayment")
    transaction.next("Authorized", token=card, evse=1, values=[sampled(0)], transactionLimit={"maxCost": 50})
    transaction.unplugged(values=[sampled(2000)])
    (payment,) = until(lambda: stall.api.get(f"/api/v1/payments?q={card}")["items"], "it is listed")
    assert payment["kind"] == "terminal" and payment["session"] == transaction.shown()["id"]
    cost = transaction.shown()["cost_yuan"]
    settled = {"pspRef": card, "status": "Settled", "settlementAmount": float(cost), "settlementTime": now(),
               "transactionId": transaction.id}
    answers = [one.say("NotifySettlement", settled) for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["receiptUrl"].startswith("https://charge.example/receipts/")
    soon(lambda: (stall.payment(payment)["state"], stall.payment(payment)["captured_yuan"]), ("settled", Decimal(cost)))
    assert not provider.payment(card)["captured"], "the terminal took it"
    one.say("NotifySettlement", {**settled, "pspRef": fresh("card"), "status": "Failed", "settlementAmount": 0})
    assert "123456" not in stall.api.request("GET", f"/api/v1/stations/{stall.id}/messages?limit=1000").text, "card digits are not kept"
    assert one.say("VatNumberValidation", {"vatNumber": "DE123456789", "evseId": 1})["status"] == "Accepted"
    assert one.say("VatNumberValidation", {"vatNumber": "DE12", "evseId": 1})["status"] == "Rejected"


def test_without_a_provider_nothing_begins(station, api, shared):
    one = Charger(shared.ocpp, fresh("CS"), "ocpp2.1", api=api)
    one.connect()
    one.booted()
    refused = api.request("POST", "/api/v1/payments", {"station": one.identity, "evse_id": 1, "amount_yuan": 20})
    assert refused.status == 409 and "payments-off" in refused.text
    assert one.authorize(fresh("card"), "DirectPayment")["status"] == "Invalid"
    one.close()


def test_C17_a_prepaid_card_charges_for_what_is_left_and_no_further(shop, stall):
    api, one, card = stall.api, stall.one, fresh("PRE")
    one.answers["GetVariables"] = variables_read({("TxCtrlr", "SupportedLimits"): "maxCost,maxEnergy"})
    api.put(f"/api/v1/id-tokens/{card}", {"status": "Accepted"})
    credit = f"/api/v1/id-tokens/{card}/credit"
    assert api.get(credit)["credit_yuan"] is None
    api.put(credit, {"credit_yuan": 0})
    refused = one.authorize(card)
    assert refused["status"] == "NoCredit" and refused["cacheExpiryDateTime"] <= now()
    assert api.post(credit, {"amount_yuan": 1.2})["credit_yuan"] == Decimal("1.2")
    taken = one.authorize(card)
    assert taken["status"] == "Accepted" and taken["cacheExpiryDateTime"] <= now(), "nobody caches what is left"
    transaction = one.transaction(token=card)
    transaction.next("Authorized", token=card, evse=1, values=[sampled(0)])
    until(lambda: one.heard("TriggerMessage"), "it is asked for a message that can be answered with the limit")
    answer = transaction.next("Trigger", state="Charging", values=[sampled(0)])
    assert float(answer["transactionLimit"]["maxCost"]) == 1.2
    assert "transactionLimit" not in transaction.next("LimitSet", values=[sampled(500)], transactionLimit={"maxCost": 1.2})
    # A slow station: it stops beyond the limit.
    transaction.unplugged(values=[sampled(4000)])
    cost = transaction.shown()["cost_yuan"]
    left = api.get(credit)
    assert cost > Decimal("1.2") and left["credit_yuan"] == Decimal("1.2") - Decimal(str(cost)) and left["last_session"] == transaction.shown()["id"]
    assert one.authorize(card)["status"] == "NoCredit"
    # The end is told again, as after a lost answer: it is taken once.
    transaction.event("Ended", "EVCommunicationLost", stoppedReason="EVDisconnected", number=transaction.number - 1, values=[sampled(4000)])
    assert api.get(credit)["credit_yuan"] == left["credit_yuan"]
    assert card not in api.request("GET", "/api/v1/audit?limit=1000").text


def test_C20_a_transaction_that_delivered_nothing_costs_nothing_and_is_cancelled(shop, stall):
    _, provider = shop
    card, one = fresh("card"), stall.one
    provider.pays(card, reserved=5000)
    assert one.authorize(card, "DirectPayment")["status"] == "Accepted"
    transaction = one.transaction(token=card, kind="DirectPayment")
    transaction.next("Authorized", token=card, evse=1, values=[sampled(700)])
    ended = transaction.event("Ended", "EVConnectTimeout", stoppedReason="Timeout", values=[sampled(700)])
    assert ended["totalCost"] == 0
    cancelled = {"pspRef": card, "status": "Canceled", "settlementAmount": 0, "settlementTime": now(), "transactionId": transaction.id}
    assert "receiptUrl" not in one.say("NotifySettlement", cancelled)
    (payment,) = stall.api.get(f"/api/v1/payments?q={card}")["items"]
    stall.is_in(payment, "cancelled")
    assert not provider.payment(card)["captured"]


@pytest.mark.parametrize("word", ["Rejected", "Failed"])
def test_C22_a_settlement_that_fails_is_left_to_a_person(shop, stall, word):
    _, provider = shop
    card, one = fresh("card"), stall.one
    provider.pays(card, reserved=5000)
    one.authorize(card, "DirectPayment")
    transaction = one.transaction(token=card, kind="DirectPayment")
    transaction.next("Authorized", token=card, evse=1, values=[sampled(0)])
    # C23: the terminal reserves more, and the station says so.
    raised = transaction.next("LimitSet", values=[sampled(1000)], transactionLimit={"maxCost": 80})
    assert "transactionLimit" not in raised and transaction.shown()["account"]["station_limits"]["max_cost_yuan"] == 80
    transaction.unplugged(values=[sampled(2000)])
    cost = float(transaction.shown()["cost_yuan"])
    told = {"pspRef": card, "status": word, "settlementAmount": cost, "settlementTime": now(), "transactionId": transaction.id,
            "statusInfo": "the acquirer does not answer"}
    assert "receiptUrl" not in one.say("NotifySettlement", told)
    (payment,) = stall.api.get(f"/api/v1/payments?q={card}")["items"]
    failed = stall.is_in(payment, "failed")
    assert word in failed["word"]
    assert any(alarm["object"] == payment["id"] for alarm in stall.api.every("/api/v1/alarms"))
    # The amount can still be taken by the reference, as the standard suggests.
    stall.api.post(f"/api/v1/payments/{payment['id']}/capture", {"amount_yuan": cost})
    stall.is_in(payment, "settled")
    assert provider.payment(card)["captured"] == round(cost * 100)
