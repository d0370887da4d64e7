"""The aggregator's store, read as anybody can read it: with SQLite."""

import sqlite3
from contextlib import closing

# All that follows from the facts, by names: identical for identical sets of facts, in whatever
# order they came. What depends on the moment of arrival is left out: the dates from which an
# announcement counts, and when something was refused.
DUMP = {
    "sources": "SELECT collector, source, counts, about, announced FROM sources",
    "weights": "SELECT collector, s.source, quantity, position, since IS NULL, amount"
    " FROM weights w JOIN sources s ON s.id = w.source",
    "swaps": "SELECT collector, s.source, t, final, initial"
    " FROM swaps x JOIN sources s ON s.id = x.source",
    "stays": "SELECT collector, s.source, position, zone, since IS NULL, until IS NULL"
    " FROM stays x JOIN sources s ON s.id = x.source",
    "facts": "SELECT collector, s.source, t, count FROM facts f JOIN sources s ON s.id = f.source",
    "tops": "SELECT collector, s.source, t FROM tops x JOIN sources s ON s.id = x.source",
    "contacts": "SELECT collector, s.source, t, off_peak, peak, change, seq"
    " FROM contacts c JOIN sources s ON s.id = c.source",
    "gaps": "SELECT collector, s.source, t, blind_ms, lost"
    " FROM gaps g JOIN sources s ON s.id = g.source",
    "refused": "SELECT topic, payload, reason FROM refused",
    "runs": "SELECT collector, s.stream, first, last FROM runs r JOIN streams s ON s.id = r.stream",
    "windows": 'SELECT z.zone, start, "end", energy_mwh, cost_units, cost_rest, band, quality,'
    " synchronous FROM windows w JOIN zones z ON z.id = w.zone",
    "events": "SELECT collector, s.source, t, kind, before, after"
    " FROM events e JOIN sources s ON s.id = e.source",
    "meta": "SELECT key, value FROM meta",
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
        " FROM windows w JOIN zones z ON z.id = w.zone"
        " WHERE z.zone = ? AND start >= ? AND start < ? ORDER BY start",
        zone,
        start,
        end,
    )


def facts(file, source):
    """(t, count) of "collector/source", ascending."""
    return rows(
        file,
        "SELECT t, count FROM facts f JOIN sources s ON s.id = f.source"
        " WHERE s.collector || '/' || s.source = ? ORDER BY t",
        source,
    )
