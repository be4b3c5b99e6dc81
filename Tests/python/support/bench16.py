"""What most of OCA's central-system cases of 1.6 begin with: a booted station of two connectors, and a card that may charge.

Every step that a case takes is held against the API before and after it.
"""

import json
from datetime import datetime
from decimal import Decimal

from ocpp.v16 import call

from .polling import until
from .station import Station, fresh, now

def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def exact(text):
    return json.loads(text, parse_float=Decimal)


class Bench:
    def __init__(self, server, *, settings=None, registration=None, **options):
        """`settings` and `registration`: of the station, as the API takes them; `options`: of its connection."""
        self.server, self.api = server, server.api()
        self.identity, self.card = fresh("TC"), fresh("CARD")
        self.options = options
        self.api.put(f"/api/v1/id-tokens/{self.card}", {"status": "Accepted"})
        if settings or registration:
            self.api.put(f"/api/v1/stations/{self.identity}", {
                **(settings or {}), **({"registration": registration} if registration else {})})
        self.station = None
        self._newest = {}

    # MARK: The station

    def connect(self, **options):
        """`options`: of the connection, from now on; with `tls` it is one to the listener for TLS."""
        self.options.update(options)
        port = self.server.ports["ocpps"] if self.options.get("tls") else self.server.ocpp
        self.station = Station(port, self.identity, **self.options).connect()
        return self

    def come(self, **options):
        """Connects, boots and tells that both connectors are free."""
        self.connect(**options)
        assert self.station.boot(charge_point_serial_number="SN-16", firmware_version="1.0.0").status == "Accepted"
        return self.all_say("Available")

    def all_say(self, status):
        for connector in (0, 1, 2):
            self.says(status, connector)
        return self

    def says(self, status, connector=1, error="NoError", at=None):
        """StatusNotification; what the API shows follows it."""
        self.station.call(call.StatusNotification(
            connector_id=connector, error_code=error, status=status, timestamp=at or now()))
        if connector:
            assert self.connector(connector) == (status, None if error == "NoError" else error)

    def leaves(self):
        """The connection ends, and the platform sees it."""
        self.station.close()
        until(lambda: self.shown["online"] is False, "the platform sees that the station is gone")

    def restart(self, **options):
        """The station leaves, comes back and boots anew."""
        self.leaves()
        return self.come(**options)

    def charges(self, register=0, connector=1, card=None, **more):
        """Plugged in, authorized, started, charging: the transaction."""
        card = card or self.card
        before = len(self.sessions)
        self.says("Preparing", connector)
        assert self.station.authorize(card) == "Accepted"
        assert len(self.sessions) == before, "an authorization is no session"
        started = self.starts(register, connector, card, **more)
        assert started.id_tag_info["status"] == "Accepted"
        self.says("Charging", connector)
        return started.transaction_id

    def starts(self, register=0, connector=1, card=None, at=None, **more):
        """StartTransaction; a session is there that was not."""
        before = {session["id"] for session in self.sessions}
        at = at or now()
        started = self.station.call(call.StartTransaction(
            connector_id=connector, id_tag=card or self.card, meter_start=register, timestamp=at, **more))
        assert started.transaction_id > 0
        (made,) = [session for session in self.sessions if session["id"] not in before]
        assert made["status"] == "active" and made["transaction_id"] == str(started.transaction_id)
        assert made["connector_id"] == connector and made["id_token"] == (card or self.card)
        assert made["register_start_wh"] == register and instant(made["started_at"]) == instant(at)
        assert made["stop_reason"] is None and made["ended_at"] is None
        return started

    def stops(self, transaction, register=1000, reason="Local", card=None, at=None):
        """StopTransaction; the session ends as it says. The answer."""
        assert self.session(transaction)["status"] == "active"
        at = at or now()
        answer = self.station.call(call.StopTransaction(
            transaction_id=transaction, meter_stop=register, timestamp=at, id_tag=card, reason=reason))
        ended = self.session(transaction)
        assert (ended["status"], ended["stop_reason"]) == ("ended", reason)
        assert ended["register_stop_wh"] == register and instant(ended["ended_at"]) == instant(at)
        assert ended["import_wh"] == register - ended["register_start_wh"]
        return answer

    # MARK: What the API shows

    @property
    def shown(self):
        return self.api.station(self.identity)

    def connector(self, number=1):
        """Status and error code of a connector; `None` when it was never told of."""
        for evse in self.shown["evses"]:
            for one in evse["connectors"]:
                if evse["id"] == number:
                    return one["status"], one["error_code"]
        return None

    def transaction_on(self, connector=1):
        return next((evse["transaction"] for evse in self.shown["evses"] if evse["id"] == connector), None)

    @property
    def sessions(self):
        return self.api.sessions(self.identity)

    def session(self, transaction):
        (found,) = [session for session in self.sessions if session["transaction_id"] == str(transaction)]
        return found

    @property
    def commands(self):
        return self.api.every(f"/api/v1/stations/{self.identity}/commands")

    def said(self, action):
        """Payloads that the message log shows of an action, oldest first."""
        log = self.api.every(f"/api/v1/stations/{self.identity}/messages")
        frames = [exact(message["text"]) for message in log if message["action"] == action]
        return [frame[3] for frame in reversed(frames) if frame[0] == 2]

    # MARK: The operator

    def order(self, action, payload, answer):
        """An operator's command: it was not there, the station hears exactly this and once, its word is what the API shows.

        `answer`: what the station says, or what makes it. The response.
        """
        known = {command["id"] for command in self.commands}
        heard = len(self.station.heard(action))
        self.station.answers[action] = answer
        command = self.api.command(self.identity, action, payload)
        assert command["status"] == "answered", command
        wanted = exact(payload) if isinstance(payload, str) else payload
        assert self.station.heard(action)[heard:] == [wanted], "exactly what was ordered, and once"
        self._answered(command)
        # Whoever waited for the answer finds it in the list, too; what it led to may be seen by then.
        assert [{**one, "follow_up": None} for one in self.commands if one["id"] not in known] == [
            {**command, "follow_up": None}]
        return command["response"]

    def _answered(self, command):
        """It was answered, and the response that is shown is what the station said."""
        self._newest[command["action"]] = command["id"]
        (call_frame,) = [frame for frame in self.station.frames() if frame[0] == 2 and frame[1] == command["id"]]
        assert call_frame[2] == command["action"]
        said = [exact(frame) for frame in list(self.station.outgoing)]
        assert command["response"] == next(f[2] for f in said if f[0] == 3 and f[1] == command["id"])
        assert command["finished_at"] and command["error"] is None
        shown = self.api.get(f"/api/v1/commands/{command['id']}")
        assert {**shown, "follow_up": None} == {**command, "follow_up": None}

    def asks(self, path, body=None, method="POST", **answers):
        """An order in the platform's own words; `answers`: what the station says, by action. What the API answers."""
        self.station.answers |= answers
        answer = self.api.request(
            method, f"/api/v1/stations/{self.identity}/{path}", body, headers={"Prefer": "wait=10"}, seconds=30)
        assert answer.status in (200, 201, 202), answer.text
        command = answer.json.get("command", answer.json)
        assert command["status"] == "answered", command
        self._answered(command)
        return answer.json

    def follow_up(self, action):
        """What came of the newest order of an action."""
        return self.api.get(f"/api/v1/commands/{self._newest[action]}")["follow_up"]
