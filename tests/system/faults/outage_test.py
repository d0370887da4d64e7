"""Hours without a broker, then without an aggregator."""

import time

from house import topic
from known_site import RATE, KnownSite
from suite import FULL, figure, outbox_records, scaled

METERS = 10
HOURS = scaled(8, 0.2)
RECORD_S = 10
EACH = {"record_s": RECORD_S, "poll_ms": 1000 * RECORD_S}
COUNT = int(METERS * HOURS * 3600 / RECORD_S)
FAST = 240  # times as fast as ours

PROMISED = 1000  # records a second


def outlast(site):
    """The hours. Each meter is read, as long as it takes."""
    before = site.recorded("pac")
    site.house.clock.run(FAST)
    site.run_until(lambda: site.recorded("pac") >= before + COUNT, 600, f"{COUNT} records")


def drain(site, watcher):
    """Waits until everything has arrived; records a second from the moment when all are there.
    Time is ours."""
    for each in ("status", "collector/pac/status"):
        watcher.wait(topic(each), "online", timeout=60)
    began = time.monotonic()
    newest = outbox_records(site.house, "pac")[-1][1]["seq"]
    watcher.wait(topic("collector/pac/ack"), lambda ack: ack["seq"] >= newest, timeout=120)
    return COUNT / (time.monotonic() - began)


def test_ten_meters_for_hours_without_a_broker_then_without_an_aggregator(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded, METERS, 0, 0, **EACH)
    clock = house.clock
    site.run_until(lambda: site.booked("pac"), 30, "facts in the books")
    house.broker.kill()
    outlast(site)
    house.broker.start()
    clock.run(1)
    watcher = house.watch("status", "collector/pac/#")
    without_broker = drain(site, watcher)

    assert site.aggregator.stop(10) == 0
    watcher.wait(topic("status"), "offline")
    outlast(site)
    clock.run(1)
    site.again("aggregator")
    without_aggregator = drain(site, watcher)

    clock.run(RATE)
    site.rest()
    figure(
        f"{METERS} meters, {HOURS} h without a broker, then {HOURS} h without an aggregator,"
        f" {FAST} times as fast: {COUNT} records each drained at {without_broker:.0f} and"
        f" {without_aggregator:.0f} records/s: {site.assert_exact(houses)}"
    )
    if FULL:
        assert min(without_broker, without_aggregator) >= PROMISED
