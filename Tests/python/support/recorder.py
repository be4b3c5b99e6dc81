"""Every frame between the platform and the stations of the tests, judged by the version's schemas and framing rules.

A test fails when the platform broke a rule (fixture `judged` of `conftest.py`). It fails as well when one of its own
stations did, unless it is marked `misbehaves`: what a station says wrong must be wrong on purpose.

Frames are only kept while they pass, and judged when the test is over: stations stay as quick as they are.
"""

import itertools
import json
import re
import threading
import time
from collections import defaultdict, deque

from websockets.asyncio.client import ClientConnection as _Connection
from websockets.sync.client import ClientConnection as _ThreadConnection
from websockets.sync.client import connect as _connect

from . import schemas
from .mutation import Mutation

# A second call of the platform so soon after one that is unanswered was not sent because of a time-out.
_NO_TIME_OUT = 0.5  # seconds

# The beginning of a call, whatever follows.
_READABLE = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\]{1,36})"')

_lock = threading.Lock()
_unjudged = {}
_numbers = itertools.count()
_ids = {}


class Conversation:
    """The frames of one connection, as the station sees them."""

    def __init__(self, identity, version, is_prompt=True):
        """`version`: the sub-protocol that was agreed on, or `None`. `is_prompt`: frames are kept when they come, not later."""
        self.identity, self.version, self._is_prompt = identity, version, is_prompt
        self.mutation = Mutation()
        self._number = next(_numbers)
        self._frames = deque()
        self._asked = defaultdict(deque)  # by the station: actions by message id, oldest first
        self._ordered = {}  # by the platform: actions by message id
        self._open = None  # message id and instant of the platform's call that waits for its answer

    def sent(self, frame):
        self._keep(True, frame)

    def heard(self, frame):
        self._keep(False, frame)

    def _keep(self, by_station, frame):
        self._frames.append((by_station, time.monotonic(), frame))
        with _lock:
            _unjudged[self._number] = self

    def judge(self):
        """Faults of the platform and of the station in what came since the last time, in lines."""
        platform, station = [], []
        while self._frames:
            by_station, at, text = self._frames.popleft()
            wrong = self._of_station(text) if by_station else self._of_platform(text, at)
            if wrong:
                arrow = "→" if by_station else "←"
                line = f"{self.identity} {self.version} {arrow} {text[:300]!r}: {wrong}"
                (station if by_station else platform).append(line)
        return platform, station

    # MARK: Rules for both

    @staticmethod
    def _frame(text):
        """The frame, or what is wrong with it."""
        if not isinstance(text, str):
            return None, "a binary frame"
        try:
            frame = schemas.read(text)
        except (ValueError, RecursionError) as fault:
            return None, f"no strict JSON: {fault}"
        shapes = {2: 4, 3: 3, 4: 5, 5: 5, 6: 4}
        if not isinstance(frame, list) or not frame or type(frame[0]) is not int or len(frame) != shapes.get(frame[0]):
            return None, "no message of OCPP-J"
        if not isinstance(frame[1], str) or not 0 < len(frame[1]) <= 36:
            return None, "the message id must be a text of 1 to 36 characters"
        return frame, None

    def _error(self, frame):
        _, _, code, description, details = frame
        if code not in schemas.ERROR_CODES[self.version]:
            return f"{code!r} is no error code of {self.version}"
        if not isinstance(description, str) or len(description) > 255:
            return "the description must be a text of at most 255 characters"
        return None if isinstance(details, dict) else "the details must be an object"

    # MARK: Station → platform

    def _of_station(self, text):
        frame, wrong = self._frame(text)
        if wrong or self.version is None:
            self._expect_error(text)
            return wrong
        kind, message_id = frame[0], frame[1]
        if kind in (2, 6):
            action, payload = frame[2], frame[3]
            if kind == 2:
                self._asked[message_id].append(action)
            if kind == 6 and self.version != "ocpp2.1":
                return f"{self.version} has no SEND"
            if isinstance(action, str) and action.endswith("-Signed") and self.version != "ocpp1.6":
                return None  # what is signed is the platform's to look into
            return schemas.fault(self.version, action, payload)
        if kind == 5:
            return self._error(frame) if self.version == "ocpp2.1" else f"{self.version} has no CALLRESULTERROR"
        if self._open and self._open[0] == message_id:
            self._open = None
        action = self._ordered.pop(message_id, None)
        if action is None:
            return "an answer to nothing that was asked on this connection"
        return self._error(frame) if kind == 4 else schemas.fault(self.version, action, frame[2], is_answer=True)

    def _expect_error(self, text):
        """What is no message may be answered with an error all the same, when its id can be read."""
        if isinstance(text, str) and (found := _READABLE.match(text)):
            self._asked[found[1]].append(None)

    # MARK: Platform → station

    def _of_platform(self, text, at):
        frame, wrong = self._frame(text)
        if wrong or self.version is None:
            return wrong or "a message without a sub-protocol"
        kind, message_id = frame[0], frame[1]
        if kind == 2:
            return self._call(frame, text, at)
        if kind == 6:
            return "SEND is the station's"
        if kind == 5:
            return self._error(frame) if self.version == "ocpp2.1" else f"{self.version} has no CALLRESULTERROR"
        if not self._asked[message_id]:
            # What could not be read has no id: 2.x says "-1".
            unread = kind == 4 and message_id == "-1" and self.version != "ocpp1.6"
            return self._error(frame) if unread else "an answer to nothing that was asked on this connection"
        action = self._asked[message_id].popleft()
        if kind == 4:
            return self._error(frame)
        return schemas.fault(self.version, str(action).removesuffix("-Signed"), frame[2], is_answer=True)

    def _call(self, frame, text, at):
        _, message_id, action, payload = frame
        before, self._open = self._open, (message_id, at)
        self._ordered[message_id] = action
        if _ids.setdefault((self.identity, message_id), text) != text:
            return "a message id for a second message"
        if before and self._is_prompt and at - before[1] < _NO_TIME_OUT:
            return f"a second call while {before[0]} waits for its answer"
        return schemas.fault(self.version, action, payload)


def judge():
    """Faults of the platform and of the stations in all that passed since the last time."""
    with _lock:
        conversations = list(_unjudged.values())
        _unjudged.clear()
    platform, station = [], []
    for conversation in conversations:
        of_platform, of_station = conversation.judge()
        platform += of_platform
        station += of_station
    _ids.clear()
    return platform, station


def read_log(identity, version, messages):
    """Takes a station's message log of the API, newest first, for a conversation: for stations that are no Python."""
    conversation = Conversation(identity, version, is_prompt=False)
    for message in reversed(messages):
        (conversation.sent if message["direction"] == "in" else conversation.heard)(message["text"])
        if message["reply"] is not None:
            conversation.heard(json.dumps([3, message["message_id"], message["reply"]], default=float))


# MARK: Connections of websockets that are recorded


def _recorded(connection):
    """The conversation of a connection of `websockets`, made when its first frame passes."""
    if not hasattr(connection, "conversation"):
        identity = connection.request.path.rpartition("/")[2]
        is_prompt = isinstance(connection, _Connection)  # of the other kind, a test reads when it likes
        connection.conversation = Conversation(identity, connection.subprotocol, is_prompt)
    return connection.conversation


def _whole(parts, keep):
    """Fragments pass as they are; what they make together is kept when the last one is asked for."""
    made = []
    for part in parts:
        made.append(part)
        yield part
    keep(made[0][:0].join(made) if made else "")


class RecordedConnection(_Connection):
    """For `websockets.asyncio.client.connect(create_connection=…)`."""

    async def recv(self, decode=None):
        conversation = _recorded(self)
        while True:
            frame, reply = conversation.mutation.heard(await super().recv(decode))
            if reply is not None:
                await super().send(reply)
            if frame is not None:
                conversation.heard(frame)
                return frame

    async def send(self, message, **options):
        conversation = _recorded(self)
        conversation.sent(message)
        await super().send(conversation.mutation.sent(message), **options)


class _RecordedThreadConnection(_ThreadConnection):
    def recv(self, timeout=None, decode=None):
        frame = super().recv(timeout, decode)
        _recorded(self).heard(frame)
        return frame

    def send(self, message, **options):
        conversation = _recorded(self)
        if isinstance(message, (str, bytes)):
            conversation.sent(message)
            super().send(message, **options)
        else:
            super().send(_whole(message, conversation.sent), **options)


def connected(url, **options):
    """`websockets.sync.client.connect`, recorded."""
    return _connect(url, create_connection=_RecordedThreadConnection, **options)
