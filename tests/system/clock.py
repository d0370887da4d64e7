"""The programs' clock: that of the machine, or set to another time with libfaketime."""

import subprocess
import time
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


@lru_cache(None)
def faketime_library():
    """Where Debian puts it on this architecture: asked of the program that comes with it."""
    shown = subprocess.run(
        ["faketime", "-m", "now", "env"], check=True, capture_output=True, text=True
    ).stdout
    return next(line for line in shown.splitlines() if line.startswith("LD_PRELOAD="))[11:]


@lru_cache(None)
def sanitizer_library(program):
    """The sanitizer wants to be loaded before all other libraries."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    words = [line.split() for line in shown.splitlines()]
    return " ".join(line[2] for line in words if line[0].startswith(("libasan", "libtsan")))


class Clock:
    """Runs on from the local time `at` ("2013-01-15 23:59:30"), or tells the time."""

    def __init__(self, at=None):
        self.offset_s = 0
        if at:
            start = datetime.fromisoformat(at).replace(tzinfo=PARIS).timestamp()
            self.offset_s = int(start - time.time())

    def ms(self):
        """Now, as in facts."""
        return int((time.time() + self.offset_s) * 1000)

    def environment(self, program):
        """What makes `program` see this time."""
        if not self.offset_s:
            return {}
        return {
            "LD_PRELOAD": f"{sanitizer_library(program)} {faketime_library()}".strip(),
            "FAKETIME": f"{self.offset_s:+d}",
            # Intervals and time-outs are the machine's.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def local(text):
    """A local time of Paris in milliseconds: local("2013-01-15 08:00")."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


def iso(ms):
    """The same as published results write it."""
    return datetime.fromtimestamp(ms / 1000, PARIS).isoformat(
        timespec="milliseconds" if ms % 1000 else "seconds"
    )
