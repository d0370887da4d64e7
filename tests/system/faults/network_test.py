"""Bad lines between the programs and the broker, and between a collector and its meters: all comes
back by itself, and nothing is lost or counted twice."""

import os
import time

from house import topic
from patience import until
from recording import BEGIN
from suite import assert_exact, booked_facts, figure, outbox_records, scaled, wait_booked

METERS = 5  # ten records, which is what an outbox writes at once, are there after two seconds
ALL_FACTS = {"fact_days": 0}  # pulses have times of years ago
SOURCES = [{"source": "global", "role": "main", "wh_per_pulse": 80, "pulse": {}, "top": {}}]
# A broken line is known after a silence of two seconds at most.
KEEPALIVE_S = 1


class Site:
    """PAC meters whose index steps at a command only, pulses that come through a FIFO, and an
    aggregator. Everything goes through a line of its own."""

    def __init__(self, house, dice):
        self.house, self.dice = house, dice
        self.totals = [0] * METERS
        self.pulses, self.now = 0, BEGIN
        self.meters = house.meters(METERS, power=0, energy=0)
        names = "pac", "meter", "aggregator"
        self.lines = {name: house.proxy(house.broker.port) for name in names}
        for i, port in enumerate(self.meters.ports, 1):
            self.lines[f"modbus {i}"] = house.proxy(port)
        broker = {
            name: {"port": self.lines[name].port, "keepalive_s": KEEPALIVE_S} for name in names
        }
        self.aggregator = house.aggregator(store=ALL_FACTS, broker=broker["aggregator"])
        zones = [
            {"zone": f"zone-{i}", "port": self.lines[f"modbus {i}"].port}
            for i in range(1, METERS + 1)
        ]
        self.pac = house.pac("pac", zones, record_s=1, broker=broker["pac"])
        fifo = house.folder / "edges"
        os.mkfifo(fifo)
        self.edges = os.open(fifo, os.O_RDWR)
        self.meter = house.meter("meter", SOURCES, fifo, broker=broker["meter"])
        self.watcher = house.watch("status", "collector/#")
        self.work()
        self.all_online()
        self.booked()

    def work(self):
        """A meter counts something, and a minute of pulses passes."""
        meter = self.dice.randrange(METERS)
        wh = self.dice.randrange(1, 500)
        self.meters.obey(f"{meter + 1} step {wh}")
        self.totals[meter] += wh
        pulses = self.dice.randrange(1, 25)
        self.pulses += pulses
        self.edge("pulse", *range(1, 2 * pulses, 2))
        self.now += 60

    def edge(self, line, *seconds):
        """A second of it, at each of these from now on."""
        levels = [(at + on, 1 - on) for at in seconds for on in (0, 1)]
        lines = [f"{self.now + at} global.{line} {level}\n" for at, level in levels]
        os.write(self.edges, "".join(lines).encode())

    def newest(self):
        """The index of each source's newest record in the outboxes."""
        pac, meter = (outbox_records(self.house, name) for name in ("pac", "meter"))
        newest = {name: record["wh"] for name, record in pac}
        return newest | {name: record["pulses"] for name, record in meter}

    def all_online(self):
        """Waits until every status is online."""
        collectors = [f"collector/{name}" for name in ("pac", "meter")]
        zones = [f"collector/pac/zone-{i}" for i in range(1, METERS + 1)]
        for each in collectors + zones + ["collector/meter/global"]:
            self.watcher.wait(topic(f"{each}/status"), "online", 30)
        self.watcher.wait(topic("status"), "online", 30)

    def booked(self):
        """Waits until all that was counted is in the outboxes, and that in the books."""
        self.edge("top", 0)  # whose record is written at once
        self.now += 600
        totals = {f"zone-{i}": wh for i, wh in enumerate(self.totals, 1)}
        totals["global"] = self.pulses
        until(lambda: self.newest() == totals, 30, lambda: f"records of {totals}: {self.newest()}")
        for name in ("pac", "meter"):
            newest = outbox_records(self.house, name)[-1][1]["seq"]
            ack = topic(f"collector/{name}/ack")
            self.watcher.wait(ack, lambda value: value["seq"] >= newest, 60)
        self.all_online()

    def opened(self):
        return {name: line.opened for name, line in self.lines.items()}

    def made_anew(self, before, names):
        """Waits until each of these lines has been given up and replaced."""
        waits = lambda: [each for each in names if self.lines[each].opened == before[each]]
        until(lambda: not waits(), 60, lambda: f"new connection of {waits()}")

    def rest(self, houses, what):
        """All that was recorded is in the books, once; nothing else is."""
        self.booked()
        assert self.meter.stop(5) == 0
        assert self.pac.stop(5) == 0
        os.close(self.edges)
        wait_booked(self.house, ["pac", "meter"], 60)
        assert self.aggregator.stop(5) == 0
        facts, windows = assert_exact(houses, self.house, ["pac", "meter"], store=ALL_FACTS)
        newest = {}
        for (name, _), count in sorted(booked_facts(self.house).items()):
            newest[name] = count
        totals = {f"pac/zone-{i}": wh * 1000 for i, wh in enumerate(self.totals, 1)}
        assert newest == {**totals, "meter/global": self.pulses}
        figure(
            f"{what}: {facts} facts, {windows} windows, {sum(self.totals)} Wh and {self.pulses}"
            " pulses, difference 0, costs equal"
        )


def test_where_the_other_end_has_vanished_a_connection_is_given_up(houses, seeded):
    house = houses()
    site = Site(house, seeded)
    vanished, slowest = 0, 0
    for turn in range(scaled(20, 1)):
        before = site.opened()
        # All of them, then some. For a while the broker takes records without a subscriber.
        names = [each for each in site.lines if turn == 0 or seeded.random() < 0.6]
        seeded.shuffle(names)
        names.sort(key=lambda name: name != "aggregator")
        began = time.monotonic()
        for name in names:
            site.lines[name].silence()
            for _ in range(5):
                site.work()
                time.sleep(seeded.uniform(0, 0.1))
        site.made_anew(before, names)
        site.booked()
        vanished += len(names)
        slowest = max(slowest, time.monotonic() - began)
    site.rest(houses, f"{vanished} half-open connections, all booked after {slowest:.1f} s at most")


def test_lines_of_a_byte_a_second_are_given_up_for_better_ones(houses, seeded):
    house = houses()
    site = Site(house, seeded)
    seconds, slowest = 0, 0
    for _ in range(scaled(10, 1)):
        before = site.opened()
        for line in site.lines.values():
            line.slow()
        # In full also connections that are begun on such a line come to nothing.
        length = seeded.uniform(0.5, scaled(20, 1))
        until_then = time.monotonic() + length
        while time.monotonic() < until_then:
            site.work()
            time.sleep(0.2)
        for line in site.lines.values():
            line.heal()
        began = time.monotonic()
        site.made_anew(before, site.lines)
        site.booked()
        seconds += length
        slowest = max(slowest, time.monotonic() - began)
    site.rest(
        houses,
        f"{seconds:.0f} s of lines that carry a byte a second, all booked {slowest:.1f} s after"
        " them at most",
    )


def test_connections_cut_in_the_middle_of_a_packet_begin_anew(houses, seeded):
    house = houses()
    site = Site(house, seeded)
    each = scaled(20, 3)
    began = time.monotonic()
    armed = dict.fromkeys(site.lines, 0)
    done = lambda: all(line.cuts == each for line in site.lines.values())
    while not done():
        for name, line in site.lines.items():
            if armed[name] < each and line.cuts == armed[name]:
                line.cut(seeded.random() < 0.5, after=int(2 ** seeded.uniform(0, 7)))
                armed[name] += 1
        site.work()
        time.sleep(0.05)
        assert time.monotonic() < began + 3000
    site.booked()
    site.rest(houses, f"{sum(armed.values())} cuts in {time.monotonic() - began:.0f} s")
