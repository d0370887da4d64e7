"""Wall clocks that are set while programs run, and one that was not set yet: no step moves energy,
and records that are dated later are dated right."""

import os
import re

import books
from clock import FastClock, local
from house import topic
from patience import PATIENCE, until
from recording import BEGIN, SOURCES
from suite import FULL, assert_exact, figure, outbox_records, scaled, wait_booked

SECOND, MINUTE, HOUR = 1000, 60000, 3600000
STEP = 2 * HOUR
ALL_FACTS = {"fact_days": 0}
RATE = 10  # of all time here
QUICK = 60  # of that which has to pass
PATIENT = {"keepalive_s": 3600}  # also at that rate
POWER = 36000  # W, all the time: an index is a time
MS_PER_WH = 3600000 // POWER
# An answer came at some moment of its request, which may take a second of ours.
NEAR = scaled(QUICK, RATE) * SECOND * PATIENCE


class Site:
    """A PAC collector on a machine whose wall clock may be `wrong_by`, and an aggregator on one
    with the right time. The collector's machine started `up` seconds ago, by default as ours. The
    meter's power is constant."""

    def __init__(self, house, at, wrong_by=0, up=None):
        self.house = house
        self.right = FastClock(house.folder, at, RATE)
        self.theirs = FastClock(house.folder, at, RATE, up)
        self.theirs.set(self.right.ms() + wrong_by)
        self.watcher = house.watch("health", "zone/self/+", "collector/#")
        house.clock = self.right
        self.aggregator = house.aggregator(store=ALL_FACTS, broker=PATIENT, publish_ms=1000)
        house.clock = self.theirs
        self.meters = house.meters(1, power=POWER, energy=1000000)
        zones = [{"zone": "self", "port": self.meters.ports[0]}]
        self.pac = house.pac("pac", zones, record_s=1, timeout_ms=10000, broker=PATIENT)
        self.watcher.wait(topic("collector/pac/self/status"), "online")

    def records(self):
        return [record for _, record in outbox_records(self.house, "pac")]

    def some_more(self, count=3):
        """Waits for so many records that are not there yet."""
        before = len(self.records())
        until(lambda: len(self.records()) >= before + count, 20, "records")

    def pass_time(self, seconds):
        """In full all of it, in less time; else it is gone at once."""
        clocks = self.right, self.theirs
        if not FULL:
            for each in clocks:
                each.skip(seconds)
            return
        for each in clocks:
            each.run(QUICK)
        clocks[0].sleep(seconds)
        for each in clocks:
            each.run(RATE)

    def step(self, ahead, expected):
        """Sets the collector's wall clock so far ahead of the right time, and waits until it logs the
        `expected` (an expression)."""
        before = len(re.findall(expected, self.pac.err))
        self.theirs.set(self.right.ms() + ahead)
        self.wait_logged(expected, before)

    def wait_logged(self, words, before=0):
        logged = lambda: len(re.findall(words, self.pac.err)) > before
        until(logged, 20, lambda: f"{words!r}: {self.pac.err}")

    def courses(self, *ahead):
        """How far ahead the times of the records were of the right ones, which follow from the
        index (at their begin, they were right by `ahead[0]`): each time that changes, to one of
        `ahead`. Never do they go back."""
        records = self.records()
        right = lambda record: record["wh"] * MS_PER_WH
        begin = records[0]["t"] - right(records[0]) - ahead[0]
        found = []
        for record in records:
            off = record["t"] - right(record) - begin
            nearest = min(ahead, key=lambda each: abs(each - off))
            assert abs(nearest - off) < NEAR, f"{record} is {off} ms ahead"
            if found[-1:] != [nearest]:
                found.append(nearest)
        times = [record["t"] for record in records]
        assert times == sorted(times)
        return found

    def rest(self, houses, collectors, what):
        """All is in the books, once; nothing else is."""
        wait_booked(self.house, collectors, 60)
        for each in (self.right, self.theirs):
            each.run(1)  # a second is left for what is to be sent before the end
        assert self.pac.stop(5) == 0
        wait_booked(self.house, collectors, 60)
        assert self.aggregator.stop(5) == 0
        self.house.clock = self.right
        facts, windows = assert_exact(houses, self.house, collectors, store=ALL_FACTS)
        booked = [count for _, count in books.facts(self.house.books, "pac/self")]
        records = self.records()
        energy = records[-1]["wh"] - records[0]["wh"]
        assert booked[-1] - booked[0] == round(energy * 1000)
        figure(f"{what}: {facts} facts, {windows} windows, {energy:.0f} Wh, difference 0")


def test_a_wall_clock_that_is_set_for_a_while_dates_nothing(houses):
    house = houses()
    site = Site(house, "2013-01-15 10:00")
    # Edges have their times with them: a recording is its own clock.
    fifo = house.folder / "edges"
    os.mkfifo(fifo)
    edges = os.open(fifo, os.O_RDWR)
    meter = house.meter("meter", SOURCES, fifo, broker=PATIENT)
    minutes = 0

    def pulses():
        nonlocal minutes
        begin = BEGIN + 60 * minutes
        os.write(edges, f"{begin} global.pulse 1\n{begin + 1} global.pulse 0\n".encode())
        os.write(edges, f"{begin + 2} global.top 1\n{begin + 3} global.top 0\n".encode())
        minutes += 1
        until(lambda: len(signals()) == minutes, 20, "record of the meter")

    def signals():
        records = [record for _, record in outbox_records(house, "meter")]
        return [record["t"] for record in records if record["mark"] == "top10"]

    site.watcher.wait(topic("collector/meter/status"), "online")
    for ahead, way in ((STEP, "forward"), (-STEP, "back")):
        site.some_more()
        pulses()
        site.step(ahead, rf"the clock was set (7199\.|7200\.)... s {way}; times go on as before")
        site.some_more()
        pulses()
        site.step(0, "the clock was set right again: times went on as before")
    site.some_more()
    assert site.courses(0, STEP, -STEP) == [0]
    assert signals() == [(BEGIN + 60 * minute + 2) * SECOND for minute in range(minutes)]
    assert meter.stop(5) == 0
    os.close(edges)
    site.rest(houses, ["pac", "meter"], "wall clock set 2 h forward and back for a while")


def test_a_wall_clock_that_stays_set_is_followed_and_no_energy_moves(houses):
    house = houses()
    # It begins two hours behind.
    site = Site(house, "2013-01-15 10:00", -STEP)
    follows = r"the clock has stayed 7(199|200)\.... s {} for 5 minutes: times follow it now"
    site.some_more()

    # Set right.
    site.step(0, r"7(199|200)\.... s forward; times go on as before")
    site.some_more()
    site.pass_time(300)
    site.wait_logged(follows.format("forward"))
    site.some_more()
    assert site.courses(-STEP, 0, STEP) == [-STEP, 0]

    # Set wrong: facts of the future, which are refused.
    site.step(STEP, r"7(199|200)\.... s forward; times go on as before")
    site.pass_time(300)
    site.wait_logged(follows.format("forward"), 1)
    site.some_more()
    # The aggregator has had this record when it has refused what came after it.
    ahead = site.records()[-1]
    before = site.watcher.value(topic("health"))["rejected"]
    after = lambda health: health["rejected"] > before + 10
    health = site.watcher.wait(topic("health"), after, 20)
    assert "lies more than 10 minutes in the future" in health["last_rejected"]["reason"]
    ack = site.watcher.value(topic("collector/pac/ack"))
    assert ack["seq"] < ahead["seq"]

    # Set right again: no record until that time has come, and then one of all of it.
    site.step(0, r"7(199|200)\.... s back; times go on as before")
    site.pass_time(300)
    site.wait_logged(follows.format("back"))
    site.wait_logged("self: records are withheld until the clock is past the newest one")
    withheld = lambda about: about["outbox"]["withheld"] > 3
    site.watcher.wait(topic("collector/pac/about"), withheld, 20)
    site.pass_time(STEP // SECOND)
    site.wait_logged("self: the clock is past the newest record: records go on")
    site.some_more()
    taken = lambda ack: ack["seq"] > ahead["seq"]
    site.watcher.wait(topic("collector/pac/ack"), taken, 120)
    assert site.courses(-STEP, 0, STEP) == [-STEP, 0, STEP, 0]
    site.rest(houses, ["pac"], "wall clock set 2 h forward, forward and back to stay")


def test_records_of_the_forty_minutes_before_the_time_was_known_are_dated_right(houses):
    house = houses()
    # As long after the start of the machine as after 1970, so that no time-out may mistake one clock
    # for the other.
    wrong = local("1970-01-01 01:20") - local("2013-01-15 10:00")
    site = Site(house, "2013-01-15 10:00", wrong, up=20 * 60)
    about = topic("collector/pac/about")
    unknown = "the clock was not set yet: it is before 2012; records are kept"
    site.wait_logged(unknown)
    before = site.watcher.wait(about, lambda about: about["outbox"]["waiting"] > 10, 20)["outbox"]
    site.pass_time(1200)
    # Killed meanwhile: it is the same start of the machine.
    site.pac.kill()
    site.pac = house.again(site.pac)
    site.wait_logged(unknown)
    site.pass_time(1200)
    more = lambda about: about["outbox"]["waiting"] > before["waiting"] + 10
    site.watcher.wait(about, more, 20)
    assert not site.records() and site.watcher.value(topic("collector/pac/ack")) is None
    assert site.watcher.value(topic("collector/pac/self/live")) is None

    site.step(0, "the clock is known")
    site.some_more(15)
    records = site.records()
    begin = local("2013-01-15 10:00")
    assert begin <= records[0]["t"] < begin + NEAR + 10 * SECOND
    assert records[-1]["t"] >= begin + 40 * MINUTE
    assert site.courses(0, STEP) == [0]
    assert site.watcher.value(about)["outbox"]["undated"] == 0
    site.rest(houses, ["pac"], f"{len(records)} records since 40 minutes before the time was known")
    first = begin + 10 * MINUTE
    windows = books.windows(house.books, "self", first, first + 20 * MINUTE)
    assert len(windows) == 2
    for _, _, energy, *_ in windows:
        assert abs(energy - POWER * 1000 // 6) < POWER * NEAR // 3600


def test_the_aggregators_clock_moves_no_energy_and_refuses_what_is_to_come(houses):
    house = houses()
    site = Site(house, "2013-01-15 22:30")
    health = lambda condition: site.watcher.wait(topic("health"), condition, 20)
    day = lambda date: site.watcher.wait(topic("zone/self/day"), lambda day: day["day"] == date, 20)
    accepted = health(lambda health: health["accepted"] > 3)["accepted"]
    now = lambda: site.theirs.ms()

    site.right.set(now() + STEP)
    health(lambda health: health["clock_steps"] == 1)
    assert day("2013-01-16")["energy_kwh"] == 0
    accepted = health(lambda health: health["accepted"] > accepted + 3)["accepted"]
    before = site.watcher.value(topic("zone/self/energy_kwh"))
    site.right.set(now())
    health(lambda health: health["clock_steps"] == 2)
    assert day("2013-01-15")["energy_kwh"] >= before

    site.right.set(now() - STEP)
    health(lambda health: health["clock_steps"] == 3)
    refused = health(lambda health: health["rejected"] > 3)
    assert "lies more than 10 minutes in the future" in refused["last_rejected"]["reason"]
    first = site.records()[-1]["seq"]
    site.some_more()
    assert site.watcher.value(topic("collector/pac/ack"))["seq"] <= first
    assert health(lambda _: True)["accepted"] < first + 3

    site.right.set(now())
    health(lambda health: health["clock_steps"] == 4)
    # By themselves they come again.
    newest = site.records()[-1]["seq"]
    site.watcher.wait(topic("collector/pac/ack"), lambda ack: ack["seq"] >= newest, 60)
    energies = site.watcher.values(topic("zone/self/energy_kwh"))
    assert energies == sorted(energies)
    site.rest(houses, ["pac"], "the aggregator's wall clock set 2 h forward and back, twice")
