"""Collectors that are killed and stopped while a service manager (keeper.py) stores the descriptors
of their lines; and collectors that wait for a broker and a disk."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from house import BUILD, topic
from suite import outbox_records, scaled

KEEPER = Path(__file__).with_name("keeper.py")
SOURCE = "collector/poste/global"


def pulses(number, interval, signals=0):
    """A recording of pulses of 35 ms, with a period signal every `signals` pulses."""
    lines = []
    for i in range(1, number + 1):
        t = i * interval
        lines += [(t, "pulse", 1), (t + 0.035, "pulse", 0)]
        if signals and i % signals == 0:
            lines += [(t + 0.001, "top", 1), (t + 0.2, "top", 0)]
    return "".join(f"{t:.6f} global.{name} {on}\n" for t, name, on in sorted(lines))


class RestartedCollector:
    """A collector that inherits its lines from the descriptor store, and its records."""

    def __init__(self, house, chip):
        self._house = house
        self._chip = chip
        self._watcher = house.watch("collector/#")
        self.keeper = house.meter("poste", [chip.source()], by=[KEEPER])
        self.wait_for_status("online")

    def play(self, recording):
        """After a pause."""
        time.sleep(0.5)
        self._chip.play(recording)

    def kill(self):
        """Kills the process; the keeper starts the next one when it can."""
        os.kill(int(self.keeper.out.split()[-3].rstrip(",")), signal.SIGKILL)

    def again(self, number):
        """Kills (SIGUSR1) or stops (SIGUSR2) the process, and waits for the next one."""
        count = self.starts()
        self.keeper.signal(number)
        self.keeper.wait_out(lambda _: self.starts() > count, 60)

    def starts(self):
        return self.keeper.out.count("started")

    def wait_for_status(self, status):
        self._watcher.wait(topic(f"{SOURCE}/status"), status, 70)

    def wait_for_pulses(self, number):
        self._watcher.wait(
            topic(f"{SOURCE}/record"), lambda each: each["pulses"] >= number, 200
        )

    def records(self, mark=None):
        """All records of the outbox, in order."""
        records = [record for _, record in outbox_records(self._house, "poste")]
        return [each for each in records if mark in (None, each["mark"])]


def in_background(work, *arguments):
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def assert_nothing_was_missed(collector, number, signals):
    records = collector.records()
    assert records[-1]["pulses"] == number
    assert len(collector.records("start")) == 1
    assert len(collector.records("top10")) == signals
    assert not any("lost" in each or "lost_possible" in each for each in records)
    assert not any("blind_ms" in each for each in records)
    times = [each["t"] for each in records]
    assert times == sorted(times)
    # The books hold one record of each mark and time.
    assert len({(each["t"], each["mark"]) for each in records}) == len(records)


def test_fifty_kills_among_20000_pulses_leave_20000(chip, house, seeded):
    number, kills = scaled(20000, 3000), scaled(50, 25)
    collector = RestartedCollector(house, chip)
    recording = pulses(number, 0.08, signals=500)
    playing = in_background(chip.play, recording)
    for _ in range(kills):
        time.sleep(seeded.uniform(0, 1.8 * number * 0.08 / kills))
        collector.again(signal.SIGUSR1)
    playing.join()
    collector.wait_for_pulses(number)
    print(f"{number} pulses, {collector.starts()} processes, {len(collector.records())} records")
    assert collector.starts() == kills + 1
    assert_nothing_was_missed(collector, number, number // 500)


def test_restarts_in_order_miss_nothing(chip, house, seeded):
    number, restarts = 600, 10
    collector = RestartedCollector(house, chip)
    playing = in_background(chip.play, pulses(number, 0.08, signals=100))
    for _ in range(restarts):
        time.sleep(seeded.uniform(1, 5))
        collector.again(signal.SIGUSR2)
    playing.join()
    collector.wait_for_pulses(number)
    assert len(collector.records("stop")) == restarts
    assert_nothing_was_missed(collector, number, number // 100)


def test_what_comes_while_nobody_is_there_waits_in_the_kernel(chip, house):
    """The queue of a line has 16 edges with libgpiod 1, where a full queue means that edges may be
    lost; 1024 with libgpiod 2."""
    collector = RestartedCollector(house, chip)
    collector.play(pulses(3, 0.5))
    collector.keeper.signal(signal.SIGSTOP)  # it starts no process
    collector.kill()
    collector.play(pulses(7, 0.08))
    collector.keeper.signal(signal.SIGCONT)
    collector.wait_for_pulses(10)
    assert_nothing_was_missed(collector, 10, 0)


def test_a_chip_that_goes_while_lines_are_kept_can_be_opened_again(chip, house):
    collector = RestartedCollector(house, chip)
    collector.play(pulses(5, 0.2))
    chip.vanish()
    collector.wait_for_status("offline")
    chip.appear()
    collector.wait_for_status("online")
    collector.play(pulses(6, 0.2))
    collector.again(signal.SIGUSR1)
    collector.wait_for_pulses(11)
    assert [each["pulses"] for each in collector.records("start")] == [0, 5]
    assert [each["pulses"] for each in collector.records("stop")] == [5]


def fast_pulses(number):
    """50 pulses a second of 10 ms each, and a period signal after 6 s."""
    lines = ["6.005 global.top 1", "6.3 global.top 0"]
    for i in range(1, number + 1):
        lines += [f"{i * 0.02:.3f} global.pulse 1", f"{i * 0.02 + 0.01:.3f} global.pulse 0"]
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: float(line.split()[0])))


# Without the thread that reads edges, these would lose most pulses of a minute with libgpiod 1: its
# queue of 16 edges lasts 160 ms.


def test_a_broker_and_a_disk_that_stand_still_for_a_minute_cost_no_edge(chip, house):
    number = 4500
    watcher = house.watch("collector/#")
    freeze = house.folder / "freeze"
    environment = {
        "LD_PRELOAD": str(BUILD / "faults/frozen_disk.so"),
        "FROZEN_DISK": str(freeze),
        "FROZEN_DISK_BELOW": str(house.folder),
    }
    source = chip.source(min_on_ms=3, min_off_ms=3)
    house.meter("poste", [source], environment=environment)
    watcher.wait(topic(f"{SOURCE}/status"), "online", 20)
    playing = in_background(chip.play, fast_pulses(number))
    time.sleep(5)
    broker = house.broker.programs[0]
    broker.suspend()
    freeze.write_text("")
    time.sleep(5)
    # The record of the signal is written at once.
    assert freeze.with_suffix(".met").exists()
    time.sleep(60)
    freeze.unlink()
    time.sleep(5)
    broker.resume()
    playing.join()
    watcher.wait(topic(f"{SOURCE}/record"), lambda each: each["pulses"] == number, 200)
    records = [record for _, record in outbox_records(house, "poste")]
    assert not any("lost" in each or "lost_possible" in each for each in records)
    assert [each["pulses"] for each in records if each["mark"] == "top10"] == [300]


def test_a_terminal_that_is_held_for_a_minute_costs_no_edge(chip, house):
    number = 4000
    settings = house._collector("poste", sources=[chip.source(min_on_ms=3, min_off_ms=3)])
    argv = [BUILD / "collector-meter", "--monitor", "--config"]
    argv.append(house.configuration("poste", **settings))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as monitor:
        assert monitor.stdout.readline().startswith("time")
        time.sleep(1)
        # The output is not read: the pipe fills, and the program blocks.
        chip.play(fast_pulses(number))
        for line in monitor.stdout:
            if f"= pulse   {number} " in line:
                break
        else:
            raise AssertionError("it ended")
        monitor.terminate()
        monitor.stdout.read()
    assert monitor.returncode == 0
