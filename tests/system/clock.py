"""The programs' clock: that of the machine, or set to another time with tests/faults/clocks.c."""

import mmap
import os
import struct
import subprocess
import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


@lru_cache(None)
def sanitizer_library(program, names=("libasan", "libtsan")):
    """The sanitizer must be loaded before all other libraries."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    words = [line.split() for line in shown.splitlines()]
    return " ".join(line[2] for line in words if line[0].startswith(names))


def loaded(program, library):
    """The value of LD_PRELOAD that puts our `library` into the program. The address sanitizer has to
    be before it. The thread sanitizer has to be behind it: it calls the C library's functions by
    their versions, past ours."""
    return f"{sanitizer_library(program, 'libasan')} {library}".strip()


class Clock:
    """Runs on from the local time `at` ("2013-01-15 23:59:30"), or is the machine's. `folder` is for
    its files."""

    def __init__(self, folder, at=None):
        self._folder = folder
        self.offset_s = 0
        if at:
            self.set(local(at))

    def set(self, ms):
        """For the programs that start from now on."""
        self.offset_s = int(ms / 1000 - time.time())

    def ms(self):
        """Now, as in facts."""
        return int((time.time() + self.offset_s) * 1000)

    def environment(self, program):
        """What makes `program` see this time. Intervals and time-outs are the machine's."""
        if not self.offset_s:
            return {}
        clock = FastClock(self._folder, "2013-01-15 12:00")
        clock.set(self.ms())
        return clock.environment(program)


class FastClock:
    """Of programs whose time runs `rate` times as fast as ours, from the local time `at` on, and
    whose wall clock can be set while they run: tests/faults/clocks.c. `folder` is for its file. Their
    machine started `up` seconds before, by default when ours did."""

    count = 0

    def __init__(self, folder, at, rate=1, up=None):
        FastClock.count += 1
        self._file = folder / f"clock-{FastClock.count}"
        self._file.write_bytes(bytes(40))
        with open(self._file, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 40)
        self._turn = 0
        self._begin = time.monotonic_ns()
        self._monotonic = self._begin if up is None else up * 10**9
        self._wall = local(at) * 1000000
        self._rate = rate
        self._write()

    def _write(self):
        self._shared[:8] = struct.pack("q", self._turn + 1)
        values = self._begin, self._rate, self._monotonic, self._wall
        self._shared[8:] = struct.pack("4q", *values)
        self._turn += 2
        self._shared[:8] = struct.pack("q", self._turn)

    def _go_on(self):
        now = time.monotonic_ns()
        passed = (now - self._begin) * self._rate
        self._begin = now
        self._monotonic += passed
        self._wall += passed

    def run(self, rate):
        """Runs so fast from now on."""
        self._go_on()
        self._rate = rate
        self._write()

    def set(self, ms):
        """The wall clock; no other one steps."""
        self._go_on()
        self._wall = ms * 1000000
        self._write()

    def skip(self, seconds):
        """All clocks at once: as if a virtual machine had been suspended for so long."""
        self._go_on()
        self._monotonic += seconds * 10**9
        self._wall += seconds * 10**9
        self._write()

    def ms(self):
        """Now, as in facts."""
        return (self._wall + (time.monotonic_ns() - self._begin) * self._rate) // 1000000

    def sleep(self, seconds):
        """Waits for so many seconds of these programs."""
        time.sleep(seconds / self._rate)

    def environment(self, program):
        library = Path(os.environ["BUILD"]) / "faults/clocks.so"
        return {
            "LD_PRELOAD": loaded(program, library),
            "CLOCKS": str(self._file),
        }


def local(text):
    """A local time of Paris in milliseconds: local("2013-01-15 08:00")."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


def iso(ms):
    """The same as published results write it."""
    return datetime.fromtimestamp(ms / 1000, PARIS).isoformat(
        timespec="milliseconds" if ms % 1000 else "seconds"
    )
