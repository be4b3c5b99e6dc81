"""The recorder itself: right frames pass, and each kind of wrong one is told of."""

import json

import pytest

from support.recorder import Conversation, judge

PROFILE = (
    '[2,"p","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,'
    '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",'
    '"chargingSchedulePeriod":[{"startPeriod":0,"limit":%s}]}}}]')
CLOCK = '{"currentTime":"2026-01-05T10:00:00Z"}'


def talk(version, *frames):
    """Judges a conversation: `>` before what the station sends, `<` before what it hears."""
    one = Conversation("TALK", version)
    for text in frames:
        (one.sent if text[0] == ">" else one.heard)(text[1:])
    return judge()


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_a_right_conversation_passes(version):
    reset = '{"type":"Soft"}' if version == "ocpp1.6" else '{"type":"Immediate"}'
    assert talk(
        version, '>[2,"1","Heartbeat",{}]', f'<[2,"a","Reset",{reset}]', f'<[3,"1",{CLOCK}]', '>[3,"a",{"status":"Accepted"}]',
        '<[2,"b","ClearCache",{}]', '>[4,"b","NotSupported","",{}]', '>[2,"2","Nonsense",{}]',
        '<[4,"2","NotImplemented","",{}]')[0] == []


@pytest.mark.parametrize("limit", ["6.1", "16", "0.3", "6.0"])
def test_decimals_are_exact(limit):
    assert talk("ocpp1.6", "<" + PROFILE % limit) == ([], [])
    assert "6.15" in talk("ocpp1.6", "<" + PROFILE % "6.15")[0][0]


@pytest.mark.parametrize(("version", "frames", "word"), [
    ("ocpp1.6", ['<[2,"a","Reset",{"type":"Gentle"}]'], "Gentle"),
    ("ocpp1.6", ['<[2,"a","Reset",{"type":"Soft","colour":1}]'], "colour"),
    ("ocpp1.6", ['<[2,"a","Reset",{"type":null}]'], "None"),
    ("ocpp1.6", ['<[2,"a","SetVariables",{}]'], "has no"),
    ("ocpp1.6", ['<[2,"' + "a" * 37 + '","ClearCache",{}]'], "36"),
    ("ocpp1.6", ['<[2,5,"ClearCache",{}]'], "36"),
    ("ocpp1.6", ['<[2,"a","ClearCache"]'], "no message"),
    ("ocpp1.6", ['<[2,"a","ClearCache",{"x":NaN}]'], "strict"),
    ("ocpp1.6", ['<[2,"a","Reset",{"type":"Soft","type":"Hard"}]'], "twice"),
    ("ocpp1.6", ['>[2,"1","Heartbeat",{}]', '<[3,"1",{}]'], "currentTime"),
    ("ocpp1.6", ['>[2,"1","Heartbeat",{}]', '<[3,"1",{"currentTime":"2026-01-05 10:00"}]'], "date-time"),
    ("ocpp1.6", ['>[2,"1","Heartbeat",{}]', f'<[3,"2",{CLOCK}]'], "nothing"),
    ("ocpp1.6", ['>[2,"1","Heartbeat",{}]', f'<[3,"1",{CLOCK}]', f'<[3,"1",{CLOCK}]'], "nothing"),
    ("ocpp1.6", ['>[2,"1","Heartbeat",{}]', '<[4,"1","FormatViolation","",{}]'], "FormatViolation"),
    ("ocpp2.0.1", ['>[2,"1","Heartbeat",{}]', '<[4,"1","FormationViolation","",{}]'], "FormationViolation"),
    ("ocpp2.1", ['>[2,"1","Heartbeat",{}]', '<[4,"1","InternalError","' + "x" * 256 + '",{}]'], "255"),
    ("ocpp2.1", ['>[2,"1","Heartbeat",{}]', '<[4,"1","InternalError","",null]'], "object"),
    ("ocpp1.6", ['<[2,"a","ClearCache",{}]', '<[2,"b","ClearCache",{}]'], "second call"),
    ("ocpp1.6", ['<[2,"a","ClearCache",{}]', '>[3,"a",{"status":"Accepted"}]', '<[2,"a","Reset",{"type":"Soft"}]'],
     "second message"),
    ("ocpp2.0.1", ['<[6,"a","NotifyPeriodicEventStream",{}]'], "SEND"),
    ("ocpp2.0.1", ['<[5,"a","InternalError","",{}]'], "CALLRESULTERROR"),
], ids=lambda value: value[-1][:60] if isinstance(value, list) else None)
def test_what_the_platform_sends_wrong_is_told(version, frames, word):
    platform, station = talk(version, *frames)
    assert len(platform) == 1 and word in platform[0] and station == []


@pytest.mark.parametrize(("frames", "word"), [
    (['>[2,"1","BootNotification",{}]'], "required"),
    (['>[3,"nobody",{}]'], "nothing"),
    (['<[2,"a","ClearCache",{}]', '>[3,"a",{"status":"Perhaps"}]'], "Perhaps"),
    ([">hello"], "strict"),
], ids=["call", "unasked", "answer", "garbage"])
def test_what_a_station_sends_wrong_is_told_apart(frames, word):
    platform, station = talk("ocpp1.6", *frames)
    assert platform == [] and len(station) == 1 and word in station[0]


def test_a_frame_is_judged_once():
    assert len(talk("ocpp1.6", '<[2,"a","Fly",{}]')[0]) == 1
    assert judge() == ([], [])


def test_bytes_are_no_message():
    one = Conversation("TALK", "ocpp1.6")
    one.heard(json.dumps([2, "a", "ClearCache", {}]).encode())
    assert "binary" in judge()[0][0]
