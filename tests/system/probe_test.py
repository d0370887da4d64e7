"""--probe and --scan of collector-pac: what a technician sees at the meter."""

import struct
import subprocess
import time

import pytest

import gateway as buses
from house import BUILD
from port import port_free

POWER_AT, INDEX_AT = 65, 801


class Line(buses.Bus):
    """PACs behind a gateway that says so if a unit is not there, at 230 V and 50 Hz, with 1000 W and
    1e6 Wh each. Values at `nan` are not available."""

    def __init__(self, units):
        super().__init__(units)
        self.nan = set()

    def answer(self, unit, function, address, count):
        self.asked.append((time.monotonic(), unit, address))
        if unit not in self.units:
            return struct.pack(">BBB", unit, function | 0x80, 11)
        memory = [0] * 850
        values = [(1, "f", 230.0), (55, "f", 50.0), (POWER_AT, "f", 1000.0), (INDEX_AT, "d", 1e6)]
        for at, kind, value in values:
            content = buses.words(kind, float("nan") if at in self.nan else value)
            memory[at : at + len(content)] = content
        if function != 3 or address in self.refused or not 0 < address <= len(memory) - count:
            return struct.pack(">BBB", unit, function | 0x80, 2)
        return struct.pack(">BBB%dH" % count, unit, function, 2 * count, *memory[address : address + count])


@pytest.fixture
def line():
    bus = Line([1])
    bus.gateway = buses.Gateway(bus)
    yield bus
    bus.gateway.close()


def run(option, bus, *more, port=None):
    argv = [BUILD / "collector-pac", option, f"127.0.0.1:{port or bus.gateway.port}", *more]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def published(result):
    return next(each for each in result.stdout.splitlines() if each.startswith("Would be published"))


def test_a_meter_is_read_with_the_profile_that_fits(line):
    result = run("--probe", line)
    assert result.returncode == 0, result
    assert "The answers fit profile pac3200; also " in result.stdout
    assert published(result) == "Would be published: power 1000 W, index 1000000 Wh"


def test_success_is_power_and_index(line):
    for nan, expected in (
        ({POWER_AT}, "the power is"),
        ({INDEX_AT}, "the index is"),
        ({POWER_AT, INDEX_AT}, "power and index are"),
    ):
        line.nan = nan
        result = run("--probe", line, "--profile", "pac3200")
        assert result.returncode == 1, result
        assert f"The meter answers, but {expected} not available" in result.stderr
        assert "unknown" in published(result)


def test_a_refused_index_is_a_failure_although_the_power_can_be_read(line):
    line.refused = {INDEX_AT}
    result = run("--probe", line, "--profile", "pac3200")
    assert result.returncode == 1
    assert "refuses registers 801 to 808" in result.stderr


def test_a_wrong_profile_is_answered_by_the_right_one(line):
    result = run("--probe", line, "--profile", "sdm630")
    assert result.returncode == 1
    assert "fit another --profile: pac3200" in result.stderr
    assert "fit another" not in run("--probe", line, "--profile", "pac3200").stderr


def test_a_meter_that_no_profile_fits_is_no_success(line):
    line.nan = {1, 55}
    result = run("--probe", line)
    assert result.returncode == 1
    assert "no built-in profile fits" in result.stderr


def test_unit_ids_are_for_the_port_of_modbus(line):
    result = run("--probe", line, port=port_free())
    assert result.returncode == 1
    assert "refuses connections" in result.stderr and "unit" not in result.stderr


def test_a_scan_lists_the_units_that_answer_over_one_connection(line):
    line.units = {3, 17, 247}
    result = run("--scan", line)
    assert result.returncode == 0, result
    listed = [each.split(":")[0].split() for each in result.stdout.splitlines()]
    assert listed == [["unit", "3"], ["unit", "17"], ["unit", "247"]], result.stdout
    assert result.stdout.count("--profile pac3200") == 3
    assert result.stderr == ""
    assert {unit for _, unit, _ in line.asked} == set(range(1, 248))
    assert line.asked[-1][0] - line.asked[0][0] > 246 * 0.04, "not gently"
    assert line.gateway.accepted == 1


def test_a_scan_that_finds_nothing_says_so(line):
    line.units = set()
    result = run("--scan", line)
    assert result.returncode == 1
    assert "no unit from 1 to 247 answers" in result.stderr


def test_a_scan_of_a_closed_port_ends_at_once(line):
    result = run("--scan", line, port=port_free())
    assert result.returncode == 1
    assert "refuses connections" in result.stderr
