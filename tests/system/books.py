"""The aggregator's store, read as anybody can read it: with SQLite."""

import sqlite3
from contextlib import closing

# All that follows from the facts, by names: identical for identical sets of facts, in whatever
# order they came. What depends on the moment of arrival is left out: the dates from which an
# announcement counts, and when something was refused.
DUMP = {
    "zones": "SELECT name, label, medium, role FROM zones",
    "sources": "SELECT name, counts, about, announced FROM sources",
    "weights": "SELECT name, quantity, position, since IS NULL, amount, modulus"
    " FROM weights JOIN sources ON id = source",
    "swaps": "SELECT name, t, final, initial, set_by FROM swaps JOIN sources ON id = source",
    "assignments": "SELECT name, position, zone, since IS NULL, until IS NULL"
    " FROM assignments JOIN sources ON id = source",
    "facts": "SELECT name, t, count FROM facts JOIN sources ON id = source",
    "period_signals": "SELECT name, t FROM period_signals JOIN sources ON id = source",
    "contacts": "SELECT name, t, off_peak, peak, change, seq"
    " FROM contacts JOIN sources ON id = source",
    "gaps": "SELECT name, t, blind_ms, lost, lost_possible FROM gaps JOIN sources ON id = source",
    "refused": "SELECT topic, payload, reason FROM refused",
    "streams": "SELECT collector, streams.stream, newest FROM streams",
    "runs": "SELECT collector, streams.stream, first, last"
    " FROM runs JOIN streams ON streams.id = runs.stream",
    "windows": 'SELECT name, start, "end", energy_mwh, cost_units, cost_rest, band, quality,'
    " synchronous FROM windows JOIN zones ON id = zone",
    "events": "SELECT name, t, kind, before, after FROM events JOIN sources ON id = source",
}


def rows(file, query, *values):
    """The answer to a query, as a list of tuples."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as books:
        return books.execute(query, values).fetchall()


def dump(file):
    """Table -> rows in an order of their own."""
    return {
        table: sorted(rows(file, query), key=lambda row: [(each is not None, each) for each in row])
        for table, query in DUMP.items()
    }


def windows(file, zone, start, end):
    """Those that begin within [start, end) (ms), ascending:
    (start, end, mWh, cost in 1e-8, and its millionths, band, quality, synchronous)."""
    return rows(
        file,
        'SELECT start, "end", energy_mwh, cost_units, cost_rest, band, quality, synchronous'
        " FROM windows JOIN zones ON id = zone"
        " WHERE name = ? AND start >= ? AND start < ? ORDER BY start",
        zone,
        start,
        end,
    )


def facts(file, source):
    """(t, count) of "collector/source", ascending."""
    return rows(
        file,
        "SELECT t, count FROM facts JOIN sources ON id = source WHERE name = ? ORDER BY t",
        source,
    )
