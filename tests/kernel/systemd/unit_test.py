"""collector-meter under a real systemd, with the shipped unit, the group of deploy/gpio/install,
and the service of mosquitto. Kills and restarts miss no pulse."""

import json
import math
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from chip import Chip
from house import topic
from patience import PATIENCE, until
from suite import outbox_records, scaled
from watcher import Watcher

DEPLOY = Path(__file__).parents[3] / "deploy"
NAME = "collector-meter.service"
PROGRAM = Path("/usr/local/bin/collector-meter")
SETTINGS = Path("/etc/wattzone/collector-meter.json")
PROCESSES = Path("/sys/fs/cgroup/system.slice", NAME, "cgroup.procs")
STATE = Path("/var/lib/private/wattzone/collector-meter")
LIVE = topic("collector/poste/global/live")
STATUS = topic("collector/poste/global/status")

TIMEOUT = 10
# Minimum duration of a level in seconds: sleep() never returns early.
LEVEL = 0.04
# Pulses that fit into the queue of a line in the kernel: 16 edges with libgpiod 1, else 1024.
API = 2 if any(Path("/usr/lib").glob("*/libgpiod.so.3")) else 1
WAITING = 6 if API == 1 else 200


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT * PATIENCE)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Pulses:
    """Moves the pulse line of the chip in a thread, up to the allowed number of pulses."""

    def __init__(self, chip):
        self.number = 0
        self._chip = chip
        self._allowed = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._play, daemon=True).start()

    def _play(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.number < self._allowed)
            for level in (1, 0):
                self._chip.set("pulse", level)
                time.sleep(LEVEL)
            with self._changed:
                self.number += 1
                self._changed.notify_all()

    def freely(self):
        self.allow(math.inf)

    def allow(self, more):
        """Allows this many further pulses, one of which may have begun, instead of those before."""
        with self._changed:
            self._allowed = self.number + more
            self._changed.notify_all()

    def play(self, more):
        """Plays this many pulses, and returns after the last."""
        self.allow(more)
        self.wait(self._allowed)

    def wait(self, number):
        with self._changed:
            assert self._changed.wait_for(lambda: self.number >= number, TIMEOUT * PATIENCE)

    def stop(self):
        """Stops, with no pulse under way. Returns the number of pulses."""
        self.play(1)
        return self.number


class Unit:
    """The service, without state of an earlier run."""

    def __init__(self, chip, folder):
        self._folder = folder
        self._copies = 0
        shutil.rmtree(STATE, ignore_errors=True)
        settings = {
            "site": "lycee",
            "collector": "poste",
            "ack": "broker",
            "broker": {"host": "localhost"},
            "sources": [chip.source(min_on_ms=10, min_off_ms=10)],
        }
        SETTINGS.parent.mkdir(exist_ok=True)
        SETTINGS.write_text(json.dumps(settings))
        self.watcher = Watcher(1883, "wattzone/#")

    def close(self):
        self.watcher.close()
        run("systemctl", "stop", NAME)
        assert self.shown("Result") == "success"

    @staticmethod
    def systemctl(verb):
        """Returns when it is done: a start, when the program reports that it is ready."""
        run("systemctl", verb, NAME)

    @staticmethod
    def shown(name):
        return run("systemctl", "show", "--property", name, "--value", NAME)

    @property
    def pid(self):
        """Its process id, or 0. Not from systemctl, which is slow."""
        return int(PROCESSES.read_text() or 0) if PROCESSES.exists() else 0

    def kill(self):
        """Kills the process. Returns when the next one has the lines and the broker."""
        starts = self._starts()
        os.kill(self.pid, signal.SIGKILL)
        until(lambda: self._starts() > starts, TIMEOUT, "process after the one that was killed")

    def _starts(self):
        return self.watcher.values(STATUS).count("online")

    def restart(self):
        """Returns when the next process has the lines and the broker: a live reading that is due
        before is not sent."""
        starts = self._starts()
        self.systemctl("restart")
        until(lambda: self._starts() > starts, TIMEOUT, "process after the restart")

    def wait_for_pulses(self, number):
        self.watcher.wait(LIVE, lambda each: each["pulses"] >= number, TIMEOUT)

    def outbox(self, _collector):
        """A copy of the outbox, for outbox_records(). The service must be stopped, and a reader
        must leave no file of another user in its folder."""
        assert self.pid == 0
        self._copies += 1
        return shutil.copy(STATE / "poste.outbox", self._folder / f"{self._copies}.outbox")

    def records(self, mark=None):
        """Stops the service. Returns all records of the outbox, in order."""
        self.systemctl("stop")
        records = [record for _, record in outbox_records(self, "poste")]
        return [each for each in records if mark in (None, each["mark"])]


@pytest.fixture(scope="module")
def group():
    """The output of deploy/gpio/install."""
    return run(DEPLOY / "gpio/install")


@pytest.fixture
def chip(group):
    there = Chip()
    run("udevadm", "settle")
    yield there
    there.remove()


@pytest.fixture
def unit(chip, tmp_path):
    there = Unit(chip, tmp_path)
    there.systemctl("start")
    yield there
    there.close()


@pytest.fixture
def pulses(chip):
    there = Pulses(chip)
    yield there
    there.stop()


def assert_nothing_was_missed(unit, number):
    unit.wait_for_pulses(number)
    records = unit.records()
    assert records[-1]["mark"] == "stop"
    assert records[-1]["pulses"] == number
    assert [each["mark"] for each in records].count("start") == 1
    wrong = ("lost", "lost_possible", "blind_ms")
    assert not [each for each in records if any(word in each for word in wrong)]
    times = [each["t"] for each in records]
    assert times == sorted(times)


def test_the_unit_has_the_chip_and_little_else(chip, unit, pulses):
    device = Path("/dev") / chip.name
    assert (device.group(), device.stat().st_mode & 0o777) == ("gpio", 0o660)
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{unit.pid}/status").read_text().splitlines()
    )
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == 0
    threads = map(int, os.listdir(f"/proc/{unit.pid}/task"))
    assert os.SCHED_FIFO in map(os.sched_getscheduler, threads)
    assert int(unit.shown("NFileDescriptorStore")) == 5
    pulses.play(3)
    assert_nothing_was_missed(unit, 3)


def test_kills_while_pulses_come_miss_nothing(unit, pulses, seeded):
    kills, waited = scaled(50, 6), 0
    for _ in range(kills):
        pulses.freely()
        time.sleep(seeded.uniform(0, 1))
        pulses.allow(WAITING)
        before = pulses.number
        unit.kill()
        waited += pulses.number - before
    number = pulses.stop()
    print(f"{number} pulses, {waited} of them without a process, {kills} kills")
    assert waited >= kills
    assert int(unit.shown("NRestarts")) == kills
    assert_nothing_was_missed(unit, number)


def play_over(unit, pulses, restart):
    """Plays pulses before, during and after `restart()`, which returns when the next process is
    ready. Returns the number of pulses without a process."""
    process = os.pidfd_open(unit.pid)
    pulses.play(5)
    pulses.allow(WAITING // 2)
    restarting = threading.Thread(target=restart)
    restarting.start()
    assert select.select([process], [], [], TIMEOUT * PATIENCE)[0]
    os.close(process)
    before = pulses.number
    pulses.allow(WAITING // 2)
    restarting.join()
    waited = pulses.number - before
    pulses.play(5)
    return waited


def test_a_restart_and_an_upgrade_miss_nothing(unit, pulses):
    def upgrade():
        copy = PROGRAM.with_suffix(".new")
        shutil.copy(PROGRAM, copy)
        copy.replace(PROGRAM)
        unit.restart()

    waited = [play_over(unit, pulses, restart) for restart in (unit.restart, upgrade)]
    print(f"{pulses.number} pulses, {waited} of them without a process")
    assert all(waited)
    assert_nothing_was_missed(unit, pulses.number)
    assert len(unit.records("stop")) == 3


def test_a_service_manager_that_is_executed_anew_keeps_the_lines(unit, pulses):
    pulses.freely()
    run("systemctl", "daemon-reexec")
    pulses.stop()
    assert play_over(unit, pulses, unit.kill)
    assert_nothing_was_missed(unit, pulses.number)


def test_what_comes_while_it_is_stopped_is_a_gap_that_is_recorded(unit, pulses):
    pulses.play(5)
    unit.wait_for_pulses(5)
    unit.systemctl("stop")
    stopped = time.monotonic()
    assert int(unit.shown("NFileDescriptorStore")) == 0
    pulses.play(4)
    least_ms = (time.monotonic() - stopped) * 1000
    unit.systemctl("start")
    pulses.play(6)
    unit.wait_for_pulses(11)
    records = unit.records()
    assert [each["pulses"] for each in records if each["mark"] == "stop"] == [5, 11]
    first, second = (each for each in records if each["mark"] == "start")
    assert "blind_ms" not in first
    assert second["pulses"] == 5
    assert least_ms <= second["blind_ms"] <= second["t"] - first["t"]
