"""Fixtures of the tests in the guest: houses as in the system tests, and a chip."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "system"), str(TESTS / "system/faults")]

import pytest  # noqa: E402

from chip import Chip  # noqa: E402
from system.conftest import house, houses, seeded  # noqa: E402, F401


@pytest.fixture
def chip():
    """A chip, its lines off. Tests name it before the house, so that the programs end first."""
    there = Chip()
    yield there
    there.remove()
