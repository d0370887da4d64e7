"""The days of 23 and of 25 hours on real GPIO lines, with 100 kW throughout."""

import pytest

from day import Day, live


@pytest.mark.parametrize(
    "date, windows, kwh, cost, band",
    [("2013-03-31", 138, 2300, 134.018976, "HCH"), ("2013-10-27", 150, 2500, 79.2051, "HCE")],
    ids=["spring", "autumn"],
)
def test_a_day_on_which_clocks_change_is_exact(chip, house, date, windows, kwh, cost, band):
    assert live(Day(date, windows, [(0, band)]), chip, house) == (kwh, cost)
