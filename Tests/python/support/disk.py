"""A disk that fills up or hangs, under the data of a running program: `Tests/durability/forget.c`, preloaded."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "durability/forget.c"


@cache
def _library():
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    assert compiler, "apt-get install gcc"
    library = Path(tempfile.mkdtemp(prefix="tidewatt-disk-")) / "forget.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Disk:
    """What is written below `data` by a program that runs with `environment`."""

    def __init__(self, data):
        self.data = Path(data).resolve()
        self._room = self.data.parent / "disk-room"
        self._stuck = self.data.parent / "disk-stuck"

    @property
    def environment(self):
        return {
            "LD_PRELOAD": str(_library()), "FORGET_DATA": str(self.data), "FORGET_ROOM": str(self._room),
            "FORGET_STUCK": str(self._stuck)}

    def fill(self):
        """No byte fits any more."""
        self._room.write_text("0")

    def empty(self):
        self._room.unlink()

    def hang(self):
        """No sync ends any more."""
        self._stuck.write_text("")

    def go_on(self):
        self._stuck.unlink()
