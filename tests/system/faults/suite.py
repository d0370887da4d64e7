"""What the tests of faults share: how much is done, the oracle, the figures.

A test runs shortened before each change, and in full with FAULTS=full (make faults). It passes if
the books hold exactly what the collectors' outboxes hold, each (source, t) once, and everything that
follows from it, every window and cost, is that of an aggregator that got the same facts in order and
without trouble."""

import os
import sqlite3
from contextlib import closing

import books
from house import BUILD, topic
from patience import until

FULL = os.environ.get("FAULTS") == "full"
MARKS = ("top10", "minute", "contacts", "start", "stop", None)
TRISTATE = (False, True, None)


def scaled(full, short):
    """How often, how long, how much: in full, or shortened."""
    return full if FULL else short


def figure(text):
    """A line for people: on the test's output, and in faults.txt of the build folder."""
    name = os.environ["PYTEST_CURRENT_TEST"].split("::")[-1].split(" ")[0]
    line = f"{name}{'' if FULL else ' (shortened)'}: {text}"
    print(line)
    with open(BUILD / "faults.txt", "a") as file:
        file.write(line + "\n")


def outbox_records(house, collector):
    """All that is in a collector's outbox, as (source, payload of the record), in order of seq.
    Acknowledged records stay there for days, so these are all that the collector ever sent."""
    with closing(sqlite3.connect(f"file:{house.outbox(collector)}?mode=ro", uri=True, timeout=10)) as outbox:
        (stream,) = outbox.execute("SELECT stream FROM state").fetchone()
        found = outbox.execute(
            "SELECT seq, name, record.t, record.pulses, record.wh, record.mark, off_peak, peak,"
            " blind_ms, lost, lost_possible, index_from, index_by"
            " FROM record JOIN source ON source.id = record.source WHERE NOT record.undated ORDER BY seq"
        ).fetchall()
    records, prev = [], 0
    for seq, name, t, pulses, wh, mark, off_peak, peak, blind_ms, *rest in found:
        lost, lost_possible, index_from, by = rest
        record = {"t": t, "stream": stream, "seq": seq, "prev": prev}
        if wh is None:
            record |= {"mark": MARKS[mark], "pulses": pulses}
            record |= {"off_peak": TRISTATE[off_peak], "peak": TRISTATE[peak]}
        else:
            record["wh"] = wh
        if blind_ms:
            record["blind_ms"] = blind_ms
        if lost:
            record["lost"] = lost
        if lost_possible:
            record["lost_possible"] = True
        if by is not None:
            record["index_set"] = {"from": index_from, "to": pulses, "by": by}
        records.append((name, record))
        prev = seq
    return records


def count_of(record):
    """The index as the books have it: pulses, or mWh rounded half away from zero."""
    return record["pulses"] if "pulses" in record else int(record["wh"] * 1000 + 0.5)


def expected_facts(house, collectors):
    """(collector/source, t) -> count, from the outboxes: of two with the same time the larger."""
    facts = {}
    for collector in collectors:
        for source, record in outbox_records(house, collector):
            key = f"{collector}/{source}", record["t"]
            facts[key] = max(facts.get(key, 0), count_of(record))
    return facts


def booked_facts(house):
    """The same from the books."""
    query = "SELECT name, t, count FROM facts JOIN sources ON id = source"
    return {(name, t): count for name, t, count in books.rows(house.books, query)}


def wait_booked(house, collectors, timeout=30):
    """Waits until the aggregator has acknowledged everything that is in the outboxes."""
    newest = {each: (outbox_records(house, each) or [(0, {"seq": 0})])[-1][1]["seq"] for each in collectors}
    watcher = house.watch(*[f"collector/{each}/ack" for each in collectors])

    def behind():
        acks = {each: watcher.value(topic(f"collector/{each}/ack")) for each in collectors}
        return {
            each: (ack and ack["seq"], newest[each])
            for each, ack in acks.items()
            if newest[each] and (not ack or ack["seq"] < newest[each])
        }

    until(lambda: not behind(), timeout, lambda: f"acknowledgement of (has, wants): {behind()}")


def undisturbed(houses, house, collectors, **aggregator):
    """The books of an aggregator that got what is in the outboxes, in order and without trouble:
    a house that is at rest. `aggregator`: the disturbed one's configuration."""
    quiet = houses()
    quiet.clock = house.clock
    running = quiet.aggregator(**aggregator)
    abouts = books.rows(house.books, "SELECT name, about FROM sources WHERE announced")
    watcher = quiet.watch("status", *[f"collector/{each}/ack" for each in collectors])
    watcher.wait(topic("status"), "online")
    sent = [
        watcher.publish(topic("collector/{}/{}/about".format(*name.split("/"))), about, retain=True)
        for name, about in abouts
    ]
    watcher.acknowledged(sent)
    newest = {}
    for collector in collectors:
        for source, record in outbox_records(house, collector):
            watcher.publish(topic(f"collector/{collector}/{source}/record"), record)
            newest[collector] = record["seq"]
    for collector, seq in newest.items():
        watcher.wait(
            topic(f"collector/{collector}/ack"), lambda ack: ack["seq"] == seq, timeout=120
        )
    assert running.stop(5) == 0
    return quiet


def assert_exact(houses, house, collectors, **aggregator):
    """The oracle, with the disturbed site at rest: its aggregator has ended. Returns the number of
    facts and of windows."""
    expected, booked = expected_facts(house, collectors), booked_facts(house)
    lost, invented = expected.keys() - booked.keys(), booked.keys() - expected.keys()
    assert not lost, f"{len(lost)} facts are not in the books: {sorted(lost)[:5]}"
    assert not invented, f"{len(invented)} facts are in no outbox: {sorted(invented)[:5]}"
    assert booked == expected
    quiet = undisturbed(houses, house, collectors, **aggregator)
    disturbed, still = books.dump(house.books), books.dump(quiet.books)
    for table in ("facts", "period_signals", "contacts", "windows", "events"):
        one, other = set(disturbed[table]), set(still[table])
        differ = f"{table} differ: {sorted(one - other)[:5]}, undisturbed {sorted(other - one)[:5]}"
        assert disturbed[table] == still[table], differ
    return len(booked), len(disturbed["windows"])
