"""A stream of records with everything that meters do in life, to be delivered in any way."""

import json

import books
from house import topic
from recording import BEGIN, SOURCES, edges
from suite import outbox_records, wait_booked

STEP_MS = 30000
MODULUS_WH = 100000
PARTS = {
    "pac/self": {"kind": "pac3200", "zone": "self", "nominal_w": 60000},
    "pac/self-2": {"kind": "pac3200", "zone": "self", "nominal_w": 60000},
    "old/nord": {"kind": "pac3200", "zone": "nord", "nominal_w": None, "modulus_wh": MODULUS_WH},
    "old/tour": {"kind": "pac3200", "zone": "tour", "nominal_w": None},
    "old/forge": {"kind": "pulse", "zone": "forge", "nominal_w": 9000, "wh_per_pulse": 10},
}


class Teller:
    """Numbers the records of one collector that is not ours."""

    def __init__(self, name, dice):
        self.name, self.stream, self.seq = name, f"{dice.randrange(1 << 64):016x}", 0

    def record(self, source, t, **fields):
        """Now and then a number is missing, as after downsampling."""
        prev, self.seq = self.seq, self.seq + 1 + (self.seq % 50 == 49)
        fields |= {"t": t, "stream": self.stream, "seq": self.seq, "prev": prev}
        return topic(f"collector/{self.name}/{source}/record"), json.dumps(fields)


class Stream:
    """`abouts` and `records` as (topic, payload), records in the order of their numbers; `newest`
    number of each collector; `command`: a meter was replaced; can be told as often as one likes."""

    def __init__(self, houses, dice, minutes):
        self.dice = dice
        self.begin, self.end = BEGIN * 1000, (BEGIN + 60 * minutes) * 1000
        self.abouts, self.records, self.newest = [], [], {}
        self.replaced = dice.randrange(self.begin + STEP_MS, self.end - STEP_MS)
        self._announce()
        self._meters_of_ours(houses(), minutes)
        pac, old = Teller("pac", dice), Teller("old", dice)
        for t in range(self.begin, self.end, STEP_MS):
            self._pac(pac, t)
            self._old(old, t)
        self.newest |= {"pac": pac.seq, "old": old.seq}
        swap = {"t": self.replaced, "final_wh": self.final, "initial_wh": 17}
        self.command = topic("set/source/old/tour/swap"), json.dumps(swap)

    def _announce(self):
        for name, fields in PARTS.items():
            about = {"medium": "electricity", "label": fields["zone"], "role": "part", **fields}
            collector, source = name.split("/")
            self.abouts.append((topic(f"collector/{collector}/{source}/about"), json.dumps(about)))
        self._wh = {name: self.dice.randrange(MODULUS_WH) for name in PARTS}

    def _meters_of_ours(self, house, minutes):
        """Records of two runs of a collector-meter: between them it was killed and looked away."""
        text, _ = edges(minutes, self.dice)
        lines = text.splitlines(keepends=True)
        half = len(lines) // 2
        aggregator = house.aggregator(store={"fact_days": 0})
        for part in ("".join(lines[:half]), text):
            meter = house.meter("meters", SOURCES, house.write("edges", part))
            assert meter.wait(60) == 0, meter.err
        wait_booked(house, ["meters"])
        assert aggregator.stop(5) == 0
        for name, about in books.rows(house.books, "SELECT name, about FROM sources"):
            self.abouts.append((topic("collector/{}/{}/about".format(*name.split("/"))), about))
        for source, record in outbox_records(house, "meters"):
            self.records.append((topic(f"collector/meters/{source}/record"), json.dumps(record)))
            self.newest["meters"] = record["seq"]

    def _pac(self, teller, t):
        """Two meters of one zone: silence, glitches, resets, two records of one time."""
        dice, n = self.dice, (t - self.begin) // STEP_MS
        for source in ("self", "self-2"):
            name = f"pac/{source}"
            # Each happens once for sure.
            chance = lambda probability, when: dice.random() < probability or n == when
            if chance(0.05, 40):
                continue
            if chance(0.01, 50):
                self._wh[name] = dice.randrange(1000)
            self._wh[name] += dice.randrange(500)
            wh = self._wh[name] + dice.randrange(1000) / 1000
            self.records.append(teller.record(source, t, wh=wh))
            if chance(0.02, 60):
                self.records.append(teller.record(source, t, wh=wh + dice.randrange(2)))
            if chance(0.02, 70):
                self.records.append(teller.record(source, t + 9000, wh=wh / 3))
            if chance(0.01, 80):
                self.records.append(teller.record(source, t, wh="none"))

    def _old(self, teller, t):
        """A register that rolls over, a meter that is replaced, pulses that were not all seen."""
        dice = self.dice
        if t <= self.replaced < t + STEP_MS:
            self.records.append(teller.record("tour", t, wh=self._wh["old/tour"]))
            self.final, self._wh["old/tour"] = self._wh["old/tour"] + 300, 17
        else:
            self._wh["old/tour"] += dice.randrange(300)
            self.records.append(teller.record("tour", t, wh=self._wh["old/tour"]))
        self._wh["old/nord"] = (self._wh["old/nord"] + dice.randrange(2000)) % MODULUS_WH
        self.records.append(teller.record("nord", t + 1234, wh=self._wh["old/nord"]))
        self._wh["old/forge"] += dice.randrange(50)
        record = {"pulses": self._wh["old/forge"], "off_peak": None, "peak": None}
        if t == self.begin or dice.random() < 0.05:
            record |= {"mark": "start", "blind_ms": dice.randrange(90000)}
        elif dice.random() < 0.05:
            record |= {"mark": "minute", "lost": dice.randrange(1, 9)}
        else:
            record |= {"mark": "minute"}
        self.records.append(teller.record("forge", t + dice.randrange(9000), **record))
