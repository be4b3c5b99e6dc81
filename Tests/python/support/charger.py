"""A station of 2.x with transactions, and what the platform shows of it: for tests that follow a dialogue step by step.

Payloads are written as they go over the wire. The states that the standard's cases begin from (plugged in, authorized,
charging, …) are methods of `Transaction`; each sends what brings the station there and what is missing on the way.
"""

from urllib.parse import quote

import pytest
from ocpp.charge_point import snake_to_camel_case

from .polling import until
from .station import fresh, now
from .station2 import Station2

both = pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"], indirect=True)

CARD = "ISO14443"
# Flags of a session whose messages have not all come.
GAP, NO_START = "messages are missing", "start message has not come"


class Charger(Station2):
    """Two EVSEs of one connector each, unless a test says otherwise."""

    def __init__(self, port, identity, subprotocol="ocpp2.0.1", *, api, evses=2, **options):
        super().__init__(port, identity, subprotocol, **options)
        self.api, self.evses = api, evses
        self.events = 0

    # MARK: What it says

    def booted(self, reason="PowerUp"):
        """Registered, with all connectors told."""
        answer = self.say("BootNotification", {
            "chargingStation": {"vendorName": "Peer", "model": "P7", "serialNumber": "SN-7"}, "reason": reason})
        assert answer["status"] == "Accepted", answer
        for evse in range(1, self.evses + 1):
            self.connector("Available", evse)
        return answer

    def connector(self, status, evse=1, connector=1):
        """The status by both messages that 2.x has for it."""
        self.say("StatusNotification", {
            "timestamp": now(), "connectorStatus": status, "evseId": evse, "connectorId": connector})
        self.event("Connector", "AvailabilityState", status, evse, connector)

    def event(self, component, variable, value, evse=None, connector=None, trigger="Delta", **more):
        """One event of NotifyEvent; the answer is empty by the standard."""
        self.events += 1
        place = {"evse": {"id": evse, **({"connectorId": connector} if connector else {})}} if evse else {}
        answer = self.say("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [{
            "eventId": self.events, "timestamp": now(), "trigger": trigger, "actualValue": value,
            "eventNotificationType": "CustomMonitor", "component": {"name": component, **place},
            "variable": {"name": variable}, **more}]})
        assert answer == {}

    def authorize(self, token, kind=CARD, **more):
        """What the platform says of a token."""
        return self.say("Authorize", {"idToken": {"idToken": token, "type": kind}, **more})["idTokenInfo"]

    def meter(self, evse, wh, watts=None, context="Sample.Periodic", at=None):
        return self.say("MeterValues", {"evseId": evse, "meterValue": [sampled(wh, watts=watts, context=context, at=at)]})

    def transaction(self, evse=1, **options):
        return Transaction(self, evse, **options)

    # MARK: What the platform was told to send

    def order(self, action, payload=None, answer=None, *, status="answered", says=None):
        """An operator's command from its order to its end, seen from both sides.

        `answer`: what the station says to it, as on the wire. `says`: what its `status` must be, when it has one.
        The command as the API shows it afterwards.
        """
        payload = payload or {}
        if answer is not None:
            self.answers[action] = answer
        before = len(self.heard(action))
        earlier = {one["id"] for one in self.commands(action)}
        done = self.api.command(self.identity, action, payload)
        assert done["id"] not in earlier and done["status"] == status, done
        newest = self.commands(action)[0]
        assert (newest["id"], newest["status"]) == (done["id"], status), "whoever waited finds it in the list"
        assert payload in self.heard(action)[before:], f"{action} did not come as it was ordered"
        shown = self.api.get(f"/api/v1/commands/{done['id']}")
        assert (shown["station"], shown["action"], shown["status"]) == (self.identity, action, status)
        assert shown["payload"] == payload and shown["finished_at"]
        if says is not None:
            assert shown["response"]["status"] == says, shown["response"]
        return shown

    # MARK: What the API shows

    def path(self, rest=""):
        return f"/api/v1/stations/{quote(self.identity, safe='')}{rest}"

    def commands(self, action=None):
        """Newest first."""
        return [one for one in self.api.every(self.path("/commands")) if action in (None, one["action"])]

    def shown(self):
        return self.api.station(self.identity)

    def statuses(self):
        """Status of the first connector of each EVSE that the platform knows, by number."""
        return {evse["id"]: evse["connectors"][0]["status"] for evse in self.shown()["evses"] if evse["id"] > 0}

    def powers(self):
        """Power in kW of each EVSE, by number; `None` where nobody measured any."""
        return {evse["id"]: evse["power_kw"] for evse in self.shown()["evses"] if evse["id"] > 0}

    def sessions(self):
        return self.api.sessions(self.identity)

    def session(self, transaction):
        (one,) = [s for s in self.sessions() if s["transaction_id"] == transaction]
        return one

    def variables(self):
        """Values of the station's variables as the platform pictures them, by (component, variable)."""
        return {(one["component"], one["variable"]): one["value"] for one in self.api.every(self.path("/device-model"))}

    def report(self, number):
        """How far a report of variables or monitors has come: state, scope, how many; `None` before it is known."""
        return next(((r["state"], r["scope"], r["items"]) for r in self.listed("device-reports")
                     if r["request"] == number), None)

    def job(self, number, kind):
        """How firmware, publication or log with this number of a request stands: state and the station's newest word."""
        return next(((job["state"], job["word"]) for job in self.listed(f"jobs?kind={kind}")
                     if job["number"] == number), None)

    def listed(self, what):
        """Items of one of the station's lists, as the API orders them."""
        return self.api.get(self.path("/" + what))["items"]

    def followed(self, command):
        """What became of what the station promised: state and object."""
        now = self.api.get(f"/api/v1/commands/{command['id']}")["follow_up"]
        return now and (now["state"], now["object"])

    def log(self, action, direction="in"):
        """The protocol log's messages of an action, oldest first."""
        items = self.api.every(self.path("/messages"))
        return [one for one in reversed(items) if one["action"] == action and one["direction"] == direction]

    def told(self, action):
        """The newest call of an action in the log, with what it was answered."""
        return until(lambda: self.log(action), f"{action} in the log")[-1]


class Transaction:
    """One transaction from the station's side, with its numbers from 0."""

    def __init__(self, charger, evse=1, token=None, kind=CARD):
        self.charger, self.evse = charger, evse
        self.id = fresh("TX")
        self.token, self.kind = token, kind
        self.number = 0
        self.is_begun = self.is_authorized = self.is_plugged = self.is_charging = False

    def event(self, stage, trigger, *, token=None, state=None, evse=None, values=None, offline=None, number=None, **more):
        """One TransactionEvent; `more` goes into `transactionInfo`. The answer as it came."""
        info = {"transactionId": self.id, **({"chargingState": state} if state else {}), **more}
        payload = {
            "eventType": stage, "timestamp": now(), "triggerReason": trigger,
            "seqNo": self.number if number is None else number, "transactionInfo": info}
        if number is None:
            self.number += 1
        if token:
            payload["idToken"] = {"idToken": token, "type": self.kind}
        if evse:
            payload["evse"] = {"id": evse, "connectorId": 1}
        if values:
            payload["meterValue"] = values
        if offline:
            payload["offline"] = True
        return self.charger.say("TransactionEvent", payload)

    def next(self, trigger, **more):
        """The event that follows: the first is Started, and then Updated."""
        stage = "Updated" if self.is_begun else "Started"
        self.is_begun = True
        return self.event(stage, trigger, **more)

    # MARK: The states that cases begin from

    def plugged_in(self, **more):
        self.charger.connector("Occupied", self.evse)
        self.is_plugged = True
        self.next("CablePluggedIn", state="EVConnected", evse=self.evse, **more)
        return self

    def authorized(self, **more):
        """Its token is one that may charge; unless the test brought one, it is made."""
        if self.token is None:
            self.token = card(self.charger.api)
        assert self.charger.authorize(self.token)["status"] == "Accepted"
        answer = self.next("Authorized", token=self.token, **more)
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        self.is_authorized = True
        return self

    def charging(self):
        if not self.is_authorized:
            self.authorized()
        if not self.is_plugged:
            self.plugged_in()
        self.next("ChargingStateChanged", state="Charging")
        self.is_charging = True
        return self

    def suspended(self):
        if not self.is_charging:
            self.charging()
        self.next("ChargingStateChanged", state="SuspendedEV")
        return self

    def stop_authorized(self, token=None):
        if not self.is_charging:
            self.charging()
        answer = self.next("StopAuthorized", token=token or self.token)
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        return self

    def plugged_after(self):
        self.stop_authorized()
        self.next("ChargingStateChanged", state="EVConnected")
        return self

    def unplugged(self, **more):
        """The vehicle is gone, which ends it."""
        self.charger.connector("Available", self.evse)
        return self.event(
            "Ended", "EVCommunicationLost", state="Idle", stoppedReason="EVDisconnected", **more)

    # MARK: What the API shows

    def shown(self):
        return self.charger.session(self.id)

    def is_shown(self):
        return any(one["transaction_id"] == self.id for one in self.charger.sessions())

    def ended_with(self, reason):
        """Shown as ended, with this reason and without a gap."""
        shown = self.shown()
        assert (shown["status"], shown["stop_reason"]) == ("ended", reason), shown
        assert shown["ended_at"] and not {GAP, NO_START} & set(shown["flags"]), shown["flags"]
        return shown

    def readings(self):
        return self.charger.api.readings(self.shown()["id"])


def soon(read, expected, seconds=5):
    """`read()` is `expected`: what a command led to stands on the disk, and in lists, a moment after the command has ended."""
    last = []

    def holds():
        last[:] = [read()]
        return last[0] == expected

    try:
        until(holds, "", seconds)
    except AssertionError:
        assert last[0] == expected


def sampled(wh, *, context="Sample.Periodic", at=None, watts=None, **more):
    """A meter value: the energy register in Wh, with the power when it is given; `more` belongs to the register's sample."""
    values = [{"value": wh, "context": context, "measurand": "Energy.Active.Import.Register",
               "unitOfMeasure": {"unit": "Wh"}, **more}]
    if watts is not None:
        values.append({"value": watts, "context": context, "measurand": "Power.Active.Import",
                       "unitOfMeasure": {"unit": "W"}})
    return {"timestamp": at or now(), "sampledValue": values}


def wire(value):
    """A mapping with names as on the wire: `responder_url` becomes `responderURL`."""
    return snake_to_camel_case(value)


def card(api, status="Accepted", **more):
    """A token that the platform knows."""
    value = fresh("CARD")
    api.put(f"/api/v1/id-tokens/{value}", {"status": status, "type": CARD, **more})
    return value
