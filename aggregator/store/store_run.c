#include <stdlib.h>

#include "aggregator/store/store_parts.h"

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

struct numbered {
	char name[2 * ID_SIZE];
	int64_t number;
};

/* Asks for it when it is first needed. */
static struct value numbered(struct store *store, struct named *set, const char *name,
			     const char *sql)
{
	struct numbered *found = named_find(set, name);
	sqlite3_stmt *statement;

	if (found)
		return value_number(found->number);
	statement = prepare(store, sql, (struct value[]){value_text(name)}, 1);
	if (database_step(store->database, statement, &store->failed) != DATABASE_ROW) {
		fail_set(&store->failed, "%s: belongs to nothing in the books", name);
		return value_text(NULL);
	}
	found = named_add(set, name, sizeof(*found));
	found->number = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return value_number(found->number);
}

struct value store_source(struct store *store, const struct source *source)
{
	static const char sql[] = "SELECT id FROM sources WHERE name = ?";

	return numbered(store, &store->sources, source->name, sql);
}

struct value store_zone(struct store *store, const char *zone)
{
	return numbered(store, &store->zones, zone, "SELECT id FROM zones WHERE name = ?");
}

static void forget(struct named *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i]);
	named_free(set);
}

void store_forget_numbers(struct store *store)
{
	forget(&store->sources);
	forget(&store->zones);
}
