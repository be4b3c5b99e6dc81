"""OCA cases of 2.0.1 for central systems, block G (availability): of a station, an EVSE and a connector, and a broken lock."""

from support.charger import both

STATION, EVSE, CONNECTOR = {}, {"evse": {"id": 1}}, {"evse": {"id": 1, "connectorId": 1}}


def told(one, place, status):
    for evse in ((1, 2) if place == STATION else (1,)):
        one.connector(status, evse)


def change(one, place, to, says="Accepted"):
    ordered = one.order("ChangeAvailability", {"operationalStatus": to, **place}, {"status": says}, says=says)
    assert one.followed(ordered)[0] == "waiting"
    return ordered


def taken_out(one, place):
    assert one.statuses() == {1: "Available", 2: "Available"}
    ordered = change(one, place, "Inoperative")
    told(one, place, "Unavailable")
    assert one.followed(ordered)[0] == "done"
    assert one.statuses() == {1: "Unavailable", 2: "Unavailable" if place == STATION else "Available"}


def brought_back(one, place):
    taken_out(one, place)
    ordered = change(one, place, "Operative")
    told(one, place, "Available")
    assert one.followed(ordered)[0] == "done"
    assert one.statuses() == {1: "Available", 2: "Available"}


@both
def test_TC_G_03_an_evse_is_taken_out_of_service(charger):
    taken_out(charger(), EVSE)


def test_TC_G_04_an_evse_is_brought_back_into_service(charger):
    brought_back(charger(), EVSE)


@both
def test_TC_G_05_a_station_is_taken_out_of_service(charger):
    taken_out(charger(), STATION)


def test_TC_G_06_a_station_is_brought_back_into_service(charger):
    brought_back(charger(), STATION)


def test_TC_G_07_a_connector_is_taken_out_of_service(charger):
    taken_out(charger(), CONNECTOR)


def test_TC_G_08_a_connector_is_brought_back_into_service(charger):
    brought_back(charger(), CONNECTOR)


def while_charging(one, place):
    """Taken out of service as soon as the transaction is over."""
    transaction = one.transaction().charging()
    ordered = change(one, place, "Inoperative", "Scheduled")
    assert transaction.shown()["status"] == "active" and one.statuses()[1] == "Charging"
    if place == STATION:
        one.connector("Unavailable", 2)
        assert one.statuses() == {1: "Charging", 2: "Unavailable"}
    assert one.followed(ordered)[0] == "waiting"
    transaction.plugged_after().unplugged()
    transaction.ended_with("EVDisconnected")
    told(one, place, "Unavailable")
    assert one.followed(ordered)[0] == "done"
    assert one.statuses() == {1: "Unavailable", 2: "Unavailable" if place == STATION else "Available"}


@both
def test_TC_G_11_an_evse_goes_out_of_service_after_its_transaction(charger):
    while_charging(charger(), EVSE)


def test_TC_G_14_a_station_goes_out_of_service_after_its_transaction(charger):
    while_charging(charger(), STATION)


def test_TC_G_17_a_connector_goes_out_of_service_after_its_transaction(charger):
    while_charging(charger(), CONNECTOR)


def test_TC_G_20_a_lock_that_fails_is_told(charger):
    one = charger()
    def problems():
        return [(event["evse"], event["variable"], event["value"]) for event in one.listed("device-events")
                if event["component"] == "ConnectorPlugRetentionLock"]

    assert problems() == []
    one.event("ConnectorPlugRetentionLock", "Problem", "true", 1, 1)
    assert problems() == [(1, "Problem", "true")]
