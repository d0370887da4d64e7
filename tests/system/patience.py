"""Waiting: always for a condition, never for a time; and time limits that hold on a busy machine."""

import os
import time
from pathlib import Path

PATIENCE = float(os.environ.get("PATIENCE", 1))
PRESSURE = [Path("/proc/pressure") / each for each in ("cpu", "io")]
ENOUGH = 5  # times as long, whatever the machine is busy with


def waited():
    """Seconds in which processes of this machine waited for a processor or for a disk; 0 if the
    kernel does not count them."""
    total = 0
    for file in PRESSURE:
        try:
            total += int(file.read_text().split("total=")[1].split()[0])
        except OSError:
            pass
    return total / 1e6


class Stopwatch:
    """Seconds since it was made, without those in which the machine was busy with something else.
    Programs keep their time limits on an idle machine; on a busy one nobody can measure them."""

    def __init__(self):
        self._began, self._waited = time.monotonic(), waited()

    def busy(self):
        return min(waited() - self._waited, time.monotonic() - self._began)

    def seconds(self):
        return time.monotonic() - self._began - self.busy()

    def over(self, limit):
        """Whether the limit, times PATIENCE, is exceeded."""
        limit *= PATIENCE
        elapsed = time.monotonic() - self._began
        return elapsed > limit and (self.seconds() > limit or elapsed > ENOUGH * limit)


def until(condition, timeout, what, pause=lambda: time.sleep(0.005)):
    """Waits until `condition()` is true and returns what it returned. `timeout` in seconds, `what`
    completes "no ... within"; a function is called for it. `pause` is called between two looks."""
    watch = Stopwatch()
    while not (result := condition()):
        if watch.over(timeout):
            what = what() if callable(what) else what
            raise AssertionError(f"no {what} within {timeout * PATIENCE:g} s")
        pause()
    return result
