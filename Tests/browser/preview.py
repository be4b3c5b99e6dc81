"""Starts `console-preview`: the console and the API on invented data, no platform behind them."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def preview_program() -> str:
    named = os.environ.get("TIDEWATT_CONSOLE_PREVIEW")
    for candidate in [named, ROOT / ".build/release/console-preview", ROOT / ".build/debug/console-preview"]:
        if candidate and Path(candidate).exists():
            return str(candidate)
    pytest.fail("console-preview is not built: swift build --product console-preview")


class Preview:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen([preview_program(), *arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        assert line.startswith("listening http "), line
        self.url = "http://" + line.removeprefix("listening http ")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
