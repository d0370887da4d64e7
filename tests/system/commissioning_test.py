"""What an electrician and an operator do with a pulse meter."""

import signal
import sqlite3
from contextlib import closing

import pytest
from broker_test import PULSE_METER, edges  # noqa: F401, a fixture
from house import topic
from patience import until
from recording import BEGIN, SOURCES


def pulses(count, bounces=0, spikes=0, begin=BEGIN):
    """A recording of a pulse of 60 ms a second, each with bounces of 1 ms before it, and of spikes
    of 2 ms half a second after the first pulses."""
    lines = [f"{begin}"]
    for i in range(1, count + 1):
        for bounce in range(bounces, 0, -1):
            lines.append(f"{begin + i - 0.002 * bounce:.4f} global.pulse 1")
            lines.append(f"{begin + i - 0.002 * bounce + 0.001:.4f} global.pulse 0")
        lines.append(f"{begin + i} global.pulse 1")
        lines.append(f"{begin + i}.06 global.pulse 0")
        if i <= spikes:
            lines.append(f"{begin + i}.5 global.pulse 1")
            lines.append(f"{begin + i}.502 global.pulse 0")
    return "\n".join([*lines, f"{begin + count + 1}", ""])


# -------- what was seen on the lines --------


def test_an_operator_sees_how_the_lines_are_without_stopping_anything(house):
    recording = house.write("edges", pulses(100, bounces=4, spikes=40))
    watcher = house.watch("#")
    house.aggregator()
    collector = house.meter("poste", SOURCES, recording)
    assert collector.wait(20) == 0
    seen = watcher.wait(topic("collector/poste/global/lines"), lambda lines: lines["pulse"]["edges"])
    assert seen["pulse"] == {
        "edges": 100 * 10 + 40 * 2,
        "too_short": 440,
        "bounces": 400,
        "spikes": 40,
        "longest_too_short_ms": 2,
        "nearly_long_enough": 0,
        "suggested_min_on_ms": None,
        "suggested_min_off_ms": None,
        "repeated": 0,
        "lost": 0,
        "lost_possible": 0,
        "late": 0,
    }
    assert seen["peak"]["edges"] == 0
    assert watcher.value(topic("collector/poste/gaz/lines"))["top"] is None
    # It is known to the aggregator, which has no use for it.
    assert watcher.wait(topic("health"), lambda health: health["accepted"] > 0)["rejected"] == 0
    lines = [each for each in watcher.messages if each.topic.endswith("/global/lines")]
    assert all(each.retained and each.qos == 1 for each in lines) and len(lines) == 1


def widths(count, on_ms, jitter_ms):
    """Pulses, every half second, whose widths alternate around on_ms."""
    edges = []
    for i in range(count):
        begin, width = BEGIN + i / 2, (on_ms + (jitter_ms if i % 2 else -jitter_ms)) / 1000
        edges += [f"{begin:.6f} global.pulse 1", f"{begin + width:.6f} global.pulse 0"]
    return "\n".join([*edges, f"{BEGIN + count}", ""])


@pytest.mark.parametrize(
    "on_ms, filter_ms, counted, suggested",
    [(30, {}, 400, None), (30, {"min_on_ms": 30}, 200, 14), (10, {}, 0, 4)],
    ids=["s0", "s0-30ms", "led"],
)
def test_pulses_that_the_filter_loses_are_not_lost_in_silence(house, on_ms, filter_ms, counted, suggested):
    watcher = house.watch("#")
    house.aggregator()
    sources = [{**SOURCES[0], **filter_ms}]
    collector = house.meter("poste", sources, house.write("edges", widths(400, on_ms, 0.4)))
    assert collector.wait(20) == 0
    lines = watcher.wait(topic("collector/poste/global/lines"), lambda lines: lines["pulse"]["edges"] == 800)
    assert lines["pulse"]["suggested_min_on_ms"] == suggested
    watcher.wait(topic("collector/poste/global/record"), lambda record: record["mark"] == "stop")
    assert watcher.value(topic("collector/poste/global/record"))["pulses"] == SOURCES[0]["initial_pulses"] + counted
    text = collector.err
    assert ("warning" in text) == (suggested is not None), text
    assert suggested is None or f"configure min_on_ms {suggested}" in text, text


def test_a_recorded_loss_is_in_the_record_that_follows_it_and_in_health(house):
    text = pulses(3) + f"{BEGIN + 10} global.pulse 1\n{BEGIN + 11} global.pulse 1\n{BEGIN + 90}\n"
    watcher = house.watch("#")
    house.aggregator()
    assert house.meter("poste", SOURCES, house.write("edges", text)).wait(20) == 0
    watcher.wait(topic("health"), lambda health: health["lost_possible"] == 1)
    records = watcher.values(topic("collector/poste/global/record"))
    doubts = {record["mark"]: record.get("lost_possible") for record in records}
    assert doubts == {"start": None, "minute": True, "stop": None}


# -------- the index --------

RECORD = topic("collector/compteur/compteur/record")


def set_index(house, *words):
    """Runs to its end; the exit code, and all that it wrote."""
    program = house.run("collector-meter", "--config", house.folder / "compteur.json", *words)
    code = program.wait()
    return code, program.out + program.err


def in_the_books(house, sql):
    with closing(sqlite3.connect(f"file:{house.books}?mode=ro", uri=True, timeout=10)) as books:
        return books.execute(sql).fetchall()


def test_the_index_is_set_between_two_runs_and_no_energy_is_moved(house, edges):
    watcher = house.watch("#")
    house.aggregator()
    collector = house.meter("compteur", [PULSE_METER], edges.pipe)
    live = topic("collector/compteur/compteur/live")
    watcher.wait(live, lambda live: live["pulses"] >= 3)

    code, output = set_index(house, "--set-index", "compteur=812345,67", "--by", "Anna")
    assert code == 1
    assert "only while the collector is stopped" in output and "another process" in output

    assert collector.stop() == 0
    before = watcher.wait(RECORD, lambda record: record["mark"] == "stop")["pulses"]
    for _ in range(2):
        code, output = set_index(house, "--set-index", "compteur=812345,67", "--by", "Anna")
        assert code == 0, output
        assert "compteur: it" in output and "10154321 pulses, 812345.68 kWh" in output, output
    assert "it remains at" in output, "the second time there is nothing to do"

    collector = house.again(collector)
    watcher.wait(live, lambda live: live["pulses"] >= 10154321 + 3)
    assert collector.stop() == 0
    records = watcher.values(RECORD)
    setting = {record["seq"]: record["index_set"] for record in records if "index_set" in record}
    assert list(setting.values()) == [{"from": before, "to": 10154321, "by": "Anna"}]
    after = watcher.wait(RECORD, lambda record: record["mark"] == "stop")["pulses"]
    assert after >= 10154321 + 3
    counted = before - records[0]["pulses"] + after - 10154321
    energy = topic("zone/global/energy_kwh")
    watcher.wait(energy, lambda kwh: abs(kwh - 0.08 * counted) < 1e-6)
    assert watcher.wait(topic("health"), lambda health: health["swaps"] == 1)["resets"] == 0
    until(
        lambda: in_the_books(house, "SELECT kind, before, after, set_by FROM incidents")
        == [("swap", before, 10154321, "Anna")],
        10,
        "the event in the books",
    )
    newest = max(record["seq"] for record in records)
    watcher.wait(topic("collector/compteur/ack"), lambda ack: ack["seq"] == newest)


def test_an_index_that_cannot_be_set_is_refused_with_a_reason(house, edges):
    collector = house.meter("compteur", [PULSE_METER], edges.pipe, ack="broker")
    watcher = house.watch("#")
    watcher.wait(topic("collector/compteur/compteur/live"), lambda live: live["pulses"] >= 1)
    assert collector.stop() == 0
    for argument, reason in (
        ("compteur", "expected SOURCE=READING, such as compteur=812345.6"),
        ("cuisine=5", 'there is no source "cuisine", expected one of compteur'),
        ("compteur=-5", '"-5" is not a register reading, expected one like 812345.6'),
        ("compteur=999999999999999", "too many pulses, expected up to 9e15"),
    ):
        code, output = set_index(house, "--set-index", argument)
        assert code == 1 and reason in output, output
    code, output = set_index(house, "--set-index", "compteur=1", "--by", "x" * 65)
    assert code == 1 and "--by: expected a name" in output, output
    house.outbox("compteur").rename(house.folder / "elsewhere")
    code, output = set_index(house, "--set-index", "compteur=1")
    assert code == 1 and "run the collector once first" in output, output
    assert not house.outbox("compteur").exists()


def test_the_index_of_lines_is_not_set_while_nobody_knows_the_time(houses):
    house = houses(at="2011-06-01 12:00:00")
    line = {"chip": "none", "offset": 1}
    house.configuration(
        "compteur",
        collector="compteur",
        sources=[{**PULSE_METER, "pulse": line}],
        outbox={"file": str(house.outbox("compteur"))},
    )
    collector = house.run("collector-meter", "--config", house.folder / "compteur.json")
    collector.wait_err("GPIO")
    collector.stop()
    code, output = set_index(house, "--set-index", "compteur=1")
    assert code == 1
    assert "before the time of day is known: the clock was not set yet" in output
    house.clock.set(house.clock.ms() + 10 * 365 * 86400000)
    code, output = set_index(house, "--set-index", "compteur=8")
    assert code == 0 and "the index was 0 pulses" in output and "it is now 100 pulses" in output, output


# -------- the monitor --------


def monitor(house, recording, **source):
    """Watches a recording on the terminal."""
    sources = [{**PULSE_METER, **source}]
    file = house.configuration(
        "compteur", collector="compteur", sources=sources, replay=str(recording)
    )
    return house.run("collector-meter", "--config", file, "--monitor", commands=True)


def test_the_monitor_shows_widths_and_advises_a_filter(house):
    text = pulses(100, bounces=4, spikes=40).replace("global", "compteur")
    program = monitor(house, house.write("edges", text), min_on_ms=1.5, nominal_w=480000)
    assert program.wait() == 0
    table = program.out[program.out.index("---- compteur, pulse") :]
    assert "1080 edges, 400 bounces, 0 spikes, 0 repeated" in table, table
    assert all(len(line) <= 80 for line in table.splitlines()), table
    row = next(line for line in table.splitlines() if "50 ms - 100 ms" in line)
    assert row.split()[5] == "99", table  # the last level may not be over
    assert "min_on_ms 1.5 does not fit, take 20:\n    bounces up to 2.000 ms, levels from" in table, table
    assert "min_off_ms 20 fits: levels from 440.000 ms" in table, table
    assert "min_interval_ms 300 fits: the shortest is 500.000 ms" in table, table


def test_the_monitor_compares_with_readings_that_are_typed(house, edges):
    program = monitor(house, edges.pipe)
    counted = lambda out: out.count("= pulse")
    program.wait_out(lambda out: counted(out) >= 1)
    program.enter("812345.60")
    program.wait_out(lambda out: "= reading 812345.60 kWh at" in out and "read it again" in out)
    program.wait_out(lambda out: counted(out) >= 5)
    program.enter("compteur 812349,60")
    program.wait_out(lambda out: "4 kWh since the first one: " in out)
    assert "+-1.1 expected, -" in program.out and "50.0 +-1.1" in program.out, program.out
    program.enter("cuisine 5")
    program.wait_out(lambda out: 'there is no meter "cuisine"' in out)
    program.enter("compteur 8123456.x")
    program.wait_out(lambda out: '"8123456.x" is not a register reading' in out)
    program.enter("7")
    program.wait_out(lambda out: "less than the first one, which it replaces" in out)
    assert "---- compteur" not in program.out
    program.signal(signal.SIGINT)
    assert program.wait() == 0
    assert "---- compteur, pulse" in program.out, "the table also at the end by Ctrl-C"
