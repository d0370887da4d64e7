"""What the tests get: houses that are empty at the end and whose programs did not break."""

import atexit
import os
import random
import shutil

import pytest

from house import House


def pytest_configure(config):
    """The folder of tests/system/run is removed at the very end, once: not by xdist's workers."""
    if "SCRATCH" in os.environ and not hasattr(config, "workerinput"):
        atexit.register(shutil.rmtree, os.environ["SCRATCH"], ignore_errors=True)


@pytest.fixture
def houses(tmp_path):
    """Opens a House; `at` sets its clock to a local time of Paris."""
    opened = []

    def open_house(at=None, broker=True, **settings):
        folder = tmp_path / f"house-{len(opened) + 1}"
        folder.mkdir()
        house = House(folder, at)
        opened.append(house)
        if broker:
            house.open_broker(**settings)
        return house

    yield open_house
    wrong = [reason for house in opened for reason in house.close()]
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def house(houses):
    return houses()


@pytest.fixture
def seeded():
    """Prints its seed; SEED in the environment repeats a run."""
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"SEED={seed}")
    return random.Random(seed)
