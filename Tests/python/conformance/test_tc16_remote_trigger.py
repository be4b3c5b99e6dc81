"""OCA's central-system cases of OCPP 1.6, remote trigger (`docs/standards/ocpp-1.6-cases.md`)."""

from ocpp.v16 import call, call_result

from support.polling import until
from support.station import meter_values


def trigger(one, message, word="Accepted", **more):
    return one.order("TriggerMessage", {"requestedMessage": message, **more},
                     call_result.TriggerMessage(word)) == {"status": word}


def test_TC_054_a_message_is_asked_for(bench):
    one = bench()
    asked = {
        "MeterValues": ({"connectorId": 1}, meter_values(None, 5)),
        "Heartbeat": ({}, call.Heartbeat()),
        "StatusNotification": (
            {"connectorId": 1}, call.StatusNotification(connector_id=1, error_code="NoError", status="SuspendedEVSE")),
        "DiagnosticsStatusNotification": ({}, call.DiagnosticsStatusNotification(status="Idle")),
        "FirmwareStatusNotification": ({}, call.FirmwareStatusNotification(status="Idle")),
        "BootNotification": ({}, call.BootNotification(charge_point_vendor="Peer", charge_point_model="P8")),
    }
    for message, (more, request) in asked.items():
        before = len(one.said(message))
        assert trigger(one, message, **more)
        assert len(one.said(message)) == before, "not there before the station sends it"
        assert one.follow_up("TriggerMessage")["state"] == "waiting"
        one.station.call(request)
        until(lambda: one.follow_up("TriggerMessage")["state"] == "done", f"{message} has come")
        assert len(one.said(message)) == before + 1
    assert one.connector(1) == ("SuspendedEVSE", None) and one.shown["boot"]["model"] == "P8"


def test_TC_055_a_message_is_not_to_be_had(bench):
    one = bench()
    assert trigger(one, "MeterValues", "Rejected", connectorId=1) and one.said("MeterValues") == []
    assert trigger(one, "DiagnosticsStatusNotification", "NotImplemented")
