"""A platform without the handlers that `TIDEWATT_MUTED` names, as `mutations.py` sets it: does a test notice?

A station's call of a muted action never reaches the platform and is answered `{}`; a muted call of the platform never reaches
the station, and the platform gets `{}` for it.
"""

import json
import os

MUTED = frozenset(filter(None, os.environ.get("TIDEWATT_MUTED", "").split(",")))


def _call(text):
    """Message id and action when it is a call of a muted one."""
    try:
        frame = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    if isinstance(frame, list) and len(frame) == 4 and frame[0] == 2 and isinstance(frame[2], str):
        return (frame[1], frame[2]) if frame[2] in MUTED else None
    return None


class Mutation:
    """Of one connection."""

    def __init__(self):
        self._unheard = set()

    def sent(self, text):
        """What goes out in its place: something harmless under the same id, so that an answer comes."""
        if not MUTED or not (call := _call(text)):
            return text
        self._unheard.add(call[0])
        if call[1] == "Heartbeat":
            return json.dumps([2, call[0], "DataTransfer", {"vendorId": "org.example.muted"}])
        return json.dumps([2, call[0], "Heartbeat", {}])

    def heard(self, text):
        """What the station hears in its place, `None` for nothing, and what is answered for it."""
        if not MUTED:
            return text, None
        if call := _call(text):
            return None, json.dumps([3, call[0], {}])
        frame = json.loads(text)
        if frame[0] in (3, 4) and frame[1] in self._unheard:
            self._unheard.discard(frame[1])
            return json.dumps([3, frame[1], {}]), None
        return text, None
