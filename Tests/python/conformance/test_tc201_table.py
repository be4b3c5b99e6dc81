"""The table of cases says what is tested, no more and no less."""

import re
from pathlib import Path

from support.program import ROOT

TABLE = ROOT / "docs/standards/ocpp-2.0.1-cases.md"


def test_every_case_that_the_table_calls_tested_has_its_test_and_the_other_way_round():
    rows = dict(re.findall(r"^\| (TC_[A-Z]_\d+) \|.*\| ([^|]+) \|$", TABLE.read_text(), re.MULTILINE))
    named, twice = set(), []
    for file in sorted(Path(__file__).parent.glob("test_tc201_*.py")):
        for case in re.findall(r"^def test_(TC_[A-Z]_\d+)_", file.read_text(), re.MULTILINE):
            assert file.stem.endswith("_" + case[3].lower()), f"{case} is in {file.name}"
            twice += [case] if case in named else []
            named.add(case)
    for case, file in elsewhere(rows):
        found = re.findall(rf"^def test_\w*{case}_", (Path(__file__).parents[1] / file).read_text(), re.MULTILINE)
        assert len(found) == 1 and case not in named, f"{case} in {file}"
        named.add(case)
    assert not twice, f"tests of the same case: {twice}"
    assert {case for case, where in rows.items() if where != "not yet"} == named
    assert len(rows) == 251


def elsewhere(rows):
    """Cases that are tested with their feature, and the file."""
    return [(case, file[1]) for case, where in rows.items() if (file := re.match(r"`(test_\w+\.py)`", where))]
