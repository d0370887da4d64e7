"""The winter day of round numbers on real GPIO lines: 71400 pulses, 144 signals, contacts."""

from day import Day, live
from winter_day_test import LOADS, TUESDAY

DATE = "2013-01-15"
BANDS = [(first, band) for (first, _last, _kw), band in zip(LOADS, TUESDAY)]


def test_a_winter_day_on_the_kernel_is_exact_to_the_last_digit(chip, house):
    day = Day(DATE, 144, BANDS)
    power = [mwh * 6 / 10**6 for _, _, mwh, *_ in day.windows()]
    assert power == [kw for first, last, kw in LOADS for _ in range((last - first) * 6)]

    assert live(day, chip, house) == (5712, 619.10050176)
