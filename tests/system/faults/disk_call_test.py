"""Each write, sync, rename and the like of an outbox and of the books fails once, or is the last
thing that the program does."""

import shutil
import sqlite3
from contextlib import closing

import books
from acker import Acker
from clock import FastClock
from faulty_disk import ENDED, KINDS, FaultyDisk
from house import topic
from patience import until
from recording import BEGIN, SOURCES, edges
from suite import assert_exact, figure, outbox_records, scaled

MINUTES = 30  # of each recording
SAMPLE = 12  # calls, shortened
RATE = 20  # what failed is tried again after 5 s
ALL_FACTS = {"fact_days": 0}  # recordings are old


class Service:
    """Restarts a program that ends on account of its disk, as a service manager does."""

    def __init__(self, house, start):
        self._house = house
        self.program = start()
        self.restarts = 0

    def look(self):
        """True while it runs."""
        if self.program.running:
            return True
        self.program.expect(ENDED)
        if self.program.wait() == 0:
            return False
        assert self.restarts < 2, f"it does not stay: {self.program.err}"
        self.restarts += 1
        self.program = self._house.again(self.program)
        return True


def cases(dice, count):
    """Call and kind of fault: all of them, or some."""
    everything = [(at, kind) for at in range(1, count + 1) for kind in KINDS]
    return scaled(everything, sorted(dice.sample(everything, SAMPLE)))


def assert_intact(file):
    """It opens, and was not taken for damaged."""
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(file.parent.glob("*damaged*"))


def spoil(house, name, number=0, *fault, copy=None):
    """A folder for outbox and books, empty or the copy of one, on a disk that is faulty for one
    program."""
    disk = house.folder / f"disk-{number}"
    if copy:
        shutil.copytree(copy, disk)
    else:
        disk.mkdir()
    house.keep_on(disk)
    house.disk_faults = FaultyDisk(house, name, disk, *fault)
    return house.disk_faults


def by_kind(calls):
    return ", ".join(f"{count} {what}" for what, count in calls.items() if count)


def report(what, tried, happened, restarts, calls):
    count = sum(calls.values())
    figure(
        f"{what}: an undisturbed run makes {count} calls ({by_kind(calls)}); {tried} of"
        f" {len(KINDS) * count} faults ({', '.join(KINDS)}) tried, {happened} happened, {restarts}"
        " restarts; every file opens, difference 0"
    )


# -------- the outbox --------


def replay_recording(house, recording, watcher):
    """A collector replays a recording, and the test acknowledges it. Returns the facts, and how often
    the collector had to be started again."""
    watcher.forget()
    acker = Acker(house, "meters", watcher)
    service = Service(house, lambda: house.meter("meters", SOURCES, recording))

    def over():
        if acker.take():
            acker.acknowledge()
        return not service.look()

    until(over, 30, lambda: f"end of the recording: {service.program.err}")
    acker.take()
    return acker.facts, service.restarts


def test_an_outbox_whose_calls_fail_or_are_the_last_one(house, seeded):
    recording = house.write("edges", edges(MINUTES, seeded)[0])
    watcher = house.watch("collector/meters/+/record")
    Acker(house, "meters", watcher).announce()
    house.clock = FastClock(house.folder, "2013-02-01 08:00", rate=RATE)
    quiet = spoil(house, "collector-meter")
    expected, _ = replay_recording(house, recording, watcher)
    calls, count = quiet.calls, quiet.seen
    assert all(calls[call] > 5 for call in ("write", "sync")), calls
    happened = restarts = 0
    chosen = cases(seeded, count)
    for number, (at, kind) in enumerate(chosen, 1):
        disk = spoil(house, "collector-meter", number, at, kind)
        print(f"call {at}: {kind}")
        facts, again = replay_recording(house, recording, watcher)
        assert facts == expected
        assert_intact(house.outbox("meters"))
        assert len(outbox_records(house, "meters")) == len(expected)
        happened += disk.happened
        restarts += again
    assert happened > 0.8 * len(chosen)
    report(f"outbox of {len(expected)} records", len(chosen), happened, restarts, calls)


# -------- the books --------


def recordings(house, dice):
    """Collector -> its recording, to be replayed one after the other."""
    begins = [BEGIN + 60 * MINUTES * number for number in range(2)]
    return {
        f"meters-{number}": house.write(f"{number}.edges", edges(MINUTES, dice, begin)[0])
        for number, begin in enumerate(begins, 1)
    }


def replay(house, name, recording):
    """A collector replays a recording with an aggregator that starts and ends with it. Returns how
    often that had to be started again."""
    service = Service(house, lambda: house.aggregator(store=ALL_FACTS))
    collector = house.meter(name, SOURCES, recording)

    def over():
        nonlocal collector
        service.look()
        if collector.running:
            return False
        assert collector.wait() == 0
        if "recording delivered" in collector.err:
            return True
        # There was no aggregator for a while.
        collector = house.again(collector)
        return False

    until(over, 60, lambda: f"end of the recording: {service.program.err}")
    assert service.program.stop(5) in (0, ENDED)
    service.program.expect(ENDED)
    return service.restarts


def replay_all(house, by_name):
    """Each recording in its turn. Returns how often the aggregator had to be started again."""
    return sum(replay(house, name, recording) for name, recording in by_name.items())


TABLES = ("facts", "period_signals", "contacts", "windows", "events")


def test_books_whose_calls_fail_or_are_the_last_one(houses, seeded):
    house = houses()
    by_name = recordings(house, seeded)
    house.clock = FastClock(house.folder, "2013-02-01 08:00", rate=RATE)
    quiet = spoil(house, "aggregator")
    replay_all(house, by_name)
    calls, count = quiet.calls, quiet.seen
    assert all(calls[call] > 5 for call in ("write", "sync")), calls
    facts, windows = assert_exact(houses, house, [*by_name], store=ALL_FACTS)
    expected = books.dump(house.books)
    happened = restarts = 0
    chosen = cases(seeded, count)
    for number, (at, kind) in enumerate(chosen, 1):
        disk = spoil(house, "aggregator", number, at, kind)
        print(f"call {at}: {kind}")
        restarts += replay_all(house, by_name)
        assert_intact(house.books)
        found = books.dump(house.books)
        for table in TABLES:
            assert found[table] == expected[table], f"{table} differ"
        happened += disk.happened
    # How many commits there are depends on how fast the machine is.
    assert happened > len(chosen) / 2
    report(f"books of {facts} facts, {windows} windows", len(chosen), happened, restarts, calls)


# -------- damaged books --------


def damaged_books(house, folder):
    """Makes the folder with books that are damaged, and their log. Returns what is in the files:
    what the name goes on with -> bytes."""
    folder.mkdir()
    damaged = folder / "books.db"
    shutil.copy(house.books, damaged)
    with closing(sqlite3.connect(damaged)) as database:
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("INSERT INTO meta VALUES ('a log', 'is there')")
        database.commit()
        log = damaged.with_name("books.db-wal").read_bytes()
    # Closed, that is over.
    with open(damaged, "r+b") as file:
        file.write(bytes(100))
    damaged.with_name("books.db-wal").write_bytes(log)
    return {"": damaged.read_bytes(), "-wal": log}


def assert_evidence(disk, was):
    """What was damaged is there under other names, byte for byte."""
    aside = [each.read_bytes() for each in disk.glob("books.db.damaged-*")]
    gone = [f"books.db{rest}" for rest, content in was.items() if content not in aside]
    assert not gone, f"{gone}: {sorted(each.name for each in disk.iterdir())}"


def test_calls_that_fail_or_are_the_last_one_where_damaged_books_are_set_aside(houses, seeded):
    house = houses()
    by_name = recordings(house, seeded)
    house.clock = FastClock(house.folder, "2013-02-01 08:00", rate=RATE)
    intact = house.folder / "whole"
    intact.mkdir()
    house.keep_on(intact)
    replay_all(house, by_name)
    expected = books.dump(house.books)
    damaged = house.folder / "damaged"
    was = damaged_books(house, damaged)
    quiet = spoil(house, "aggregator", copy=damaged)
    starting = house.aggregator(store=ALL_FACTS)
    starting.wait_err("it is set aside as")
    calls, count = quiet.calls, quiet.seen
    assert starting.stop(5) == 0
    assert calls["rename"] >= 2 and calls["sync"] >= 1, calls
    happened = restarts = 0
    chosen = cases(seeded, count)
    for number, (at, kind) in enumerate(chosen, 1):
        disk = spoil(house, "aggregator", number, at, kind, copy=damaged)
        print(f"call {at}: {kind}")
        restarts += replay_all(house, by_name)
        assert_evidence(house.books.parent, was)
        found = books.dump(house.books)
        for table in TABLES:
            assert found[table] == expected[table], f"{table} differ"
        happened += disk.happened
    assert happened == len(chosen)
    report("damaged books", len(chosen), happened, restarts, calls)
