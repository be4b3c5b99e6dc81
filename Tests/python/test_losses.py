"""What is lost on the way into batteries and out again (OCPP 2.1 block Q): learned from registers and states of charge of a
charge point of PyPI's, over a reconnection and a kill in the middle."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from support.charger import CARD, Charger, card
from support.polling import until
from support.station import fresh

pytestmark = pytest.mark.parametrize("version", ["ocpp2.1"], indirect=True)

# Of 50 kWh, so that a per cent is 500 Wh in the battery.
PERCENT = 500
IN, OUT = Decimal("0.95"), Decimal("0.94")
TRUTH = IN * OUT


class Stay:
    """A vehicle that charges and gives back, metered once a per cent or so."""

    def __init__(self, one, hours_ago, registers=(100_000, 5_000), soc=40):
        self.one, self.id, self.number = one, fresh("TX"), 0
        self.at = datetime.now(timezone.utc) - timedelta(hours=hours_ago)
        self.token = card(one.api)
        self.imported, self.exported = (Decimal(register) for register in registers)
        self.stored = Decimal(soc * PERCENT)

    def tell(self, kind, trigger, info=None, **more):
        soc = int(self.stored / PERCENT)
        self.one.say("TransactionEvent", {
            "eventType": kind, "timestamp": self.at.isoformat(), "triggerReason": trigger, "seqNo": self.number,
            "transactionInfo": {"transactionId": self.id, "chargingState": "Charging", **(info or {})},
            "meterValue": [{"timestamp": self.at.isoformat(), "sampledValue": [
                {"value": int(self.imported), "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}},
                {"value": int(self.exported), "measurand": "Energy.Active.Export.Register", "unitOfMeasure": {"unit": "Wh"}},
                {"value": soc, "measurand": "SoC", "unitOfMeasure": {"unit": "Percent"}}]}], **more})
        self.number += 1

    def begin(self):
        self.one.connector("Occupied")
        self.tell("Started", "Authorized", evse={"id": 1, "connectorId": 1}, idToken={"idToken": self.token, "type": CARD})
        return self

    def pass_(self, minutes, kw):
        """A reading a minute; gives back below 0."""
        for _ in range(minutes):
            flow = Decimal(abs(kw) * 1000) / 60
            self.at += timedelta(minutes=1)
            if kw > 0:
                self.imported += flow
                self.stored += flow * IN
            else:
                self.exported += flow
                self.stored -= flow / OUT
            self.tell("Updated", "MeterValuePeriodic")
        return self

    def end(self):
        self.tell("Ended", "StopAuthorized", {"stoppedReason": "Local", "chargingState": "Idle"})
        return self

    @property
    def api(self):
        return self.one.api

    def shown(self):
        return self.api.get("/api/v1/sessions/" + self.one.session(self.id)["id"])


def learned(one):
    return one.shown()["evses"][0]["round_trip"]


def test_what_is_lost_is_learned_from_two_sessions_and_a_kill_keeps_it(serve, version):
    server = serve()
    api = server.api()
    one = Charger(server.ocpp, fresh("LOSS"), version, api=api, evses=1)
    one.connect()
    one.booted()
    site = fresh("yard")
    api.put(f"/api/v1/sites/{site}", {"name": site, "battery": {
        "chemistry": "lfp", "value_yuan_per_kwh": 600, "round_trip": 0.8}})
    api.put(one.path(), {"site": site})
    assert learned(one) is None, "nothing is known before there is evidence"

    first = Stay(one, 10).begin()
    first.pass_(40, 20)
    assert first.shown()["losses"]["round_trip"] is None, "one direction says nothing of a round trip"
    first.pass_(30, -15).end()
    losses = first.shown()["losses"]
    assert losses["charged_soc_percent"] > 20 and losses["discharged_soc_percent"] > 12
    measured = losses["round_trip"]
    assert measured["low"] <= TRUTH <= measured["high"] and measured["high"] - measured["low"] < Decimal("0.15")
    until(lambda: learned(one), "its EVSE shows it")
    assert learned(one)["sessions"] == 1

    # The second is cut by a lost connection and by the platform's death, in both directions.
    second = Stay(one, 6, (200_000, 50_000)).begin().pass_(20, 20)
    one.close()
    one.connect()
    second.pass_(20, 20).pass_(12, -15)
    server.kill()
    server.start()
    one.close()
    one.api, one.port = server.api(), server.ocpp
    one.connect()
    second.pass_(18, -15).end()
    shown = until(lambda: learned(one)["sessions"] == 2 and learned(one), "two sessions")
    assert shown["low"] <= TRUTH <= shown["high"] and abs(shown["value"] - TRUTH) < Decimal("0.05")
    server.kill()
    server.start()
    one.close()
    one.api = api = server.api()
    assert learned(one) == shown, "what was learned is on the disk"

    statement = api.get(f"/api/v1/sessions/{first.shown()['id']}/statement")
    assert statement["round_trip"] == measured
    # What is paid, what is credited and how far the driver lets it be emptied stand apart.
    assert {"total_yuan", "export_credit_yuan", "exported_kwh", "minimum_kwh"} <= statement.keys()
    assert abs(statement["exported_kwh"] - Decimal("7.5")) < Decimal("0.01")
    rows = api.request("GET", "/api/v1/sessions?format=csv").text.splitlines()
    assert {"export_wh", "account.export_credit_yuan", "needs.minimum_kwh", "losses.round_trip.value"} <= set(rows[0].split(","))
    report = api.get(f"/api/v1/sites/{site}/v2g")
    assert report["battery"]["round_trip"] == Decimal("0.8"), "as it was stated"
    assert report["measured_round_trip"]["sessions"] == 2
    assert report["measured_round_trip"]["low"] <= TRUTH <= report["measured_round_trip"]["high"]
    one.close()
