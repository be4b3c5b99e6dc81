"""OCA cases of 2.0.1 for central systems, block L (firmware)."""

import itertools

from support.charger import both, soon
from support.station import now

_numbers = itertools.count(1)
SIGNED = {"signingCertificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          "signature": "c2lnbmF0dXJl"}
CHECKSUM = "d41d8cd98f00b204e9800998ecf8427e"
LOCATION = "https://files.example/firmware-2.bin"


def update(one, says="Accepted", retrieve=None, install=None):
    """Ordered by an operator; the number of the request."""
    known = len(one.heard("UpdateFirmware"))
    one.answers["UpdateFirmware"] = {"status": says}
    body = {"location": LOCATION, "signature": SIGNED["signature"], "signing_certificate": SIGNED["signingCertificate"]}
    done = one.api.post(
        one.path("/firmware"),
        {**body, **({"retrieve_at": retrieve} if retrieve else {}), **({"install_at": install} if install else {})},
        headers={"Prefer": "wait=10"})
    assert done["response"]["status"] == says
    (asked,) = one.heard("UpdateFirmware")[known:]
    image = asked["firmware"]
    assert image["location"] == LOCATION and {key: image[key] for key in SIGNED} == SIGNED
    assert ("installDateTime" in image) == bool(install) and image["retrieveDateTime"] >= (retrieve or now(-60))[:19]
    soon(lambda: one.job(asked["requestId"], "firmware"), ("accepted" if says.startswith("Accepted") else "refused", says))
    return asked["requestId"]


ENDS = {"Installed": "done", "Published": "done"}


def told(one, number, *words, kind="firmware", **more):
    action = {"firmware": "FirmwareStatusNotification", "publication": "PublishFirmwareStatusNotification"}[kind]
    for word in words:
        assert one.job(number, kind)[1] != word
        assert one.say(action, {"status": word, "requestId": number, **more}) == {}
        ended = "failed" if "Failed" in word or "Invalid" in word else ENDS.get(word, "running")
        assert one.job(number, kind) == (ended, word)


def rebooted(one, version="2.0"):
    """It comes back with the new firmware."""
    answer = one.say("BootNotification", {
        "reason": "FirmwareUpdate",
        "chargingStation": {"vendorName": "Peer", "model": "P7", "firmwareVersion": version}})
    assert answer["status"] == "Accepted"
    for evse in (1, 2):
        one.connector("Available", evse)
    assert one.shown()["boot"]["firmware"] == version and one.statuses() == {1: "Available", 2: "Available"}


LOADED = ["Downloading", "Downloaded", "SignatureVerified"]


def installed(one, number):
    told(one, number, "Installing", "InstallRebooting")
    rebooted(one)
    told(one, number, "Installed")


# MARK: Updates

@both
def test_TC_L_01_signed_firmware_is_installed(charger):
    one = charger()
    assert one.shown()["boot"]["firmware"] is None
    number = update(one)
    told(one, number, *LOADED)
    installed(one, number)


def test_TC_L_02_firmware_is_installed_at_a_later_time(charger):
    one = charger()
    number = update(one, install=now(3600))
    told(one, number, *LOADED, "InstallScheduled")
    installed(one, number)


def test_TC_L_03_firmware_is_fetched_at_a_later_time(charger):
    one = charger()
    number = update(one, retrieve=now(3600))
    told(one, number, "DownloadScheduled", *LOADED)
    installed(one, number)


def test_TC_L_04_a_revoked_signing_certificate_is_shown(charger):
    update(charger(), says="RevokedCertificate")


def alarmed(one, kind):
    events = one.api.get(one.path("/security-events"))["items"]
    return kind in [event["type"] for event in events]


def security(one, kind):
    assert not alarmed(one, kind)
    assert one.say("SecurityEventNotification", {"type": kind, "timestamp": now()}) == {}
    assert alarmed(one, kind)


def test_TC_L_05_an_invalid_signing_certificate_is_shown_and_told(charger):
    one = charger()
    update(one, says="InvalidCertificate")
    security(one, "InvalidFirmwareSigningCertificate")


@both
def test_TC_L_06_an_invalid_signature_is_shown_and_told(charger):
    one = charger()
    number = update(one)
    told(one, number, "Downloading", "Downloaded", "InvalidSignature")
    security(one, "InvalidFirmwareSignature")


def test_TC_L_07_firmware_that_cannot_be_fetched(charger):
    one = charger()
    told(one, update(one), "Downloading", "DownloadFailed")


def test_TC_L_08_firmware_that_is_found_wrong_while_it_is_installed(charger):
    one = charger()
    told(one, update(one), *LOADED, "Installing", "InstallVerificationFailed")


def test_TC_L_09_firmware_that_cannot_be_installed(charger):
    one = charger()
    number = update(one)
    told(one, number, *LOADED, "Installing", "InstallRebooting")
    rebooted(one, "1.0")
    told(one, number, "InstallationFailed")


def test_TC_L_10_a_newer_update_cancels_the_one_before(charger):
    one = charger()
    older = update(one)
    told(one, older, "Downloading")
    newer = update(one, says="AcceptedCanceled")
    soon(lambda: one.job(older, "firmware"), ("superseded", "Downloading"))
    told(one, newer, *LOADED)
    installed(one, newer)


def test_TC_L_11_an_update_that_cannot_be_cancelled_goes_on(charger):
    one = charger()
    first = update(one)
    told(one, first, "Downloading")
    update(one, says="Rejected")
    told(one, first, "Downloaded", "SignatureVerified")
    installed(one, first)


def test_TC_L_13_an_update_waits_for_the_transaction(charger):
    one = charger()
    transaction = one.transaction().charging()
    number = update(one)
    told(one, number, "DownloadScheduled")
    one.connector("Unavailable", 2)
    assert one.statuses() == {1: "Charging", 2: "Unavailable"} and transaction.shown()["status"] == "active"
    transaction.plugged_after().unplugged()
    transaction.ended_with("EVDisconnected")
    told(one, number, *LOADED)
    installed(one, number)


# MARK: Firmware that a local controller publishes

def publish(one):
    number = next(_numbers)
    one.order("PublishFirmware", {
        "requestId": number, "location": LOCATION, "checksum": CHECKSUM},
        {"status": "Accepted"}, says="Accepted")
    soon(lambda: one.job(number, "publication"), ("accepted", "Accepted"))
    return number


def published(one, number, *words, **more):
    told(one, number, *words, kind="publication", **more)


def test_TC_L_17_firmware_is_published(charger):
    one = charger()
    number = publish(one)
    published(one, number, "Downloading", "Downloaded", "ChecksumVerified")
    published(one, number, "Published", location=["http://controller.local/firmware-2.bin"])


def test_TC_L_19_published_firmware_with_a_wrong_checksum(charger):
    one = charger()
    published(one, publish(one), "Downloading", "Downloaded", "InvalidChecksum")


def test_TC_L_20_firmware_that_cannot_be_published(charger):
    one = charger()
    published(one, publish(one), "Downloading", "Downloaded", "ChecksumVerified", "PublishFailed")


def test_TC_L_24_published_firmware_that_cannot_be_fetched(charger):
    one = charger()
    published(one, publish(one), "Downloading", "DownloadFailed")


def unpublish(charger, word):
    one = charger()
    number = publish(one)
    if word != "DownloadOngoing":
        published(one, number, "Downloading", "Downloaded", "ChecksumVerified")
        published(one, number, "Published", location=["http://controller.local/firmware-2.bin"])
    before, said = one.job(number, "publication")
    one.order("UnpublishFirmware", {"checksum": CHECKSUM}, {"status": word}, says=word)
    soon(lambda: one.job(number, "publication"), (before if word == "DownloadOngoing" else "withdrawn", said))


def test_TC_L_21_firmware_is_withdrawn(charger):
    unpublish(charger, "Unpublished")


def test_TC_L_22_there_is_no_firmware_to_withdraw(charger):
    unpublish(charger, "NoFirmware")


def test_TC_L_23_firmware_that_is_being_fetched_is_not_withdrawn(charger):
    unpublish(charger, "DownloadOngoing")
