"""What a kWh costs, as a text on the station's display (2.x I01, I06): with the card, and once when it becomes another price."""

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from support.charger import both, card
from support.polling import until
from support.program import tidewatt
from support.station import fresh
from support.station2 import variables_read

TARIFF = "cn/hubei/residential-charging"
SHOWS = {("DisplayMessageCtrlr", "Available"): "true", ("DisplayMessageCtrlr", "Language"): "en"}


def energy_price():
    """Yuan/kWh now, by the program's own tariff tables."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    rows = json.loads(tidewatt(
        "tariff", "price", TARIFF, "--from", now.isoformat(), "--to", (now + timedelta(minutes=1)).isoformat(),
        "--format", "json").stdout)
    return Decimal(rows[0]["price"])


def told(message):
    """Price and service fee that an English text names."""
    price, fee = re.match(r"Charging (\S+) CNY/kWh \(service fee (\S+) included\)", message["content"]).groups()
    assert (message["format"], message["language"]) == ("UTF8", "en") and len(message["content"]) <= 512
    return Decimal(price), Decimal(fee)


@both
def test_I01_I06_a_driver_reads_the_price_with_the_card_and_once_when_it_becomes_another(charger, api, version):
    site = fresh("yard")

    def fee(yuan):
        api.put(f"/api/v1/sites/{site}", {
            "name": site, "zone": "Asia/Shanghai", "local_cost": "off", "tariffs": [{"from": "2026-01-01", "tariff": TARIFF}],
            "service_fees": [{"from": "2026-01-01", "yuan_kwh": yuan}]})

    fee(0.3)
    one, mute = charger(boots=False), charger(boots=False)
    one.answers["GetVariables"] = variables_read(SHOWS)
    for station in (one, mute):
        api.put(station.path(), {"site": site})
        station.booted()
    usual, own = card(api), card(api, service_fee_yuan_kwh=0.1)
    until(lambda: one.authorize(usual).get("personalMessage"), "it is known that it has a display", 30)
    price = energy_price()
    assert told(one.authorize(usual)["personalMessage"]) == (price + Decimal("0.3"), Decimal("0.3"))
    assert told(one.authorize(own)["personalMessage"]) == (price + Decimal("0.1"), Decimal("0.1"))
    assert "personalMessage" not in one.authorize(fresh("nobody"))
    until(lambda: mute.heard("GetVariables"), "the other was asked too", 30)
    assert "personalMessage" not in mute.authorize(usual), "it has none"

    transaction = one.transaction(token=usual)
    started = transaction.next("Authorized", token=usual, evse=1)
    assert told(started["idTokenInfo"]["personalMessage"])[1] == Decimal("0.3")
    transaction.is_authorized = True
    transaction.charging()
    for _ in range(3):
        assert "updatedPersonalMessage" not in transaction.next("MeterValuePeriodic"), "nothing is new"
    fee(0.4)
    answer = transaction.next("MeterValuePeriodic")
    assert told(answer["updatedPersonalMessage"]) == (price + Decimal("0.4"), Decimal("0.4"))
    extra = answer.get("updatedPersonalMessageExtra", [])
    assert [message["language"] for message in extra] == (["zh-CN"] if version == "ocpp2.1" else [])
    assert all("（含服务费 0.40）" in message["content"] for message in extra)
    answer = transaction.next("MeterValuePeriodic")
    assert "updatedPersonalMessage" not in answer, "once"
    # What it showed went with its power, and a price that changed meanwhile is the one that it hears.
    one.cut()
    fee(0.5)
    one.connect()
    one.booted("Watchdog")
    assert told(transaction.next("MeterValuePeriodic")["updatedPersonalMessage"]) == (price + Decimal("0.5"), Decimal("0.5"))
    assert "updatedPersonalMessage" not in transaction.next("MeterValuePeriodic")
    late = transaction.event("Updated", "MeterValuePeriodic", offline=True)
    assert not {"updatedPersonalMessage", "idTokenInfo"} & set(late)
    assert "updatedPersonalMessage" not in transaction.unplugged()
