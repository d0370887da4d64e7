/* parts.h - the store from within, for the files that it is made of: commit.c decides when to
 * commit, save.c and save_derived.c write what changed with run.c, load.c reads it back, schema.c
 * is the layout of the file.
 */
#ifndef AGGREGATOR_STORE_PARTS_H
#define AGGREGATOR_STORE_PARTS_H

#include "aggregator/site/named.h"
#include "aggregator/store/store.h"
#include "common/sqlite/statement.h"

/* A zone in the file. */
struct stored_zone {
	char id[ID_SIZE];
	int64_t row;	  /* 0: not known yet */
	ms_t windows_end; /* no window in the file ends later */
	mwh_t published;  /* as it is in the file; 0: none, -1: not known */
};

struct stored_source {
	char name[2 * ID_SIZE];
	int64_t row;
};

struct store {
	struct database *database;
	struct named sources;	/* struct stored_source, as far as they were needed */
	struct named zones;	/* struct stored_zone, likewise */
	struct changes pending; /* what is not in the file yet */
	ms_t due;		/* of the next commit, monotonic; 0: nothing is pending */
	struct fail trouble;	/* of the last commit, if it failed */
	struct fail failed;	/* of the commit that is under way */
	char *tariff;		/* the settings that windows are computed with (tariff_text.h) */
	bool tariff_stored;	/* the file has them */
	bool outdated;		/* the file names windows that are left to be written */
};

/* ---- run.c ---- */

struct sql_value value_moment(ms_t t); /* NULL if `t` is NEVER or FOREVER */
struct sql_value value_tristate(enum tristate state);

/* Runs the statement `sql`, which lives for ever, with its values. */
#define STORE_RUN(store, sql, ...)                                                                 \
	DATABASE_RUN((store)->database, &(store)->failed, sql, __VA_ARGS__)

/* The row of a source, which is in the file already. */
struct sql_value store_source(struct store *store, const struct source *source);

/* A zone that is in the file already, with its row. NULL with store->failed. */
struct stored_zone *store_zone(struct store *store, const char *id);

/* To be called when a transaction was rolled back, or the file replaced. */
void store_forget_rows(struct store *store);

/* ---- save.c ---- */

/* Writes what is pending within the open transaction, but for windows that are left to the next
 * commits. False with store->failed. */
bool store_save(struct store *store, struct site *site, struct changes *left);

/* ---- save_derived.c ---- */

/* So many windows are computed and written in one commit: about 30 ms of processor. */
#define STORE_WINDOWS_A_COMMIT 20000

/* Writes the windows and events that changed. Of windows that are too many for one commit only the
 * ranges are written, and added to *left. */
bool store_save_derived(struct store *store, struct site *site, struct changes *left);

/* ---- schema.c ---- */

extern const char *const store_migrations[];
extern const size_t store_migration_count;

#endif
