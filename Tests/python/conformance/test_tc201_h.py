"""OCA cases of 2.0.1 for central systems, block H (reservations)."""

from support.charger import both, card, soon
from support.station import fresh, now


def reserve(one, api, evse=1, says="Accepted", seconds=3600, **more):
    """Ordered by an operator; the reservation as it is shown."""
    token, known = card(api), len(one.heard("ReserveNow"))
    one.answers["ReserveNow"] = {"status": says}
    body = {"id_token": token, "expires_at": now(seconds), **({"evse_id": evse} if evse else {}), **more}
    ordered = one.api.post(one.path("/reservations"), body, headers={"Prefer": "wait=10"})
    assert ordered["command"]["response"]["status"] == says
    (heard,) = one.heard("ReserveNow")[known:]
    made = ordered["reservation"]
    assert (heard["id"], heard.get("evseId"), heard["idToken"]["idToken"]) == (made["id"], evse, token)
    assert heard.get("connectorType") == more.get("connector_type")
    assert heard.get("groupIdToken", {}).get("idToken") == more.get("group")
    assert (made["state"], made["word"]) == (("accepted", None) if says == "Accepted" else ("refused", says))
    soon(lambda: state(one, made["id"]), made["state"])
    return made["id"]


def state(one, number):
    return next((each["state"] for each in one.listed("reservations") if each["id"] == number), None)


def reserved(one, api, evse=1, **more):
    assert one.statuses()[1] == "Available" and one.listed("reservations") == []
    number = reserve(one, api, evse, **more)
    one.connector("Reserved")
    assert one.statuses() == {1: "Reserved", 2: "Available"}
    return number


def update(one, number, word):
    assert state(one, number) == "accepted"
    assert one.say("ReservationStatusUpdate", {"reservationId": number, "reservationUpdateStatus": word}) == {}
    assert state(one, number) == word.lower()


@both
def test_TC_H_01_an_evse_is_reserved_for_a_card(charger, api):
    reserved(charger(), api)


@both
def test_TC_H_07_a_reservation_that_nobody_uses_expires(charger, api):
    one = charger()
    number = reserved(one, api, seconds=30)
    one.connector("Available")
    update(one, number, "Expired")
    assert one.statuses()[1] == "Available"


def test_TC_H_08_any_evse_is_reserved(charger, api):
    one = charger()
    reserve(one, api, evse=None)
    assert one.statuses() == {1: "Available", 2: "Available"}, "one is left"


def test_TC_H_14_as_many_reservations_as_evses_reserve_all(charger, api):
    one = charger()
    assert len({reserve(one, api, evse=None) for _ in range(2)}) == 2
    for evse in (1, 2):
        one.connector("Reserved", evse)
    assert one.statuses() == {1: "Reserved", 2: "Reserved"}


def test_TC_H_15_a_connector_of_a_kind_is_reserved(charger, api):
    reserved(charger(), api, evse=None, connector_type="cType2")


@both
def test_TC_H_17_a_reservation_is_cancelled(charger, api):
    one = charger()
    number = reserved(one, api)
    assert state(one, number) == "accepted"
    ended = api.delete(one.path(f"/reservations/{number}"), status=200, headers={"Prefer": "wait=10"})
    assert ended["response"]["status"] == "Accepted"
    assert one.heard("CancelReservation") == [{"reservationId": number}]
    one.connector("Available")
    soon(lambda: state(one, number), "cancelled")
    assert one.statuses()[1] == "Available"


def test_TC_H_19_an_evse_is_reserved_for_a_group(charger, api):
    group = fresh("GROUP")
    reserved(charger(), api, group=group)


def test_TC_H_20_a_fault_removes_a_reservation(charger, api):
    one = charger()
    number = reserved(one, api)
    one.connector("Faulted")
    update(one, number, "Removed")
    assert one.statuses()[1] == "Faulted"


def test_TC_H_22_a_station_that_takes_no_reservations_is_shown(charger, api):
    one = charger()
    reserve(one, api, says="Rejected")
    assert one.statuses()[1] == "Available"
