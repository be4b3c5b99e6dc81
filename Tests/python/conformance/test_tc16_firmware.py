"""OCA's central-system cases of OCPP 1.6, firmware and diagnostics (`docs/standards/ocpp-1.6-cases.md`)."""

import pytest
from ocpp.v16 import call, call_result

from support.station import now


def update(one):
    payload = {"location": "https://files.example/firmware.bin", "retrieveDate": now(60), "retries": 2, "retryInterval": 30}
    assert one.order("UpdateFirmware", payload, call_result.UpdateFirmware()) == {}


def tells(one, *words):
    for word in words:
        before = one.said("FirmwareStatusNotification")
        one.station.call(call.FirmwareStatusNotification(status=word))
        assert one.said("FirmwareStatusNotification") == [*before, {"status": word}]


def installs(one):
    """From the download to the boot with what was installed."""
    tells(one, "Downloading", "Downloaded")
    one.all_say("Unavailable")
    assert one.connector(2) == ("Unavailable", None)
    tells(one, "Installing")
    one.station.close()
    one.connect()


def test_TC_044_1_firmware_is_fetched_and_installed(bench):
    one = bench()
    assert one.shown["boot"]["firmware"] == "1.0.0"
    update(one)
    installs(one)
    assert one.station.boot(firmware_version="2.0.0").status == "Accepted"
    assert one.shown["boot"]["firmware"] == "2.0.0"
    one.all_say("Available")
    tells(one, "Installed")


def test_TC_044_2_firmware_cannot_be_fetched(bench):
    one = bench()
    update(one)
    tells(one, "Downloading", "DownloadFailed")
    assert one.shown["boot"]["firmware"] == "1.0.0" and one.connector(1) == ("Available", None)


def test_TC_044_3_firmware_cannot_be_installed(bench):
    one = bench()
    update(one)
    installs(one)
    assert one.station.boot(firmware_version="1.0.0").status == "Accepted"
    one.all_say("Available")
    tells(one, "InstallationFailed")
    assert one.shown["boot"]["firmware"] == "1.0.0"


def diagnostics(one):
    payload = {
        "location": "ftp://files.example/diagnostics", "retries": 1, "retryInterval": 10, "startTime": now(-7200),
        "stopTime": now(-3600)}
    answer = one.order("GetDiagnostics", payload, call_result.GetDiagnostics(file_name="diagnostics.zip"))
    assert answer == {"fileName": "diagnostics.zip"}


@pytest.fixture
def uploading(bench):
    one = bench()
    diagnostics(one)
    one.station.call(call.DiagnosticsStatusNotification(status="Uploading"))
    assert one.said("DiagnosticsStatusNotification") == [{"status": "Uploading"}]
    return one


def test_TC_045_1_diagnostics_are_uploaded(uploading):
    uploading.station.call(call.DiagnosticsStatusNotification(status="Uploaded"))
    assert uploading.said("DiagnosticsStatusNotification")[1:] == [{"status": "Uploaded"}]


def test_TC_045_2_diagnostics_cannot_be_uploaded(uploading):
    uploading.station.call(call.DiagnosticsStatusNotification(status="UploadFailed"))
    assert uploading.said("DiagnosticsStatusNotification")[1:] == [{"status": "UploadFailed"}]
