"""Which of OCA's cases notice that a handler is replaced by an empty answer.

    python Tests/python/mutations.py [ACTION…]

Runs the cases of 1.6 once for each action that a station or the platform sends, with that action muted (`support/mutation.py`), and
prints what failed. Exit status 1 when a case passed all of it, boots and states aside, which every case needs.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# About who is let in: nothing but the boot could be muted.
DOOR = {"TC_085", "TC_086", "TC_087", "TC_088"}
STATION = [
    "Authorize", "BootNotification", "DataTransfer", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat",
    "LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification",
    "StartTransaction", "StatusNotification", "StopTransaction"]
PLATFORM = [
    "CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearCache", "ClearChargingProfile",
    "DeleteCertificate", "ExtendedTriggerMessage", "GetCompositeSchedule", "GetConfiguration", "GetDiagnostics",
    "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog", "InstallCertificate", "RemoteStartTransaction",
    "RemoteStopTransaction", "ReserveNow", "Reset", "SendLocalList", "SetChargingProfile", "SignedUpdateFirmware", "TriggerMessage",
    "UnlockConnector", "UpdateFirmware"]


def failed(action):
    """The cases that fail with it muted, as `TC_001`; `None`: with nothing muted."""
    files = sorted(map(str, (FOLDER / "conformance").glob("test_tc16_*.py")))
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE", *files],
        env={**os.environ, "TIDEWATT_MUTED": action or ""}, capture_output=True, text=True, check=False)
    return set(re.findall(r"^(?:FAILED|ERROR) \S+::test_(TC_\d+(?:_\d)?)_", ended.stdout, re.MULTILINE))


def main():
    cases = {
        name for path in (FOLDER / "conformance").glob("test_tc16_*.py")
        for name in re.findall(r"^def test_(TC_\d+(?:_\d)?)_", path.read_text(encoding="utf-8"), re.MULTILINE)}
    broken = failed(None)
    assert not broken, f"fail with nothing muted: {broken}"
    noticed = set()
    for action in sys.argv[1:] or STATION + PLATFORM:
        found = failed(action)
        shown = "all" if found == cases else " ".join(sorted(found)) or "NOBODY"
        print(f"{action}: {len(found)}: {shown}", flush=True)
        if action not in ("BootNotification", "StatusNotification"):
            noticed |= found
    unmoved = cases - noticed - DOOR
    if len(sys.argv) == 1 and unmoved:
        print("pass whatever is muted, but boots and states:", " ".join(sorted(unmoved)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
