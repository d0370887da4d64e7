#include "aggregator/store/parts.h"

/* Times are milliseconds since 1970, energy is in mWh, money in 1e-8 of the currency and millionths
 * of that. NULL in `since` is "from the beginning", in `until` "and still".
 *
 * Facts are ordered by time first: what comes together lies together, on one page to write. */
static const char version_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

	"CREATE TABLE zones (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" label TEXT NOT NULL, medium TEXT NOT NULL, role TEXT NOT NULL);"
	"CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, counts TEXT,"
	" about TEXT, announced INTEGER NOT NULL);"
	"CREATE TABLE weights (source INTEGER NOT NULL REFERENCES sources, quantity TEXT NOT NULL,"
	" position INTEGER NOT NULL, since INTEGER, amount INTEGER NOT NULL,"
	" modulus INTEGER NOT NULL, PRIMARY KEY (source, quantity, position)) WITHOUT ROWID;"
	"CREATE TABLE swaps (source INTEGER NOT NULL REFERENCES sources, t INTEGER NOT NULL,"
	" final INTEGER NOT NULL, initial INTEGER NOT NULL,"
	" PRIMARY KEY (source, t)) WITHOUT ROWID;"
	"CREATE TABLE stays (source INTEGER NOT NULL REFERENCES sources, position INTEGER NOT NULL,"
	" zone TEXT NOT NULL, since INTEGER, until INTEGER,"
	" PRIMARY KEY (source, position)) WITHOUT ROWID;"

	"CREATE TABLE facts (t INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES sources,"
	" count INTEGER NOT NULL, PRIMARY KEY (t, source)) WITHOUT ROWID;"
	"CREATE TABLE tops (t INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES sources,"
	" PRIMARY KEY (t, source)) WITHOUT ROWID;"
	"CREATE TABLE contacts (t INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES sources,"
	" off_peak INTEGER, peak INTEGER, change INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" PRIMARY KEY (t, source)) WITHOUT ROWID;"
	"CREATE TABLE gaps (t INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES sources,"
	" blind_ms INTEGER NOT NULL, lost INTEGER NOT NULL,"
	" PRIMARY KEY (t, source)) WITHOUT ROWID;"
	"CREATE TABLE refused (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
	" reason TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (topic, payload));"

	"CREATE TABLE streams (id INTEGER PRIMARY KEY, collector TEXT NOT NULL,"
	" stream TEXT NOT NULL, newest INTEGER NOT NULL, UNIQUE (collector, stream));"
	"CREATE TABLE runs (stream INTEGER NOT NULL REFERENCES streams, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, PRIMARY KEY (stream, first)) WITHOUT ROWID;"

	"CREATE TABLE windows (zone INTEGER NOT NULL REFERENCES zones, start INTEGER NOT NULL,"
	" \"end\" INTEGER NOT NULL, energy_mwh INTEGER, cost_units INTEGER, cost_rest INTEGER,"
	" band INTEGER NOT NULL, quality INTEGER NOT NULL, synchronous INTEGER NOT NULL,"
	" PRIMARY KEY (zone, start)) WITHOUT ROWID;"
	"CREATE TABLE events (source INTEGER NOT NULL REFERENCES sources, t INTEGER NOT NULL,"
	" kind TEXT NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL,"
	" PRIMARY KEY (source, t)) WITHOUT ROWID;"

	/* For people who open the file with sqlite3. */
	"CREATE VIEW readings AS SELECT name AS source,"
	" strftime('%Y-%m-%d %H:%M:%f', t / 1000.0, 'unixepoch', 'localtime') AS time,"
	" CASE counts WHEN 'mwh' THEN count / 1e6 END AS kwh,"
	" CASE counts WHEN 'pulses' THEN count END AS pulses"
	" FROM facts JOIN sources ON sources.id = source;"
	"CREATE VIEW consumption AS SELECT name AS zone,"
	" datetime(start / 1000, 'unixepoch', 'localtime') AS start,"
	" datetime(\"end\" / 1000, 'unixepoch', 'localtime') AS \"end\","
	" energy_mwh / 1e6 AS kwh, energy_mwh * 3600.0 / (\"end\" - start) AS power_w,"
	" CASE medium WHEN 'electricity' THEN CASE band WHEN 1 THEN 'P' WHEN 2 THEN 'HPH'"
	"  WHEN 3 THEN 'HCH' WHEN 4 THEN 'HPE' WHEN 5 THEN 'HCE' END END AS band,"
	" CASE medium WHEN 'electricity' THEN cost_units / 1e8 END AS cost,"
	" CASE quality WHEN 0 THEN 'measured' WHEN 1 THEN 'estimated' WHEN 2 THEN 'partial'"
	"  WHEN 3 THEN 'stale' END AS quality,"
	" CASE synchronous WHEN 1 THEN 'top' ELSE 'clock' END AS sync"
	" FROM windows JOIN zones ON zones.id = zone;"
	"CREATE VIEW incidents AS SELECT name AS source,"
	" strftime('%Y-%m-%d %H:%M:%f', t / 1000.0, 'unixepoch', 'localtime') AS time,"
	" kind, before, after FROM events JOIN sources ON sources.id = source;"
	"CREATE VIEW refusals AS SELECT topic, reason,"
	" datetime(at / 1000, 'unixepoch', 'localtime') AS time, CAST(payload AS TEXT) AS payload"
	" FROM refused;";

static const char version_2[] =
	"ALTER TABLE gaps ADD COLUMN lost_possible INTEGER NOT NULL DEFAULT 0;";

/* Who set a collector's index; NULL for swaps by a command. */
static const char version_3[] =
	"ALTER TABLE swaps ADD COLUMN set_by TEXT;"
	"DROP VIEW incidents;"
	"CREATE VIEW incidents AS SELECT name AS source,"
	" strftime('%Y-%m-%d %H:%M:%f', events.t / 1000.0, 'unixepoch', 'localtime') AS time,"
	" kind, before, after, set_by FROM events JOIN sources ON sources.id = events.source"
	" LEFT JOIN swaps ON swaps.source = events.source AND swaps.t = events.t"
	"  AND kind = 'swap';";

/* The field's words; and windows that the next commits are to write. */
static const char version_4[] =
	"ALTER TABLE stays RENAME TO assignments;"
	"ALTER TABLE tops RENAME TO period_signals;"
	"CREATE TABLE outdated_windows (zone TEXT NOT NULL, since INTEGER, until INTEGER);";

/* What the evaluation of excursions needs: the limit of a source, the mark `start` of a record, and
 * the kind (enum point_kind) of one near which others were removed. Windows and events follow from
 * the records in another way than before. The energy that a zone published, while it is more than
 * is in the books. */
static const char version_5[] =
	"ALTER TABLE weights ADD COLUMN max_w INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE facts ADD COLUMN start INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE facts ADD COLUMN confirmed INTEGER;"
	"ALTER TABLE zones ADD COLUMN published_mwh INTEGER;"
	/* The index of a counter is not read wrongly: it began anew. */
	"UPDATE facts SET start = 1 WHERE (t, source) IN (SELECT t, source FROM events"
	" JOIN sources ON sources.id = source WHERE kind = 'reset' AND counts = 'pulses');"
	"INSERT INTO outdated_windows (zone, since, until) SELECT name, NULL, NULL FROM zones;"
	"DELETE FROM events;"
	"INSERT INTO meta (key, value) VALUES ('events', 'outdated');";

const char *const store_migrations[] = {version_1, version_2, version_3, version_4, version_5};
const size_t store_migration_count = sizeof(store_migrations) / sizeof(store_migrations[0]);
