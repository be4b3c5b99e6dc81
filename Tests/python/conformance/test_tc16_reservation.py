"""OCA's central-system cases of OCPP 1.6, reservations (`docs/standards/ocpp-1.6-cases.md`)."""

from datetime import datetime, timedelta, timezone

import pytest
from ocpp.v16 import call_result

from support.bench16 import instant
from support.polling import until
from support.station import fresh


def later(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def shown(one):
    return one.api.every(f"/api/v1/stations/{one.identity}/reservations")


def state(one):
    (reservation,) = shown(one)
    return reservation["state"]


def reserve(one, word="Accepted", connector=1, seconds=300, state="accepted", **more):
    """The operator reserves; the station hears it and answers `word`: the number of the reservation."""
    assert shown(one) == []
    until_when = later(seconds)
    body = {"id_token": one.card, "expires_at": until_when, **({"evse_id": connector} if connector else {})}
    ordered = one.asks("reservations", body, ReserveNow=call_result.ReserveNow(word))["reservation"]
    (heard,) = one.station.heard("ReserveNow")
    assert heard == {"connectorId": connector, "expiryDate": heard["expiryDate"], "idTag": one.card,
                     "reservationId": ordered["id"], **more}
    assert instant(heard["expiryDate"]) == instant(until_when)
    (kept,) = shown(one)
    assert (kept["state"], kept["id_token"], kept["evse_id"]) == (state, one.card, connector or None)
    assert kept["word"] == (None if word == "Accepted" else word)
    return kept["id"]


def used(one, number, **more):
    """The reservation ends in a transaction."""
    transaction = one.charges(reservation_id=number, **more)
    (kept,) = shown(one)
    assert (kept["state"], kept["session"]) == ("in-use", one.session(transaction)["id"])
    one.stops(transaction)
    assert state(one) == "used"
    return transaction


def test_TC_046_a_reserved_connector_is_used(bench):
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    used(one, number)


def test_TC_047_a_reservation_expires(bench):
    one = bench()
    reserve(one, seconds=3)
    one.says("Reserved")
    until(lambda: state(one) == "expired", "it expires by our clock")
    one.says("Available")
    assert one.sessions == [] and state(one) == "expired"


def refused(one, word, connector):
    reserve(one, word, state="refused")
    assert one.connector(1) == connector
    # Nothing holds the connector: any card may start.
    other = fresh("CARD")
    one.api.put(f"/api/v1/id-tokens/{other}", {"status": "Accepted"})
    assert one.starts(0, card=other).id_tag_info["status"] == "Accepted"


def test_TC_048_1_a_faulted_connector_is_not_reserved(bench):
    one = bench()
    one.says("Faulted", error="GroundFailure")
    refused(one, "Faulted", ("Faulted", "GroundFailure"))


def test_TC_048_2_an_occupied_connector_is_not_reserved(bench):
    one = bench()
    one.says("Preparing")
    refused(one, "Occupied", ("Preparing", None))


def test_TC_048_3_a_connector_out_of_service_is_not_reserved(bench):
    one = bench()
    assert one.order("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"},
                     call_result.ChangeAvailability("Accepted")) == {"status": "Accepted"}
    one.says("Unavailable")
    refused(one, "Unavailable", ("Unavailable", None))


def test_TC_048_4_a_station_refuses_reservations(bench):
    one = bench()
    refused(one, "Rejected", ("Available", None))


def test_TC_049_a_whole_station_is_reserved(bench):
    one = bench()
    number = reserve(one, connector=0)
    one.says("Reserved")
    used(one, number)


def cancel(one, number, word):
    assert state(one) == "accepted"
    one.asks(f"reservations/{number}", method="DELETE", CancelReservation=call_result.CancelReservation(word))
    assert one.station.heard("CancelReservation") == [{"reservationId": number}]


def test_TC_051_a_reservation_is_cancelled(bench):
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    cancel(one, number, "Accepted")
    assert state(one) == "cancelled"
    one.says("Available")


def test_TC_052_a_reservation_is_not_cancelled(bench):
    """Rejected means that the station holds no such reservation."""
    one = bench()
    number = reserve(one)
    one.says("Reserved")
    cancel(one, number, "Rejected")
    (kept,) = shown(one)
    assert (kept["state"], kept["word"]) == ("removed", "Rejected")


@pytest.mark.parametrize("same_group", [True, False])
def test_TC_053_a_card_of_the_same_group_uses_the_reservation(bench, same_group):
    one = bench()
    group, other = fresh("GROUP"), fresh("CARD")
    one.api.put(f"/api/v1/id-tokens/{one.card}", {"status": "Accepted", "parent": group})
    one.api.put(f"/api/v1/id-tokens/{other}", {"status": "Accepted", **({"parent": group} if same_group else {})})
    number = reserve(one, parentIdTag=group)
    one.says("Reserved")
    if same_group:
        heard = len(one.station.frames())
        transaction = used(one, number, card=other)
        told = [f[2]["idTagInfo"] for f in one.station.frames()[heard:] if f[0] == 3 and "idTagInfo" in f[2]]
        assert [info.get("parentIdTag") for info in told] == [group] * 2, "the station learns the group of the card"
        assert one.session(transaction)["id_token"] == other
    else:
        assert one.starts(0, card=other).id_tag_info["status"] != "Accepted", "of no group: reserved for another"
        assert state(one) == "accepted"
