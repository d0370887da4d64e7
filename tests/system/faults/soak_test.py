"""A hundred sources for a long time, with faults of all kinds: exact, in memory that stays so;
and what is written to the disks."""

import sqlite3
import time
from contextlib import closing
from statistics import median

from house import topic
from patience import until
from suite import FULL, assert_exact, figure, scaled, wait_booked

COLLECTORS = 10
METERS = 10  # of each
SECONDS = scaled(1800, 6)
PAUSE = scaled(3, 0.4)  # between faults, at most twice that
RECORD_S = scaled(10, 1)
KILLED = 5  # collectors; the memory of the others, and of the aggregator, is watched all the time
FAULTS = ("dead", "slow 700", "refuse", "garbage", "exception 4", "trickle", "half-close")


def proc(program, file):
    """Lines "name: number …" of a file of /proc/PID."""
    with open(f"/proc/{program.pid}/{file}") as lines:
        pairs = (line.split() for line in lines)
        return {words[0]: int(words[1]) for words in pairs if words[1:] and words[1].isdigit()}


class Gauge:
    """Memory and writes of one program over all its lives."""

    def __init__(self):
        self.kb = []  # (when, VmRSS) of this life
        self.written = 0  # bytes, of lives that are over

    def sample(self, program):
        self.kb.append((time.monotonic(), proc(program, "status")["VmRSS:"]))

    def end(self, program):
        self.written += proc(program, "io")["write_bytes:"]
        self.kb.clear()


class Site:
    def __init__(self, house, dice):
        self.house, self.dice = house, dice
        self.wh = [0] * COLLECTORS * METERS
        self.meters = house.meters(len(self.wh), power=0, energy=0)
        self.programs = {"aggregator": house.aggregator(publish_ms=500)}
        for i in range(COLLECTORS):
            self.programs[f"pac-{i}"] = house.pac(
                f"pac-{i}",
                [
                    {"zone": f"zone-{n}", "port": self.meters.ports[n]}
                    for n in range(i * METERS, (i + 1) * METERS)
                ],
                record_s=RECORD_S,
            )
        self.collectors = [name for name in self.programs if name != "aggregator"]
        self.gauges = {name: Gauge() for name in self.programs}
        self.faulty = set()
        self.done = {}

    def step(self):
        meter, wh = self.dice.randrange(len(self.wh)), self.dice.randrange(1, 500)
        self.meters.obey(f"{meter + 1} step {wh}")
        self.wh[meter] += wh

    def sample(self):
        for name, program in self.programs.items():
            self.gauges[name].sample(program)

    def note(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    def meter_fault(self):
        """Of any meter, or its end."""
        if self.faulty and self.dice.random() < 0.5:
            self.meters.obey(f"{self.faulty.pop()} healthy")
            return
        meter, fault = self.dice.randrange(len(self.wh)) + 1, self.dice.choice(FAULTS)
        self.meters.obey(f"{meter} {fault}")
        self.faulty.add(meter)
        self.note("meters at fault")

    def pause(self, name, program):
        program.suspend()
        time.sleep(self.dice.uniform(0, 0.5))
        program.resume()
        self.note(f"{name} paused")

    def kill(self, name):
        self.gauges[name].end(self.programs[name])
        self.programs[name].kill()
        self.programs[name] = self.house.again(self.programs[name])
        self.note(f"{name.split('-')[0]} killed")

    def disturb(self, warm):
        kind = self.dice.choice(["meter", "pause", "kill", "broker"])
        if kind == "meter":
            self.meter_fault()
        elif kind == "pause":
            name = self.dice.choice(list(self.programs))
            self.pause(name.split("-")[0], self.programs[name])
        elif kind == "kill":
            killed = self.collectors[:KILLED] + ["aggregator"] * (not warm)
            self.kill(self.dice.choice(killed))
        elif self.dice.random() < 0.5:
            self.pause("broker", self.house.broker.programs[-1])
        else:
            self.house.broker.kill()
            self.house.broker.start()
            self.note("broker killed")

    def rest(self):
        """Everything is recorded and booked."""
        self.meters.obey("healthy")
        for i, name in enumerate(self.collectors):
            newest = {
                f"zone-{n}": wh
                for n, wh in enumerate(self.wh[i * METERS : (i + 1) * METERS], i * METERS)
            }
            until(lambda: self.standing(name) == newest, 60, lambda: f"{newest} of {name}")
        # No more records: one on its way when its collector ends waits for the next start.
        self.meters.obey("dead")
        wait_booked(self.house, self.collectors, 120)
        for name in self.collectors:
            self.gauges[name].end(self.programs[name])
            assert self.programs[name].stop(10) == 0
        wait_booked(self.house, self.collectors, 30)
        self.gauges["aggregator"].end(self.programs["aggregator"])
        assert self.programs["aggregator"].stop(10) == 0

    def standing(self, name):
        file = f"file:{self.house.outbox(name)}?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=10)) as outbox:
            return dict(outbox.execute("SELECT name, wh FROM source"))


def assert_flat(name, samples, facts):
    """`samples`: (when, kB) after the warm-up. Compares the medians of first and last third,
    so what comes and goes does not matter. The aggregator has every fact in memory: 16 bytes, in an
    array that doubles. Returns both medians."""
    third = len(samples) // 3
    first, last = median(kb for _, kb in samples[:third]), median(kb for _, kb in samples[-third:])
    allowed = max(512, 0.05 * first) + (facts * 32 / 1024 if name == "aggregator" else 0)
    assert not FULL or last - first < allowed, f"{name}: {first} kB, then {last} kB"
    return first, last


def test_a_hundred_sources_with_faults_for_a_long_time(houses, seeded):
    house = houses()
    site = Site(house, seeded)
    watcher = house.watch("collector/+/ack")
    for name in site.collectors:
        watcher.wait(topic(f"collector/{name}/ack"), timeout=30)
    watcher.close()
    began = due = sampled = time.monotonic()
    warm_at, end = began + SECONDS / 10, began + SECONDS
    while (now := time.monotonic()) < end:
        site.step()
        time.sleep(0.02)
        if now > due:
            due = now + seeded.uniform(0, 2 * PAUSE)
            site.disturb(now > warm_at)
        if now > sampled:
            sampled = now + SECONDS / 1000
            site.sample()
    memory = {
        name: [each for each in site.gauges[name].kb if each[0] > warm_at] for name in lasting(site)
    }
    took = time.monotonic() - began
    site.rest()
    facts, windows = assert_exact(houses, house, site.collectors)
    medians = {name: assert_flat(name, samples, facts) for name, samples in memory.items()}
    report(site, took, facts, windows, medians)


def lasting(site):
    """Programs that are not killed after the warm-up."""
    return ["aggregator", *site.collectors[KILLED:]]


def report(site, took, facts, windows, medians):
    done = ", ".join(f"{count} {what}" for what, count in sorted(site.done.items()))
    figure(
        f"{len(site.wh)} sources for {took:.0f} s ({done}): {facts} facts, {windows} windows,"
        f" {sum(site.wh)} Wh, difference 0"
    )
    rss = "; ".join(f"{name} {first:.0f} and {last:.0f}" for name, (first, last) in medians.items())
    figure(f"memory in kB, medians of the first and of the last third: {rss}")
    for name, gauges in (
        ("outboxes", [site.gauges[each] for each in site.collectors]),
        ("books", [site.gauges["aggregator"]]),
    ):
        written = sum(each.written for each in gauges)
        if not written:
            figure(f"{name}: this file system does not tell what is written")
            continue
        figure(
            f"{name}: {written / 1e6:.1f} MB written, {written / facts:.0f} bytes a record,"
            f" {written / took * 86400 / 1e6:.0f} MB a day with a record each {RECORD_S} s of"
            f" {len(site.wh)} sources"
        )
