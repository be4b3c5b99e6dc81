"""The tables of `docs/standards` that name a test a row, and the tests: neither may know of what the other does not."""

import re

import pytest

from support.program import ROOT

CASES = ROOT / "docs/standards/ocpp-1.6-cases.md"


def named(path):
    """Tests that a page names."""
    return set(re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8")))


def written(pattern="*.py"):
    """Test functions in Python, by name."""
    return {
        name for path in (ROOT / "Tests/python").rglob(pattern)
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("page", ["ocpp-1.6-cases.md", "robustness.md"])
def test_every_test_that_a_page_names_is_there(page):
    assert named(ROOT / "docs/standards" / page) - written() == set()


def test_every_case_of_1_6_has_its_row_and_its_test():
    rows = re.findall(r"^\| (TC_\w+) \|", CASES.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows)) == 77
    cases = {name for name in written("test_tc16_*.py") if name.startswith("test_TC_")}
    assert cases == named(CASES)
