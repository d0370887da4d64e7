"""A simulated GPIO chip (gpio-sim) of the guest, and recordings that are played on its lines."""

import subprocess
import time
from pathlib import Path

from house import BUILD

LABEL = "meter"
LINES = ("pulse", "top", "off-peak", "peak")  # of offset 0, 1, …


class Chip:
    """The chip exists from the constructor, and again after vanish() and appear(). `name` is its
    current device name in /dev."""

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
        """Configuration of the main meter on these lines, for collector-meter."""
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
        """Plays the recording at its times, or from now on. Returns the number of edges. Without a
        time-out: an hour of simulated time may take a second."""
        argv = [BUILD / "sim/gpio-play", *["--now"] * now]
        argv += [f"global.{line}={self._pull(line)}" for line in LINES]
        played = subprocess.run(argv, input=recording, capture_output=True, text=True)
        assert played.returncode == 0, played.stderr
        return int(played.stdout.split()[0])


def set_wall_clock(ms):
    """Sets the wall clock of the guest. It differs from CLOCK_MONOTONIC by whole milliseconds, so that
    an edge at a full millisecond of one clock is at one of the other."""
    offset = ms * 1000000 - time.monotonic_ns()
    offset -= offset % 1000000
    time.clock_settime_ns(time.CLOCK_REALTIME, time.monotonic_ns() + offset)
