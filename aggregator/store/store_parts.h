/* store_parts.h - the store from within, for the files that it is made of: store.c decides when to
 * commit, store_save.c writes what the site hands over with store_run.c, store_load.c reads it,
 * store_schema.c is the layout of the file. */
#ifndef AGGREGATOR_STORE_STORE_PARTS_H
#define AGGREGATOR_STORE_STORE_PARTS_H

#include "aggregator/site/books.h"
#include "aggregator/tariff/fingerprint.h"
#include "aggregator/site/named.h"
#include "aggregator/store/store.h"
#include "common/sqlite/database.h"

struct store {
	struct database *database;
	struct named sources, zones;	 /* their numbers in the file, as far as they were needed */
	ms_t due;			 /* of the next commit, monotonic; 0: nothing to keep */
	struct fail trouble;		 /* of the last commit, if it failed */
	struct fail failed;		 /* of the commit that is under way */
	char settings[FINGERPRINT_SIZE]; /* those that windows are computed with */
	bool marked;			 /* the file says so */
};

/* ---- store_run.c ---- */

/* Of a parameter of a statement; texts and bytes assignment the caller's. */
struct value {
	enum { NOTHING, NUMBER, TEXT, BYTES } kind;
	int64_t number; /* BYTES: how many */
	const char *text;
};

struct value value_number(int64_t number);
struct value value_text(const char *text); /* may be NULL */
struct value value_bytes(const char *bytes, size_t size);
struct value value_moment(ms_t t); /* nothing where it is no limit */
struct value value_tristate(enum tristate state);

/* Runs the statement `sql`, which lives for ever, with its values. */
bool store_run(struct store *store, const char *sql, const struct value *values, size_t count);

#define STORE_VALUES(...) ((struct value[]){__VA_ARGS__})
#define STORE_RUN(store, sql, ...)                                                                 \
	store_run(store, sql, STORE_VALUES(__VA_ARGS__),                                           \
		  sizeof(STORE_VALUES(__VA_ARGS__)) / sizeof(struct value))

/* The numbers of a source and of a zone, which are in the file already. */
struct value store_source(struct store *store, const struct source *source);
struct value store_zone(struct store *store, const char *zone);

/* They may be others from now on. */
void store_forget_numbers(struct store *store);

/* ---- store_save.c ---- */

/* What site_save() writes with. */
struct books store_books(struct store *store);

bool store_save_meta(struct store *store, const char *key, const char *value);

/* ---- store_schema.c ---- */

extern const char *const store_migrations[];
extern const size_t store_migration_count;

#endif
