"""The aggregator as its users see it, fed by collectors that are not ours: everything that it
publishes has the shape, flags and values of the contract."""

import random
import re

import pytest

from clock import iso, local
from house import topic

HOUR = 3600000
MINUTE = 60000

STATE = """time label medium power_w power_1m_w power_10m_w nominal_w load_pct energy_kwh
    energy_day_kwh cost_hour cost_day cost_total day_start band band_index price_kwh quality"""
LEAVES = """power_w power_1m_w power_10m_w nominal_w load_pct energy_kwh energy_day_kwh cost_hour
    cost_day cost_total band band_index price_kwh"""
MEAN10 = "start end power_w energy_kwh band cost quality sync"
HOUR_KEYS = "end step_s power_w load_pct"
DAY = "day day_start energy_kwh cost bands periods"
SUMMARY = """time zones online power_w rest_w energy_day_kwh cost_day cost_hour band price_kwh"""
TARIFF = """time band band_index by agree price_kwh currency vat_included prices next_band
    next_change subscribed_w"""
DEMAND = """time start end energy_kwh projected_w subscribed_w allowed_w shed_w alarm"""

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")

SUBSCRIBED = [{"P": 480000, "HPH": 480000, "HCH": 480000, "HPE": 480000, "HCE": 480000}]


def has(value, keys):
    missing = set(keys.split()) - set(value)
    assert not missing, f"{missing} missing in {value}"


class School:
    """An hour of a small school, from 11:00 to noon of a winter day: 288 kW at the supply, 24 and
    12 kW in one zone by two meters, and gas."""

    def __init__(self, house, until="2013-01-15 12:00"):
        self.noon = local(until)
        self.start = self.noon - HOUR
        self.collector = house.collector("other")
        self.collector.status("online")

    def announce(self):
        collector = self.collector
        collector.about(
            "supply", kind="pulse", zone="global", role="main", nominal_w=480000, wh_per_pulse=80
        )
        collector.about("hall", kind="pac3200", zone="self", nominal_w=60000)
        collector.about("kitchen", kind="pac2200", zone="self")
        collector.about(
            "boiler",
            kind="pulse",
            medium="gas",
            zone="gaz-cuisine",
            label="Gaz cuisine",
            m3_per_pulse=0.1,
            kwh_per_m3=11.2,
        )
        for source in ("supply", "hall", "kitchen", "boiler"):
            collector.status("online", source)

    def records(self):
        """The hour as (source, t, members); a record each minute, a top each ten."""
        for i in range(61):
            t = self.start + i * MINUTE
            mark = "top10" if i % 10 == 0 else "minute"
            yield "supply", t, {
                "pulses": 7000 + 60 * i,
                "mark": mark,
                "off_peak": False,
                "peak": False,
            }
            yield "hall", t, {"wh": 1000000.5 + 400 * i}
            yield "kitchen", t, {"wh": 200 * i}
        yield "boiler", self.start, {"pulses": 100, "mark": "start", "off_peak": None, "peak": None}
        yield "boiler", self.noon, {"pulses": 350, "mark": "minute", "off_peak": None, "peak": None}

    def send_records(self, repeat=1, seed=None):
        """Once in order, or several times in a disorder that `seed` makes."""
        numbered = [(number, *each) for number, each in enumerate(self.records(), 1)] * repeat
        if seed is not None:
            random.Random(seed).shuffle(numbered)
        for number, source, t, fields in numbered:
            self.collector.record(source, t, number, **fields)
        self.collector.flush()

    def send_live(self, now):
        """Pulses a second apart, dated a little ahead: no decay while a test looks."""
        ahead = now + 3000
        self.collector.live("supply", ahead, pulses=10601, interval_us=1000000)
        self.collector.live("hall", now, power_w=24000, wh=1024000.5)
        self.collector.live("kitchen", now, power_w=12000, wh=12000)
        self.collector.live("boiler", ahead, pulses=350, interval_us=7200000)


@pytest.fixture
def house(houses):
    return houses(at="2013-01-15 12:00:05")


@pytest.fixture
def school(house):
    return School(house)


def start(house, school, **settings):
    """A school whose hour is in the books, and a client of the site."""
    watcher = house.watch("#")
    house.aggregator(**settings)
    watcher.wait(topic("status"), "online")
    school.announce()
    school.send_records()
    watcher.wait(topic("zone/global/state"), lambda state: state["energy_kwh"] == 288)
    watcher.wait(topic("zone/self/state"), lambda state: state["energy_kwh"] == 36)
    watcher.wait(topic("zone/rest/state"), lambda state: state["energy_kwh"] == 252)
    watcher.wait(topic("zone/gaz-cuisine/state"), lambda state: state["energy_kwh"] == 280)
    return watcher


def test_the_state_of_a_pulse_zone_is_that_of_its_index_and_its_last_interval(house, school):
    watcher = start(house, school)
    school.send_live(house.clock.ms())
    state = watcher.wait(topic("zone/global/state"), lambda state: state["power_w"] == 288000)
    has(state, STATE)
    # 288 kWh of records, one pulse beyond them
    expected = {
        "label": "Global",
        "medium": "electricity",
        "power_1m_w": 288000,
        "power_10m_w": 288000,
        "nominal_w": 480000,
        "load_pct": 60,
        "energy_kwh": 288,
        "energy_day_kwh": 288.08,
        "cost_hour": 288 * 0.09222356,
        "cost_day": 288.08 * 0.09222356,
        "cost_total": 288 * 0.09222356,
        "day_start": "2013-01-15T00:00:00+01:00",
        "band": "HPH",
        "band_index": 2,
        "price_kwh": 0.09222356,
        "quality": "measured",
    }
    for name, value in expected.items():
        assert state[name] == pytest.approx(value, abs=6e-9), name
    for name in LEAVES.split():
        watcher.wait(topic(f"zone/global/{name}"), watcher.value(topic("zone/global/state"))[name])
    watcher.wait(topic("zone/global/status"), "online")


def test_windows_hour_and_day_follow_from_the_records(house, school):
    watcher = start(house, school)
    last = {
        "start": iso(school.noon - 10 * MINUTE),
        "end": iso(school.noon),
        "power_w": 288000,
        "energy_kwh": 48,
        "band": "HPH",
        "cost": 4.42673088,
        "quality": "measured",
        "sync": "top",
    }
    watcher.wait(topic("zone/global/mean10"), last)
    last |= {"power_w": 36000, "energy_kwh": 6, "cost": 0.55334136}
    watcher.wait(topic("zone/self/mean10"), last)
    last |= {"power_w": 252000, "energy_kwh": 42, "cost": 3.87338952}
    watcher.wait(topic("zone/rest/mean10"), last)

    hour = watcher.wait(topic("zone/global/hour"), lambda hour: hour["end"] == iso(school.noon))
    has(hour, HOUR_KEYS)
    assert (hour["step_s"], hour["power_w"], hour["load_pct"]) == (60, [288000] * 60, [60] * 60)

    day = watcher.wait(topic("zone/global/day"), lambda day: day["energy_kwh"] == 288)
    has(day, DAY)
    assert (day["day"], day["day_start"]) == ("2013-01-15", "2013-01-15T00:00:00+01:00")
    assert day["cost"] == 26.56038528
    assert day["bands"]["HPH"] == {"kwh": 288, "cost": 26.56038528}
    assert sorted(day["bands"]) == ["HCE", "HCH", "HPE", "HPH", "P"]
    assert sum(band["kwh"] for band in day["bands"].values()) == 288
    assert sum(period["kwh"] for period in day["periods"]) == 288
    for period in day["periods"]:
        has(period, "start end band kwh cost")


def test_several_meters_of_one_zone_add_up_and_rest_is_main_minus_parts(house, school):
    watcher = start(house, school)
    school.send_live(house.clock.ms())
    watcher.wait(topic("zone/self/power_w"), 36000)
    watcher.wait(topic("zone/rest/power_w"), 252000)
    summary = watcher.wait(
        topic("summary"), lambda summary: summary["power_w"] and summary["rest_w"] == 252000
    )
    has(summary, SUMMARY)
    assert (summary["zones"], summary["online"], summary["power_w"]) == (3, 3, 288000)
    assert (summary["band"], summary["price_kwh"]) == ("HPH", 0.09222356)
    assert summary["energy_day_kwh"] == 288.08
    assert summary["cost_hour"] == pytest.approx(288 * 0.09222356, abs=6e-9)


def test_a_meter_that_does_not_answer_makes_its_zone_partial_then_offline(house, school):
    watcher = start(house, school)
    school.send_live(house.clock.ms())
    watcher.wait(topic("zone/self/power_w"), 36000)
    school.collector.status("offline", "hall")
    school.collector.live("kitchen", house.clock.ms(), power_w=12500, wh=12000)
    state = watcher.wait(topic("zone/self/state"), lambda state: state["power_w"] == 12500)
    assert state["quality"] == "partial"

    school.collector.status("offline", "kitchen")
    watcher.wait(topic("zone/self/status"), "offline")
    state = watcher.wait(topic("zone/self/state"), lambda state: state["quality"] == "stale")
    assert [state[name] for name in ("power_w", "power_1m_w", "power_10m_w")] == [None] * 3
    assert (state["energy_kwh"], state["cost_total"]) == (36, 3.32004816)
    watcher.wait(topic("zone/self/power_w"), None)
    watcher.wait(topic("summary"), lambda summary: summary["online"] == 2)

    school.collector.status("online", "hall")
    school.collector.status("online", "kitchen")
    school.collector.live("kitchen", house.clock.ms(), power_w=12500, wh=12000)
    school.collector.live("hall", house.clock.ms(), power_w=500, wh=1024000.5)
    watcher.wait(topic("zone/self/power_w"), 13000)
    watcher.wait(topic("zone/self/status"), "online")


def test_a_zone_without_news_is_stale(house, school):
    watcher = start(house, school, stale_s={"pac": 1})
    school.send_live(house.clock.ms())
    watcher.wait(topic("zone/self/power_w"), 36000)
    watcher.wait(topic("zone/self/status"), "stale")
    state = watcher.wait(topic("zone/self/state"), lambda state: state["quality"] == "stale")
    assert (state["power_w"], state["energy_kwh"]) == (None, 36)


def test_the_power_of_a_silent_pulse_meter_decays(house, school):
    watcher = start(house, school)
    school.collector.live("supply", house.clock.ms(), pulses=10601, interval_us=1000000)
    watcher.wait(topic("zone/global/power_w"), 288000)
    power = watcher.wait(topic("zone/global/power_w"), lambda power: power < 144000)
    assert power > 0, "a silence of 2 s is 144 kW at most, not nothing"
    falling = [each for each in watcher.values(topic("zone/global/power_w")) if each is not None]
    assert falling == sorted(falling, reverse=True)


def test_a_gas_meter_gives_energy_and_volume_but_no_electric_cost(house, school):
    watcher = start(house, school)
    state = watcher.value(topic("zone/gaz-cuisine/state"))
    has(state, STATE)
    # 250 pulses x 0.1 m3 x 11.2 kWh/m3
    assert (state["energy_kwh"], state["volume_m3"], state["medium"]) == (280, 25, "gas")
    assert (state["label"], state["nominal_w"], state["load_pct"]) == ("Gaz cuisine", None, None)
    assert [state[name] for name in ("band", "band_index", "cost_day", "cost_hour")] == [None] * 4
    watcher.wait(topic("zone/gaz-cuisine/nominal_w"), None)


def test_the_tariff_is_published_with_its_next_change(house, school):
    watcher = start(house, school, tariff={"subscribed_w": SUBSCRIBED})
    tariff = watcher.wait(topic("tariff/state"), lambda tariff: tariff["by"] == "contacts")
    has(tariff, TARIFF)
    expected = {
        "band": "HPH",
        "band_index": 2,
        "agree": True,
        "price_kwh": 0.09222356,
        "currency": "EUR",
        "vat_included": True,
        "next_band": "P",
        "next_change": "2013-01-15T18:00:00+01:00",
        "subscribed_w": 480000,
    }
    assert {name: tariff[name] for name in expected} == expected
    assert tariff["prices"] == {
        "P": 0.18152888,
        "HPH": 0.09222356,
        "HCH": 0.05826912,
        "HPE": 0.05081804,
        "HCE": 0.03168204,
    }
    watcher.wait(topic("tariff/band"), "HPH")
    watcher.wait(topic("tariff/band_index"), 2)
    watcher.wait(topic("tariff/price_kwh"), 0.09222356)


def test_contacts_that_cannot_be_are_reported_and_the_calendar_decides(house, school):
    watcher = start(house, school)
    # More than 15 minutes after the last record the calendar decides anyway: send one now.
    school.collector.record(
        "supply", house.clock.ms(), pulses=10660, mark="contacts", off_peak=True, peak=True
    )
    tariff = watcher.wait(topic("tariff/state"), lambda tariff: tariff["agree"] is False)
    assert (tariff["by"], tariff["band"]) == ("calendar", "HPH")
    watcher.wait(topic("health"), lambda health: health["contact_faults"] == 1)
    watcher.wait(topic("zone/global/state"), lambda state: state["quality"] == "estimated")


@pytest.mark.parametrize(
    "at, pulses, last_minute, alarm",
    [("12:04:00", 460, 52, False), ("12:07:00", 790, 110, True)],
    ids=["calm", "alarm"],
)
def test_demand_projects_the_running_window(houses, at, pulses, last_minute, alarm):
    house = houses(at=f"2013-01-15 {at}")
    watcher = house.watch("#")
    school = School(house)
    house.aggregator(tariff={"subscribed_w": SUBSCRIBED})
    watcher.wait(topic("status"), "online")
    school.announce()
    school.send_records()
    now = local(f"2013-01-15 {at}")
    for t, total in ((now - MINUTE, pulses - last_minute), (now, pulses)):
        school.collector.record(
            "supply", t, pulses=10600 + total, mark="minute", off_peak=False, peak=False
        )
    demand = watcher.wait(
        topic("demand/state"), lambda demand: demand["energy_kwh"] == pytest.approx(pulses * 0.08)
    )
    has(demand, DEMAND)
    assert (demand["start"], demand["end"]) == (iso(school.noon), iso(school.noon + 10 * MINUTE))
    assert (demand["subscribed_w"], demand["alarm"]) == (480000, alarm)
    elapsed = local_ms(demand["time"]) - school.noon
    left_h = (600000 - elapsed) / HOUR
    power_w = last_minute * 4800
    assert demand["projected_w"] == pytest.approx((pulses * 80 + power_w * left_h) * 6, abs=1)
    allowed_w = (80000 - pulses * 80) / left_h
    assert demand["allowed_w"] == pytest.approx(allowed_w, abs=1)
    assert demand["shed_w"] == pytest.approx(max(0, power_w - allowed_w), abs=2)


def local_ms(text):
    """A published time in milliseconds."""
    return local(text[:-6])


def test_the_same_records_in_any_order_and_number_make_the_same_books(houses):
    names = ("global", "self", "rest", "gaz-cuisine")
    topics = [topic(f"zone/{name}/{book}") for name in names for book in ("day", "mean10", "hour")]
    seed = random.randrange(10**6)
    print(f"seed {seed}")

    def books(repeat, seed):
        house = houses(at="2013-01-15 12:00:05")
        school = School(house)
        watcher = house.watch("#")
        house.aggregator()
        watcher.wait(topic("status"), "online")
        school.announce()
        school.send_records(repeat, seed)
        records = len(list(school.records()))
        health = watcher.wait(topic("health"), lambda each: each["accepted"] == repeat * records)
        assert (health["duplicate"], health["sequence_gaps"]) == ((repeat - 1) * records, 0)
        assert (health["late"] > 0) == (seed is not None)
        for name, kwh in zip(names, (288, 36, 252, 280)):
            watcher.wait(topic(f"zone/{name}/hour"), lambda hour: hour["end"] == iso(school.noon))
            watcher.wait(topic(f"zone/{name}/day"), lambda day: day["energy_kwh"] == kwh)
            watcher.wait(
                topic(f"zone/{name}/mean10"), lambda window: window["end"] == iso(school.noon)
            )
        return {each: watcher.value(each) for each in topics}

    assert books(3, seed) == books(1, None)


def test_a_number_that_never_came_is_a_gap(house, school):
    watcher = start(house, school)
    records = len(list(school.records()))
    school.collector.record("hall", school.noon, number=records + 4, wh=1024000.5)
    watcher.wait(topic("health"), lambda health: health["sequence_gaps"] == 3)


def test_an_empty_about_withdraws_a_source(house, school):
    watcher = start(house, school)
    school.send_live(house.clock.ms())
    watcher.wait(topic("zone/self/power_w"), 36000)

    school.collector.about("mistake", kind="pac3200", zone="cuisin-3")
    watcher.wait(topic("zone/cuisin-3/status"), "stale")
    school.collector.about("mistake")
    watcher.wait_topics(lambda topics: not any("cuisin-3" in each for each in topics))

    school.collector.about("hall")
    school.collector.live("kitchen", house.clock.ms(), power_w=12500, wh=12000)
    watcher.wait(topic("zone/self/power_w"), 12500)
    school.collector.about("kitchen")
    watcher.wait(topic("zone/self/status"), "offline")
    state = watcher.wait(topic("zone/self/state"), lambda state: state["power_w"] is None)
    assert state["energy_kwh"] == 36, "what was used stays used"


def test_everything_published_is_retained_and_in_the_form_of_the_contract(house, school):
    watcher = start(house, school, tariff={"subscribed_w": SUBSCRIBED})
    school.send_live(house.clock.ms())
    watcher.wait(topic("zone/rest/power_w"), 252000)
    school.collector.status("offline", "hall")
    watcher.wait(topic("zone/self/state"), lambda state: state["quality"] == "partial")
    watcher.wait_topics(lambda topics: topic("demand/state") in topics)

    leaves = {
        f"zone/{zone}/{leaf}"
        for zone in ("global", "self", "rest", "gaz-cuisine")
        for leaf in LEAVES.split()
    }
    leaves |= {"tariff/band", "tariff/band_index", "tariff/price_kwh"}
    bare = {"band": r"P|HPH|HCH|HPE|HCE|null", "status": r"online|offline|stale"}
    ours = [each for each in watcher.messages if "/collector/" not in each.topic]
    seen = set()
    for message in ours:
        rest = message.topic.removeprefix(topic(""))
        text = message.payload.decode()
        seen.add(rest)
        assert message.retained, message
        if rest in leaves or rest == "zone/gaz-cuisine/volume_m3":
            expected = bare.get(rest.split("/")[-1], NUMBER.pattern + "|null")
            assert re.fullmatch(expected, text), message
            assert message.qos == 0, message
        else:
            assert message.qos == 1, message
        assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE), message
    assert leaves <= seen

    # A client that comes later finds the same.
    late = house.watch("#")
    late.wait_topics(lambda topics: seen <= {each.removeprefix(topic("")) for each in topics})


def test_leaves_can_be_switched_off(house, school):
    watcher = start(house, school, leaves=False)
    watcher.wait(topic("summary"))
    assert not [each for each in watcher.topics() if each.endswith("/power_w")]
