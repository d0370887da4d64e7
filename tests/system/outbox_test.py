"""Collectors lose no record and send none under two numbers, whatever happens to them, to their broker and
to the aggregator; the tests stand in for the aggregator."""

import fcntl
import os
import struct
import termios
import time

from acker import Acker
from clock import FastClock
from house import topic
from recording import BEGIN, SOURCES, edges
from patience import Stopwatch, until

def replayed(house, name, recording, **settings):
    """The collector that replays a recording, its outbox in the house's folder."""
    return house.meter(name, SOURCES, recording, **settings)


def undisturbed(house, recording):
    """The facts of a recording that is replayed without trouble, and how many seconds it takes."""
    acker = Acker(house, "quiet")
    acker.announce()
    began = time.monotonic()
    collector = replayed(house, "quiet", recording)
    until(lambda: serve(acker, collector), 60, "end of the undisturbed run")
    assert collector.wait() == 0
    return acker.facts, time.monotonic() - began


def serve(acker, collector):
    """One turn of an aggregator; True once the collector has ended."""
    if acker.take():
        acker.acknowledge()
    return not collector.running


def test_a_collector_killed_at_random_moments_replays_a_recording_as_if_nothing_had_been(house, seeded):
    text, counts = edges(1500, seeded)
    recording = house.write("edges", text)
    expected, took = undisturbed(house, recording)
    for source, first in (("global", 1000), ("gaz", 0)):
        stop = next(each for key, each in expected.items() if key[0] == source and key[2] == "stop")
        assert stop["pulses"] == first + counts[source]

    # Before the end it is killed at least so often, however fast it is: without the acknowledgement
    # of the newest record it does not end.
    least = 5
    acker = Acker(house, "meters")
    kills = 0
    collector = replayed(house, "meters", recording)
    while collector.running:
        deadline = time.monotonic() + seeded.uniform(0, took / 4)
        while time.monotonic() < deadline and collector.running:
            if acker.take():
                acker.acknowledge(None if kills >= least else min(acker.upto(), len(expected) - 1))
            time.sleep(0.001)
        if collector.running and kills < 40:
            collector.kill()
            kills += 1
            collector = replayed(house, "meters", recording)
    assert collector.wait() == 0, collector.err
    acker.take()
    print(f"{kills} kills, {len(expected)} records, {acker.count} came")
    assert kills >= least
    assert acker.facts == expected
    assert acker.upto() == len(expected), "numbers without a gap"


def test_a_recording_replayed_to_its_end_is_not_replayed_again(house, seeded):
    recording = house.write("edges", edges(20, seeded)[0])
    expected, _ = undisturbed(house, recording)
    acker = Acker(house, "quiet")
    collector = replayed(house, "quiet", recording)
    assert collector.wait() == 0
    assert not acker.take()
    assert "recording delivered, 0 records" in collector.err
    assert len(expected) > 20


def test_what_is_not_acknowledged_is_sent_again_after_a_restart_and_on_an_older_ack(house, seeded):
    recording = house.write("edges", edges(20, seeded)[0])
    first = Acker(house, "meters")
    first.announce()
    collector = replayed(house, "meters", recording)
    ended = lambda acker: lambda: (
        acker.take() and sum(mark == "stop" for _, _, mark in acker.facts) == 2
    )
    until(ended(first), 20, "stop of both meters")
    assert collector.running, "nobody has acknowledged"
    assert collector.stop(3) == 0

    second = Acker(house, "meters")
    collector = replayed(house, "meters", recording)
    until(ended(second), 20, "all once more")
    assert second.facts == first.facts
    assert second.stream == first.stream
    # An aggregator that has nearly all, and then is restored from yesterday's backup.
    count, last, half = second.count, second.upto(), second.upto() // 2
    second.acknowledge(last - 1)
    second.acknowledge(half)
    until(lambda: second.take() and second.count >= count + last - half, 20, "the rest")
    second.acknowledge()
    assert collector.wait() == 0
    assert second.facts == first.facts


def test_a_broker_that_dies_for_a_while_costs_nothing(house, seeded):
    recording = house.write("edges", edges(300, seeded)[0])
    expected, _ = undisturbed(house, recording)
    acker = Acker(house, "meters")
    collector = replayed(house, "meters", recording)
    until(lambda: acker.take() and len(acker.facts) > 100, 20, "records")
    for _ in range(3):
        house.broker.kill()
        house.broker.start()
        acker = Acker(house, "meters")
        acker.announce()
        until(lambda: acker.take(), 20, "records after the broker's death")
    until(lambda: serve(acker, collector), 60, "end")
    acker.take()
    assert collector.wait() == 0
    assert acker.facts == expected


def test_with_the_brokers_word_there_is_no_aggregator(house, seeded):
    recording = house.write("edges", edges(20, seeded)[0])
    Acker(house, "meters").announce()
    collector = replayed(house, "meters", recording, ack="broker")
    assert collector.wait() == 0
    assert "recording delivered" in collector.err


def test_without_any_aggregator_a_recording_ends_once_the_broker_has_it(house, seeded):
    recording = house.write("edges", edges(20, seeded)[0])
    acker = Acker(house, "meters")
    collector = replayed(house, "meters", recording)
    assert collector.wait() == 0
    assert "there is no aggregator that acknowledges it" in collector.err
    acker.take()
    facts = acker.facts
    # They are still there when one comes.
    late = Acker(house, "meters")
    late.announce()
    collector = replayed(house, "meters", recording)
    until(lambda: serve(late, collector), 20, "end")
    assert late.facts == facts


def test_a_killed_count_goes_on_and_records_how_long_it_was_blind(house):
    edges = house.folder / "fifo"
    os.mkfifo(edges)
    writer = os.open(edges, os.O_RDWR)
    write = lambda line: os.write(writer, f"{line}\n".encode())
    acker = Acker(house, "meters")
    live = house.watch("collector/meters/status", "collector/meters/+/live")
    booked = lambda mark: lambda: acker.take() and mark in {key[2] for key in acker.facts}
    collector = replayed(house, "meters", edges)
    live.wait(topic("collector/meters/status"), "online")
    write(BEGIN)
    for second in range(1, 61):
        write(f"{BEGIN + second} global.pulse 1")
        write(f"{BEGIN + second}.5 global.pulse 0")
    write(f"{BEGIN + 60.6} global.top 1")
    write(f"{BEGIN + 61} global.pulse 1")
    write(f"{BEGIN + 62} global.pulse 0")
    until(booked("top10"), 10, "top10")
    live.wait(topic("collector/meters/global/live"), lambda live: live["pulses"] == 1061)
    unread = lambda: struct.unpack("i", fcntl.ioctl(writer, termios.FIONREAD, bytes(4)))[0]
    until(lambda: not unread(), 5, "end of what is in the FIFO: the next one would read it")
    collector.kill()

    acker = Acker(house, "meters")
    collector = replayed(house, "meters", edges)
    write(BEGIN + 100)
    write(f"{BEGIN + 101} global.pulse 1")
    write(f"{BEGIN + 102} global.pulse 0")
    # The first start may come again: whether its ack was received before the end is not known.
    second = ("global", (BEGIN + 100) * 1000, "start")
    until(lambda: acker.take() and second in acker.facts, 10, "second start")
    assert collector.stop(3) == 0
    os.close(writer)
    start = acker.facts[second]
    # What came after the newest record on the disk is not known, and nothing is invented for it.
    assert (start["pulses"], start["blind_ms"]) == (1060, 39400)


def test_the_records_of_a_pac_collector_survive_its_restarts(house):
    meters = house.meters(2, power=48000)
    acker = Acker(house, "pac")
    zones = [{"zone": f"zone-{i}", "port": port} for i, port in enumerate(meters.ports)]
    for round in range(4):
        collector = house.pac("pac", zones, record_s=1, ack="aggregator")
        count = len(acker.facts)
        until(lambda: acker.take() and len(acker.facts) > count + 2, 10, "records")
        if round % 2:
            collector.kill()
        else:
            assert collector.stop(2) == 0
    until(lambda: acker.take() or acker.upto() > 8, 10, "numbers")
    for zone in zones:
        series = sorted((t, fact["wh"]) for (name, t, _), fact in acker.facts.items() if name == zone["zone"])
        assert [wh for _, wh in series] == sorted(wh for _, wh in series)


def test_before_the_time_is_known_records_are_kept_and_nothing_is_live(houses):
    house = houses()
    meters = house.meters(1, power=48000)
    right, watch = int(time.time() * 1000), Stopwatch()
    house.clock = FastClock(house.folder, "1970-01-01 02:00:00")
    acker = Acker(house, "pac")
    watcher = house.watch("collector/pac/about", "collector/pac/+/status", "collector/pac/+/live")
    zones = [{"zone": "self", "port": meters.ports[0]}]
    collector = house.pac("pac", zones, record_s=1, ack="aggregator")
    watcher.wait(topic("collector/pac/self/status"), "online")
    about = watcher.wait(
        topic("collector/pac/about"), lambda about: about["outbox"]["waiting"] > 1, timeout=15
    )
    assert about["started"] is None
    assert "the clock was not set yet: it is before 2012" in collector.err
    assert watcher.value(topic("collector/pac/self/live")) is None
    assert not acker.take()

    house.clock.set(int(time.time() * 1000))
    watcher.wait(topic("collector/pac/self/live"), lambda live: live["t"] > right)
    until(lambda: acker.take() and acker.upto() > about["outbox"]["waiting"], 5, "records")
    times = sorted(t for _, t, _ in acker.facts)
    busy = 1000 * watch.busy()
    assert right < times[0] < right + 5000 + busy
    assert max(b - a for a, b in zip(times, times[1:])) < 2100 + busy, "aligned, then aligned anew"


def test_what_lines_counted_and_what_a_recording_counts_are_not_mixed(house):
    outbox = {"file": str(house.folder / "one")}
    recording = house.write("edges", f"{BEGIN}\n{BEGIN + 1}\n")
    lines = [{"source": "global", "wh_per_pulse": 80, "pulse": {"chip": "none", "offset": 1}}]
    settings = {"collector": "meters", "sources": lines, "outbox": outbox}
    production = house.configuration("production", **settings)
    replay = house.configuration("replay", **settings, replay=str(recording))
    collector = house.run("collector-meter", "--config", production)
    collector.wait_err("there is no chip")
    assert collector.stop(3) == 0
    mixed = house.run("collector-meter", "--config", replay)
    assert mixed.wait() == 1
    assert f"{house.folder / 'one'}: holds what lines counted" in mixed.err
    # Just to see it again a recording may be named: it has an outbox of its own.
    trial = house.run("collector-meter", "--config", production, "--replay", str(recording))
    assert trial.wait() == 0
