"""OCA's central-system cases of OCPP 1.6, local authorization list (`docs/standards/ocpp-1.6-cases.md`)."""

import pytest
from ocpp.v16 import call_result

from support.station import fresh


@pytest.fixture
def lister(bench):
    """A station that keeps a list, empty at first: `one.version`."""
    one = bench()
    one.version = 0
    one.station.answers["GetLocalListVersion"] = lambda _: call_result.GetLocalListVersion(one.version)
    return one


def shown(one):
    return one.api.get(f"/api/v1/stations/{one.identity}/local-list")


def keep(one, *cards):
    """The operator chooses the cards of the list."""
    for card in cards:
        one.api.put(f"/api/v1/id-tokens/{card}", {"status": "Accepted"})
    one.api.put(f"/api/v1/stations/{one.identity}/local-list", {"scope": "selected", "tokens": list(cards)})
    assert (shown(one)["wanted"], shown(one)["current"]) == (len(cards), False)


def send(one, word):
    """The operator brings the list up to date; the station answers `word`. The one message that it heard, by card."""
    def take(fields):
        if word == "Accepted":
            one.version = fields["list_version"]
        return call_result.SendLocalList(word)

    heard = len(one.station.heard("SendLocalList"))
    one.station.answers["SendLocalList"] = take
    ended = one.api.post(f"/api/v1/stations/{one.identity}/local-list/send", {}, headers={"Prefer": "wait=10"})
    assert ended == shown(one)
    (message,) = one.station.heard("SendLocalList")[heard:]
    return message, {entry["idTag"]: entry["idTagInfo"]["status"] for entry in message["localAuthorizationList"]}


def version(one, says):
    assert one.order("GetLocalListVersion", {}, call_result.GetLocalListVersion(says)) == {"listVersion": says}


def test_TC_042_1_the_station_has_no_list(lister):
    keep(lister, lister.card)
    assert shown(lister)["held_version"] is None
    version(lister, -1)
    assert shown(lister)["held_version"] == -1
    ended = lister.api.post(
        f"/api/v1/stations/{lister.identity}/local-list/send", {}, headers={"Prefer": "wait=10"})
    assert (ended["outcome"], ended["current"]) == ("unsupported", False)
    assert lister.station.heard("SendLocalList") == []


def test_TC_042_2_the_list_is_empty(lister):
    keep(lister, lister.card)
    assert shown(lister)["held_version"] is None
    version(lister, 0)
    held = shown(lister)
    assert (held["held_version"], held["version"], held["entries"], held["outcome"]) == (0, 0, 0, "never")


def refused(one, word, outcome):
    keep(one, one.card)
    message, cards = send(one, word)
    assert (message["updateType"], cards) == ("Full", {one.card: "Accepted"})
    assert (shown(one)["outcome"], shown(one)["word"], shown(one)["current"]) == (outcome, word, False)


def test_TC_043_1_the_station_takes_no_list(lister):
    refused(lister, "NotSupported", "unsupported")


def test_TC_043_3_the_list_fails(lister):
    refused(lister, "Failed", "failed")


def test_TC_043_4_the_whole_list_is_sent(lister):
    other = fresh("CARD")
    keep(lister, lister.card, other)
    message, cards = send(lister, "Accepted")
    assert message["updateType"] == "Full" and message["listVersion"] > 0
    assert cards == {lister.card: "Accepted", other: "Accepted"}
    held = shown(lister)
    assert (held["outcome"], held["current"], held["entries"]) == ("sent", True, 2)
    assert held["version"] == held["held_version"] == message["listVersion"]


def test_TC_043_5_a_change_of_the_list_is_sent(lister):
    other = fresh("CARD")
    keep(lister, lister.card, other)
    first, _ = send(lister, "Accepted")
    assert shown(lister)["current"] is True
    lister.api.put(f"/api/v1/id-tokens/{other}", {"status": "Blocked"})
    assert shown(lister)["current"] is False
    change, cards = send(lister, "Accepted")
    assert (change["updateType"], cards) == ("Differential", {other: "Blocked"})
    assert change["listVersion"] > first["listVersion"]
    assert (shown(lister)["current"], shown(lister)["entries"], shown(lister)["version"]) == (True, 2, change["listVersion"])
