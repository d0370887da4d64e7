"""Facts that come late: the books are those of facts in time, and only what they touch is
published again."""

import books
import pytest

from clock import FastClock, iso, local
from house import topic
from patience import until
from suite import figure, scaled

SECOND, MINUTE, HOUR = 1000, 60000, 3600000
ALL_FACTS = {"fact_days": 0}  # these are old

# -------- days that are not like others --------

# 100 kW at the supply, of which 36 kW are one zone's. Sundays are wholly off-peak, on Monday the
# contact opens within a window.
CHANGE = 6 * HOUR + 3 * MINUTE + 20 * SECOND

DAYS = {  # day -> the one before and after it, hours, band, EUR
    "2013-03-31": ("2013-03-30", "2013-04-01", 23, "HCH", 134.018976),
    "2013-10-27": ("2013-10-26", "2013-10-28", 25, "HCE", 79.2051),
}


def facts(day):
    """From the evening before to the next morning: (t, source, members), ascending."""
    before, after, *_ = DAYS[day]
    begin, end = local(f"{before} 21:00"), local(f"{after} 08:00")
    change = local(f"{after} 00:00") + CHANGE
    contacts = lambda t: {"off_peak": local(f"{before} 22:00") <= t < change, "peak": False}
    pulses = lambda t: {"pulses": (t - begin) * 100 // (3600 * 80), **contacts(t)}
    found = [(change, "supply", {"mark": "contacts", **pulses(change)})]
    for t in range(begin, end + 1, MINUTE):
        mark = "minute" if (t - begin) % (10 * MINUTE) else "top10"
        found.append((t, "supply", {"mark": mark, **pulses(t)}))
        found.append((t + 10 * SECOND, "self", {"wh": (t - begin) / 100}))
    return sorted(found, key=lambda fact: fact[0])


class Delivery:
    """A house that receives the facts late, by `delays` for each source."""

    STEP = scaled(MINUTE, 30 * MINUTE)  # so much of them at once

    def __init__(self, houses, day, delays):
        self.house = houses()
        self.arrivals = sorted(
            ((t + delays[source], t, source, fields) for t, source, fields in facts(day)),
            key=lambda arrival: arrival[:2],
        )
        # Ten times as fast: commits are a second apart, days are looked at every five seconds.
        self.house.clock = self.clock = FastClock(self.house.folder, f"{day} 00:00", 10)
        self.clock.set(self.arrivals[0][0])
        self.house.aggregator(store=ALL_FACTS, broker={"keepalive_s": 600})
        self.watcher = self.house.watch(
            "zone/#", "summary", "tariff/#", "health", "status", "collector/+/ack"
        )
        self.watcher.wait(topic("status"), "online")
        self.collectors = {source: self.house.collector(source) for source in delays}
        self.collectors["supply"].about(
            "supply", kind="pulse", zone="global", role="main", nominal_w=480000, wh_per_pulse=80
        )
        self.collectors["self"].about("self", kind="pac3200", zone="self")
        self.send()

    def send(self):
        sent = 0
        while sent < len(self.arrivals):
            now = self.arrivals[sent][0] + self.STEP
            self.clock.set(now)
            while sent < len(self.arrivals) and self.arrivals[sent][0] <= now:
                _, t, source, fields = self.arrivals[sent]
                self.collectors[source].record(source, t, **fields)
                sent += 1
            accepted = lambda health: health["accepted"] == sent
            self.watcher.wait(topic("health"), accepted, 20)
        for source in self.collectors:
            count = sum(arrival[2] == source for arrival in self.arrivals)
            acknowledged = lambda ack: ack["seq"] == count
            self.watcher.wait(topic(f"collector/{source}/ack"), acknowledged, 20)

    def look_at(self, at):
        """Sets the clock to a local time; returns the days of the zones."""
        self.clock.set(local(at))
        day = lambda value: value["day"] == at.split()[0]
        zones = "global", "self", "rest"
        return {zone: self.watcher.wait(topic(f"zone/{zone}/day"), day, 20) for zone in zones}

    def published(self):
        """All that is retained and depends on nothing but the facts and the clock."""
        own = {topic("health"), *(topic(f"collector/{each}/ack") for each in self.collectors)}
        values = {each: self.watcher.value(each) for each in self.watcher.topics() - own}
        for value in values.values():
            if isinstance(value, dict):
                value.pop("time", None)
        return values


def different(one, other):
    """The keys of two dictionaries that differ; streams have names of their own."""
    keys = (one.keys() | other.keys()) - {"streams", "runs"}
    return {key for key in keys if one.get(key) != other.get(key)}


@pytest.mark.parametrize("day", DAYS)
def test_a_day_of_another_length_twelve_hours_late_is_as_if_in_time(houses, day):
    before, after, hours, band, cost = DAYS[day]
    start, end = local(f"{day} 00:00"), local(f"{after} 00:00")
    in_time = Delivery(houses, day, {"supply": 0, "self": 0})
    all_late = Delivery(houses, day, {"supply": 12 * HOUR, "self": 12 * HOUR})
    # What is known of windows and bands changes under energy that is in the books.
    supply_late = Delivery(houses, day, {"supply": 12 * HOUR, "self": 0})

    deliveries = in_time, all_late, supply_late
    for delivery in deliveries:
        windows = books.windows(delivery.house.books, "global", start, end)
        assert len(windows) == hours * 6
        assert sum(energy for _, _, energy, *_ in windows) == hours * 100_000_000
        assert {(quality, synchronous) for *_, quality, synchronous in windows} == {(0, 1)}
    dumps = [books.dump(delivery.house.books) for delivery in deliveries]
    differ = [different(dumps[0], each) for each in dumps[1:]]
    assert differ == [set(), set()]

    for date in (before, day, after):
        days = [delivery.look_at(f"{date} 23:30") for delivery in deliveries]
        for late in (all_late, supply_late):
            differ = lambda: different(in_time.published(), late.published())
            until(lambda: not differ(), 10, lambda: f"equality of {differ()} on {date}")
        report = days[0]["global"]
        if date == day:
            assert (report["energy_kwh"], report["cost"]) == (hours * 100, cost)
            assert [(each["start"], each["band"]) for each in report["periods"]] == [
                (iso(start), band)
            ]
        elif date == after:
            assert [(each["end"], each["band"]) for each in report["periods"]] == [
                (iso(end + CHANGE), "HCE"),
                (iso(end + 8 * HOUR), "HPE"),
            ]
    figure(
        f"{day}: {len(in_time.arrivals)} facts 12 hours late, all and those of the supply alone:"
        f" {len(dumps[0]['windows'])} windows and 3 days of 3 zones as in time;"
        f" {hours * 6} windows, {hours * 100} kWh, {cost} EUR"
    )


# -------- what is published again --------


class Holes:
    """Yesterday evening to noon in winter; three times ten minutes of the hall are missing."""

    begin, noon = local("2013-01-14 20:00"), local("2013-01-15 12:00")
    missing = [local("2013-01-14 21:10"), local("2013-01-15 06:00"), local("2013-01-15 11:50")]

    def __init__(self, house):
        self.count = 0  # of records
        self.refused = 0
        self.collector = house.collector("late")
        self.collector.about("supply", kind="pulse", zone="global", role="main", wh_per_pulse=80)
        for source, zone in (("hall", "self"), ("kitchen", "cuisine-3")):
            self.collector.about(source, kind="pac3200", zone=zone)
        for t in range(self.begin, self.noon + 1, MINUTE):
            self.send(t)
        self.collector.flush()

    def send(self, t):
        passed = t - self.begin
        off_peak = not local("2013-01-15 06:00") <= t
        marks = {"mark": "minute" if passed % (10 * MINUTE) else "top10", "off_peak": off_peak}
        self.record("supply", t, pulses=passed // 2880, peak=False, **marks)
        self.record("kitchen", t, wh=passed / 200)
        if all(abs(t - each) >= 5 * MINUTE for each in self.missing):
            self.record("hall", t, wh=passed / 100)

    def mend(self, t):
        """Most of what was used within the ten minutes was used in the first half."""
        self.record("hall", t, wh=(t - self.begin) / 100 + 2000)
        self.collector.flush()

    def record(self, source, t, **fields):
        self.count += 1
        self.collector.record(source, t, **fields)

    def refuse(self):
        """Sends a record that is refused."""
        self.refused += 1
        self.collector.record("hall", self.noon, number=-1)
        self.collector.flush()


def changed(before, after):
    """(zone, start) of the windows that are not what they were."""
    windows = lambda dump: {row[:2]: row for row in dump["windows"]}
    before, after = windows(before), windows(after)
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def wait_published(watcher, holes):
    """Everything is in the books and published."""
    watcher.wait(topic("collector/late/ack"), lambda ack: ack["seq"] == holes.count, 20)
    watcher.wait(topic("health"), lambda health: health["accepted"] == holes.count)
    # A value of health that still waits to be sent is replaced where it is, before what was to be
    # sent after it. Now none waits, and the next one is sent after all there is.
    holes.refuse()
    watcher.wait(topic("health"), lambda health: health["rejected"] == holes.refused)


def zone_topics(zone, names):
    return {topic(f"zone/{zone}/{name}") for name in names.split()}


def test_a_late_record_publishes_again_just_what_it_touches(houses):
    # Ten minutes after the newest fact: nothing is live any more.
    house = houses()
    house.clock = FastClock(house.folder, "2013-01-15 12:10", 10)
    watcher = house.watch("#")
    house.aggregator(store=ALL_FACTS, broker={"keepalive_s": 600})
    watcher.wait(topic("status"), "online")
    holes = Holes(house)
    wait_published(watcher, holes)
    again = {
        # Windows of yesterday: into history only.
        holes.missing[0]: set(),
        # The band changed: the costs of the day.
        holes.missing[1]: zone_topics("self", "day state cost_day cost_total")
        | zone_topics("rest", "day state cost_day cost_total"),
        # The newest window.
        holes.missing[2]: zone_topics("self", "mean10 hour") | zone_topics("rest", "mean10 hour"),
    }
    for t, topics in again.items():
        before = books.dump(house.books)
        watcher.forget()
        holes.mend(t)
        wait_published(watcher, holes)
        present = {each for each in watcher.topics() if each.startswith(topic("zone/"))}
        assert present == topics, iso(t)
        assert not watcher.topics() & {topic("summary"), topic("tariff/state")}
        windows = {
            (zone, start) for zone in ("self", "rest") for start in (t - 10 * MINUTE, t)
        }
        assert changed(before, books.dump(house.books)) == windows
    figure(f"{len(again)} late records: {4 * len(again)} windows corrected, nothing else told")

