#include <stdlib.h>

#include "aggregator/store/parts.h"

/* ---- statements with their values ---- */

struct value value_number(int64_t value)
{
	return (struct value){.kind = NUMBER, .number = value};
}

struct value value_text(const char *value)
{
	return (struct value){.kind = value ? TEXT : NOTHING, .text = value};
}

struct value value_bytes(const char *value, size_t size)
{
	return (struct value){.kind = BYTES, .number = (int64_t)size, .text = value};
}

/* Without an end: nothing. */
struct value value_moment(ms_t t)
{
	return t == NEVER || t == FOREVER ? (struct value){.kind = NOTHING} : value_number(t);
}

struct value value_tristate(enum tristate value)
{
	return value == UNKNOWN ? (struct value){.kind = NOTHING} : value_number(value);
}

static sqlite3_stmt *prepare(struct store *store, const char *sql, const struct value *values,
			     int count)
{
	sqlite3_stmt *statement = database_prepare(store->database, sql);

	for (int i = 0; i < count; i++) {
		const struct value *value = &values[i];

		if (value->kind == NUMBER)
			sqlite3_bind_int64(statement, i + 1, value->number);
		else if (value->kind == TEXT)
			sqlite3_bind_text(statement, i + 1, value->text, -1, SQLITE_STATIC);
		else if (value->kind == BYTES)
			sqlite3_bind_blob64(statement, i + 1, value->text ? value->text : "",
					    (sqlite3_uint64)value->number, SQLITE_STATIC);
	}
	return statement;
}

bool store_run(struct store *store, const char *sql, const struct value *values, size_t count)
{
	return database_run(store->database, prepare(store, sql, values, (int)count),
			    &store->failed);
}

/* ---- numbers of sources and zones ---- */

/* 0 with store->failed if there is no such row. */
static int64_t number_of(struct store *store, const char *sql, const char *name)
{
	sqlite3_stmt *statement = prepare(store, sql, (struct value[]){value_text(name)}, 1);
	int64_t number;

	if (database_step(store->database, statement, &store->failed) != DATABASE_ROW) {
		fail_set(&store->failed, "%s: is not in the books", name);
		return 0;
	}
	number = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return number;
}

struct value store_source(struct store *store, const struct source *source)
{
	struct stored_source *known = named_find(&store->sources, source->name);
	int64_t number;

	if (known)
		return value_number(known->number);
	number = number_of(store, "SELECT id FROM sources WHERE name = ?", source->name);
	if (!number)
		return value_text(NULL);
	known = named_add(&store->sources, source->name, sizeof(*known));
	known->number = number;
	return value_number(number);
}

struct stored_zone *store_zone(struct store *store, const char *id)
{
	struct stored_zone *known = named_find(&store->zones, id);

	if (!known) {
		known = named_add(&store->zones, id, sizeof(*known));
		known->windows_end = NEVER;
	}
	if (!known->number)
		known->number = number_of(store, "SELECT id FROM zones WHERE name = ?", id);
	return known->number ? known : NULL;
}

void store_forget_numbers(struct store *store)
{
	for (size_t i = 0; i < store->sources.count; i++)
		free(store->sources.items[i]);
	named_free(&store->sources);
	for (size_t i = 0; i < store->zones.count; i++)
		((struct stored_zone *)store->zones.items[i])->number = 0;
}
