"""Bounded waiting for what another process does."""

import time


def until(condition, what, seconds=10.0, shown=None):
    """The first true value of `condition()`; fails with `what` and the last value, or `shown()`, when it does not come in
    time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {seconds:g} s: {what} (last: {shown() if shown else value!r})")
        time.sleep(0.05)
