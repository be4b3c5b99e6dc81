"""OCA cases of 2.0.1 for central systems, block D (local authorization list)."""

import pytest

from support.charger import CARD, both, card


@pytest.fixture
def holder(charger):
    """A station that keeps the version and the cards that it was sent."""
    one = charger()
    one.list, one.cards = 0, {}

    def take(fields):
        if fields["update_type"] == "Full":
            one.cards = {}
        for entry in fields.get("local_authorization_list", []):
            one.cards.pop(entry["id_token"]["id_token"], None)
            if "id_token_info" in entry:
                one.cards[entry["id_token"]["id_token"]] = entry["id_token_info"]["status"]
        one.list = fields["version_number"]
        return {"status": "Accepted"}

    one.answers["SendLocalList"] = take
    one.answers["GetLocalListVersion"] = lambda _: {"versionNumber": one.list}
    return one


def shown(one):
    return one.api.get(one.path("/local-list"))


def wanted(one, cards):
    """The operator chooses what the list holds; nothing is sent yet."""
    known = len(one.heard("SendLocalList"))
    kept = one.api.put(one.path("/local-list"), {"scope": "selected", "tokens": cards})
    assert kept["wanted"] == len(cards) and kept["current"] is False
    assert len(one.heard("SendLocalList")) == known


def sent(one, kind):
    """The operator has it sent: the one message, and what is shown afterwards."""
    known, before = len(one.heard("SendLocalList")), one.list
    ended = one.api.post(one.path("/local-list/send"), {}, headers={"Prefer": "wait=15"}, seconds=30)
    assert (ended["outcome"], ended["current"], ended["entries"]) == ("sent", True, len(one.cards))
    assert ended["version"] == ended["held_version"] == one.list > before
    (message,) = one.heard("SendLocalList")[known:]
    assert (message["updateType"], message["versionNumber"]) == (kind, one.list)
    return message.get("localAuthorizationList", [])


@both
def test_TC_D_01_a_full_list_is_sent(holder, api):
    cards = [card(api), card(api)]
    wanted(holder, cards)
    entries = sent(holder, "Full")
    assert {entry["idToken"]["idToken"] for entry in entries} == set(cards) == set(holder.cards)
    assert {entry["idTokenInfo"]["status"] for entry in entries} == {"Accepted"}


@both
def test_TC_D_02_what_changed_of_a_list_is_sent(holder, api):
    first, second = card(api), card(api)
    wanted(holder, [first, second])
    sent(holder, "Full")
    api.put(f"/api/v1/id-tokens/{second}", {"status": "Blocked", "type": CARD})
    assert shown(holder)["current"] is False
    (entry,) = sent(holder, "Differential")
    assert entry["idToken"]["idToken"] == second and entry["idTokenInfo"]["status"] == "Blocked"
    assert holder.cards == {first: "Accepted", second: "Blocked"}


def test_TC_D_03_cards_are_taken_off_a_list(holder, api):
    kept, gone = card(api), card(api)
    wanted(holder, [kept, gone])
    sent(holder, "Full")
    api.delete(f"/api/v1/id-tokens/{gone}")
    assert shown(holder)["current"] is False
    (entry,) = sent(holder, "Differential")
    assert entry["idToken"]["idToken"] == gone and "idTokenInfo" not in entry
    assert set(holder.cards) == {kept}


def test_TC_D_04_an_empty_list_takes_all_cards_off(holder, api):
    wanted(holder, [card(api)])
    sent(holder, "Full")
    holder.order("SendLocalList", {"versionNumber": holder.list + 1, "updateType": "Full"}, says="Accepted")
    assert holder.cards == {}
    assert (shown(holder)["held_version"], shown(holder)["current"]) == (holder.list, False), "another one is wanted"


def version(charger, number):
    one = charger()
    assert shown(one)["held_version"] is None
    done = one.order("GetLocalListVersion", {}, {"versionNumber": number})
    assert done["response"] == {"versionNumber": number} and shown(one)["held_version"] == number


@both
def test_TC_D_08_the_version_of_a_list_is_read(charger):
    version(charger, 7)


def test_TC_D_09_a_station_without_a_list_says_version_0(charger):
    version(charger, 0)
