"""Days of the school as edges of real GPIO lines, in simulated time: through the kernel,
collector-meter, a broker and the aggregator to the last digit."""

import os
import time
from pathlib import Path

import books
from chip import set_wall_clock
from clock import local
from house import topic
from patience import until
from winter_day_test import school_day

HOUR = 3600000
SLACK_NS = 20 * 10**9
WINDOW = 600000
START_UP = HOUR  # of simulated time, which passes quickly, before the day
PULSE_MWH = 80000

# Band -> its number in the books, and 1e-8 EUR/kWh.
BANDS = {
    "P": (1, 18152888),
    "HPH": (2, 9222356),
    "HCH": (3, 5826912),
    "HPE": (4, 5081804),
    "HCE": (5, 3168204),
}
MEASURED, SYNCHRONOUS = 0, 1
SOURCE_STATUS = "collector/poste/global/status"


class Day:
    """A day and its expected windows. `bands`: [(hour, band from then on), …], in hours since
    midnight."""

    def __init__(self, date, windows, bands):
        self.date = date
        self.count = windows
        self._bands = bands
        self.begin = local(f"{date} 00:00")
        self.end = self.begin + windows * WINDOW
        self.recording = school_day(date)

    def _band(self, t):
        return [name for hour, name in self._bands if t >= self.begin + hour * HOUR][-1]

    def windows(self):
        """The expected rows of the books, from the pulses of the recording."""
        pulses = [0] * self.count
        for line in self.recording.splitlines():
            t, name, level = line.split() if line[0] != "#" else ("0", "", "")
            position = int(float(t) * 1000 - self.begin) // WINDOW
            if name == "global.pulse" and level == "1" and position in range(self.count):
                pulses[position] += 1
        for position, number in enumerate(pulses):
            start = self.begin + position * WINDOW
            band, price = BANDS[self._band(start)]
            units, rest = divmod(number * PULSE_MWH * price, 10**6)
            yield (
                *(start, start + WINDOW, number * PULSE_MWH),
                *(units, rest, band, MEASURED, SYNCHRONOUS),
            )


def money(windows):
    """Cost of the windows, in 1e-8 EUR."""
    return sum(units + rest / 10**6 for _, _, _, units, rest, *_ in windows)


def idle(pid):
    """From now on a process wakes up periodically every 20 s only, not several times a second, so
    that a simulated day takes one minute instead of five. Events wake it at once, as ever. Not
    while it connects: the MQTT library waits for its own threads then."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        Path(f"/proc/{thread.name}/timerslack_ns").write_text(str(SLACK_NS))


def live(day, chip, house):
    """Plays the day to the house until its books have the expected windows. Returns kWh and EUR."""
    set_wall_clock(day.begin - START_UP)
    chip.set("off-peak", True)  # as at each of these midnights
    watcher = house.watch("status", SOURCE_STATUS)
    broker = {"keepalive_s": 600}  # idle programs wake up rarely
    aggregator = house.aggregator(publish_ms=60000, broker=broker)
    watcher.wait(topic("status"), "online")
    collector = house.meter("poste", [chip.source()], broker=broker)
    watcher.wait(topic(SOURCE_STATUS), "online")
    for program in [aggregator, collector, *house.broker.programs]:
        idle(program.pid)
    idle(os.getpid())  # this test's MQTT client

    assert time.time() * 1000 < day.begin, "the house was not ready before its day"
    chip.play(day.recording, now=False)

    expected = list(day.windows())
    booked = lambda: books.windows(house.books, "global", day.begin, day.end)
    until(lambda: booked() == expected, 60, lambda: f"{set(expected) ^ set(booked())}")
    return sum(mwh for _, _, mwh, *_ in booked()) / 10**6, round(money(booked())) / 10**8
