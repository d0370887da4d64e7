"""A Modbus server that is not ours stands in for a meter: the same values."""

import subprocess
import sys
from pathlib import Path

import pytest

from house import BUILD, topic
from program import Program

POWER_W, WH = 48210.5, 812345678.25


@pytest.fixture
def port(tmp_path):
    server = Path(__file__).with_name("foreign_meter.py")
    argv = [sys.executable, server, "--power", POWER_W, "--energy", WH]
    meter = Program(tmp_path, argv)
    meter.wait_out(lambda text: text.strip() or not meter.running)
    assert meter.running, meter.err
    yield int(meter.out)
    meter.kill()


PACS = ["pac3200", "pac2200", "pac3220", "pac4200", "pac4220", "generic"]  # the same offsets


def test_every_profile_of_a_pac_reads_what_pymodbus_serves(port):
    collector = BUILD / "collector-pac"
    listed = subprocess.run([collector, "--profiles"], check=True, capture_output=True, text=True)
    assert set(PACS) <= {line.split()[0] for line in listed.stdout.splitlines()}
    head, *rows = listed.stdout.splitlines()
    columns = [head.index(name) for name in ("name", "maker", "model", "tried")]
    for row in rows:
        assert all(row[at - 1] == " " != row[at] for at in columns[1:]), row
        assert row[columns[3]:] in ("yes", "no")
    for profile in PACS:
        argv = [collector, "--probe", f"127.0.0.1:{port}", "--profile", profile]
        read = subprocess.run(argv, check=True, capture_output=True, text=True)
        expected = f"Would be published: power {POWER_W} W, index {WH} Wh"
        assert expected in read.stdout.splitlines(), f"{profile}: {read.stdout}"


def test_the_zone_of_a_pymodbus_meter_shows_its_power_and_index(house, port):
    watcher = house.watch("#")
    house.aggregator()
    house.pac("pac", [{"zone": "self", "port": port}], record_s=1)
    watcher.wait(topic("zone/self/power_w"), POWER_W)
    live = watcher.wait(topic("collector/pac/self/live"))
    assert (live["power_w"], live["wh"]) == (POWER_W, WH)
    watcher.wait(topic("collector/pac/self/record"), lambda record: record["wh"] == WH)
