"""Dynamic QR codes of OCPP 2.1 (C25) over real sockets: a station that keeps the secret it is given and makes the addresses, drivers
who follow them over plain HTTP, and a payment provider that is a process of its own."""

import hashlib
import hmac
import struct
import time
from urllib.parse import urlsplit

import pytest
from ocpp import v201

from support.api import Api
from support.charger import soon
from support.payment_provider import Provider
from support.polling import until
from support.station import fresh
from test_payments import Stall, paying

PRINTED = "0123456789abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    provider = Provider(folder)
    server = paying(folder, provider).start()
    yield server, provider
    server.stop()
    provider.stop()


class Display(Stall):
    """A station with a display: it keeps what it is told of WebPaymentsCtrlr, and shows codes by that."""

    def connect(self):
        if not hasattr(self, "held"):
            self.held, self.mode = {}, "Accepted"
        super().connect()
        self.one.answers["SetVariables"] = self.take

    def take(self, fields):
        """Stores what it takes; `mode`: the status that it answers."""
        results = []
        for one in fields["set_variable_data"]:
            if self.mode == "Accepted" and one["component"]["name"] == "WebPaymentsCtrlr":
                self.held[one["variable"]["name"]] = one["attribute_value"]
            results.append({"attribute_status": self.mode, "component": one["component"], "variable": one["variable"]})
        return v201.call_result.SetVariables(set_variable_result=results)

    def set_up(self, status=200, **wish):
        return self.server.api().put(
            f"/api/v1/stations/{self.id}/web-payments", {"amount_yuan": 50, **wish}, status=status, headers={"Prefer": "wait=10"})

    def setup(self):
        (one,) = self.server.api().get(f"/api/v1/stations/{self.id}/web-payments")["items"]
        return one

    def code(self, shift=0, secret=None):
        """By the standard's pseudocode; `shift`: intervals from now."""
        interval = int(time.time()) // int(self.held["ValidityTime"]) + shift
        digest = hmac.new((secret or self.held["SharedSecret"]).encode(), struct.pack(">Q", interval), hashlib.sha256).digest()
        offset = digest[-1] & 15
        return "".join(PRINTED[digest[(offset + i) % 32] % len(PRINTED)] for i in range(int(self.held["Length"])))

    def address(self, code=None, evse=1, more=""):
        assert self.held["Enabled"] == "true" and self.held["TOTPVersion"] == "v1"
        url = self.held["URLTemplate"]
        for name, value in (("chargingstationid", self.id), ("evse", evse), ("totp", code or self.code()), ("version", "v1")):
            url = url.replace("{%s}" % name, str(value))
        return url + more

    def scan(self, url, language="en"):
        """What a driver's telephone gets, without any account."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == "https://charge.example"
        path = parts.path + ("?" + parts.query if parts.query else "")
        return Api(self.server.ports["http"]).request("GET", path, headers={"Accept-Language": language})

    def begun(self, answer):
        """The payment behind what a scan led to."""
        assert answer.status == 303, answer.text[:500]
        (newest, *_) = self.server.api().get(f"/api/v1/payments?station={self.id}")["items"]
        assert newest["id"] in answer.headers["location"]
        return newest


@pytest.fixture
def display(shop):
    one = Display(shop[0])
    yield one
    one.one.close()


def test_C25_a_driver_scans_pays_charges_and_finds_the_receipt_on_the_display(shop, display):
    server, provider = shop
    display.one.answers["GetVariables"] = lambda fields: v201.call_result.GetVariables(get_variable_result=[
        {"attribute_status": "Accepted", "component": one["component"], "variable": one["variable"],
         "attribute_value": {"Available": "true", "SupportedFormats": "UTF8,QRCODE"}[one["variable"]["name"]]}
        if one["component"]["name"] == "DisplayMessageCtrlr" else
        {"attribute_status": "UnknownComponent", "component": one["component"], "variable": one["variable"]}
        for one in fields["get_variable_data"]])
    done = display.set_up(validity_seconds=600, length=12)
    assert done["status"] == "answered" and display.setup()["state"] == "on"
    secret = display.held["SharedSecret"]
    assert len(secret) == 32 and display.held["Length"] == "12"
    scanned = display.scan(display.address(more="/?maxenergy=20000&maxtime=3600&maxcost=15.5&colour=red"))
    payment = display.begun(scanned)
    assert payment["reserved_yuan"] == 15.5 and payment["kind"] == "web" and payment["evse_id"] == 1
    told = until(lambda: display.one.heard("NotifyWebPaymentStarted"), "the station is told")[-1]
    assert told["evseId"] == 1
    ticket = scanned.headers["location"]
    driver = Api(server.ports["http"])
    page = until(lambda: (found := driver.request("GET", ticket)).status == 303 and found, "on to the provider's page")
    assert page.headers["location"] == f"https://pay.example/psp-{payment['id']}"
    assert not display.one.heard("RequestStartTransaction"), "nothing starts before it is paid"
    provider.pays(f"psp-{payment['id']}")
    waiting = display.is_in(payment, "authorized")
    transaction = display.charges(waiting)
    settled = display.is_in(payment, "settled")
    limits = transaction.shown()["account"]["limits"]
    assert limits["max_cost_yuan"] == 15.5 and limits["max_energy_kwh"] == 20 and limits["max_seconds"] == 3600
    shown = until(lambda: display.one.heard("SetDisplayMessage"), "the receipt is on the display")[-1]["message"]
    assert shown["message"] == {"format": "QRCODE", "content": settled["receipt_url"]} and shown["endDateTime"]
    assert settled["receipt_url"].removeprefix("https://charge.example") in driver.request("GET", ticket).text
    # The secret is in the station and nowhere else.
    api = server.api()
    texts = [api.request("GET", f"/api/v1/stations/{display.id}/{what}?limit=1000").text for what in
             ("messages", "commands", "device-model", "web-payments")] + [api.request("GET", "/api/v1/audit?limit=1000").text]
    assert "SharedSecret" in texts[0] and "station.web-payments" in texts[-1]
    assert not any(secret in text for text in texts) and not any(secret in line for line in server.log)
    for file in server.data.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), f"{file.name} holds the secret"


def test_C25_FR_08_old_forged_and_used_codes_begin_nothing(shop, display):
    display.set_up(validity_seconds=600)
    api = display.server.api()
    good = display.code()
    wrong = [display.code(-2), display.code(2), display.code(secret="0" * 32), good[:-1], good.swapcase() + "0"]
    for code in wrong:
        answer = display.scan(display.address(code))
        assert answer.status == 404 and "Scan the code" in answer.text
    assert "二维码" in display.scan(display.address("forged0000"), "zh-CN").text
    assert display.scan(display.address(good, evse=2).replace(display.id, fresh("CS"))).status == 404, "of a station unknown"
    assert not api.get(f"/api/v1/payments?station={display.id}")["items"]
    # Beside the present one, that of a clock a little fast or slow, each once.
    for code in (good, display.code(-1), display.code(1)):
        display.begun(display.scan(display.address(code)))
        used = display.scan(display.address(code))
        assert used.status == 409 and "used already" in used.text
    assert len(api.get(f"/api/v1/payments?station={display.id}")["items"]) == 3
    statuses = [display.scan(display.address("guess%06d" % i)).status for i in range(30)]
    assert statuses[0] == 404 and statuses[-1] == 429
    slowed = display.scan(display.address("guess"))
    assert slowed.status == 429 and slowed.headers["retry-after"]


def test_C25_a_station_that_refuses_is_slow_or_reboots_is_said_to(shop, display):
    display.mode = "Rejected"
    assert display.set_up()["status"] == "answered"
    assert display.setup()["state"] == "refused" and "SharedSecret: Rejected" in display.setup()["word"]
    display.mode = "RebootRequired"
    display.set_up()
    assert display.setup()["state"] == "sent" and "SharedSecret" in display.setup()["undecided"]
    # After its restart it takes what was left open, without anybody's doing.
    display.mode = "Accepted"
    display.one.close()
    display.connect()
    soon(lambda: display.setup()["state"], "on")
    display.begun(display.scan(display.address()))
    display.one.close()
    until(lambda: not display.server.api().station(display.id)["online"], "it is gone")
    answer = display.scan(display.address(display.code(1)))
    assert answer.status == 409 and "cannot be reached" in answer.text
    refused = display.server.api().request("PUT", f"/api/v1/stations/{display.id}/web-payments", {"amount_yuan": 1})
    assert refused.status == 409 and "station-offline" in refused.text
    display.connect()


def test_C25_a_kill_between_secret_and_answer_leaves_codes_of_both_good(tmp_path):
    provider = Provider(tmp_path)
    server = paying(tmp_path, provider).start()
    display = None
    try:
        display = Display(server)
        display.set_up(validity_seconds=600)
        old = dict(display.held)

        def dies(fields):
            server.kill()
            return display.take(fields)

        display.one.answers["SetVariables"] = dies
        with pytest.raises((OSError, AssertionError)):
            display.set_up(validity_seconds=600, renew=True)
        until(lambda: display.held["SharedSecret"] != old["SharedSecret"], "the station has the new secret")
        display.one.close()
        server.start()
        # It comes back silent: nobody knows which secret it has.
        display.mode = "RebootRequired"
        new = dict(display.held)
        display.connect()
        display.held = old
        display.begun(display.scan(display.address()))
        display.held = new
        used = display.address()
        display.begun(display.scan(used))
        # Its own code has said which one that is.
        display.held = old
        assert display.scan(display.address(display.code(1))).status == 404
        display.held = new
        server.kill()
        server.start()
        display.connect()
        assert display.scan(used).status == 409, "a crash makes no code good again"
        display.mode = "Accepted"
        display.one.close()
        display.connect()
        soon(lambda: display.setup()["state"], "on")
        assert display.held["SharedSecret"] == new["SharedSecret"], "the same secret was sent again"
    finally:
        if display:
            display.one.close()
        server.stop()
        provider.stop()
