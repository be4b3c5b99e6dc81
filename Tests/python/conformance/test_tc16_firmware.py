"""OCA's central-system cases of OCPP 1.6, firmware and diagnostics (`docs/standards/ocpp-1.6-cases.md`)."""

import pytest
from ocpp.v16 import call, call_result

from support.bench16 import instant
from support.station import now


def jobs(one, kind):
    return one.api.every(f"/api/v1/stations/{one.identity}/jobs?kind={kind}")


def job(one, kind="firmware"):
    (found,) = jobs(one, kind)
    return found


def words(one, kind="firmware"):
    return [step["word"] for step in job(one, kind)["steps"]]


def update(one):
    """The operator orders; the station says yes."""
    assert jobs(one, "firmware") == [] and one.shown["firmware_update"] is None
    at = now(60)
    one.asks("firmware", {
        "location": "https://files.example/firmware.bin", "retrieve_at": at, "retries": 2, "retry_interval_seconds": 30})
    (heard,) = one.station.heard("UpdateFirmware")
    assert heard == {"location": "https://files.example/firmware.bin", "retrieveDate": heard["retrieveDate"], "retries": 2,
                     "retryInterval": 30}
    assert abs((instant(heard["retrieveDate"]) - instant(at)).total_seconds()) < 1
    assert (job(one)["state"], job(one)["firmware_before"]) == ("accepted", "1.0.0")


def tells(one, *told, state="running"):
    for word in told:
        before = words(one)
        one.station.call(call.FirmwareStatusNotification(status=word))
        assert words(one) == [*before, word]
        assert (job(one)["state"], one.shown["firmware_update"]["word"]) == (state, word)


def installs(one):
    """From the download to the moment before the boot."""
    tells(one, "Downloading", "Downloaded")
    one.all_say("Unavailable")
    tells(one, "Installing")
    one.leaves()
    one.connect()


def failed(one):
    return f"{one.identity}" in {
        alarm["object"] for alarm in one.api.every("/api/v1/alarms?active=true") if alarm["code"] == "station-firmware-failed"}


def test_TC_044_1_firmware_is_fetched_and_installed(bench):
    one = bench()
    update(one)
    installs(one)
    assert one.station.boot(firmware_version="2.0.0").status == "Accepted"
    one.all_say("Available")
    tells(one, "Installed", state="done")
    assert (job(one)["firmware_after"], one.shown["boot"]["firmware"]) == ("2.0.0", "2.0.0")
    assert not failed(one)


def test_TC_044_2_firmware_cannot_be_fetched(bench):
    one = bench()
    update(one)
    tells(one, "Downloading")
    assert not failed(one)
    tells(one, "DownloadFailed", state="failed")
    assert failed(one) and one.shown["boot"]["firmware"] == "1.0.0" and one.connector(1) == ("Available", None)


def test_TC_044_3_firmware_cannot_be_installed(bench):
    one = bench()
    update(one)
    installs(one)
    assert one.station.boot(firmware_version="1.0.0").status == "Accepted"
    one.all_say("Available")
    tells(one, "InstallationFailed", state="failed")
    assert failed(one) and one.shown["boot"]["firmware"] == "1.0.0"


@pytest.fixture
def uploading(bench):
    """A station whose diagnostics were asked for, and which sends them."""
    one = bench()
    assert jobs(one, "log") == []
    begin, end = now(-7200), now(-3600)
    one.asks("log", {
        "location": "ftp://files.example/diagnostics", "from": begin, "to": end, "retries": 1, "retry_interval_seconds": 10},
        GetDiagnostics=call_result.GetDiagnostics(file_name="diagnostics.zip"))
    (heard,) = one.station.heard("GetDiagnostics")
    assert (heard["location"], heard["retries"], heard["retryInterval"]) == ("ftp://files.example/diagnostics", 1, 10)
    assert abs((instant(heard["startTime"]) - instant(begin)).total_seconds()) < 1
    assert abs((instant(heard["stopTime"]) - instant(end)).total_seconds()) < 1
    assert (job(one, "log")["state"], job(one, "log")["file_name"]) == ("accepted", "diagnostics.zip")
    one.station.call(call.DiagnosticsStatusNotification(status="Uploading"))
    assert job(one, "log")["state"] == "running"
    return one


def test_TC_045_1_diagnostics_are_uploaded(uploading):
    uploading.station.call(call.DiagnosticsStatusNotification(status="Uploaded"))
    assert (job(uploading, "log")["state"], words(uploading, "log")[-2:]) == ("done", ["Uploading", "Uploaded"])


def test_TC_045_2_diagnostics_cannot_be_uploaded(uploading):
    uploading.station.call(call.DiagnosticsStatusNotification(status="UploadFailed"))
    assert (job(uploading, "log")["state"], words(uploading, "log")[-1]) == ("failed", "UploadFailed")
