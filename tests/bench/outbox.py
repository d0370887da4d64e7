#!/usr/bin/env python3
"""Records per second that drain from a collector's outbox into the books after an outage, from the
moment when collector and aggregator are there until the last record is acknowledged; against a
bare publisher that floods a bare paho subscriber (facts.py). What limits it is the pace of commits:
one a second, and 4000 records that may be on their way meanwhile. Three turns, of which the fastest
counts.
"""

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import facts  # before others: it sets the path of the modules

import books
from house import House, topic
from patience import until

METERS, ROUNDS, TURNS = 10, 2880, 3  # eight hours
RECORDS = METERS * ROUNDS
PATIENCE_S = 300


def sources(house):
    """Number of sources in the outbox."""
    try:
        return books.rows(house.outbox("bench"), "SELECT count(*) FROM source")[0][0]
    except sqlite3.OperationalError:
        return 0  # it is not there yet


def first_records(house):
    """Runs a collector until the outbox has a record of each meter. Returns the collector, which
    has ended."""
    ports = house.meters(METERS, power=48000).ports
    zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(ports)]
    collector = house.pac("bench", zones, record_s=1)
    until(lambda: sources(house) == METERS, 30, "record of each meter")
    assert collector.stop(5) == 0
    return collector


def fill(house):
    """Replaces the records in the outbox by one of each meter every 10 s until now. Returns the
    number of the last one."""
    start = house.clock.ms() - ROUNDS * 10000
    with closing(sqlite3.connect(house.outbox("bench"))) as outbox, outbox:
        (first,) = outbox.execute("SELECT max(seq) + 1 FROM record").fetchone()
        meters = outbox.execute("SELECT id FROM source").fetchall()
        outbox.execute("DELETE FROM record")
        outbox.executemany(
            "INSERT INTO record (seq, source, t, undated, wh, mark, off_peak, peak, blind_ms, lost)"
            " VALUES (?, ?, ?, 0, ?, 5, 2, 2, 0, 0)",
            (
                (first + i * METERS + k, meter, start + i * 10000 + k, 1e6 + 133.25 * i)
                for i in range(ROUNDS)
                for k, (meter,) in enumerate(meters)
            ),
        )
    return first + RECORDS - 1


def measure(house):
    collector = first_records(house)
    last = fill(house)
    watcher = house.watch("status", "collector/bench/#")
    house.aggregator(publish_ms=500)
    watcher.wait(topic("status"), "online", PATIENCE_S)
    house.again(collector)
    watcher.wait(topic("collector/bench/status"), "online", PATIENCE_S)
    begin = time.monotonic()
    watcher.wait(topic("collector/bench/ack"), lambda ack: ack["seq"] >= last, PATIENCE_S)
    return RECORDS / (time.monotonic() - begin)


def turn():
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            house.open_broker(lines=facts.BROKER)
            return measure(house)
        finally:
            wrong = house.close(quiet=True)
            assert not wrong, wrong


def main():
    ours = max(turn() for _ in range(TURNS))
    bare, _ = facts.best(facts.Counter)
    print(
        f"outbox: {RECORDS} records of {METERS} meters drain at {ours:.0f} records/s;"
        f" bare paho {bare:.0f} facts/s; ratio {bare / ours:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
