"""The table of use cases names tests that exist, and leaves no use case out."""

import re
from pathlib import Path

from support.program import ROOT

TABLE = ROOT / "docs/standards/ocpp-2.1-cases.md"
LAST = {"C": 25, "I": 12, "K": 29, "Q": 12, "R": 5, "S": 4}


def test_every_use_case_of_21_has_a_row_and_every_test_that_a_row_names_exists():
    rows = re.findall(r"^\| ([A-Z]\d\d) \| [^|]+ \| ([^|]+) \| ([^|]*) ?\|$", TABLE.read_text(), re.MULTILINE)
    assert [case for case, _, _ in rows] == [f"{b}{n:02}" for b, last in LAST.items() for n in range(1, last + 1)]
    missing = []
    for case, state, tests in rows:
        named = re.findall(r"`(\w+): ?([^`]*)`", tests)
        if state.strip() != "not yet" and not named:
            missing.append(f"{case} names no test")
        missing += [f"{case}: {file}: {words}" for file, words in named if not exists(file, words)]
    assert not missing


def exists(file, words):
    """A test of that file, or of that folder of Swift tests, whose name has these words."""
    tests = ROOT / "Tests"
    found = [*tests.rglob(f"{file}.py"), *tests.rglob(f"{file}.swift"), *(tests / file).glob("*.swift")]
    pattern = rf"def test_\w*{re.escape(words)}|func `[^`]*{re.escape(words)}" if words else "def test_|@Test"
    return any(re.search(pattern, one.read_text()) for one in found)
