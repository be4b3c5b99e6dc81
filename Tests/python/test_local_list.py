"""Local authorization lists (1.6 §5.15, 2.x block D): kept by the platform, held by stations of three versions."""

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16

from support.kinds import KINDS, is16, new_station
from support.polling import until
from support.station import fresh


class ListHolder:
    """A station's list as the standards want it held, behind the answers of a peer."""

    def __init__(self, one, per_message=4, entries=None):
        self.one, self.version, self.tokens, self.messages = one, 0, {}, []
        self.per_message, self.entries = per_message, entries
        self.refuses, self.reboots_at = [], None
        one.answers["GetLocalListVersion"] = lambda _: self.words.GetLocalListVersion(self.version)
        one.answers["SendLocalList"] = self.take
        one.answers["GetConfiguration" if is16(one) else "GetVariables"] = self.bounds

    @property
    def words(self):
        return says16 if is16(self.one) else v201.call_result

    def bounds(self, fields):
        if is16(self.one):
            known = {"SendLocalListMaxLength": self.per_message, "LocalAuthListEnabled": "true"}
            if self.entries:
                known["LocalAuthListMaxLength"] = self.entries
            return says16.GetConfiguration(configuration_key=[
                {"key": key, "value": str(value), "readonly": True} for key, value in known.items()
                if key in (fields.get("key") or known)])
        results = []
        for asked in fields["get_variable_data"]:
            name, wanted = asked["variable"]["name"], asked.get("attribute_type")
            value = {("ItemsPerMessage", None): self.per_message, ("Entries", "MaxSet"): self.entries,
                     ("Enabled", None): "true"}.get((name, wanted))
            result = {"attribute_status": "Accepted" if value else "UnknownVariable", "component": asked["component"],
                      "variable": asked["variable"]}
            if wanted:
                result["attribute_type"] = wanted
            if value:
                result["attribute_value"] = str(value)
            results.append(result)
        return v201.call_result.GetVariables(get_variable_result=results)

    def take(self, fields):
        self.messages.append(fields)
        if self.reboots_at == len(self.messages):
            self.one.socket.transport.abort()
        if self.refuses:
            return self.words.SendLocalList(self.refuses.pop(0))
        version = fields["list_version" if is16(self.one) else "version_number"]
        entries = fields.get("local_authorization_list") or []
        assert len(entries) <= self.per_message
        if fields["update_type"] == "Full":
            self.tokens = {}
        elif version <= self.version:
            return self.words.SendLocalList("VersionMismatch")
        for entry in entries:
            value = entry["id_tag"] if is16(self.one) else entry["id_token"]["id_token"]
            info = entry.get("id_tag_info" if is16(self.one) else "id_token_info")
            if info:
                self.tokens[value] = info["status"]
            else:
                self.tokens.pop(value, None)
        self.version = version
        return self.words.SendLocalList("Accepted")


def tokens(api, count, status="Accepted"):
    names = [fresh("TAG") for _ in range(count)]
    for name in names:
        api.put(f"/api/v1/id-tokens/{name}", {"status": status})
    return names


def state(api, identity):
    return api.get(f"/api/v1/stations/{identity}/local-list")


def send(api, identity, status=(200, 202), **body):
    return api.post(
        f"/api/v1/stations/{identity}/local-list/send", body, headers={"Prefer": "wait=15"}, status=status, seconds=30)


@pytest.fixture(params=KINDS)
def held(request, shared, api):
    """A station whose list holds ten chosen tokens."""
    one = new_station(request.param, shared, fresh())
    holder = ListHolder(one)
    one.connect().boot()
    holder.names = tokens(api, 10)
    kept = api.put(
        f"/api/v1/stations/{one.identity}/local-list", {"scope": "selected", "tokens": holder.names})
    assert (kept["wanted"], kept["current"], kept["version"], kept["outcome"]) == (10, False, 0, "never")
    yield holder
    one.close()


def test_TC_043_TC_D_01_a_list_longer_than_a_message_goes_whole_in_parts_then_by_what_changed(held, api):
    one = held.one
    ended = send(api, one.identity)
    assert (ended["outcome"], ended["current"], ended["entries"]) == ("sent", True, 10)
    assert ended["version"] == ended["held_version"] == held.version
    assert set(held.tokens) == set(held.names)
    assert [message["update_type"] for message in held.messages] == ["Full", "Differential", "Differential"]
    # One is blocked, one goes: two entries, one of them without information.
    api.put(f"/api/v1/id-tokens/{held.names[0]}", {"status": "Blocked"})
    api.delete(f"/api/v1/id-tokens/{held.names[1]}")
    assert state(api, one.identity)["current"] is False
    ended = send(api, one.identity)
    assert (ended["outcome"], ended["current"], ended["entries"]) == ("sent", True, 9)
    assert held.messages[3:] and [m["update_type"] for m in held.messages[3:]] == ["Differential"]
    assert len(held.messages[-1]["local_authorization_list"]) == 2
    assert held.tokens[held.names[0]] == "Blocked" and held.names[1] not in held.tokens
    # Nothing changed: nothing is sent.
    send(api, one.identity)
    assert len(held.messages) == 4


@pytest.mark.parametrize("word", ["VersionMismatch", "Failed"])
def test_TC_D_03_after_a_mismatch_the_whole_list_is_sent(held, api, word):
    send(api, held.one.identity)
    api.put(f"/api/v1/id-tokens/{held.names[0]}", {"status": "Blocked"})
    held.refuses = [word]
    before = len(held.messages)
    ended = send(api, held.one.identity)
    assert (ended["outcome"], ended["current"]) == ("sent", True)
    assert [m["update_type"] for m in held.messages[before:]] == ["Differential", "Full", "Differential", "Differential"]
    assert held.tokens[held.names[0]] == "Blocked" and len(held.tokens) == 10


def test_TC_D_04_a_list_that_is_refused_whole_is_shown_as_failed_with_the_stations_word(held, api):
    held.refuses = ["Failed"]
    ended = send(api, held.one.identity)
    assert (ended["outcome"], ended["word"], ended["current"]) == ("failed", "Failed", False)
    assert len(held.messages) == 1
    assert send(api, held.one.identity)["outcome"] == "sent"


def test_TC_042_a_list_that_somebody_else_changed_is_sent_whole(held, api):
    send(api, held.one.identity)
    held.version += 3
    held.tokens = {"FOREIGN": "Accepted"}
    api.put(f"/api/v1/id-tokens/{held.names[0]}", {"status": "Blocked"})
    ended = send(api, held.one.identity)
    assert ended["outcome"] == "sent" and set(held.tokens) == set(held.names)
    assert ended["version"] == held.version > 3


def test_a_station_that_reboots_in_the_middle_gets_it_whole_next_time(held, api):
    held.reboots_at = 2
    ended = send(api, held.one.identity)
    assert (ended["outcome"], ended["word"], ended["current"]) == ("failed", "connection-lost", False)
    held.one.connect().boot()
    ended = send(api, held.one.identity)
    assert (ended["outcome"], ended["current"]) == ("sent", True) and set(held.tokens) == set(held.names)


def test_a_command_made_by_hand_leaves_the_same_knowledge(held, api):
    one = held.one
    send(api, one.identity)
    payload = (
        {"listVersion": held.version + 1, "updateType": "Full"} if is16(one)
        else {"versionNumber": held.version + 1, "updateType": "Full"})
    assert api.command(one.identity, "SendLocalList", payload)["response"]["status"] == "Accepted"
    shown = state(api, one.identity)
    assert shown["held_version"] == shown["version"] + 1 == held.version and shown["current"] is False
    assert send(api, one.identity)["current"] is True and set(held.tokens) == set(held.names)


def test_a_list_longer_than_the_station_keeps_is_not_sent(held, api):
    held.entries = 5
    ended = send(api, held.one.identity)
    assert (ended["outcome"], ended["word"]) == ("failed", "too-long: 10 of 5") and not held.messages


@pytest.mark.parametrize("kind", KINDS)
def test_TC_044_a_station_without_lists_is_shown_as_such(shared, api, kind):
    one = new_station(kind, shared, fresh())
    words = says16 if kind == "ocpp1.6" else v201.call_result
    one.answers["SendLocalList"] = (
        words.SendLocalList("NotSupported") if kind == "ocpp1.6" else words.SendLocalList("Failed"))
    one.answers["GetLocalListVersion"] = words.GetLocalListVersion(-1 if kind == "ocpp1.6" else 0)
    one.connect().boot()
    path = f"/api/v1/stations/{one.identity}/local-list/send"
    assert "no-local-list" in api.post(path, {}, status=409)["type"]
    api.put(f"/api/v1/stations/{one.identity}/local-list", {"scope": "selected", "tokens": tokens(api, 1)})
    ended = send(api, one.identity)
    assert ended["outcome"] == ("unsupported" if kind == "ocpp1.6" else "failed")
    one.close()
    until(lambda: not api.station(one.identity)["online"], "the station is offline")
    assert "station-offline" in api.post(path, {}, status=409)["type"]


@pytest.mark.parametrize("kind", ["ocpp1.6", "ocpp2.0.1"])
def test_changes_of_tokens_go_to_the_station_by_themselves_also_after_a_restart(serve, kind):
    server = serve()
    api = server.api()
    one = new_station(kind, server, "L1")
    holder = ListHolder(one, per_message=50)
    one.connect().boot()
    names = tokens(api, 3)
    api.put("/api/v1/stations/L1/local-list", {"scope": "all", "automatic": True})
    until(lambda: set(holder.tokens) == set(names), "the list came by itself", 20)
    until(lambda: state(api, "L1")["current"], "it is shown as current")
    more = tokens(api, 1)
    until(lambda: set(holder.tokens) == set(names + more), "the new token came by itself", 20)
    assert holder.messages[-1]["update_type"] == "Differential"
    until(lambda: state(api, "L1")["current"], "it is shown as current")
    # What is answered is on the disk, and all that came before it.
    api.put("/api/v1/sites/S1", {"name": "S1", "kind": "residential", "region": "420000", "zone": "Asia/Shanghai"})
    server.kill()
    server.start()
    api = server.api()
    shown = state(api, "L1")
    assert (shown["scope"], shown["automatic"], shown["current"], shown["version"]) == ("all", True, True, holder.version)
    one.port = server.ocpp
    sent = len(holder.messages)
    one.connect().boot()
    more += tokens(api, 1)
    until(lambda: set(holder.tokens) == set(names + more), "what changed came", 20)
    assert [m["update_type"] for m in holder.messages[sent:]] == ["Differential"]
    one.close()
