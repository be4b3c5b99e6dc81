"""A station that was accepted long ago comes back without a boot, and the platform has never heard one of it."""

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16

from support.polling import until
from support.station import Station, fresh
from support.station2 import Station2


def a_station(kind, server):
    identity = fresh("NB")
    return Station(server.ocpp, identity) if kind == "ocpp1.6" else Station2(server.ocpp, identity, kind)


def asked(one):
    return [heard for heard in one.heard("TriggerMessage") if heard["requestedMessage"] == "BootNotification"]


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_it_is_asked_once_and_its_boot_is_known(shared, api, kind):
    one = a_station(kind, shared).connect()
    one.answers["TriggerMessage"] = (
        says16.TriggerMessage("Accepted") if kind == "ocpp1.6" else v201.call_result.TriggerMessage("Accepted"))
    until(lambda: api.station(one.identity)["online"], "it is there")
    assert api.station(one.identity)["boot"] is None
    until(lambda: asked(one), "it is asked for its boot", 40)
    (command,) = until(lambda: api.get(f"/api/v1/stations/{one.identity}/commands")["items"], "it is in the list")
    assert (command["action"], command["by"]) == ("TriggerMessage", "platform")
    one.boot()
    assert api.station(one.identity)["boot"] is not None
    shown = until(
        lambda: (c := api.get(f"/api/v1/commands/{command['id']}"))["follow_up"] and c["follow_up"]["state"] == "done" and c,
        "the question is answered")
    assert shown["follow_up"]["object"] == "BootNotification"
    assert len(asked(one)) == 1
    one.close()


def test_a_station_that_will_not_is_left_alone(shared, api):
    one = a_station("ocpp1.6", shared).connect()
    one.answers["TriggerMessage"] = says16.TriggerMessage("NotImplemented")
    until(lambda: asked(one), "it is asked for its boot", 40)
    (command,) = until(
        lambda: [c for c in api.get(f"/api/v1/stations/{one.identity}/commands")["items"] if c["status"] == "answered"],
        "it has answered")
    assert command["response"] == {"status": "NotImplemented"} and command["follow_up"] is None
    assert api.station(one.identity)["online"] is True and api.station(one.identity)["boot"] is None
    one.close()
