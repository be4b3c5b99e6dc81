"""Security of the program's own simulated stations: passwords, certificates and security profiles as the platform changes them
(1.6 security whitepaper, 2.0.1 blocks A, B09, B10 and M)."""

import json
import re

import pytest

from support.pki import ENVIRONMENT, OPERATOR, openssl
from support.polling import until
from support.program import tidewatt
from support.simulated import Simulated

PASSWORD = "Correct-Horse-1!"
KINDS = ["1.6", "2.0.1"]


@pytest.fixture
def secure(serve):
    return serve(unknown=False, env=ENVIRONMENT)


def wss(server):
    return f"wss://127.0.0.1:{server.ports['ocpps']}/ocpp"


def simulated(server, folder, version, profile, *options, trust=None):
    """A station that the platform knows with this profile."""
    station = Simulated(
        server, folder, version, options=[
            "--organization", OPERATOR, "--security-profile", profile, "--trust", trust or server.data / "pki/root.pem",
            *options])
    server.api().put(
        f"/api/v1/stations/{station.prefix}001", {"password": PASSWORD, "security_profile": min(profile, 2)})
    return station


def root(folder, name):
    """The file of a self-signed root that signs nobody."""
    file = folder / f"{name}.pem"
    openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={name}",
            "-days", "30", "-keyout", folder / f"{name}.key", "-out", file)
    return file


def stranger(folder):
    return root(folder, "Stranger")


def one_stay(folder):
    file = folder / "one.csv"
    file.write_text(
        "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n"
        "s1,E1,2026-03-10T18:00:00+08:00,2026-03-10T19:00:00+08:00,1,7\n", encoding="utf-8")
    return file


def go(url, trust, folder, version):
    """A station of profile 2 to the end of its only stay."""
    return tidewatt(
        "simulate", "--url", url, "--sessions", one_stay(folder), "--ocpp", version, "--identity-prefix", "NO-", "--speed",
        "2000", "--password", PASSWORD, "--trust", trust, "--format", "json", seconds=120)


def command(api, one, action, payload):
    return api.command(one.identity, action, payload)["response"]


def renew(api, one, version):
    if version == "1.6":
        return command(api, one, "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    return command(api, one, "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})


def certificates(api, one):
    return api.get(f"/api/v1/stations/{one.identity}/certificates")["items"]


def is_online(api, one):
    return api.station(one.identity)["online"]


def events(api, one):
    return [item["type"] for item in reversed(api.every(f"/api/v1/stations/{one.identity}/security-events"))]


def order_profile(server, one, version, target, slot):
    body = {"security_profile": target}
    if version != "1.6":
        body |= {"url": wss(server), "slot": slot, "priority": [slot, slot - 1]}
    server.api().post(
        f"/api/v1/stations/{one.identity}/security-profile", body, headers={"Prefer": "wait=10"})


def raise_profile(server, one, version, target, slot):
    api = server.api()
    order_profile(server, one, version, target, slot)

    def there():
        state = api.station(one.identity)
        assert state["security_profile_change"]["state"] not in ("refused", "failed"), state
        return state["security_profile"] == target and state["online"] and state
    return until(there, f"it comes with profile {target}", 30)


@pytest.mark.parametrize("version", KINDS)
def test_a_station_of_profile_1_takes_a_new_key_and_comes_with_it(secure, tmp_path, version):
    with simulated(secure, tmp_path, version, 1, "--password", PASSWORD) as one:
        api = secure.api()
        api.post(f"/api/v1/stations/{one.identity}/key", {"send": True}, headers={"Prefer": "wait=10"})
        # Only a connection with the new one confirms it.
        until(lambda: api.station(one.identity)["key_change"]["state"] == "confirmed", "it comes with the new key", 30)
        until(lambda: is_online(api, one), "it is back")
        assert "ReconfigurationOfSecurityParameters" in until(
            lambda: [e for e in events(api, one) if e.startswith("Reconf")], "it tells")
        # Write-only: the station names it and says nothing of it.
        if version == "1.6":
            told = command(api, one, "GetConfiguration", {"key": ["AuthorizationKey"]})
            assert told["configurationKey"] == [{"key": "AuthorizationKey", "readonly": False}]
        else:
            told = command(api, one, "GetVariables", {"getVariableData": [
                {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}]})
            assert [(item["attributeStatus"], "attributeValue" in item) for item in told["getVariableResult"]] == [
                ("Rejected", False)]


@pytest.mark.parametrize("version", KINDS)
def test_a_station_goes_from_profile_1_to_2_to_3(secure, tmp_path, version):
    folder = tmp_path / "stations"
    options = ["--password", PASSWORD, "--secure-url", wss(secure), "--certificates", folder]
    with simulated(secure, tmp_path, version, 1, *options) as one:
        api = secure.api()
        raise_profile(secure, one, version, 2, 2)
        assert renew(api, one, version)["status"] == "Accepted"
        until(lambda: [c["state"] for c in certificates(api, one)] == ["accepted"], "it has a certificate", 30)
        raise_profile(secure, one, version, 3, 3)
        # The connection is there a moment before its certificate is noted.
        until(lambda: [c["in_use"] for c in certificates(api, one)] == [True], "it shows its certificate")
        file = folder / f"{one.identity}.pem"
        assert file.stat().st_mode & 0o777 == 0o600
        assert f"O={OPERATOR}" in re.sub(" ?= ?", "=", openssl("x509", "-in", file, "-noout", "-subject"))


@pytest.mark.parametrize("version", KINDS)
def test_a_certificate_is_renewed_and_used_also_after_the_station_was_off(secure, tmp_path, version):
    folder = tmp_path / "stations"
    options = ["--password", PASSWORD, "--certificates", folder]
    with simulated(secure, tmp_path, version, 3, *options, "--secure-url", wss(secure)) as one:
        # It had none: it came with its password, asked, and changed over by itself.
        api = secure.api()
        until(lambda: [c["in_use"] for c in certificates(api, one)] == [True], "it comes with a certificate", 30)
        identity = one.identity
        api.put(f"/api/v1/stations/{identity}", {"security_profile": 3})
        first = certificates(api, one)[0]["serial"]
        until(lambda: is_online(api, one), "it is back")
        assert renew(api, one, version)["status"] == "Accepted"

        def newer():
            used = [c["serial"] for c in certificates(api, one) if c["in_use"]]
            return used and used != [first] and used
        second = until(newer, "it comes with the new one", 30)
    until(lambda: not is_online(api, one), "it is gone")
    # Without a password: the certificate is all it has.
    again = Simulated(secure, tmp_path, version, prefix=one.prefix, options=[
        "--organization", OPERATOR, "--security-profile", 3, "--trust", secure.data / "pki/root.pem",
        "--certificates", folder, "--secure-url", wss(secure)])
    with again:
        assert [c["serial"] for c in certificates(api, again) if c["in_use"]] == second


@pytest.mark.parametrize("version", KINDS)
def test_a_server_that_leads_to_no_trusted_root_is_refused(secure, tmp_path, version):
    secure.api().put("/api/v1/stations/NO-001", {"password": PASSWORD, "security_profile": 2})
    ended = go(wss(secure), stranger(tmp_path), tmp_path, version)
    assert ended.returncode == 1, ended.stderr
    seen = json.loads(ended.stdout)["connections"]
    assert (seen["opened"], seen["last_fault"]) == (0, "the server's certificate is not trusted")
    assert secure.api().station("NO-001")["boot"] is None


def test_a_server_of_another_name_is_refused(serve, tmp_path):
    server = serve(unknown=False, env={**ENVIRONMENT, "TIDEWATT_TLS_SERVER_NAMES": "csms.example"})
    ended = go(wss(server), server.data / "pki/root.pem", tmp_path, "1.6")
    assert ended.returncode == 1, ended.stderr
    seen = json.loads(ended.stdout)["connections"]
    assert (seen["opened"], seen["last_fault"]) == (0, "the server's certificate is for another name")


@pytest.mark.parametrize("version", KINDS)
def test_a_station_that_does_not_believe_the_server_comes_back_as_before_and_says_why(secure, tmp_path, version):
    options = ["--password", PASSWORD, "--secure-url", wss(secure)]
    with simulated(secure, tmp_path, version, 1, *options, trust=stranger(tmp_path)) as one:
        api = secure.api()
        order_profile(secure, one, version, 2, 2)
        why = "InvalidCentralSystemCertificate" if version == "1.6" else "InvalidCsmsCertificate"
        until(lambda: why in events(api, one), "it is back and tells", 40)
        shown = api.station(one.identity)
        assert shown["online"] and shown["security_profile"] == 1


@pytest.mark.parametrize("version", KINDS)
def test_a_root_is_installed_listed_and_deleted(secure, tmp_path, version):
    with simulated(secure, tmp_path, version, 1, "--password", PASSWORD) as one:
        api = secure.api()
        path = f"/api/v1/stations/{one.identity}/installed-certificates"
        pem = root(tmp_path, "Second").read_text()
        api.post(path, {"certificate": pem, "use": "CSMSRootCertificate"}, headers={"Prefer": "wait=10"})
        api.post(path + ":read", {}, headers={"Prefer": "wait=10"})
        listed = until(lambda: len(found := api.get(path)["items"]) == 2 and found, "both are listed")
        assert {item["source"] for item in listed} == {"listed"}
        second = next(item for item in listed if not item["our_root"])
        # A reboot of the machine takes none of them.
        command(api, one, "Reset", {"type": "Hard" if version == "1.6" else "Immediate"})
        until(lambda: not is_online(api, one), "it goes down")
        until(lambda: is_online(api, one), "it is back", 30)
        until(lambda: {"ResetOrReboot", "StartupOfTheDevice"} <= set(events(api, one)), "it tells of both")
        api.post(path + ":delete", second["hash"], headers={"Prefer": "wait=10"})
        api.post(path + ":read", {}, headers={"Prefer": "wait=10"})
        until(lambda: [item["our_root"] for item in api.get(path)["items"]] == [True], "one is left")


@pytest.mark.parametrize("options, message", [
    (["--security-profile", "1"], "needs --password"),
    (["--security-profile", "2", "--password", "x"], "needs a wss:// address"),
    (["--security-profile", "3", "--password", "x", "--secure-url", "wss://127.0.0.1:1"], "needs --certificates"),
    (["--security-profile", "9"], "is no security profile"),
    (["--secure-url", "ws://127.0.0.1:1"], "is not encrypted"),
    (["--trust", "nothing.pem"], "nothing.pem"),
])
def test_what_cannot_be_is_refused_before_anything_connects(tmp_path, options, message):
    ended = tidewatt("simulate", "--url", "ws://127.0.0.1:1/ocpp", "--sessions", one_stay(tmp_path), *options)
    assert ended.returncode == 2 and message in ended.stderr, ended.stderr
