"""An OCPP 1.6 station built on PyPI's `ocpp` (which checks every frame against the schemas) and `websockets`.

All stations of a test run live on one event loop of their own thread, so that tests read from top to bottom.
"""

import asyncio
import base64
import itertools
import json
import logging
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import quote

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import connect

from .recorder import RecordedConnection

logging.getLogger("ocpp").setLevel(logging.CRITICAL)

_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, name="stations", daemon=True).start()


def _run(coroutine, seconds=30):
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, seconds), _loop).result(seconds + 5)


def now(offset=0):
    """An instant as stations write it, `offset` seconds from now, with milliseconds; a whole second as the platform writes it."""
    at = datetime.now(timezone.utc) + timedelta(seconds=offset)
    return at.isoformat(timespec="milliseconds").replace(".000+", "+").replace("+00:00", "Z")


SETTINGS = {
    "NumberOfConnectors": "1",
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleMaxPeriods": "96",
    "MaxChargingProfilesInstalled": "8",
    "MeterValueSampleInterval": "60",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import",
}


def _configuration(fields):
    wanted = fields.get("key") or list(SETTINGS)
    known = [{"key": key, "value": SETTINGS[key], "readonly": False} for key in wanted if key in SETTINGS]
    return call_result.GetConfiguration(
        configuration_key=known, unknown_key=[key for key in wanted if key not in SETTINGS] or None)


# What an obliging station says; a test puts its own answers beside these.
_ANSWERS = {
    "CertificateSigned": call_result.CertificateSigned("Accepted"),
    "CancelReservation": call_result.CancelReservation("Accepted"),
    "ChangeAvailability": call_result.ChangeAvailability("Accepted"),
    "ChangeConfiguration": call_result.ChangeConfiguration("Accepted"),
    "ClearCache": call_result.ClearCache("Accepted"),
    "ClearChargingProfile": call_result.ClearChargingProfile("Accepted"),
    "DataTransfer": call_result.DataTransfer("UnknownVendorId"),
    "DeleteCertificate": call_result.DeleteCertificate("Accepted"),
    "ExtendedTriggerMessage": call_result.ExtendedTriggerMessage("Accepted"),
    "GetCompositeSchedule": call_result.GetCompositeSchedule("Rejected"),
    "GetConfiguration": _configuration,
    "GetDiagnostics": call_result.GetDiagnostics(),
    "GetInstalledCertificateIds": call_result.GetInstalledCertificateIds("NotFound"),
    "GetLog": call_result.GetLog("Accepted", "log.zip"),
    "GetLocalListVersion": call_result.GetLocalListVersion(-1),
    "GetLog": call_result.GetLog("Accepted"),
    "InstallCertificate": call_result.InstallCertificate("Accepted"),
    "RemoteStartTransaction": call_result.RemoteStartTransaction("Accepted"),
    "RemoteStopTransaction": call_result.RemoteStopTransaction("Accepted"),
    "ReserveNow": call_result.ReserveNow("Rejected"),
    "Reset": call_result.Reset("Accepted"),
    "SendLocalList": call_result.SendLocalList("NotSupported"),
    "SignedUpdateFirmware": call_result.SignedUpdateFirmware("Accepted"),
    "SetChargingProfile": call_result.SetChargingProfile("Accepted"),
    "TriggerMessage": call_result.TriggerMessage("Accepted"),
    "UnlockConnector": call_result.UnlockConnector("Unlocked"),
    "UpdateFirmware": call_result.UpdateFirmware(),
}


class _Peer(ChargePoint):
    """The library's charge point with answers that a test may change."""

    def __init__(self, identity, socket, answers):
        self.answers = answers
        super().__init__(identity, socket, response_timeout=20)


def _handler(action):
    def handle(self, **fields):
        answer = self.answers.get(action, _ANSWERS[action])
        return answer(fields) if callable(answer) else answer
    handle.__name__ = "on_" + action  # the library finds handlers by their names
    return on(action)(handle)


for _action in _ANSWERS:
    setattr(_Peer, "on_" + _action, _handler(_action))


class _Recorded:
    """A socket that keeps the frames of both directions."""

    def __init__(self, socket, station):
        self.socket, self.station = socket, station

    async def recv(self):
        frame = await self.socket.recv()
        self.station.incoming.append(frame)
        return frame

    async def send(self, frame):
        self.station.outgoing.append(frame)
        await self.socket.send(frame)


class Station:
    def __init__(self, port, identity, password=None, subprotocols=("ocpp1.6",), tls=None, user=None):
        """`tls`: an `ssl` context, for a listener that wants TLS. `user`: a name beside the password that is not its own."""
        self.port, self.identity, self.password, self.subprotocols = port, identity, password, subprotocols
        self.tls = tls
        self.user = user or identity
        self.answers = {}
        self.incoming, self.outgoing = [], []
        self.socket = self.peer = self._reader = None

    # MARK: Connection

    def connect(self):
        _run(self._connect())
        return self

    async def _connect(self):
        headers = {}
        if self.password is not None:
            secret = self.password if isinstance(self.password, bytes) else self.password.encode()
            headers["Authorization"] = "Basic " + base64.b64encode(self.user.encode() + b":" + secret).decode()
        scheme, secure = ("ws", {}) if self.tls is None else ("wss", {"ssl": self.tls})
        self.socket = await connect(
            f"{scheme}://localhost:{self.port}/ocpp/{quote(self.identity, safe='')}",
            subprotocols=list(self.subprotocols), additional_headers=headers, ping_interval=None, close_timeout=2,
            host="127.0.0.1", create_connection=RecordedConnection, **secure)
        self.peer = self._make_peer(_Recorded(self.socket, self))
        self._reader = asyncio.ensure_future(self._read(self.peer))

    def _make_peer(self, socket):
        return _Peer(self.identity, socket, self.answers)

    @staticmethod
    async def _read(peer):
        try:
            await peer.start()
        except Exception:  # noqa: BLE001 - the socket ended; `closed` tells how
            pass

    def close(self):
        if self.socket is not None:
            _run(self.socket.close())

    def cut(self):
        """The end of the TCP connection without a word."""
        _loop.call_soon_threadsafe(self.socket.transport.abort)

    @property
    def is_closed(self):
        return self.socket.close_code is not None

    # MARK: Messages

    def call(self, request, message_id=None):
        """The answer as the library's dataclass; a CALLERROR raises the library's exception."""
        return _run(self.calling(request, message_id))

    async def calling(self, request, message_id=None):
        """The library waits its whole time-out on a socket that has ended; a station of ours knows at once."""
        answer = asyncio.ensure_future(self.peer.call(request, suppress=False, unique_id=message_id))
        await asyncio.wait({answer, self._reader}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            # What came just before the end may still be on its way through the library.
            await asyncio.wait({answer}, timeout=0.1)
        if not answer.done():
            answer.cancel()
            raise ConnectionError(f"{self.identity}: the connection ended before the answer")
        return answer.result()

    def send(self, frame):
        """Any text or bytes, as one frame."""
        async def text():
            self.outgoing.append(frame)
            await self.socket.send(frame)
        _run(text())

    def heard(self, action):
        """Payloads of the platform's calls of one action, oldest first, decimals exact."""
        return [frame[3] for frame in self.frames() if frame[0] == 2 and frame[2] == action]

    def frames(self):
        return [json.loads(frame, parse_float=Decimal) for frame in list(self.incoming)]

    def answers_to(self, message_id):
        return [frame for frame in self.frames() if frame[0] in (3, 4) and frame[1] == message_id]

    # MARK: Words of a station

    def boot(self, **fields):
        fields = {"charge_point_vendor": "Peer", "charge_point_model": "P7", **fields}
        return self.call(call.BootNotification(**fields))

    def heartbeat(self):
        return self.call(call.Heartbeat())

    def authorize(self, tag):
        return self.call(call.Authorize(id_tag=tag)).id_tag_info["status"]

    def status(self, status, connector=1):
        return self.call(call.StatusNotification(connector_id=connector, error_code="NoError", status=status))

    def start(self, tag="TAG", register=0, at=None, connector=1, message_id=None):
        return self.call(
            call.StartTransaction(
                connector_id=connector, id_tag=tag, meter_start=register, timestamp=at or now()), message_id)

    def meter(self, transaction, register, power=None, at=None, connector=1, message_id=None):
        return self.call(meter_values(transaction, register, power, at, connector), message_id)

    def stop(self, transaction, register, at=None, tag=None, reason="Local", message_id=None):
        return self.call(
            call.StopTransaction(
                transaction_id=transaction, meter_stop=register, timestamp=at or now(), id_tag=tag, reason=reason),
            message_id)


def meter_values(transaction, register, power=None, at=None, connector=1):
    """Register in Wh, power in W."""
    sampled = [{"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
    if power is not None:
        sampled.append({"value": str(power), "measurand": "Power.Active.Import", "unit": "W"})
    return call.MeterValues(
        connector_id=connector, transaction_id=transaction,
        meter_value=[{"timestamp": at or now(), "sampled_value": sampled}])


def at_once(work, items, seconds=120):
    """Runs `await work(item)` for all items on the stations' loop."""
    async def all_of_them():
        return await asyncio.gather(*(work(item) for item in items))
    return _run(all_of_them(), seconds)


_numbers = itertools.count(1)


def fresh(prefix="CP"):
    """A name that no other test of this run uses."""
    return f"{prefix}-{next(_numbers)}"
