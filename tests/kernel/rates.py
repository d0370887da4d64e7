"""Edges without loss, and processor time for 1000 pulses: see the script `bench`."""

import os
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "system"), str(TESTS / "system/faults")]

from chip import Chip  # noqa: E402
from house import House, topic  # noqa: E402
from suite import outbox_records  # noqa: E402

RATES = (500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000)  # edges a second
SECONDS = 2
BURSTS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
COST_PULSES = 2000
TURNS = 3


def paced(pulses, rate):
    """A recording of pulses at `rate` edges a second."""
    edges = ((i / rate, 1 - i % 2) for i in range(2 * pulses))
    return "".join(f"{t:.6f} global.pulse {on}\n" for t, on in edges)


def processor_s(program):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Count:
    """Plays recordings to a collector-meter that counts every level."""

    def __init__(self, folder, chip):
        self.chip = chip
        self.house = House(folder)
        self.house.open_broker()
        self.watcher = self.house.watch("collector/#")
        source = chip.source(min_on_ms=0, min_off_ms=0)
        self.collector = self.house.meter("poste", [source], ack="broker")
        self.watcher.wait(topic("collector/poste/global/status"), "online")

    def finish(self):
        """Returns the number of pulses counted, and of edges reported as dropped."""
        self.collector.stop(10)
        records = [record for _name, record in outbox_records(self.house, "poste")]
        wrong = self.house.close(quiet=True)
        assert not wrong, wrong
        return records[-1]["pulses"], sum(record.get("lost", 0) for record in records)


def measure(chip, recording):
    """(pulses counted, edges reported as dropped, seconds played, processor seconds used)"""
    with tempfile.TemporaryDirectory() as folder:
        count = Count(Path(folder), chip)
        used, begin = processor_s(count.collector), time.monotonic()
        chip.play(recording)
        played = time.monotonic() - begin
        # Levels are certain 50 ms after the last edge.
        time.sleep(0.5)
        used = processor_s(count.collector) - used
        return *count.finish(), played, used


def best_of(chip, recording):
    """The best of TURNS turns: other work on the machine makes them worse only."""
    turns = [measure(chip, recording) for _ in range(TURNS)]
    return max(turns, key=lambda turn: (turn[0], -turn[3]))


def highest_rate(chip, show):
    """Edges a second, paced."""
    best = 0
    for rate in RATES:
        pulses = rate * SECONDS // 2
        counted, lost, played, _ = best_of(chip, paced(pulses, rate))
        reached = 2 * pulses / played
        if counted < pulses:
            missing = f"{pulses - counted} of {pulses} pulses missing, {lost} edges reported as lost"
            show(f"{reached:.0f} edges/s: {missing}")
            break
        best = max(best, reached)
        if reached < 0.8 * rate:
            show(f"no more than {reached:.0f} edges/s can be played here")
            break
    return best


def longest_burst(chip, show):
    """Edges one after the other."""
    best = 0
    for edges in BURSTS:
        pulses = edges // 2
        counted, lost, _, _ = best_of(chip, paced(pulses, 10**9))
        if counted < pulses:
            missing = f"{pulses - counted} of {pulses} pulses missing, {lost} edges reported as lost"
            show(f"{edges} edges at once: {missing}")
            break
        best = edges
    return best


def main():
    chip = Chip()
    show = lambda text: print(f"kernel: libgpiod {sys.argv[1]}: {text}", flush=True)
    show(f"{highest_rate(chip, show):.0f} edges/s without loss")
    show(f"{longest_burst(chip, show)} edges at once without loss")
    used = best_of(chip, paced(COST_PULSES, 1000))[3]
    show(f"{used / COST_PULSES * 1e6:.0f} ms of processor for 1000 pulses (calls cost more in here)")
    chip.remove()


main()
