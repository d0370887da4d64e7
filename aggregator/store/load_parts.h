/* load_parts.h - loading from within: load.c reads what was stored, load_outdated.c finds what has
 * to be written again. */
#ifndef AGGREGATOR_STORE_LOAD_PARTS_H
#define AGGREGATOR_STORE_LOAD_PARTS_H

#include "aggregator/store/parts.h"

struct loader {
	struct store *store;
	struct site *site;
	struct source **sources; /* by their numbers in the file; NULL: there is none */
	size_t source_count, source_capacity;
	int64_t facts, facts_total;
	void (*progress)(void *context, int percent);
	void *context;
	struct sequence stream; /* of which runs are being collected */
	ms_t differs_from;	/* windows that end later were computed with other settings */
	struct fail *fail;
};

typedef bool loader_of_row(struct loader *loader, sqlite3_stmt *row);

/* ---- load.c ---- */

/* Calls `take` for each row of `sql`. */
bool load_each(struct loader *loader, const char *sql, loader_of_row *take);

const char *row_text(sqlite3_stmt *row, int column); /* NULL is a text of no letters */
int64_t row_number(sqlite3_stmt *row, int column);
int64_t row_number_or(sqlite3_stmt *row, int column, int64_t missing);
bool row_flag(sqlite3_stmt *row, int column);

/* ---- load_outdated.c ---- */

/* Compares the settings of the file with those of today. */
bool load_settings(struct loader *loader);

/* Adds what has to be written again to the pending changes of the store. */
bool load_outdated(struct loader *loader);

#endif
