"""Bytes of a file are overwritten while its program does not run. It is set aside, as it is, and
what collectors still have comes again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from clock import FastClock
from house import topic
from known_site import RATE, STORE
from patience import until
from recording import SOURCES, edges
from suite import (
    assert_exact,
    booked_facts,
    expected_facts,
    figure,
    outbox_records,
    scaled,
)
from watched_site import WatchedSite

PAGE = 4096


def contents(file):
    """The bytes of a database and of its log, by the ending of the name; only those that exist."""
    files = {rest: file.with_name(file.name + rest) for rest in ("", "-wal")}
    return {
        rest: each.read_bytes()
        for rest, each in files.items()
        if each.exists() and each.stat().st_size
    }


def pages_of_log(file):
    """Those that are in the log too, and so need not be whole."""
    log = Path(f"{file}-wal").read_bytes() if Path(f"{file}-wal").exists() else b""
    frame = 24 + PAGE
    return {int.from_bytes(log[at : at + 4], "big") for at in range(32, len(log), frame)}


def begin(_file):
    """Where the header is."""
    return 0


def inside(file):
    """A page that a table begins with."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        tables = "('facts', 'meta', 'sources', 'record', 'state', 'source')"
        query = f"SELECT rootpage FROM sqlite_master WHERE name IN {tables} ORDER BY name"
        pages = [page for (page,) in database.execute(query)]
    page = next(page for page in pages if page not in pages_of_log(file))
    return (page - 1) * PAGE


def damage(file, position, dice):
    """Overwrites bytes; returns what there is then."""
    at = position(file)
    with open(file, "r+b") as damaged:
        damaged.seek(at)
        damaged.write(dice.randbytes(200))
    return contents(file)


def assert_aside(program, file, was):
    """Everything of the damaged file is there under another name, byte for byte."""
    until(lambda: "it is set aside as" in program.err, 20, lambda: f"damage: {program.err}")
    line = next(line for line in program.err.splitlines() if "it is set aside as" in line)
    assert f"{file}: damaged" in line
    name = line.split("it is set aside as ")[1].split(",")[0]
    assert contents(Path(name)) == was


WAYS = [(inside, "killed"), (begin, "stopped"), (inside, "stopped")]
MINUTES = scaled(3000, 1500)  # of the recording
FACTS = scaled(400, 40)  # before and after it


def end(house, program, how, runs):
    """It ends; killed, with a log beside a file that holds something already. Returns it."""
    assert program.stop(5) == 0
    if how == "killed":
        program = house.again(program)
        runs()
        program.kill()
    return program


@pytest.mark.parametrize("position, how", scaled(WAYS, WAYS[:2]))
def test_damaged_books_are_set_aside_and_filled_again(house, houses, seeded, position, how):
    site = WatchedSite(house, seeded)
    site.acks(FACTS)
    site.aggregator = end(house, site.aggregator, how, lambda: site.acks(8))
    was = damage(house.books, position, seeded)
    assert ("-wal" in was) == (how == "killed"), was.keys()
    site.watcher.forget()
    site.aggregator = house.again(site.aggregator)
    assert_aside(site.aggregator, house.books, was)
    site.acks(FACTS)
    site.rest()
    figure(f"{position.__name__}, {how}: {site.assert_exact(houses)}")


@pytest.mark.parametrize("position, how", scaled(WAYS, WAYS[2:]))
def test_a_damaged_outbox_is_set_aside_and_the_index_goes_on(house, seeded, position, how):
    site = WatchedSite(house, seeded)
    site.acks(FACTS)
    site.pac = end(house, site.pac, how, lambda: site.acks(8))
    before = expected_facts(house, ["pac"])
    newest = outbox_records(house, "pac")[-1][1]
    undelivered = newest["seq"] - site.acked()
    was = damage(house.outbox("pac"), position, seeded)
    assert ("-wal" in was) == (how == "killed"), was.keys()
    site.watcher.forget()
    site.pac = house.again(site.pac)
    assert_aside(site.pac, house.outbox("pac"), was)
    ack = lambda: site.value("collector/pac/ack") or newest
    site.wait(lambda: ack()["stream"] != newest["stream"], 30, lambda: "new stream")
    site.acks(FACTS)
    site.rest()
    after, booked = expected_facts(house, ["pac"]), booked_facts(house)
    assert after.items() <= booked.items() <= (before | after).items()
    assert len(before | after) - len(booked) <= undelivered
    site.assert_totals()
    figure(
        f"{position.__name__}, {how}: {len(before)} facts before it, {undelivered} of them not"
        f" delivered, {len(after)} after it, {sum(site.totals)} Wh, difference 0"
    )


@pytest.mark.parametrize("position, how", scaled(WAYS, WAYS[:1]))
def test_a_recording_is_replayed_again_after_damage_to_its_outbox(house, houses, seeded, position, how):
    text, counts = edges(MINUTES, seeded)
    recording = house.write("edges", text)
    # Acknowledgements come often, so that the recording is not over before the damage.
    house.clock = FastClock(house.folder, "2013-02-01 08:00", rate=RATE)
    aggregator = house.aggregator(store=STORE)
    watcher = house.watch("collector/meters/ack")

    def acks():
        acked = lambda: (watcher.value(topic("collector/meters/ack")) or {"seq": 0})["seq"]
        upto = acked() + 50
        until(lambda: acked() > upto, 20, lambda: f"acknowledgement of {upto}")

    collector = house.meter("meters", SOURCES, recording)
    acks()
    collector = end(house, collector, how, acks)
    # On a slow machine it was over before the kill: then there is no log.
    was = damage(house.outbox("meters"), position, seeded)
    collector = house.again(collector)
    assert_aside(collector, house.outbox("meters"), was)
    assert collector.wait(60) == 0
    assert "recording delivered" in collector.err
    assert aggregator.stop(5) == 0
    facts, windows = assert_exact(houses, house, ["meters"], store=STORE)
    booked = booked_facts(house)
    for source, first in (("global", 1000), ("gaz", 0)):
        newest = max((t, n) for (each, t), n in booked.items() if each == f"meters/{source}")
        assert newest[1] == first + counts[source]
    figure(f"{position.__name__}, {how}: {facts} facts, {windows} windows, difference 0, costs equal")
