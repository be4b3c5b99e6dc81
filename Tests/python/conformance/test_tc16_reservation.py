"""OCA's central-system cases of OCPP 1.6, reservations (`docs/standards/ocpp-1.6-cases.md`)."""

import itertools

from ocpp.v16 import call_result

from support.station import fresh, now

_numbers = itertools.count(41)


def reserve(one, word="Accepted", connector=1, card=None, expiry=None, **more):
    """The number of the reservation that was ordered."""
    number = next(_numbers)
    payload = {
        "connectorId": connector, "expiryDate": expiry or now(300), "idTag": card or one.card, "reservationId": number, **more}
    assert one.order("ReserveNow", payload, call_result.ReserveNow(word)) == {"status": word}
    return number


def cancel(one, number, word):
    assert one.order("CancelReservation", {"reservationId": number},
                     call_result.CancelReservation(word)) == {"status": word}


def test_TC_046_a_reserved_connector_is_used(bench):
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    transaction = one.charges(reservation_id=number)
    assert one.transaction_on(1) == str(transaction)


def test_TC_047_a_reservation_expires(bench):
    one = bench()
    reserve(one, expiry=now(120))
    one.says("Reserved")
    one.says("Available", at=now(180))
    assert one.sessions == []


def test_TC_048_1_a_faulted_connector_is_not_reserved(bench):
    one = bench()
    one.says("Faulted", error="GroundFailure")
    reserve(one, "Faulted")
    assert one.connector(1) == ("Faulted", "GroundFailure")


def test_TC_048_2_an_occupied_connector_is_not_reserved(bench):
    one = bench()
    one.says("Preparing")
    reserve(one, "Occupied")
    assert one.connector(1) == ("Preparing", None)


def test_TC_048_3_a_connector_out_of_service_is_not_reserved(bench):
    one = bench()
    assert one.order("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"},
                     call_result.ChangeAvailability("Accepted")) == {"status": "Accepted"}
    one.says("Unavailable")
    reserve(one, "Unavailable")
    assert one.connector(1) == ("Unavailable", None)


def test_TC_048_4_a_station_refuses_reservations(bench):
    one = bench()
    reserve(one, "Rejected")
    assert one.connector(1) == ("Available", None)


def test_TC_049_a_whole_station_is_reserved(bench):
    one = bench()
    number = reserve(one, connector=0)
    one.says("Reserved")
    transaction = one.charges(reservation_id=number)
    assert one.transaction_on(1) == str(transaction)


def test_TC_051_a_reservation_is_cancelled(bench):
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    cancel(one, number, "Accepted")
    one.says("Available")


def test_TC_052_a_reservation_is_not_cancelled(bench):
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    cancel(one, number, "Rejected")
    assert one.connector(1) == ("Reserved", None)


def test_TC_053_a_card_of_the_same_group_uses_the_reservation(bench):
    one = bench()
    group, other = fresh("GROUP"), fresh("CARD")
    for card in (one.card, other):
        one.api.put(f"/api/v1/id-tokens/{card}", {"status": "Accepted", "parent": group})
    number = reserve(one, parentIdTag=group)
    one.says("Reserved")
    asked = len(one.station.frames())
    transaction = one.charges(card=other, reservation_id=number)
    told = [f[2]["idTagInfo"] for f in one.station.frames()[asked:] if f[0] == 3 and "idTagInfo" in f[2]]
    assert [info["parentIdTag"] for info in told] == [group] * 2, "the station learns the group of the card"
    assert one.session(transaction)["id_token"] == other
