"""Messages on stations' displays (2.x block O): set, told in parts, cleared; the platform keeps the picture."""

import threading

import pytest
from ocpp import v201

from support.kinds import new_station
from support.polling import until
from support.station import Station, fresh

says = v201.call_result


class Display:
    """What a station with a display does, two messages a report."""

    def __init__(self, one):
        self.one, self.messages = one, {}
        one.answers["SetDisplayMessage"] = self.put
        one.answers["ClearDisplayMessage"] = self.clear
        one.answers["GetDisplayMessages"] = self.get

    def put(self, fields):
        message = fields["message"]
        if message["priority"] == "AlwaysFront":
            return says.SetDisplayMessage("NotSupportedPriority")
        self.messages[message["id"]] = message
        return says.SetDisplayMessage("Accepted")

    def clear(self, fields):
        return says.ClearDisplayMessage("Accepted" if self.messages.pop(fields["id"], None) else "Unknown")

    def get(self, fields):
        wanted = [m for m in self.messages.values() if fields.get("priority") in (None, m["priority"])]
        if not wanted:
            return says.GetDisplayMessages("Unknown")
        threading.Thread(target=self.report, args=(fields["request_id"], wanted), daemon=True).start()
        return says.GetDisplayMessages("Accepted")

    def report(self, request, messages):
        for at in range(0, len(messages), 2):
            self.one.call(self.one.words.call.NotifyDisplayMessages(
                request_id=request, message_info=messages[at:at + 2], tbc=at + 2 < len(messages)))


@pytest.fixture(params=["ocpp2.0.1", "ocpp2.1"])
def display(request, shared):
    one = new_station(request.param, shared, fresh())
    display = Display(one)
    one.connect().boot()
    yield display
    one.close()


def path(display, rest=""):
    return f"/api/v1/stations/{display.one.identity}/display-messages{rest}"


def put(api, display, number, content="Welcome", **more):
    return api.post(path(display), {"id": number, "content": content, **more}, headers={"Prefer": "wait=10"}, status=200)


def shown(api, display):
    return {m["id"]: m["content"] for m in api.get(path(display))["items"]}


def test_TC_O_01_TC_O_06_a_message_is_shown_replaced_and_cleared(display, api):
    assert api.get(path(display)) == {"items": [], "next_cursor": None, "told_at": None}
    assert put(api, display, 7)["response"]["status"] == "Accepted"
    assert display.messages[7]["message"] == {"format": "UTF8", "content": "Welcome"}
    assert shown(api, display) == {7: "Welcome"}
    put(api, display, 7, "Goodbye", priority="InFront", state="Idle")
    assert api.get(path(display))["items"][0] == {
        "id": 7, "priority": "InFront", "state": "Idle", "format": "UTF8", "language": None, "content": "Goodbye",
        "starts_at": None, "ends_at": None, "transaction_id": None}
    api.delete(path(display, "/7"), status=200, headers={"Prefer": "wait=10"})
    assert shown(api, display) == {} and display.messages == {}


def test_TC_O_17_a_message_that_the_station_refuses_is_not_shown(display, api):
    ended = put(api, display, 8, priority="AlwaysFront")
    assert ended["response"]["status"] == "NotSupportedPriority" and shown(api, display) == {}


def test_TC_O_02_TC_O_03_all_messages_are_told_in_parts_and_make_the_picture(display, api):
    display.messages = {
        n: {"id": n, "priority": "NormalCycle", "message": {"format": "UTF8", "content": f"Own {n}"}} for n in range(1, 6)}
    put(api, display, 9)
    assert shown(api, display) == {9: "Welcome"}
    api.post(path(display, ":read"), headers={"Prefer": "wait=10"}, status=200)
    until(lambda: len(shown(api, display)) == 6, "all parts came")
    assert shown(api, display) == {**{n: f"Own {n}" for n in range(1, 6)}, 9: "Welcome"}
    assert api.get(path(display))["told_at"]
    # The station lost some by itself: the next picture has them no more.
    for n in (1, 2, 9):
        del display.messages[n]
    api.post(path(display, ":read"), headers={"Prefer": "wait=10"}, status=200)
    until(lambda: len(shown(api, display)) == 3, "the picture is the new one")
    display.messages.clear()
    api.post(path(display, ":read"), headers={"Prefer": "wait=10"}, status=200)
    until(lambda: shown(api, display) == {}, "none is left")


def test_TC_O_07_a_part_of_the_messages_leaves_the_others(display, api):
    put(api, display, 1, "one")
    put(api, display, 2, "two", priority="InFront")
    del display.messages[1]
    api.command(display.one.identity, "GetDisplayMessages", {"requestId": 77, "priority": "InFront"})
    assert shown(api, display) == {1: "one", 2: "two"}
    # Unknown says that it is not there.
    api.delete(path(display, "/1"), status=200, headers={"Prefer": "wait=10"})
    assert shown(api, display) == {2: "two"}


def test_the_picture_survives_a_restart(serve):
    server = serve()
    one = new_station("ocpp2.0.1", server, "D1")
    display = Display(one)
    one.connect().boot()
    put(server.api(), display, 3, "Stays")
    # The end of a command is told before it is on the disk; what is acknowledged after it is there, and so is it.
    new_station("ocpp2.0.1", server, "D2")
    server.kill()
    server.start()
    assert shown(server.api(), display) == {3: "Stays"}
    one.close()


def test_a_station_of_1_6_has_no_display(shared, api):
    one = Station(shared.ocpp, fresh()).connect()
    one.boot()
    answer = api.post(f"/api/v1/stations/{one.identity}/display-messages", {"id": 1, "content": "x"}, status=409)
    assert "not-in-version" in answer["type"]
    one.close()


def test_a_cost_is_sent_by_order(display, api):
    command = api.command(display.one.identity, "CostUpdated", '{"totalCost": 12.34, "transactionId": "T1"}')
    assert command["status"] == "answered" and float(display.one.heard("CostUpdated")[0]["totalCost"]) == 12.34
