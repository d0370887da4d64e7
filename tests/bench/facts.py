#!/usr/bin/env python3
"""Facts per second through the aggregator with 1000 zones, against a bare paho subscriber that only
counts. The same publisher floods a mosquitto of its own with the same records each time; the clock
runs from the first record until the subscriber has counted all, or `health` of the aggregator shows
that all are in its books. The fastest of three turns counts: other work on the machine only slows
them.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "system"))

from house import House, topic  # noqa: E402

ZONES, ROUNDS, TURNS = 1000, 100, 3
FACTS = ZONES * ROUNDS
PATIENCE_S = 300

# The broker must not drop messages, nor delay them.
BROKER = ["max_queued_messages 1000000", "max_inflight_messages 1000"]


class Counter:
    """The bare subscriber."""

    def __init__(self, house):
        arguments = [str(house.broker.port), str(FACTS)]
        self.program = house.run("bench/facts", "count", *arguments)
        self.program.expect(-signal.SIGTERM)
        self.program.wait_out(lambda text: "ready" in text)

    def wait_announced(self):
        pass

    def wait_all(self):
        self.program.wait_out(lambda text: "counted" in text, PATIENCE_S)


class Aggregator:
    def __init__(self, house, leaves):
        self._watcher = house.watch("status", "summary", "health")
        self.program = house.aggregator(publish_ms=500, leaves=leaves)
        self._watcher.wait(topic("status"), "online")

    def wait_announced(self):
        self._wait("summary", "zones", ZONES)

    def wait_all(self):
        self._wait("health", "accepted", FACTS)

    def _wait(self, name, field, number):
        self._watcher.wait(topic(name), lambda value: value[field] == number, PATIENCE_S)


def processor_s(program):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(house, subscriber):
    """(facts per second, processor microseconds for a fact)"""
    start = house.clock.ms() - ROUNDS * 10000
    arguments = [str(each) for each in (house.broker.port, ZONES, ROUNDS, start)]
    publisher = house.run("bench/facts", "publish", *arguments, commands=True)
    publisher.wait_out(lambda text: "announced" in text, PATIENCE_S)
    subscriber.wait_announced()

    used, begin = processor_s(subscriber.program), time.monotonic()
    publisher.enter("go")
    subscriber.wait_all()
    seconds = time.monotonic() - begin
    used = processor_s(subscriber.program) - used
    publisher.wait(PATIENCE_S)
    return FACTS / seconds, used / FACTS * 1e6


def turn(start):
    """measure() of what start(house) returns, in a house of its own."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            house.open_broker(lines=BROKER)
            return measure(house, start(house))
        finally:
            wrong = house.close(quiet=True)
            assert not wrong, wrong


def best(start):
    return max(turn(start) for _ in range(TURNS))


def main():
    bare, bare_us = best(Counter)
    for leaves in (True, False):
        ours, ours_us = best(lambda house: Aggregator(house, leaves))
        print(
            f"facts: aggregator, {ZONES} zones, {'with' if leaves else 'no'} leaves:"
            f" {ours:.0f} facts/s, {ours_us:.1f} us of processor each;"
            f" bare paho {bare:.0f} facts/s, {bare_us:.1f} us; ratio {bare / ours:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
