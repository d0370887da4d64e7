"""Yesterday's backup put back, as the README has it: the books, and a collector's outbox."""

import shutil
import sqlite3
from contextlib import closing

from known_site import RATE, SLOW_MS, KnownSite
from suite import booked_facts, expected_facts, figure, scaled

HOURS = scaled(24, 0.5)  # since the backup of the books
FAST = scaled(240, 480)  # times as fast as ours
MINUTES = scaled(2880, 200)  # of a recording


def backup(file):
    """While everything runs: what .backup of sqlite3 does."""
    copy = file.with_suffix(".backup")
    with closing(sqlite3.connect(file, timeout=10)) as running:
        with closing(sqlite3.connect(copy)) as target:
            running.backup(target)
    return copy


def restore(copy, file):
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(copy, file)


def test_books_restored_from_a_backup_are_exact_again_without_help(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded, minutes=450, sync_ms=0, record_s=10, poll_ms=10000)
    site.recording = False  # not yet
    house.clock.run(FAST)
    site.run_until(lambda: site.booked("pac") > 100, 60, "facts in the books")
    copy = backup(house.books)
    end = house.clock.ms() + HOURS * 3600000
    site.run_until(lambda: house.clock.ms() >= end, 600, f"end of {HOURS} hours")
    house.clock.run(RATE)
    # A collector that is not in the backup.
    house.sync_ms = SLOW_MS
    site.record()
    site.run_until(lambda: site.booked("meters-1"), 60, "facts of the recording in the books")
    # In the middle: once all of it is acknowledged the collector ends, and has nothing to send again.
    site.aggregator.suspend()
    site.meter.suspend()
    assert site.booked("meters-1") < site.recorded("meters-1")
    site.aggregator.kill()
    before = booked_facts(house)
    restore(copy, house.books)
    gone = before.items() - booked_facts(house).items()
    assert {name.split("-")[0] for (name, _), _ in gone} == {"pac/zone", "meters"}
    site.again("aggregator")
    site.meter.resume()
    site.rest()
    assert gone <= booked_facts(house).items()
    figure(
        f"books of {HOURS} h ago, without {len(gone)} facts of {len(before)}:"
        f" {site.assert_exact(houses)}"
    )


def test_an_outbox_restored_from_a_backup_replays_a_recording_as_if_nothing_had_been(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded, minutes=MINUTES)
    outbox = house.outbox("meters-1")
    site.recording = False  # no other one
    site.record()
    site.run_until(lambda: site.recorded("meters-1") > 20, 60, "records")
    copy = backup(outbox)
    known = site.recorded("meters-1")
    # The aggregator has numbers that are not in the copy.
    site.run_until(lambda: site.booked("meters-1") > known + 20, 60, "more facts in the books")
    assert site.meter.running
    site.meter.kill()
    before = expected_facts(house, ["meters-1"])
    restore(copy, outbox)
    site.again("meter")
    site.meter.wait_err("this is an old copy", 20)
    site.rest()
    figure(
        f"an outbox with {known} records, of {len(before)} that there were:"
        f" {site.assert_exact(houses)}"
    )


def test_after_an_outbox_is_restored_from_a_backup_no_reading_of_a_meter_is_lost(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded, minutes=0)
    outbox = house.outbox("pac")
    site.run_until(lambda: site.booked("pac") > 10, 60, "facts in the books")
    copy = backup(outbox)
    known = site.recorded("pac")
    site.run_until(lambda: site.booked("pac") > known + 50, 60, "more facts in the books")
    site.pac.kill()
    before = expected_facts(house, ["pac"])
    restore(copy, outbox)
    site.again("pac")
    site.pac.wait_err("this is an old copy", 20)
    site.rest()
    # Who was killed goes on with new readings; what the books had stays.
    recorded = {**before, **expected_facts(house, ["pac"])}
    booked = booked_facts(house)
    assert booked == recorded
    site.assert_totals()
    figure(
        f"an outbox with {known} records, of {len(before)} that there were: {len(booked)} facts,"
        f" {sum(site.totals)} Wh, difference 0"
    )
