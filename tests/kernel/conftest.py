"""Fixtures of the tests in the guest: houses as in the system tests, and a chip."""

import ctypes
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "system"), str(TESTS / "system/faults")]

import pytest  # noqa: E402

from chip import Chip  # noqa: E402
from system.conftest import house, houses, seeded  # noqa: E402, F401


SLACK_NS = 20 * 10**9
PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 29, 30


@pytest.fixture
def idle():
    """Programs that the test starts wake up periodically every 20 s only, not several times a
    second, so that a simulated day takes one minute instead of five. Events wake them at once, as
    ever."""
    process = ctypes.CDLL(None)
    before = process.prctl(PR_GET_TIMERSLACK)
    process.prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(SLACK_NS))
    yield
    process.prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(before))


@pytest.fixture
def chip():
    """A chip, its lines off. Tests name it before the house, so that the programs end first."""
    there = Chip()
    yield there
    there.remove()
