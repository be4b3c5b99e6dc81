"""OCA cases of 2.0.1 for central systems, block C (authorization): cards, groups, caches, master passes."""

from datetime import datetime, timedelta, timezone

from support.charger import both, card
from support.station import fresh


def before_and_after(charger, token, expected):
    """What the platform says of a token, and that nobody's transaction came of it."""
    one = charger()
    answer = one.authorize(token)
    assert answer["status"] in expected, answer
    assert one.sessions() == []
    assert one.told("Authorize")["reply"]["idTokenInfo"]["status"] == answer["status"]
    return one


# MARK: Cards

@both
def test_TC_C_02_a_card_that_nobody_knows_is_invalid(charger, api):
    unknown = fresh("CARD")
    assert api.request("GET", f"/api/v1/id-tokens/{unknown}").status == 404
    one = before_and_after(charger, unknown, ["Invalid", "Unknown"])
    api.put(f"/api/v1/id-tokens/{unknown}", {"status": "Accepted"})
    assert one.authorize(unknown)["status"] == "Accepted"


def test_TC_C_06_a_blocked_card_is_blocked(charger, api):
    before_and_after(charger, card(api, "Blocked"), ["Blocked"])


def test_TC_C_07_an_expired_card_is_expired(charger, api):
    past = (datetime.now(timezone.utc) - timedelta(days=1)).isoformat()
    token = card(api, expires_at=past)
    one = before_and_after(charger, token, ["Expired"])
    api.put(f"/api/v1/id-tokens/{token}", {"status": "Accepted", "expires_at": None})
    assert one.authorize(token)["status"] == "Accepted"


# MARK: The station's cache

@both
def test_TC_C_08_a_card_from_the_cache_that_is_still_good_is_accepted(charger, api):
    transaction = charger().transaction().plugged_in()
    assert transaction.shown()["id_token"] is None
    token = card(api)
    answer = transaction.next("Authorized", token=token)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert transaction.shown()["id_token"] == token


def test_TC_C_20_a_card_from_the_cache_that_is_no_longer_good_is_refused(charger):
    transaction = charger().transaction().plugged_in()
    answer = transaction.next("Authorized", token=fresh("CARD"))
    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    shown = transaction.shown()
    assert shown["status"] == "active" and shown["flags"], "the session says that its token was refused"


def test_TC_C_37_a_station_clears_its_cache(charger):
    charger().order("ClearCache", {}, {"status": "Accepted"}, says="Accepted")


def test_TC_C_38_a_station_that_does_not_clear_its_cache_is_shown(charger):
    charger().order("ClearCache", {}, {"status": "Rejected"}, says="Rejected")


# MARK: Groups

def two_of_a_group(api):
    group = fresh("GROUP")
    return card(api, parent=group), card(api, parent=group), group


def is_of(group, info):
    assert info["status"] == "Accepted" and info["groupIdToken"]["idToken"] == group, info


@both
def test_TC_C_39_one_card_of_a_group_stops_what_the_other_began(charger, api):
    first, second, group = two_of_a_group(api)
    one = charger()
    transaction = one.transaction(token=first).plugged_in()
    is_of(group, one.authorize(second))
    is_of(group, transaction.next("Authorized", token=first)["idTokenInfo"])
    transaction.is_authorized = True
    transaction.charging()
    is_of(group, one.authorize(second))
    is_of(group, transaction.next("StopAuthorized", token=second)["idTokenInfo"])
    transaction.next("ChargingStateChanged", state="EVConnected")
    transaction.unplugged()
    assert transaction.ended_with("EVDisconnected")["id_token"] == first


def test_TC_C_40_a_card_of_the_local_list_is_told_with_its_group(charger, api):
    first, second, group = two_of_a_group(api)
    one = charger()
    transaction = one.transaction(token=first).plugged_in()
    is_of(group, transaction.next("Authorized", token=first)["idTokenInfo"])
    transaction.is_authorized = True
    transaction.charging()
    is_of(group, transaction.next("StopAuthorized", token=second)["idTokenInfo"])
    transaction.next("ChargingStateChanged", state="EVConnected")
    transaction.unplugged()
    transaction.ended_with("EVDisconnected")


def test_TC_C_43_a_card_that_the_local_list_refuses_is_asked_for_and_told_with_its_group(charger, api):
    first, second, group = two_of_a_group(api)
    one = charger()
    transaction = one.transaction(token=first).plugged_in()
    is_of(group, transaction.next("Authorized", token=first)["idTokenInfo"])
    transaction.is_authorized = True
    transaction.charging()
    is_of(group, one.authorize(second))
    is_of(group, transaction.next("StopAuthorized", token=second)["idTokenInfo"])
    transaction.next("ChargingStateChanged", state="EVConnected")
    transaction.unplugged()
    assert transaction.ended_with("EVDisconnected")["id_token"] == first


# MARK: Master passes

def stopped_by_master(charger, api, how_many):
    """Two cars charge; a card of the master group ends `how_many` of them."""
    group = fresh("MASTER")
    master = card(api, parent=group)
    one = charger()
    transactions = [one.transaction(evse).charging() for evse in (1, 2)]
    assert [t.shown()["status"] for t in transactions] == ["active", "active"]
    is_of(group, one.authorize(master))
    for transaction in transactions[:how_many]:
        answer = transaction.event("Ended", "StopAuthorized", token=master, stoppedReason="MasterPass")
        is_of(group, answer["idTokenInfo"])
    for transaction in transactions[:how_many]:
        shown = transaction.ended_with("MasterPass")
        assert shown["id_token"] == transaction.token, "the driver's own card stays on the bill"
    assert [t.shown()["status"] for t in transactions[how_many:]] == ["active"] * (2 - how_many)


@both
def test_TC_C_47_a_master_pass_ends_all_transactions(charger, api):
    stopped_by_master(charger, api, 2)


def test_TC_C_48_a_master_pass_ends_the_chosen_transaction(charger, api):
    stopped_by_master(charger, api, 1)


def test_TC_C_49_a_master_pass_ends_all_transactions_of_a_station_without_a_screen(charger, api):
    stopped_by_master(charger, api, 2)
