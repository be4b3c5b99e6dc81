"""OCA's central-system cases of OCPP 1.6, local authorization list (`docs/standards/ocpp-1.6-cases.md`)."""

from ocpp.v16 import call_result

from support.station import fresh


def version(one, says):
    return one.order("GetLocalListVersion", {}, call_result.GetLocalListVersion(says)) == {"listVersion": says}


def entry(card, status="Accepted"):
    return {"idTag": card, "idTagInfo": {"status": status}}


def send(one, word, number=1, kind="Full", cards=None):
    payload = {
        "listVersion": number, "updateType": kind,
        "localAuthorizationList": [entry(card) for card in cards or [one.card]]}
    return one.order("SendLocalList", payload, call_result.SendLocalList(word)) == {"status": word}


def test_TC_042_1_the_station_has_no_list(bench):
    assert version(bench(), -1)


def test_TC_042_2_the_list_is_empty(bench):
    assert version(bench(), 0)


def test_TC_043_1_the_station_takes_no_list(bench):
    assert send(bench(), "NotSupported")


def test_TC_043_3_the_list_fails(bench):
    assert send(bench(), "Failed")


def test_TC_043_4_the_whole_list_is_sent(bench):
    one = bench()
    assert version(one, 0) and send(one, "Accepted", 1, cards=[one.card, fresh("CARD")]) and version(one, 1)


def test_TC_043_5_a_change_of_the_list_is_sent(bench):
    one = bench()
    assert send(one, "Accepted", 1) and version(one, 1)
    assert send(one, "Accepted", 2, "Differential", [fresh("CARD")]) and version(one, 2)
