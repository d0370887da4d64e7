"""Kills and pauses, of every program of a site, at random moments."""

import time

from patience import until
from recording import BEGIN, SOURCES, edges
from suite import assert_exact, booked_facts, figure, outbox_records, scaled, wait_booked

METERS = 4
ALL_FACTS = {"fact_days": 0}  # recordings are old
MINUTES = 3000  # of each recording


class Site:
    """Four PAC meters whose index only steps when it is told to, so that it is known to the Wh, a
    recording of pulses, a broker that keeps nothing, the aggregator."""

    def __init__(self, house, dice):
        self.house, self.dice = house, dice
        self.totals = [0] * METERS
        self.recordings = {}  # collector -> pulses of each of its sources
        self.meters = house.meters(METERS, power=0, energy=0)
        zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(self.meters.ports)]
        self.aggregator = house.aggregator(store=ALL_FACTS)
        self.pac = house.pac("pac", zones, record_s=1)
        self.meter = None
        self.record()

    def record(self):
        """The next recording starts where the last one has been told."""
        name = f"meters-{len(self.recordings) + 1}"
        begin = BEGIN + 60 * MINUTES * len(self.recordings)
        text, self.recordings[name] = edges(MINUTES, self.dice, begin)
        self.meter = self.house.meter(name, SOURCES, self.house.write(f"{name}.edges", text))

    def step(self):
        meter = self.dice.randrange(METERS)
        wh = self.dice.randrange(1, 500)
        self.meters.obey(f"{meter + 1} step {wh}")
        self.totals[meter] += wh

    def disturb(self):
        """One kill or pause of one program; returns what it was."""
        name = self.dice.choice(["pac", "meter", "aggregator", "broker"])
        kill = self.dice.random() < 0.6
        if name == "broker":
            program = self.house.broker.programs[-1]
        else:
            program = getattr(self, name)
        if kill:
            program.kill()
        else:
            program.suspend()
        time.sleep(self.dice.uniform(0, 0.4))
        if not kill:
            program.resume()
        elif name == "broker":
            self.house.broker.start()
        else:
            setattr(self, name, self.house.again(program))
        return f"{name} {'killed' if kill else 'paused'}"


def test_programs_killed_and_paused_at_random(houses, seeded):
    house = houses()
    site = Site(house, seeded)
    events = scaled(150, 25)
    pause = 120 / 150
    done = {}
    began = time.monotonic()
    for _ in range(events):
        due = time.monotonic() + seeded.uniform(0, 2 * (pause - 0.2))
        while time.monotonic() < due:
            site.step()
            time.sleep(0.02)
        if not site.meter.running:
            site.record()
        what = site.disturb()
        done[what] = done.get(what, 0) + 1
    took = time.monotonic() - began
    rest(house, site)
    collectors = ["pac", *site.recordings]
    facts, windows = assert_exact(houses, house, collectors, store=ALL_FACTS)
    booked = booked_facts(house)
    for i, wh in enumerate(site.totals):
        newest = max((t, count) for (name, t), count in booked.items() if name == f"pac/zone-{i}")
        assert newest[1] == wh * 1000
    for name, counts in site.recordings.items():
        for source, first in (("global", 1000), ("gaz", 0)):
            newest = max((t, n) for (each, t), n in booked.items() if each == f"{name}/{source}")
            assert newest[1] == first + counts[source]
    energy = sum(site.totals)
    figure(
        f"{events} events in {took:.0f} s ({', '.join(f'{n} {what}' for what, n in sorted(done.items()))}):"
        f" {facts} facts, {windows} windows, {energy} Wh and {sum(map(lambda c: sum(c.values()), site.recordings.values()))}"
        " pulses, difference 0, costs equal"
    )


def rest(house, site):
    """Everything is told and booked."""
    assert site.meter.wait(60) == 0
    newest = lambda: {name: record["wh"] for name, record in outbox_records(house, "pac")}
    totals = {f"zone-{i}": wh for i, wh in enumerate(site.totals)}
    until(lambda: newest() == totals, 30, lambda: f"records of {totals}: {newest()}")
    assert site.pac.stop(5) == 0
    wait_booked(house, ["pac", *site.recordings], 60)
    assert site.aggregator.stop(5) == 0
