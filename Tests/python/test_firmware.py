"""Firmware: from the operator's order to the pile that runs it, or to what went wrong (2.0.1 L01–L04; 1.6
FirmwareManagement and the security whitepaper)."""

import base64
import hashlib
import subprocess

import pytest
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16

from support.files import http_request
from support.polling import until
from support.program import tidewatt
from support.simulated import Simulated
from support.station import Station, fresh
from support.station2 import Station2

IMAGE = b"firmware " * 20_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from support.program import Server
    running = Server(tmp_path_factory.mktemp("firmware"), files=True).start()
    yield running
    running.stop()


@pytest.fixture
def api(server):
    return server.api()


def keep(api, name="pile-2.0.0.bin", image=IMAGE):
    return api.post(f"/api/v1/files?name={name}", image, status=201)


def order(api, station, body, **more):
    return api.post(
        f"/api/v1/stations/{station}/firmware", body, headers={"Prefer": "wait=15"}, seconds=30, **more)


def jobs(api, station, kind="firmware"):
    return api.get(f"/api/v1/stations/{station}/jobs?kind={kind}")["items"]


def newest(api, station, kind="firmware"):
    return jobs(api, station, kind)[0]


def words(job):
    return [step["word"] for step in job["steps"]]


def state_is(api, station, state, kind="firmware", seconds=20):
    return until(
        lambda: (newest(api, station, kind)["state"] == state) and newest(api, station, kind), f"{kind} {state}", seconds)


# MARK: A station written elsewhere


def station2(server, version, identity=None):
    station = Station2(server.ocpp, identity or fresh("FW"), version)
    return station


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_TC_L_01_an_update_is_followed_to_the_new_version(server, api, version):
    station = station2(server, version)
    station.answers["UpdateFirmware"] = station.words.call_result.UpdateFirmware("Accepted")
    station.connect()
    station.boot(firmware_version="1.0.0")
    assert jobs(api, station.identity) == [] and api.station(station.identity)["firmware_update"] is None
    file = keep(api)
    command = order(api, station.identity, {"file": file["id"], "retries": 2, "retry_interval_seconds": 5})
    assert command["status"] == "answered"
    [asked] = station.heard("UpdateFirmware")
    job = newest(api, station.identity)
    assert (job["state"], job["word"], job["number"]) == ("accepted", "Accepted", asked["requestId"])
    assert (asked["retries"], asked["retryInterval"]) == (2, 5)
    status, _, body = http_request("GET", asked["firmware"]["location"])
    assert status == 200 and hashlib.sha256(body).hexdigest() == file["sha256"]
    told = ["Downloading", "Downloaded", "Installing", "InstallRebooting"]
    for word in told:
        station.call(station.words.call.FirmwareStatusNotification(word, request_id=asked["requestId"]))
        assert newest(api, station.identity)["word"] == word
        assert api.station(station.identity)["firmware_update"]["state"] == "running"
    station.close()
    station.connect()
    station.boot(firmware_version="2.0.0")
    station.call(station.words.call.FirmwareStatusNotification("Installed", request_id=asked["requestId"]))
    job = newest(api, station.identity)
    assert job["state"] == "done" and words(job)[1:5] == told and words(job)[-1] == "Installed"
    assert (job["firmware_before"], job["firmware_after"]) == ("1.0.0", "2.0.0")
    assert api.station(station.identity)["firmware_update"]["firmware_after"] == "2.0.0"
    station.close()


@pytest.mark.parametrize("answer", ["InvalidCertificate", "RevokedCertificate", "Rejected"])
def test_TC_L_05_a_refusal_is_shown_with_the_stations_word(server, api, answer):
    station = station2(server, "ocpp2.0.1")
    station.answers["UpdateFirmware"] = station.words.call_result.UpdateFirmware(answer)
    station.connect()
    station.boot()
    order(api, station.identity, {
        "location": "https://fw.example.org/a.bin", "signature": "c2lnbmF0dXJl", "signing_certificate": "PEM"})
    [asked] = station.heard("UpdateFirmware")
    assert asked["firmware"]["signature"] == "c2lnbmF0dXJl" and asked["firmware"]["signingCertificate"] == "PEM"
    job = newest(api, station.identity)
    assert (job["state"], job["word"], job["signed"]) == ("refused", answer, True)
    station.close()


def test_TC_L_10_a_newer_order_takes_the_place_of_an_older(server, api):
    station = station2(server, "ocpp2.0.1")
    answers = iter(["Accepted", "AcceptedCanceled"])
    station.answers["UpdateFirmware"] = lambda fields: station.words.call_result.UpdateFirmware(next(answers))
    station.connect()
    station.boot()
    for name in ("a.bin", "b.bin"):
        order(api, station.identity, {"location": f"https://fw.example.org/{name}"})
    newer, older = jobs(api, station.identity)
    assert (newer["state"], older["state"]) == ("accepted", "superseded")
    first, second = [asked["requestId"] for asked in station.heard("UpdateFirmware")]
    assert first != second
    station.call(station.words.call.FirmwareStatusNotification("DownloadFailed", request_id=first))
    station.call(station.words.call.FirmwareStatusNotification("Installed", request_id=second))
    newer, older = jobs(api, station.identity)
    assert newer["state"] == "done" and older["word"] == "DownloadFailed"
    station.close()


@pytest.mark.parametrize(("word", "then"), [
    ("DownloadFailed", "Downloading"), ("InvalidSignature", None), ("InstallationFailed", None),
    ("InstallVerificationFailed", None)])
def test_TC_L_06_a_failure_is_an_alarm_until_it_is_mended(server, api, word, then):
    station = station2(server, "ocpp2.0.1")
    station.answers["UpdateFirmware"] = station.words.call_result.UpdateFirmware("Accepted")
    station.connect()
    station.boot()
    order(api, station.identity, {"location": "https://fw.example.org/a.bin"})
    number = station.heard("UpdateFirmware")[0]["requestId"]

    def alarms():
        return [one for one in api.get("/api/v1/alarms?active=true")["items"]
                if one["object"] == station.identity and one["code"] == "station-firmware-failed"]
    assert alarms() == []
    station.call(station.words.call.FirmwareStatusNotification(word, request_id=number))
    assert newest(api, station.identity)["state"] == "failed"
    [alarm] = alarms()
    assert alarm["values"]["word"] == word
    # It tries again, or a person orders anew: either ends the alarm.
    if then:
        station.call(station.words.call.FirmwareStatusNotification(then, request_id=number))
        assert newest(api, station.identity)["state"] == "running"
    else:
        order(api, station.identity, {"location": "https://fw.example.org/b.bin"})
    assert alarms() == []
    station.close()


def test_what_nobody_ordered_is_answered_and_kept(server, api):
    station = station2(server, "ocpp2.0.1").connect()
    station.boot()
    station.call(station.words.call.FirmwareStatusNotification("Idle"))
    assert jobs(api, station.identity) == []
    answer = station.call(station.words.call.FirmwareStatusNotification("Downloading"))
    assert answer is not None
    station.call(station.words.call.FirmwareStatusNotification("Installed"))
    [job] = jobs(api, station.identity)
    assert (job["state"], job["by"], words(job)) == ("done", "station", ["Downloading", "Installed"])
    station.close()


@pytest.mark.parametrize("signed", [False, True])
def test_TC_044_1_TC_080_1_6_stations_are_followed_with_and_without_the_whitepaper(server, api, signed):
    station = Station(server.ocpp, fresh("FW"))
    station.answers["SignedUpdateFirmware"] = result16.SignedUpdateFirmware("Accepted")
    station.connect()
    station.boot(firmware_version="1.0")
    body = {"location": "https://fw.example.org/a.bin", "retrieve_at": "2030-01-01T00:00:00Z"}
    if signed:
        body |= {"signature": "c2ln", "signing_certificate": "PEM", "install_at": "2030-01-02T00:00:00Z"}
    order(api, station.identity, body)
    if signed:
        [asked] = station.heard("SignedUpdateFirmware")
        assert asked["firmware"]["installDateTime"].startswith("2030-01-02T00:00:00")
        tell = lambda word: station.call(call16.SignedFirmwareStatusNotification(word, request_id=asked["requestId"]))  # noqa: E731
        told = ["DownloadScheduled", "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing"]
    else:
        [asked] = station.heard("UpdateFirmware")
        assert asked["retrieveDate"].startswith("2030-01-01T00:00:00")
        tell = lambda word: station.call(call16.FirmwareStatusNotification(word))  # noqa: E731
        told = ["Downloading", "Downloaded", "Installing"]
    assert newest(api, station.identity)["state"] == "accepted"
    for word in told:
        tell(word)
    assert newest(api, station.identity)["state"] == "running"
    # This one never says Installed: its boot does.
    station.boot(firmware_version="2.0")
    job = newest(api, station.identity)
    assert (job["state"], job["firmware_before"], job["firmware_after"]) == ("done", "1.0", "2.0")
    assert words(job)[-len(told) - 1:-1] == told
    station.close()


def test_a_raw_command_begins_the_same_job(server, api):
    station = Station(server.ocpp, fresh("FW")).connect()
    station.boot()
    api.command(station.identity, "UpdateFirmware", {
        "location": "ftp://u:p@fw.example.org/a.bin", "retrieveDate": "2026-01-01T00:00:00Z"})
    job = newest(api, station.identity)
    assert (job["state"], job["location"]) == ("accepted", "ftp://******@fw.example.org/a.bin")
    station.call(call16.FirmwareStatusNotification("DownloadFailed"))
    assert newest(api, station.identity)["state"] == "failed"
    station.close()


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_TC_L_17_firmware_is_published_and_withdrawn(server, api, version):
    station = station2(server, version)
    station.answers["PublishFirmware"] = station.words.call_result.PublishFirmware("Accepted")
    station.answers["UnpublishFirmware"] = station.words.call_result.UnpublishFirmware("Unpublished")
    station.connect()
    station.boot()
    file = keep(api, "shared.bin")
    api.post(f"/api/v1/stations/{station.identity}/publication", {"file": file["id"]}, headers={"Prefer": "wait=10"})
    [asked] = station.heard("PublishFirmware")
    assert asked["checksum"] == hashlib.md5(IMAGE).hexdigest()
    for word in ["Downloading", "Downloaded", "ChecksumVerified"]:
        station.call(station.words.call.PublishFirmwareStatusNotification(word, request_id=asked["requestId"]))
    assert newest(api, station.identity, "publication")["state"] == "running"
    station.call(station.words.call.PublishFirmwareStatusNotification(
        "Published", location=["http://127.0.0.1/x"], request_id=asked["requestId"]))
    assert newest(api, station.identity, "publication")["state"] == "done"
    api.command(station.identity, "UnpublishFirmware", {"checksum": asked["checksum"]})
    assert newest(api, station.identity, "publication")["state"] == "withdrawn"
    station.close()


def test_1_6_publishes_nothing(server, api):
    station = Station(server.ocpp, fresh("FW")).connect()
    station.boot()
    file = keep(api, "none.bin")
    answer = api.request("POST", f"/api/v1/stations/{station.identity}/publication", {"file": file["id"]})
    assert answer.status == 409 and answer.json["type"].endswith("not-in-version")
    station.close()


def test_images_are_signed_by_a_configured_key(serve, tmp_path):
    key, certificate, public = tmp_path / "k.pem", tmp_path / "c.pem", tmp_path / "p.pem"
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
        "-out", certificate, "-days", "30", "-subj", "/CN=Firmware"], check=True, capture_output=True)
    key.chmod(0o600)
    server = serve(files=True, settings=f'files: {{signing_key: "{key}", signing_certificate: "{certificate}"}}\n')
    api = server.api()
    file = keep(api)
    assert file["signing_certificate"] == certificate.read_text()
    (tmp_path / "image").write_bytes(IMAGE)
    (tmp_path / "signature").write_bytes(base64.b64decode(file["signature"]))
    public.write_bytes(subprocess.run(
        ["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True, capture_output=True).stdout)
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", public, "-signature", tmp_path / "signature", tmp_path / "image"],
        check=True, capture_output=True)
    station = Station2(server.ocpp, fresh("FW"), "ocpp2.0.1")
    station.answers["UpdateFirmware"] = station.words.call_result.UpdateFirmware("Accepted")
    station.connect()
    station.boot()
    order(api, station.identity, {"file": file["id"]})
    assert station.heard("UpdateFirmware")[0]["firmware"]["signature"] == file["signature"]
    order(api, station.identity, {"file": file["id"], "signed": False})
    assert "signature" not in station.heard("UpdateFirmware")[1]["firmware"]
    station.close()


def test_a_station_that_never_answers_and_a_crash_leave_no_doubt_unnamed(serve):
    server = serve(files=True)
    api = server.api()
    station = Station2(server.ocpp, fresh("FW"), "ocpp2.0.1")
    station.answers["UpdateFirmware"] = station.words.call_result.UpdateFirmware("Accepted")
    station.connect()
    station.boot(firmware_version="1")
    order(api, station.identity, {"location": "https://fw.example.org/a.bin"})
    number = station.heard("UpdateFirmware")[0]["requestId"]
    station.call(station.words.call.FirmwareStatusNotification("Downloading", request_id=number))
    server.kill()
    server.start()
    api = server.api()
    assert newest(api, station.identity)["state"] == "running"
    again = Station2(server.ocpp, station.identity, "ocpp2.0.1").connect()
    again.call(again.words.call.FirmwareStatusNotification("Downloaded", request_id=number))
    assert words(newest(api, station.identity))[-2:] == ["Downloading", "Downloaded"]
    again.close()


# MARK: Simulated stations really fetch


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_simulated_station_fetches_installs_and_comes_back_with_it(server, api, tmp_path, version):
    with Simulated(server, tmp_path, version) as station:
        file = keep(api, "sim-7.1.0.bin")
        order(api, station.identity, {"file": file["id"]})
        # Its boot tells of the new version a moment before it says that it is installed.
        until(lambda: newest(api, station.identity)["word"] == "Installed", "the installation", 40)
        [job] = jobs(api, station.identity)
        assert job["state"] == "done"
        assert {"Downloading", "Downloaded", "Installing", "Installed"} <= set(words(job))
        until(lambda: api.station(station.identity)["boot"]["firmware"] == "sim-7.1.0", "the new version", 20)
        assert newest(api, station.identity)["firmware_after"] == "sim-7.1.0"


@pytest.mark.parametrize(("fault", "state", "word"), [
    ("download-fails", "failed", "DownloadFailed"), ("bad-signature", "failed", "InvalidSignature"),
    ("bad-certificate", "refused", "InvalidCertificate"), ("install-fails", "failed", "InstallationFailed"),
    ("install-hangs", "running", "Installing"), ("reboot-while-downloading", "done", "Installed")])
def test_what_goes_wrong_at_a_simulated_station_is_told(server, api, tmp_path, fault, state, word):
    with Simulated(server, tmp_path, "2.0.1", faults=fault) as station:
        file = keep(api, "sim-8.bin")
        order(api, station.identity, {
            "file": file["id"], "signature": "c2ln", "signing_certificate": "PEM"})
        until(lambda: newest(api, station.identity)["word"] == word, f"{word}", 40)
        assert newest(api, station.identity)["state"] == state


def test_a_location_that_is_not_there_fails(server, api, tmp_path):
    with Simulated(server, tmp_path, "2.0.1") as station:
        order(api, station.identity, {"location": "http://127.0.0.1:1/none.bin"})
        job = state_is(api, station.identity, "failed", seconds=40)
        assert words(job)[-1] == "DownloadFailed"


def test_the_faults_are_named_in_the_help():
    assert "download-fails" in tidewatt("simulate", "--help").stdout
