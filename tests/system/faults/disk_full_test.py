"""Disks are full for a while: a collector's, the aggregator's, the broker's. Programs go on and report
it, acknowledge nothing that is not written, and recover by themselves."""

from disks import disks  # noqa: F401, a fixture
from patience import until
from suite import booked_facts, count_of, figure, outbox_records, scaled
from watched_site import WatchedSite

DISK_MB = 2
WAITING = scaled(2000, 60)  # so many records come while the disk is full
IN_MEMORY = "records are kept in memory"
NOTHING_ACKNOWLEDGED = "nothing is acknowledged until it can be written"


def test_the_disk_of_a_collector_is_full_for_a_while(disks, houses, seeded):
    house = houses()
    disk = disks.small(DISK_MB)
    house.outboxes = disk.folder
    site = WatchedSite(house, seeded)
    site.acks(20)
    disk.fill()
    site.wait(site.collector_trouble, 30, lambda: "trouble in about")
    assert "the disk is full; make room on it" in site.collector_trouble()
    site.waits(WAITING)
    waiting = site.waiting()
    synced = outbox_records(house, "pac")[-1][1]["seq"]
    assert site.received() <= synced, "only what is synced is sent"
    assert site.acked() <= synced
    assert site.value("collector/pac/status") == "online"
    assert site.pac.err.count(IN_MEMORY) == 1
    disk.free()
    site.wait(lambda: not site.collector_trouble(), 30, lambda: "end of the trouble in about")
    assert site.pac.err.count("can be read and written again") == 1
    assert site.pac.err.count(IN_MEMORY) == 1
    site.wait(lambda: site.acked() >= synced + waiting - 1, 60, lambda: "acknowledgement of all")
    # A collector that starts while there is no room has what was there, and runs.
    disk.fill()
    site.wait(site.collector_trouble, 30, lambda: "trouble again")
    site.pac.kill()
    disk.free()
    disk.fill()
    site.watcher.forget()
    site.pac = house.again(site.pac)
    site.wait(
        lambda: site.value("collector/pac/about") and site.collector_trouble(),
        30,
        lambda: "trouble after a start on a full disk",
    )
    site.waits(20)
    disk.free()
    site.wait(lambda: not site.collector_trouble(), 30, lambda: "end of the trouble")
    site.acks(20)
    site.rest()
    figure(f"full while {waiting} records came, and at a start: {site.assert_exact(houses)}")


def assert_acks_are_booked(site):
    """What is acknowledged is in the books, now."""
    acked = site.acked()
    booked = booked_facts(site.house)
    for source, record in outbox_records(site.house, "pac"):
        if record["seq"] <= acked:
            assert booked.get((f"pac/{source}", record["t"]), -1) >= count_of(record)
    return acked


def test_the_disk_of_the_aggregator_is_full_for_a_while(disks, houses, seeded):
    house = houses()
    disk = disks.small(DISK_MB)
    house.books = disk.folder / "books.db"
    site = WatchedSite(house, seeded)
    site.acks(20)
    disk.fill()
    site.wait(site.books_trouble, 30, lambda: "trouble in health")
    assert "the disk is full; make room on it" in site.books_trouble()
    acked = assert_acks_are_booked(site)
    site.waits(WAITING)
    waiting = site.waiting()
    assert site.acked() == acked, "nothing is acknowledged"
    assert site.value("status") == "online"
    assert site.aggregator.err.count(NOTHING_ACKNOWLEDGED) == 1
    disk.free()
    site.wait(lambda: not site.books_trouble(), 30, lambda: "end of the trouble in health")
    assert site.aggregator.err.count("the books can be written again") == 1
    assert site.aggregator.err.count(NOTHING_ACKNOWLEDGED) == 1
    site.wait(lambda: site.acked() >= acked + waiting, 60, lambda: "acknowledgement of all")
    # An aggregator that starts while there is no room has what was there, and runs.
    disk.fill()
    site.wait(site.books_trouble, 30, lambda: "trouble again")
    site.aggregator.kill()
    disk.free()
    disk.fill()
    site.watcher.forget()
    site.aggregator = house.again(site.aggregator)
    site.wait(site.books_trouble, 30, lambda: "trouble after a start on a full disk")
    assert site.value("status") == "online"
    disk.free()
    site.wait(lambda: not site.books_trouble(), 30, lambda: "end of the trouble")
    site.acks(20)
    assert_acks_are_booked(site)
    site.rest()
    figure(f"full while {waiting} records waited, and at a start: {site.assert_exact(houses)}")


def test_the_disk_of_the_broker_is_full_for_a_while(disks, houses, seeded):
    disk = disks.small(DISK_MB)
    house = houses(persistence=disk.folder, lines=["autosave_interval 1"])
    site = WatchedSite(house, seeded)
    site.acks(20)
    disk.fill()
    broker = house.broker.programs[-1]
    until(lambda: "rror" in broker.err, 20, lambda: f"complaint of the broker: {broker.err}")
    site.acks(WAITING)
    # What it keeps is old now.
    house.broker.kill()
    house.broker.start()
    site.acks(WAITING)
    disk.free()
    site.acks(20)
    site.rest()
    figure(f"full while {2 * WAITING} records came, and at a start: {site.assert_exact(houses)}")
