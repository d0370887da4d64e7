"""A day of the school as edges, through collector-meter, the broker and the aggregator: every
window, period and cost, exact."""

import subprocess

import pytest

from clock import iso, local
from house import BUILD, topic

# In 1e-8 EUR/kWh; kW from hour to hour.
PRICES = {"P": 18152888, "HPH": 9222356, "HCH": 5826912}
LOADS = [
    (0, 6, 96),
    (6, 8, 240),
    (8, 10, 384),
    (10, 18, 336),
    (18, 20, 288),
    (20, 22, 192),
    (22, 24, 120),
]
TUESDAY = ["HCH", "HPH", "P", "HPH", "P", "HPH", "HCH"]
SUNDAY = ["HCH"] * 7

MAIN_METER = {
    "source": "global",
    "zone": "global",
    "label": "Global",
    "role": "main",
    "nominal_w": 480000,
    "wh_per_pulse": 80,
    "pulse": {"line": "pulse"},
    "top": {"line": "top"},
    "off_peak": {"line": "off-peak"},
    "peak": {"line": "peak"},
}


def amount(kwh, band):
    """In the currency, exact to the last of eight decimals."""
    return kwh * PRICES[band] / 1e8


def windows_expected(day, bands):
    """The 144 windows of a day without a change of the clocks."""
    midnight = local(f"{day} 00:00")
    for (first, last, kw), band in zip(LOADS, bands):
        for i in range(first * 6, last * 6):
            yield {
                "start": iso(midnight + i * 600000),
                "end": iso(midnight + (i + 1) * 600000),
                "power_w": kw * 1000,
                "energy_kwh": kw // 6,
                "band": band,
                "cost": amount(kw // 6, band),
                "quality": "measured",
                "sync": "top",
            }


def periods_expected(day, bands):
    """Adjacent loads of one band are one period."""
    midnight = local(f"{day} 00:00")
    periods = []
    for (first, last, kw), band in zip(LOADS, bands):
        if periods and periods[-1]["band"] == band:
            periods[-1]["kwh"] += kw * (last - first)
        else:
            start = iso(midnight + first * 3600000)
            periods.append({"start": start, "band": band, "kwh": kw * (last - first)})
        periods[-1]["end"] = iso(midnight + last * 3600000)
        periods[-1]["cost"] = amount(periods[-1]["kwh"], band)
    return periods


@pytest.mark.parametrize(
    "day, bands, cost",
    [("2013-01-15", TUESDAY, 619.10050176), ("2013-01-13", SUNDAY, 332.83321344)],
    ids=["tuesday", "sunday"],
)
def test_a_winter_day_of_edges_is_exact_to_the_last_digit(houses, day, bands, cost):
    house = houses(at=f"{day} 23:59:30")
    recording = house.write("day.edges", school_day(day))
    watcher = house.watch("#")
    house.aggregator()
    watcher.wait(topic("status"), "online")
    house.meter("compteur", [MAIN_METER], recording)

    result = watcher.wait(topic("zone/global/day"), lambda value: value["energy_kwh"] == 5712, 25)
    assert house.clock.ms() < local(f"{day} 23:59:59"), "the day ended before its result came"
    assert result["day"] == day
    assert result["day_start"] == iso(local(f"{day} 00:00"))
    assert result["cost"] == cost
    assert result["periods"] == periods_expected(day, bands)

    windows = list(windows_expected(day, bands))
    watcher.wait(topic("zone/global/mean10"), windows[-1])
    # The recording begins a second before midnight: a window of the day before comes first.
    published = watcher.values(topic("zone/global/mean10"))
    assert [each for each in published if each["start"] >= windows[0]["start"]] == windows


def school_day(day):
    """The recording that the simulated school makes of it."""
    argv = [BUILD / "sim/school", "day", "--date", day]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
