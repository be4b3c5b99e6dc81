"""Reservations (1.6 §5.13 and §5.2, 2.x block H): asked, used, given up, over; by stations of three versions."""

from datetime import datetime, timedelta, timezone

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16

from support.kinds import KINDS, is16, new_station
from support.polling import until
from support.station import fresh


def later(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.fixture(params=KINDS)
def one(request, shared, api):
    """A station with an available EVSE that takes reservations."""
    one = new_station(request.param, shared, fresh())
    one.answers["ReserveNow"] = words(one).ReserveNow("Accepted")
    one.connect().boot()
    one.status("Available")
    one.tag = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{one.tag}", {"status": "Accepted"})
    yield one
    one.close()


def words(one):
    return says16 if is16(one) else v201.call_result


def reserve(api, one, seconds=600, **fields):
    body = {"evse_id": 1, "id_token": one.tag, "expires_at": later(seconds), **fields}
    return api.post(
        f"/api/v1/stations/{one.identity}/reservations", body, headers={"Prefer": "wait=10"}, status=(200, 202))


def shown(api, one):
    return api.get(f"/api/v1/stations/{one.identity}/reservations")["items"]


def begin(one, tag, reservation=None, number=0):
    """Starts a transaction; the platform's word on the token."""
    if is16(one):
        from ocpp.v16 import call
        from support.station import now
        return one.call(call.StartTransaction(
            connector_id=1, id_tag=tag, meter_start=0, timestamp=now(), reservation_id=reservation)).id_tag_info["status"]
    one.transaction = fresh("tx")
    fields = {} if reservation is None else {"reservation_id": reservation}
    return one.event("Started", one.transaction, number, token=tag, evse={"id": 1}, register=0, **fields).id_token_info["status"]


def finish(one, api):
    if is16(one):
        transaction = next(s for s in api.sessions(one.identity) if s["status"] == "active")["transaction_id"]
        one.stop(int(transaction), 100)
    else:
        one.event("Ended", one.transaction, 1, trigger="EVDeparted", register=100)


def test_TC_046_TC_H_01_a_reservation_is_used_by_its_transaction_and_ends_with_it(one, api):
    ordered = reserve(api, one)
    assert ordered["command"]["status"] == "answered"
    number = ordered["reservation"]["id"]
    assert (ordered["reservation"]["state"], ordered["reservation"]["evse_id"]) == ("accepted", 1)
    heard = one.heard("ReserveNow")[-1]
    assert heard["reservationId" if is16(one) else "id"] == number
    one.status("Reserved")
    assert api.station(one.identity)["evses"][0]["connectors"][0]["status"] == "Reserved"
    assert begin(one, one.tag, number) == "Accepted"
    used = shown(api, one)[0]
    session = api.sessions(one.identity)[0]["id"]
    assert (used["state"], used["session"]) == ("in-use", session)
    finish(one, api)
    assert (shown(api, one)[0]["state"], shown(api, one)[0]["session"]) == ("used", session)


@pytest.mark.parametrize("word", ["Occupied", "Faulted", "Unavailable", "Rejected"])
def test_TC_048_TC_H_07_a_refusal_is_shown_with_the_stations_word(one, api, word):
    one.answers["ReserveNow"] = words(one).ReserveNow(word)
    refused = reserve(api, one)["reservation"]
    assert (refused["state"], refused["word"]) == ("refused", word)
    # It holds nothing: another token may start.
    other = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{other}", {"status": "Accepted"})
    assert begin(one, other) == "Accepted"


def test_TC_051_TC_H_17_a_reservation_is_cancelled_and_may_not_be_cancelled_twice(one, api):
    number = reserve(api, one)["reservation"]["id"]
    path = f"/api/v1/stations/{one.identity}/reservations/{number}"
    ended = api.delete(path, status=200, headers={"Prefer": "wait=10"})
    assert ended["response"]["status"] == "Accepted" and one.heard("CancelReservation")[-1] == {"reservationId": number}
    assert shown(api, one)[0]["state"] == "cancelled"
    assert "reservation-unknown" in api.delete(path, status=404)["type"]


def test_TC_052_a_station_that_does_not_know_the_reservation_holds_nothing(one, api):
    number = reserve(api, one)["reservation"]["id"]
    one.answers["CancelReservation"] = words(one).CancelReservation("Rejected")
    api.delete(f"/api/v1/stations/{one.identity}/reservations/{number}", status=200, headers={"Prefer": "wait=10"})
    assert (shown(api, one)[0]["state"], shown(api, one)[0]["word"]) == ("removed", "Rejected")


def test_TC_049_TC_H_14_another_token_is_refused_at_a_reserved_evse_and_one_of_its_group_is_not(one, api):
    group = fresh("GRP")
    api.put(f"/api/v1/id-tokens/{one.tag}", {"status": "Accepted", "parent": group})
    other, friend = fresh("TAG"), fresh("TAG")
    api.put(f"/api/v1/id-tokens/{other}", {"status": "Accepted"})
    api.put(f"/api/v1/id-tokens/{friend}", {"status": "Accepted", "parent": group})
    ordered = reserve(api, one)["reservation"]
    assert ordered["group"] == group
    heard = one.heard("ReserveNow")[-1]
    assert (heard["parentIdTag"] if is16(one) else heard["groupIdToken"]["idToken"]) == group
    assert begin(one, other) == ("Invalid" if is16(one) else "NotAtThisTime")
    assert "token was refused" in api.sessions(one.identity)[0]["flags"]
    finish(one, api)
    assert shown(api, one)[0]["state"] == "accepted"
    assert begin(one, friend, ordered["id"]) == "Accepted"
    assert shown(api, one)[0]["state"] == "in-use"


def test_TC_047_TC_H_08_a_reservation_expires_by_the_clock(one, api):
    reserve(api, one, seconds=3)
    assert shown(api, one)[0]["state"] == "accepted"
    until(lambda: shown(api, one)[0]["state"] == "expired", "the reservation is over", 15)
    other = fresh("TAG")
    api.put(f"/api/v1/id-tokens/{other}", {"status": "Accepted"})
    assert begin(one, other) == "Accepted"


def test_a_reservation_by_hand_is_known_as_well(one, api):
    number = 900_000 + int(one.identity.split("-")[1])
    payload = (
        {"connectorId": 0, "expiryDate": later(600), "idTag": one.tag, "reservationId": number} if is16(one) else
        {"id": number, "expiryDateTime": later(600), "idToken": {"idToken": one.tag, "type": "ISO14443"}})
    api.command(one.identity, "ReserveNow", payload)
    known = shown(api, one)[0]
    assert (known["id"], known["state"], known["evse_id"], known["id_token"]) == (number, "accepted", None, one.tag)
    # The next number of the platform is another one.
    assert reserve(api, one)["reservation"]["id"] != number


def test_a_station_that_reboots_in_the_middle_leaves_the_reservation_unanswered(one, api):
    def reboots(_):
        one.socket.transport.abort()
        return words(one).ReserveNow("Accepted")

    one.answers["ReserveNow"] = reboots
    ordered = reserve(api, one)
    assert ordered["command"]["error"]["code"] == "connection-lost" and ordered["reservation"]["state"] == "unanswered"
    # It had taken it: its transaction says so.
    one.connect().boot()
    assert begin(one, one.tag, ordered["reservation"]["id"]) == "Accepted"
    assert shown(api, one)[0]["state"] == "in-use"


@pytest.mark.parametrize("kind", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("word, state", [("Expired", "expired"), ("Removed", "removed")])
def test_TC_H_19_TC_H_22_the_stations_own_end_is_kept(shared, api, kind, word, state):
    one = new_station(kind, shared, fresh())
    one.connect().boot()
    one.tag = fresh("TAG")
    number = reserve(api, one)["reservation"]["id"]
    one.call(one.words.call.ReservationStatusUpdate(reservation_id=number, reservation_update_status=word))
    assert shown(api, one)[0]["state"] == state
    one.close()


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1"])
def test_reservations_survive_a_restart(serve, kind):
    server = serve()
    api = server.api()
    one = new_station(kind, server, "R1")
    one.answers["ReserveNow"] = words(one).ReserveNow("Accepted")
    one.tag = "TAG-R"
    one.connect().boot()
    for name in ["TAG-R", "TAG-S"]:
        api.put(f"/api/v1/id-tokens/{name}", {"status": "Accepted"})
    number = reserve(api, one)["reservation"]["id"]
    server.kill()
    server.start()
    api = server.api()
    assert [(r["id"], r["state"]) for r in api.get("/api/v1/reservations?station=R1")["items"]] == [(number, "accepted")]
    one.port = server.ocpp
    one.connect().boot()
    assert begin(one, "TAG-S") != "Accepted"
    assert reserve(api, one)["reservation"]["id"] == number + 1
    one.close()


def test_what_cannot_be_reserved_is_refused_before_anything_is_sent(one, api):
    path = f"/api/v1/stations/{one.identity}/reservations"
    for body in [
            {"evse_id": 1, "id_token": one.tag, "expires_at": later(-5)}, {"evse_id": 0, "id_token": one.tag, "expires_at": later(60)},
            {"evse_id": 1, "expires_at": later(60)}, {"evse_id": 1, "id_token": one.tag},
            {"evse_id": 1, "id_token": "x" * (21 if is16(one) else 256), "expires_at": later(60)}]:
        api.post(path, body, status=400)
    assert not one.heard("ReserveNow") and not shown(api, one)
