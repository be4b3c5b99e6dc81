"""Which of OCA's cases notice that a handler is replaced by an empty answer.

    python Tests/python/mutations.py 1.6 [ACTION…]
    python Tests/python/mutations.py 2.0.1 [BLOCK…]

1.6: runs its cases once for each action that a station or the platform sends, with that action muted (`support/mutation.py`), and
prints what failed. 2.0.1: runs the cases of each block with all that the block is about muted. Exit status 1 when a case passed all
of it, boots and states aside, which every case needs.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# About who is let in: nothing but the boot could be muted.
DOOR = {"TC_085", "TC_086", "TC_087", "TC_088", *(f"TC_A_0{n}" for n in range(1, 9))}
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


BLOCKS = {
    "a": ["SecurityEventNotification", "SignCertificate", "CertificateSigned", "SetVariables", "SetNetworkProfile", "TriggerMessage"],
    "b": ["BootNotification", "NotifyReport", "GetBaseReport", "GetReport", "GetVariables", "SetVariables", "SetNetworkProfile", "Reset",
          "TriggerMessage"],
    "c": ["Authorize", "ClearCache", "TransactionEvent"],
    "d": ["GetLocalListVersion", "SendLocalList"],
    "e": ["TransactionEvent", "GetTransactionStatus"],
    "f": ["RequestStartTransaction", "RequestStopTransaction", "TriggerMessage", "UnlockConnector"],
    "g": ["StatusNotification", "Heartbeat", "ChangeAvailability", "NotifyEvent"],
    "h": ["ReserveNow", "CancelReservation", "ReservationStatusUpdate"],
    "i": ["CostUpdated", "TransactionEvent"],
    "j": ["MeterValues", "TransactionEvent"],
    "k": ["NotifyChargingLimit", "ClearedChargingLimit", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule", "ReportChargingProfiles",
          "SetChargingProfile", "GetChargingProfiles", "ClearChargingProfile", "GetCompositeSchedule", "RequestStartTransaction"],
    "l": ["FirmwareStatusNotification", "PublishFirmwareStatusNotification", "UpdateFirmware", "PublishFirmware", "UnpublishFirmware"],
    "m": ["Get15118EVCertificate", "GetCertificateStatus", "InstallCertificate", "DeleteCertificate", "GetInstalledCertificateIds"],
    "n": ["LogStatusNotification", "NotifyEvent", "NotifyMonitoringReport", "NotifyCustomerInformation", "GetLog", "SetMonitoringBase",
          "SetMonitoringLevel", "SetVariableMonitoring", "ClearVariableMonitoring", "GetMonitoringReport", "CustomerInformation"],
    "o": ["NotifyDisplayMessages", "SetDisplayMessage", "GetDisplayMessages", "ClearDisplayMessage"],
    "p": ["DataTransfer", "TransactionEvent"],
}


def cases(pattern):
    return {
        name for path in (FOLDER / "conformance").glob(pattern)
        for name in re.findall(r"^(?:async )?def test_(TC_(?:[A-Z]_)?\d+(?:_\d)?)_", path.read_text(encoding="utf-8"), re.MULTILINE)}


def failed(pattern, muted):
    """The cases that fail without what is muted, as `TC_001` or `TC_A_01`."""
    files = sorted(map(str, (FOLDER / "conformance").glob(pattern)))
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "4", "--dist", "worksteal", "-p", "no:cacheprovider", "--tb=no", "-rfE", *files],
        env={**os.environ, "TIDEWATT_MUTED": ",".join(muted)}, capture_output=True, text=True, check=False)
    return set(re.findall(r"^(?:FAILED|ERROR) \S+::test_(TC_(?:[A-Z]_)?\d+(?:_\d)?)_", ended.stdout, re.MULTILINE))


def of_16(actions):
    """By action; the cases that no action moved."""
    every = cases("test_tc16_*.py")
    noticed = set()
    for action in actions or STATION + PLATFORM:
        found = failed("test_tc16_*.py", [action])
        shown = "all" if found == every else " ".join(sorted(found)) or "NOBODY"
        print(f"{action}: {len(found)}: {shown}", flush=True)
        if action not in ("BootNotification", "StatusNotification"):
            noticed |= found
    return set() if actions else every - noticed - DOOR


def of_201(blocks):
    """By block; the cases that pass without what their block is about."""
    unmoved = set()
    for block in blocks or BLOCKS:
        pattern = f"test_tc201_{block}.py"
        found = failed(pattern, BLOCKS[block])
        passed = cases(pattern) - found
        print(f"{block}: {len(found)} noticed; passed: {' '.join(sorted(passed)) or 'none'}", flush=True)
        unmoved |= passed - DOOR
    return unmoved


def main():
    version, *chosen = sys.argv[1:]
    if not chosen:
        broken = failed("test_tc16_*.py" if version == "1.6" else "test_tc201_?.py", [])
        assert not broken, f"fail with nothing muted: {broken}"
    unmoved = of_16(chosen) if version == "1.6" else of_201(chosen)
    if unmoved:
        print("pass whatever is muted, but boots and states:", " ".join(sorted(unmoved)))
    return bool(unmoved)


if __name__ == "__main__":
    sys.exit(main())
