"""OCA cases of 2.0.1 for central systems, block D (local authorization list)."""

from support.charger import CARD, both, card


def entry(api, **more):
    """A card of the platform as the list names it."""
    return {"idToken": {"idToken": card(api), "type": CARD}, **more}


def good():
    return {"idTokenInfo": {"status": "Accepted"}}


def version(one, number):
    done = one.order("GetLocalListVersion", {}, {"versionNumber": number})
    assert done["response"] == {"versionNumber": number}


def send(one, number, kind, *entries):
    payload = {"versionNumber": number, "updateType": kind}
    if entries:
        payload["localAuthorizationList"] = list(entries)
    one.order("SendLocalList", payload, {"status": "Accepted"}, says="Accepted")


@both
def test_TC_D_01_a_full_list_is_sent(charger, api):
    one = charger()
    version(one, 0)
    send(one, 2, "Full", entry(api, **good()), entry(api, **good()))
    version(one, 2)


@both
def test_TC_D_02_a_list_is_added_to(charger, api):
    one = charger()
    version(one, 1)
    send(one, 2, "Differential", entry(api, **good()))
    version(one, 2)


def test_TC_D_03_cards_are_taken_off_a_list(charger, api):
    one = charger()
    kept, gone = entry(api, **good()), entry(api, **good())
    send(one, 1, "Full", kept, gone)
    send(one, 2, "Differential", {"idToken": gone["idToken"]})
    version(one, 2)


def test_TC_D_04_an_empty_list_takes_all_cards_off(charger, api):
    one = charger()
    send(one, 1, "Full", entry(api, **good()))
    send(one, 2, "Full")
    version(one, 2)


def test_TC_D_08_the_version_of_a_list_is_read(charger):
    version(charger(), 7)


def test_TC_D_09_a_station_without_a_list_says_version_0(charger):
    version(charger(), 0)
