"""A site whose totals are known to the last watt-hour and pulse, to be disturbed."""

import sqlite3
import time

import books
from clock import FastClock
from house import topic
from patience import until
from recording import BEGIN, SOURCES, edges
from suite import assert_exact, booked_facts, expected_facts, outbox_records, wait_booked

STORE = {"fact_days": 0}  # recordings are old
RATE = 10
SLOW_MS = 20

# At 10:00 the price changes. The windows of the site end 30 s after those of the clock, as the tops
# of recordings do.
OPENED = "2026-01-13 09:59:30"
FIRST_PULSES = {"global": 1000, "gaz": 0}


class KnownSite:
    """PAC meters whose index steps at a command only, a recording of pulses after the other, the
    aggregator; the house's broker. `pac`: more of collector-pac's configuration.

    The programs' time runs faster than ours, so that a window ends while they are disturbed. Their
    disk is slow, so that a recording takes some seconds, and they are often caught in writing."""

    def __init__(self, house, dice, meters=4, minutes=300, sync_ms=SLOW_MS, **pac):
        self.house, self.dice, self.minutes = house, dice, minutes
        self.totals = [0] * meters
        self.recordings = []  # (the program that replays it, pulses of each of its sources)
        self.meters = house.meters(meters, power=0, energy=0)
        house.clock = FastClock(house.folder, OPENED)
        house.sync_ms = sync_ms
        zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(self.meters.ports)]
        self.aggregator = house.aggregator(store=STORE)
        self.pac = house.pac("pac", zones, **{"record_s": 1, "timeout_ms": 10000, **pac})
        self.aggregator.wait_err("connected", 20)
        self.pac.wait_err("answers", 20)
        house.clock.run(RATE)
        self.recording = minutes > 0  # another one whenever there is none

    # -------- what happens there --------

    def record(self):
        """Replays another recording, which begins at the end of the last one."""
        name = f"meters-{len(self.recordings) + 1}"
        begin = BEGIN + 60 * self.minutes * len(self.recordings)
        text, pulses = edges(self.minutes, self.dice, begin)
        program = self.house.meter(name, SOURCES, self.house.write(f"{name}.edges", text))
        self.recordings.append((program, pulses))

    @property
    def collectors(self):
        return ["pac", *[f"meters-{i}" for i in range(1, len(self.recordings) + 1)]]

    @property
    def meter(self):
        """The program that replays the newest recording."""
        return self.recordings[-1][0]

    def again(self, name):
        """Starts "meter", "pac" or "aggregator" once more, after its end."""
        program = self.house.again(getattr(self, name))
        if name == "meter":
            self.recordings[-1] = program, self.recordings[-1][1]
        else:
            setattr(self, name, program)

    def run_until(self, condition, timeout, what):
        """The meters count, and a recording is being replayed."""

        def turn():
            meter, wh = self.dice.randrange(len(self.totals)), self.dice.randrange(1, 500)
            self.meters.obey(f"{meter + 1} step {wh}")
            self.totals[meter] += wh
            if self.recording and not (self.recordings and self.meter.running):
                self.record()
            time.sleep(0.02)
            return condition()

        until(turn, timeout, what)

    def run(self, seconds):
        due = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= due, seconds + 10, "end of this time")

    def booked(self, collector):
        """How many facts of it are in the books."""
        query = "SELECT count(*) FROM facts JOIN sources ON id = source WHERE name LIKE ?"
        return books.rows(self.house.books, query, f"{collector}/%")[0][0]

    def recorded(self, collector):
        """How many records are in its outbox."""
        try:
            return books.rows(self.house.outbox(collector), "SELECT count(*) FROM record")[0][0]
        except sqlite3.OperationalError:
            return 0  # it is not there yet

    # -------- its end --------

    def rest(self):
        """All is recorded, all is booked, all programs have ended; each meter has a window, so that
        there are costs to be compared."""
        self.house.clock.run(6 * RATE)
        every = lambda: self._zones_with_windows() == len(self.totals)
        self.run_until(every, 60, "window of each meter")
        self.house.clock.run(RATE)
        newest = lambda: {name: record["wh"] for name, record in outbox_records(self.house, "pac")}
        totals = {f"zone-{i}": wh for i, wh in enumerate(self.totals)}
        until(lambda: newest() == totals, 30, lambda: f"records of {totals}: {newest()}")
        # A collector that is asked to end writes what it has; whether that leaves in time is
        # another matter. Without an answer of the meters there is nothing new after its start.
        self.meters.obey("refuse")
        assert self.pac.stop(10) == 0
        self.again("pac")
        self.pac.wait_err("connected", 20)
        self.house.watch("status").wait(topic("status"), "online", timeout=20)
        for number in range(len(self.recordings)):
            self._deliver(number)
        wait_booked(self.house, self.collectors, 60)
        assert self.pac.stop(10) == 0
        assert self.aggregator.stop(10) == 0

    def _zones_with_windows(self):
        query = (
            "SELECT count(DISTINCT name) FROM windows JOIN zones ON id = zone"
            " WHERE name LIKE 'zone-%'"
        )
        return books.rows(self.house.books, query)[0][0]

    def _deliver(self, number):
        """A collector that replays a recording while there is no aggregator ends with records in its
        outbox."""
        program, pulses = self.recordings[number]
        assert program.wait(60) == 0, program.err
        recorded = expected_facts(self.house, [f"meters-{number + 1}"])
        if recorded.items() <= booked_facts(self.house).items():
            return
        program = self.house.again(program)
        self.recordings[number] = program, pulses
        assert program.wait(60) == 0, program.err

    def assert_totals(self):
        """Each meter's newest fact has all that it has counted."""
        booked = sorted((t, name, count) for (name, t), count in booked_facts(self.house).items())
        newest = {name: count for _, name, count in booked}
        for i, wh in enumerate(self.totals):
            assert newest[f"pac/zone-{i}"] == wh * 1000
        for number, (_, pulses) in enumerate(self.recordings, 1):
            for source, first in FIRST_PULSES.items():
                assert newest[f"meters-{number}/{source}"] == first + pulses[source]

    def assert_exact(self, houses):
        """The oracle, and the totals; at rest. Returns the figures, as text."""
        facts, windows = assert_exact(houses, self.house, self.collectors, store=STORE)
        self.assert_totals()
        pulses = sum(sum(pulses.values()) for _, pulses in self.recordings)
        return (
            f"{facts} facts, {windows} windows, {sum(self.totals)} Wh and {pulses} pulses,"
            " difference 0, costs equal"
        )
