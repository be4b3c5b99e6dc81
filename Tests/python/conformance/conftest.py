"""Stations of the cases; they leave when a case is over."""

import pytest

from support.bench16 import Bench


@pytest.fixture
def bench(shared):
    """A station of 1.6 that has come: `bench()`; `come=False`: one that has not connected yet."""
    made = []

    def make(*, server=shared, come=True, **options):
        made.append(Bench(server, **options))
        return made[-1].come() if come else made[-1]

    yield make
    for one in made:
        if one.station is not None:
            one.station.close()
