"""Messages of vendors' own in both directions (2.x block P, 1.6 DataTransfer): fixed answers, services, unknown ones."""

import pytest
from ocpp import v201
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as says16

from support.hook import Hook
from support.kinds import KINDS, is16, new_station
from support.station import fresh


@pytest.fixture(params=KINDS)
def one(request, shared):
    one = new_station(request.param, shared, fresh())
    one.connect().boot()
    yield one
    one.close()


@pytest.fixture
def hook():
    hook = Hook({"status": "Accepted", "data": {"price": 3}})
    yield hook
    hook.stop()


@pytest.fixture
def vendor(api):
    """Handlers of a vendor that end with the test."""
    made = []
    name = fresh("com.example.")

    def handle(**fields):
        made.append(fresh("handler"))
        api.put(f"/api/v1/vendor-handlers/{made[-1]}", {"vendor_id": name, **fields})
        return name

    yield handle
    for handler in made:
        api.delete(f"/api/v1/vendor-handlers/{handler}")


def transfer(one, vendor, message=None, data=None):
    words = call16 if is16(one) else one.words.call
    return one.call(words.DataTransfer(vendor_id=vendor, message_id=message, data=data))


def test_TC_064_TC_P_02_a_vendor_nobody_knows_is_unknown(one):
    assert transfer(one, fresh("com.nobody.")).status == "UnknownVendorId"


def test_TC_064_TC_P_02_a_message_nobody_knows_of_a_known_vendor_is_unknown(one, vendor):
    name = vendor(message_id="known")
    assert transfer(one, name, "known").status == "Accepted"
    assert transfer(one, name.upper(), "KNOWN").status == "Accepted"
    assert transfer(one, name, "other").status == "UnknownMessageId"
    assert transfer(one, name).status == "UnknownMessageId"


def test_a_fixed_answer_is_given_and_the_message_kept(one, vendor, api):
    name = vendor(status="Rejected", data='{"why":"later"}')
    answer = transfer(one, name, "m", "hello")
    assert answer.status == "Rejected"
    assert answer.data == ('{"why":"later"}' if is16(one) else {"why": "later"})
    kept = next(
        m for m in api.get(f"/api/v1/stations/{one.identity}/messages")["items"] if m["action"] == "DataTransfer")
    assert "hello" in kept["text"] and kept["reply"]["status"] == "Rejected"


def test_a_message_is_forwarded_to_the_vendors_service_and_its_answer_given(one, vendor, hook):
    name = vendor(message_id="price", url=hook.url)
    # A price keeps its spelling.
    hook.answer = b'{"status": "Accepted", "data": {"price":0.10}}'
    data = "kWh?" if is16(one) else {"unit": "kWh", "amount": 1.50}
    answer = transfer(one, name, "price", data)
    assert answer.status == "Accepted" and answer.data == ('{"price":0.10}' if is16(one) else {"price": 0.1})
    heard = hook.heard[0]
    assert heard.pop("call_id")
    assert heard == {"station": one.identity, "vendor_id": name, "message_id": "price", "data": data}


@pytest.mark.parametrize("trouble", ["status", "nonsense", "word", "gone"])
def test_a_service_that_does_not_answer_well_is_a_rejection(one, vendor, hook, trouble):
    name = vendor(url=hook.url)
    if trouble == "status":
        hook.status = 500
    elif trouble == "nonsense":
        hook.answer = b"<html>"
    elif trouble == "word":
        hook.answer = {"status": "Perhaps"}
    else:
        hook.stop()
    assert transfer(one, name, "m").status == "Rejected"
    assert one.boot().status == "Accepted"


def test_a_slow_service_holds_nobody_else_up(shared, one, vendor, hook):
    name = vendor(url=hook.url)
    hook.delay = 3
    other = new_station(one.subprotocols[0], shared, fresh()).connect()
    import threading
    slow = threading.Thread(target=transfer, args=(one, name))
    slow.start()
    assert other.boot().status == "Accepted" and slow.is_alive()
    slow.join()
    other.close()


def test_TC_064_TC_P_01_the_platform_sends_a_vendors_message_by_order(one, api):
    words = says16 if is16(one) else v201.call_result
    one.answers["DataTransfer"] = words.DataTransfer("Accepted", data="yes")
    command = api.command(one.identity, "DataTransfer", {"vendorId": "com.example", "messageId": "m", "data": "d"})
    assert command["response"] == {"status": "Accepted", "data": "yes"}
    one.answers["DataTransfer"] = words.DataTransfer("UnknownMessageId")
    command = api.command(one.identity, "DataTransfer", {"vendorId": "com.example", "messageId": "m"})
    assert command["response"]["status"] == "UnknownMessageId"


def test_handlers_are_kept_listed_and_deleted(serve):
    server = serve()
    api = server.api()
    api.put("/api/v1/vendor-handlers/a", {"vendor_id": "com.a", "message_id": "m", "status": "Rejected"}, status=201)
    api.put("/api/v1/vendor-handlers/b", {"vendor_id": "COM.A", "message_id": "M"}, status=400)
    api.put("/api/v1/vendor-handlers/b", {"vendor_id": "com.b", "url": "ftp://x"}, status=400)
    api.put("/api/v1/vendor-handlers/b", {"vendor_id": "com.b", "url": "http://127.0.0.1:1/x"}, status=201)
    server.kill()
    server.start()
    api = server.api()
    assert [(h["id"], h["vendor_id"]) for h in api.get("/api/v1/vendor-handlers")["items"]] == [("a", "com.a"), ("b", "com.b")]
    api.delete("/api/v1/vendor-handlers/a")
    api.delete("/api/v1/vendor-handlers/a", status=404)
    assert any(entry["action"] == "vendor-handler.put" for entry in api.get("/api/v1/audit")["items"])
