"""What the central systems of this folder share: what they saw, their commands, and how they begin and end.

Made with PyPI's websockets and ocpp. Every frame is judged by the version's schemas and framing rules.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import websockets
from ocpp.charge_point import ChargePoint
from websockets.asyncio.server import ServerConnection, serve

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support.recorder import Conversation, judge  # noqa: E402

actions: dict[str, int] = {}
answers: dict[str, list[str]] = {}
faults: list[str] = []
background: set[asyncio.Task[None]] = set()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def seen(action: str) -> None:
    actions[action] = actions.get(action, 0) + 1


async def command(station: ChargePoint, name: str, request: Any) -> Any:
    """Sends it and keeps how it was answered; `None` when it was not."""
    try:
        answer = await station.call(request, suppress=False)
        answers.setdefault(name, []).append(getattr(answer, "status", None) or "answered")
        return answer
    except Exception as error:
        faults.append(f"{name}: {type(error).__name__} {error}")


def begin(commands: Any) -> None:
    """Lets a station's commands run beside its messages."""
    task = asyncio.create_task(commands)
    background.add(task)
    task.add_done_callback(background.discard)


class Recorded:
    """A socket whose frames are kept, both ways, as the station sees them."""

    def __init__(self, socket: ServerConnection, identity: str) -> None:
        self.socket, self.conversation = socket, Conversation(identity, socket.subprotocol)

    async def recv(self) -> Any:
        frame = await self.socket.recv()
        self.conversation.sent(frame)
        return frame

    async def send(self, frame: Any) -> None:
        self.conversation.heard(frame)
        await self.socket.send(frame)


def run(station: type[ChargePoint], subprotocol: str, report: Callable[[], dict[str, Any]]) -> None:
    """Prints `listening PORT`, serves until stdin ends, then prints one line of JSON: `report` with what was seen."""

    async def connected(socket: ServerConnection) -> None:
        identity = socket.request.path.rsplit("/", 1)[1]
        peer = station(identity, Recorded(socket, identity), response_timeout=10)
        try:
            await peer.start()
        except websockets.ConnectionClosed as closed:
            if not closed.rcvd or closed.rcvd.code not in (1000, 1001):
                faults.append(f"closed with {closed}")
        except Exception as error:
            faults.append(f"{type(error).__name__} {error}")

    async def main() -> None:
        async with serve(connected, "127.0.0.1", 0, subprotocols=[subprotocol]) as server:
            print("listening", server.sockets[0].getsockname()[1], flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        ours, stations = judge()
        faults.extend(ours + stations)
        print(json.dumps({"actions": actions, "answers": answers, **report(), "faults": faults}))

    asyncio.run(main())
