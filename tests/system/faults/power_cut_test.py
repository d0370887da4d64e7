"""The power is cut at random moments: outboxes and books are on an ext4 file system on a loop
device, and what has reached the device is copied while all programs write. Whatever was told or
acknowledged before is in each copy, and programs that are started on it go on as if nothing had
been.

This shows that programs wait for the disk before they speak. A disk that loses, or does out of
order, what it has confirmed is another matter: here each write that was done stays."""

import json
import sqlite3
import time
from contextlib import closing

from clock import FastClock
from disks import disks  # noqa: F401, a fixture
from house import House, topic
from patience import until
from recording import BEGIN, SOURCES, edges
from suite import assert_exact, booked_facts, count_of, figure, outbox_records, scaled, wait_booked

METERS = 4
MINUTES = scaled(4000, 600)  # of each recording
RATE = 10  # of the programs' clocks, so that there is more to write
DISK_MB = 96
ALL_FACTS = {"fact_days": 0}  # recordings are old


class Site:
    """All that writes: PAC meters, one recording after the other, the aggregator."""

    def __init__(self, house, dice):
        self.house, self.dice = house, dice
        self.recordings = {}  # collector -> (file, pulses of each of its sources)
        self.meters = house.meters(METERS, power=48000)
        self.start_pac(house)
        self.aggregator = house.aggregator(store=ALL_FACTS)
        self.record()

    def start_pac(self, house):
        zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(self.meters.ports)]
        self.pac = house.pac("pac", zones, record_s=1)

    def record(self):
        """The next recording begins where the last one ended."""
        name = f"meters-{len(self.recordings) + 1}"
        begin = BEGIN + 60 * MINUTES * len(self.recordings)
        text, counts = edges(MINUTES, self.dice, begin)
        self.recordings[name] = self.house.write(f"{name}.edges", text), counts
        self.meter = self.house.meter(name, SOURCES, self.recordings[name][0])

    @property
    def collectors(self):
        return ["pac", *self.recordings]


class Evidence:
    """What has been published and acknowledged, as a subscriber receives it."""

    def __init__(self, house):
        self._watcher = house.watch("collector/+/+/record", "collector/+/ack")
        self._taken = 0
        self.received = {}  # collector -> seq -> (source, record)
        self.acked = {}  # collector -> seq

    def take(self):
        """All that came up to now."""
        messages = self._watcher.messages
        fresh = messages[self._taken : len(messages)]
        self._taken += len(fresh)
        for message in fresh:
            words, payload = message.topic.split("/"), json.loads(message.payload)
            if words[-1] == "ack":
                self.acked[words[-2]] = payload["seq"]
            else:
                received = self.received.setdefault(words[-3], {})
                received[payload["seq"]] = words[-2], payload

    def count(self):
        return sum(len(received) for received in self.received.values())


def opened(file):
    """By SQLite, which replays its log."""
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file


def assert_counters_agree(file):
    """The counter of each source stands where its newest record does."""
    with closing(sqlite3.connect(file)) as database:
        positions = database.execute("SELECT id, pulses, wh, t FROM source ORDER BY id").fetchall()
        newest = database.execute(
            "SELECT source, coalesce(pulses, 0), coalesce(wh, 0), t FROM record"
            " WHERE seq IN (SELECT max(seq) FROM record GROUP BY source) ORDER BY source"
        ).fetchall()
    assert positions == newest


def assert_outbox(found, collector, received):
    """Everything that was sent is in it, and there is no gap. Returns its records."""
    file = found.outbox(collector)
    if not file.exists():
        assert not received
        return {}
    opened(file)
    try:
        found_in_order = outbox_records(found, collector)
    except (sqlite3.OperationalError, TypeError):
        assert not received, "the file was just being made"
        return {}
    records = {record["seq"]: (name, record) for name, record in found_in_order}
    assert_counters_agree(file)
    missing = [seq for seq, each in received.items() if records.get(seq) != each]
    assert not missing, f"{collector}: told, and not in the outbox: {sorted(missing)[:5]}"
    assert list(records) == list(range(1, len(records) + 1))
    return records


def assert_books(found, outboxes, acked):
    """Everything that was acknowledged is in them."""
    if not found.books.exists():
        assert not acked
        return
    opened(found.books)
    booked = booked_facts(found) if acked else {}
    for collector, seq in acked.items():
        for number in range(1, seq + 1):
            source, record = outboxes[collector][number]
            key = f"{collector}/{source}", record["t"]
            assert booked.get(key, -1) >= count_of(record), f"{key}: acknowledged, not in the books"


def assert_complete(folder, site, evidence):
    """A copy has all that there was evidence of before it was made."""
    found = House(folder)
    outboxes = {
        collector: assert_outbox(found, collector, evidence.received.get(collector, {}))
        for collector in site.collectors
    }
    assert_books(found, outboxes, evidence.acked)


def boot_of(file):
    """In which the outbox was written."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute("SELECT boot FROM state").fetchone()[0]


def go_on(houses, site, folder):
    """The machine is started again, and sends and books the rest; exactly. Returns the facts."""
    house = houses()
    house.clock = site.house.clock
    house.keep_on(folder)
    aggregator = house.aggregator(store=ALL_FACTS)
    zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(site.meters.ports)]
    pac = house.pac("pac", zones, record_s=1)
    watcher = house.watch("collector/pac/+/record")
    for name, (file, _) in site.recordings.items():
        collector = house.meter(name, SOURCES, file)
        assert collector.wait(60) == 0, collector.err
        assert "recording delivered" in collector.err
    until(lambda: len(watcher.messages) > 20, 20, "records of the meters")
    assert pac.stop(5) == 0
    # What was on its way when it ended waits for the next start, which finds nothing new.
    site.meters.obey("refuse")
    pac = house.again(pac)
    pac.wait_err("connected", 20)
    wait_booked(house, site.collectors, 30)
    assert pac.stop(5) == 0
    site.meters.obey("healthy")
    assert aggregator.stop(5) == 0
    assert not list(folder.glob("*damaged*"))
    assert boot_of(house.outbox("pac")) != boot_of(site.house.outbox("pac"))
    facts, _ = assert_exact(houses, house, site.collectors, store=ALL_FACTS)
    for name, (_, counts) in site.recordings.items():
        for source, first in (("global", 1000), ("gaz", 0)):
            booked = booked_facts(house)
            newest = max((t, n) for (each, t), n in booked.items() if each == f"{name}/{source}")
            assert newest[1] == first + counts[source]
    return facts


def test_everything_synced_is_there_after_the_power_was_cut(disks, houses, seeded):
    house = houses()
    image = disks.image(DISK_MB)
    house.clock = FastClock(house.folder, "2013-06-01 08:00", rate=RATE)
    house.keep_on(image.folder)
    evidence = Evidence(house)
    site = Site(house, seeded)
    cuts = scaled(100, 8)
    started = {*seeded.sample(range(cuts), scaled(5, 1))}
    facts = 0
    copy = house.folder / "copy"
    for cut in range(cuts):
        time.sleep(seeded.uniform(0, 0.3))
        if not site.meter.running:
            assert site.meter.wait() == 0
            site.record()
        evidence.take()
        image.cut(copy)
        with disks.copy(copy) as folder:
            assert_complete(folder, site, evidence)
            if cut in started:
                with disks.another_boot():
                    facts += go_on(houses, site, folder)
    assert evidence.count() > 50 * cuts and len(evidence.acked) > 1
    acked = sum(evidence.acked.values())
    figure(
        f"{cuts} cuts, {evidence.count()} records told and {acked} acknowledged before the last one,"
        f" 0 of them missing in any copy; programs were started on {len(started)} copies and went on"
        f" to {facts} facts in all, difference 0, costs equal"
    )
