"""A GPIO chip of the guest, gpio-sim's, whose lines the test moves; and recordings that are played
on them."""

import subprocess
import time
from pathlib import Path

from house import BUILD

LABEL = "meter"
LINES = ("pulse", "top", "off-peak", "peak")  # of offset 0, 1, …


class Chip:
    """The chip is there when this is, and again after vanish() and appear(); `name` is then its
    device's in /dev."""

    def __init__(self):
        self._settings = Path("/sys/kernel/config/gpio-sim", LABEL)
        bank = self._settings / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(len(LINES)))
        (bank / "label").write_text(LABEL)
        for offset, name in enumerate(LINES):
            line = bank / f"line{offset}"
            line.mkdir()
            (line / "name").write_text(name)
        self.appear()

    def appear(self):
        (self._settings / "live").write_text("1")
        self.name = (self._settings / "bank0/chip_name").read_text().strip()
        device = (self._settings / "dev_name").read_text().strip()
        self._device = Path("/sys/devices/platform", device, self.name)

    def vanish(self):
        (self._settings / "live").write_text("0")

    def remove(self):
        self.vanish()
        for folder in (*self._settings.glob("bank0/line*"), self._settings / "bank0"):
            folder.rmdir()
        self._settings.rmdir()

    def _pull(self, line):
        return self._device / f"sim_gpio{LINES.index(line)}/pull"

    def set(self, line, level):
        self._pull(line).write_text("pull-up" if level else "pull-down")

    def source(self, **settings):
        """The main meter on these lines, for the configuration of a collector-meter."""
        lines = {
            name.replace("-", "_"): {"chip": LABEL, "offset": offset}
            for offset, name in enumerate(LINES)
        }
        return {
            "source": "global",
            "label": "Global",
            "role": "main",
            "nominal_w": 480000,
            "wh_per_pulse": 80,
            **lines,
            **settings,
        }

    def play(self, recording, now=True):
        """Moves the lines until the recording is over; at its times, or from now on. Returns how
        many edges there were. There is no time-out: in simulated time an hour may be a second."""
        argv = [BUILD / "sim/gpio-play", *["--now"] * now]
        argv += [f"global.{line}={self._pull(line)}" for line in LINES]
        played = subprocess.run(argv, input=recording, capture_output=True, text=True)
        assert played.returncode == 0, played.stderr
        return int(played.stdout.split()[0])


def set_wall_clock(ms):
    """Of the guest, to a whole number of milliseconds from its CLOCK_MONOTONIC, so that edges at
    whole milliseconds of the one are so of the other."""
    offset = ms * 1000000 - time.monotonic_ns()
    offset -= offset % 1000000
    time.clock_settime_ns(time.CLOCK_REALTIME, time.monotonic_ns() + offset)
