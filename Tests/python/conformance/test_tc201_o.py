"""OCA cases of 2.0.1 for central systems, block O (display messages)."""

import itertools
from datetime import datetime

from support.charger import both
from support.station import now

_numbers = itertools.count(1)


def message(number=None, *, priority="NormalCycle", state="Idle", text="Good morning", form="UTF8", **more):
    return {"id": number or next(_numbers), "priority": priority, "state": state,
            "message": {"format": form, "content": text, "language": "en"}, **more}


def shown(one):
    """Messages on the display as the platform pictures them, by number: text, priority, state."""
    return {each["id"]: (each["content"], each["priority"], each["state"]) for each in one.listed("display-messages")}


def plain(made):
    """With instants instead of their texts."""
    return {key: datetime.fromisoformat(value) if key.endswith("DateTime") else value for key, value in made.items()}


def show(one, made, says="Accepted"):
    """By the endpoint for it."""
    before, known = shown(one), len(one.heard("SetDisplayMessage"))
    one.answers["SetDisplayMessage"] = {"status": says}
    done = one.api.post(one.path("/display-messages"), {
        "id": made["id"], "priority": made["priority"], "state": made["state"], "format": made["message"]["format"],
        "language": made["message"]["language"], "content": made["message"]["content"],
        "starts_at": made.get("startDateTime"), "ends_at": made.get("endDateTime"),
        "transaction_id": made.get("transactionId")}, headers={"Prefer": "wait=10"})
    assert done["response"]["status"] == says
    (heard,) = one.heard("SetDisplayMessage")[known:]
    assert plain(heard["message"]) == plain(made)
    own = {made["id"]: (made["message"]["content"], made["priority"], made["state"])}
    assert shown(one) == ({**before, **own} if says == "Accepted" else before)
    return made


def ask(one, says="Accepted", **criteria):
    number = next(_numbers)
    one.order("GetDisplayMessages", {"requestId": number, **criteria}, {"status": says}, says=says)
    return number


def told(one, number, *messages):
    news = [{**each, "message": {**each["message"], "content": "as the station says"}} for each in messages]
    assert one.say("NotifyDisplayMessages", {"requestId": number, "tbc": False, "messageInfo": news}) == {}
    assert all(shown(one)[each["id"]][0] == "as the station says" for each in messages)


# MARK: Set

@both
def test_TC_O_01_a_message_is_shown(charger):
    show(charger(), message(state="Charging"))


def test_TC_O_12_a_message_is_replaced(charger):
    one = charger()
    first = show(one, message())
    show(one, message(first["id"], text="Good evening"))
    assert [sent["message"]["message"]["content"] for sent in one.heard("SetDisplayMessage")] == [
        "Good morning", "Good evening"]


def test_TC_O_13_a_message_is_shown_from_a_time_on(charger):
    show(charger(), message(startDateTime=now(600)))


def test_TC_O_14_a_message_is_shown_until_a_time(charger):
    show(charger(), message(endDateTime=now(600)))


def refused(charger, says, **more):
    one = charger()
    show(one, message(**more), says)


def test_TC_O_17_a_priority_that_the_station_has_not(charger):
    refused(charger, "NotSupportedPriority", priority="AlwaysFront")


def test_TC_O_18_a_state_that_the_station_has_not(charger):
    refused(charger, "NotSupportedState", state="Faulted")


def test_TC_O_19_a_format_that_the_station_has_not(charger):
    refused(charger, "NotSupportedMessageFormat", form="HTML")


def test_TC_O_25_a_message_is_shown_in_a_state(charger):
    show(charger(), message(state="Unavailable"))


def test_TC_O_26_a_message_that_the_station_rejects(charger):
    refused(charger, "Rejected")


# MARK: Set for a transaction

@both
def test_TC_O_06_a_message_is_shown_while_a_transaction_runs(charger):
    one = charger()
    transaction = one.transaction().charging()
    show(one, message(state="Charging", transactionId=transaction.id))
    transaction.plugged_after().unplugged()
    transaction.ended_with("EVDisconnected")


def test_TC_O_10_a_message_for_a_transaction_that_the_station_does_not_know(charger):
    one = charger()
    transaction = one.transaction().charging()
    show(one, message(transactionId=transaction.id + "-other"), "UnknownTransaction")
    assert transaction.shown()["status"] == "active"


def test_TC_O_27_a_message_is_shown_from_a_time_on_in_a_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    show(one, message(startDateTime=now(60), transactionId=transaction.id))


def test_TC_O_28_a_message_is_shown_until_a_time_in_a_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    show(one, message(state="Charging", endDateTime=now(60), transactionId=transaction.id))


# MARK: Read

@both
def test_TC_O_02_all_messages_are_read(charger):
    one = charger()
    made = show(one, message())
    told(one, ask(one), made)


def test_TC_O_03_there_are_no_messages(charger):
    ask(charger(), "Unknown")


def test_TC_O_07_a_message_is_read_by_its_number(charger):
    one = charger()
    made = show(one, message())
    told(one, ask(one, id=[made["id"]]), made)


def test_TC_O_08_messages_are_read_by_priority(charger):
    one = charger()
    made = show(one, message())
    told(one, ask(one, priority="NormalCycle"), made)


def test_TC_O_09_messages_are_read_by_state(charger):
    one = charger()
    made = show(one, message())
    told(one, ask(one, state="Idle"), made)


def test_TC_O_11_no_message_has_the_number(charger):
    one = charger()
    made = show(one, message())
    ask(one, "Unknown", id=[made["id"] + 10_000])


# MARK: Cleared

@both
def test_TC_O_04_a_message_is_cleared(charger):
    one = charger()
    made = show(one, message())
    assert made["id"] in shown(one)
    done = one.api.delete(one.path(f"/display-messages/{made['id']}"), status=(200, 202), headers={"Prefer": "wait=10"})
    assert done["response"]["status"] == "Accepted" and one.heard("ClearDisplayMessage") == [{"id": made["id"]}]
    assert shown(one) == {}


def test_TC_O_05_there_is_no_message_to_clear(charger):
    charger().order("ClearDisplayMessage", {"id": 10_001}, {"status": "Unknown"}, says="Unknown")
