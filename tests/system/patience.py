"""Waiting: always for a condition, never for a time."""

import os
import time

PATIENCE = float(os.environ.get("PATIENCE", 1))


def until(condition, timeout, what):
    """Waits until `condition()` is true and returns what it returned. `timeout` in seconds, `what`
    completes "no ... within"; a function is called for it."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not (result := condition()):
        if time.monotonic() > deadline:
            what = what() if callable(what) else what
            raise AssertionError(f"no {what} within {timeout * PATIENCE:g} s")
        time.sleep(0.005)
    return result
