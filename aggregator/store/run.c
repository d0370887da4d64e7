#include <stdlib.h>

#include "aggregator/store/parts.h"

/* ---- values ---- */

struct sql_value value_moment(ms_t t)
{
	return t == NEVER || t == FOREVER ? sql_null() : sql_number(t);
}

struct sql_value value_tristate(enum tristate value)
{
	return value == UNKNOWN ? sql_null() : sql_number(value);
}

/* ---- rows of sources and zones ---- */

/* 0 with store->failed if there is no such row. */
static int64_t row_of(struct store *store, const char *sql, const char *name)
{
	sqlite3_stmt *statement = DATABASE_BIND(store->database, sql, sql_text(name));
	int64_t number;

	if (database_step(store->database, statement, &store->failed) != DATABASE_ROW) {
		fail_set(&store->failed, "%s: is not in the books", name);
		return 0;
	}
	number = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return number;
}

struct sql_value store_source(struct store *store, const struct source *source)
{
	struct stored_source *known = named_find(&store->sources, source->name);
	int64_t number;

	if (known)
		return sql_number(known->row);
	number = row_of(store, "SELECT id FROM sources WHERE name = ?", source->name);
	if (!number)
		return sql_text(NULL);
	known = named_add(&store->sources, source->name, sizeof(*known));
	known->row = number;
	return sql_number(number);
}

struct stored_zone *store_zone(struct store *store, const char *id)
{
	struct stored_zone *known = named_find(&store->zones, id);

	if (!known) {
		known = named_add(&store->zones, id, sizeof(*known));
		known->windows_end = NEVER;
	}
	if (!known->row)
		known->row = row_of(store, "SELECT id FROM zones WHERE name = ?", id);
	return known->row ? known : NULL;
}

void store_forget_rows(struct store *store)
{
	for (size_t i = 0; i < store->sources.count; i++)
		free(store->sources.items[i]);
	named_free(&store->sources);
	for (size_t i = 0; i < store->zones.count; i++) {
		struct stored_zone *zone = store->zones.items[i];

		zone->row = 0;
		zone->published = -1;
	}
}
