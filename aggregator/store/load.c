#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/restore.h"
#include "aggregator/store/load_parts.h"
#include "common/base/array.h"

#define PROGRESS_FACTS 100000

/* The numbers are an index: against a file that is not ours. */
#define SOURCE_NUMBER_MAX 1000000

/* Calls `take` for each row. */
static bool each_of(struct loader *loader, sqlite3_stmt *statement, loader_of_row *take)
{
	for (;;) {
		enum database_step step =
			database_step(loader->store->database, statement, loader->fail);

		if (step != DATABASE_ROW)
			return step == DATABASE_END;
		if (take(loader, statement))
			continue;
		sqlite3_reset(statement);
		return false;
	}
}

bool load_each(struct loader *loader, const char *sql, loader_of_row *take)
{
	return each_of(loader, database_prepare(loader->store->database, sql), take);
}

/* ---- columns ---- */

const char *row_text(sqlite3_stmt *row, int column)
{
	const char *found = (const char *)sqlite3_column_text(row, column);

	return found ? found : "";
}

int64_t row_number(sqlite3_stmt *row, int column)
{
	return sqlite3_column_int64(row, column);
}

int64_t row_number_or(sqlite3_stmt *row, int column, int64_t missing)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? missing
							       : sqlite3_column_int64(row, column);
}

bool row_flag(sqlite3_stmt *row, int column)
{
	return sqlite3_column_int64(row, column) != 0;
}

static enum tristate tristate(sqlite3_stmt *row, int column)
{
	return (enum tristate)row_number_or(row, column, UNKNOWN);
}

/* NULL, with a reason, where the file has no such source. */
static struct source *source(const struct loader *loader, sqlite3_stmt *row, int column)
{
	int64_t id = row_number(row, column);

	if (id >= 0 && (size_t)id < loader->source_count && loader->sources[id])
		return loader->sources[id];
	fail_set(loader->fail, "%s: there is no source in row %lld",
		 sqlite3_column_name(row, column), (long long)id);
	return NULL;
}

/* ---- zones and sources ---- */

static bool load_zone(struct loader *loader, sqlite3_stmt *row)
{
	enum role role = strcmp(row_text(row, 3), "main") == 0 ? ROLE_MAIN : ROLE_PART;
	struct stored_zone *stored;

	if (strlen(row_text(row, 0)) < ID_SIZE &&
	    !named_find(&loader->store->zones, row_text(row, 0))) {
		stored = named_add(&loader->store->zones, row_text(row, 0), sizeof(*stored));
		stored->windows_end = FOREVER;
		stored->published = row_number(row, 4);
	}
	if (!site_restore_zone(loader->site, row_text(row, 0), row_text(row, 1), row_text(row, 2),
			       role, loader->fail))
		return false;
	site_restore_published(loader->site, row_text(row, 0), row_number(row, 4));
	return true;
}

static void loader_remember(struct loader *loader, size_t id, struct source *found)
{
	while (loader->source_count <= id) {
		loader->sources = array_grow(loader->sources, loader->source_count,
					     &loader->source_capacity, sizeof(*loader->sources));
		loader->sources[loader->source_count++] = NULL;
	}
	loader->sources[id] = found;
}

static enum counts counts_of(const char *name)
{
	if (strcmp(name, "pulses") == 0)
		return COUNTS_PULSES;
	return strcmp(name, "mwh") == 0 ? COUNTS_MWH : COUNTS_UNKNOWN;
}

static bool load_source(struct loader *loader, sqlite3_stmt *row)
{
	const char *name = row_text(row, 1);
	const char *payload = row_text(row, 3);
	size_t length = strcspn(name, "/");
	char collector[2 * ID_SIZE];
	struct about about = {0};
	struct source *found;
	int64_t id = row_number(row, 0);

	if (id < 0 || id > SOURCE_NUMBER_MAX || length >= sizeof(collector) || !name[length])
		return fail_set(
			loader->fail,
			"sources: row %lld: \"%s\" is not a source, expected \"collector/source\"",
			(long long)id, name);
	memcpy(collector, name, length);
	collector[length] = '\0';
	if (payload[0] && !about_decode(&about, payload, strlen(payload), loader->fail))
		return fail_at(loader->fail, "sources: about of %s", name);
	found = site_restore_source(loader->site, collector, name + length + 1,
				    counts_of(row_text(row, 2)), payload[0] ? &about : NULL,
				    row_flag(row, 4), loader->fail);
	loader_remember(loader, (size_t)id, found);
	return found;
}

static bool load_weight(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 0);
	struct weight weight = {
		.from = row_number_or(row, 2, NEVER),
		.amount = row_number(row, 3),
		.modulus = row_number(row, 4),
		.max_w = row_number(row, 5),
	};

	if (!found)
		return false;
	if (strcmp(row_text(row, 1), "volume") == 0)
		site_restore_volume_weight(found, &weight);
	else
		site_restore_energy_weight(found, &weight);
	return true;
}

static bool load_swap(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 0);
	struct swap swap = {.t = row_number(row, 1),
			    .final = row_number(row, 2),
			    .initial = row_number(row, 3)};

	snprintf(swap.by, sizeof(swap.by), "%s", row_text(row, 4));
	if (found)
		site_restore_swap(found, &swap);
	return found;
}

static bool load_assignment(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 0);

	return found && site_restore_assignment(loader->site, found, row_text(row, 1),
						row_number_or(row, 2, NEVER),
						row_number_or(row, 3, FOREVER), loader->fail);
}

/* ---- records ---- */

static bool load_total(struct loader *loader, sqlite3_stmt *row)
{
	loader->facts_total = row_number(row, 0);
	return true;
}

static enum point_kind confirmed_kind(sqlite3_stmt *row, int column)
{
	int64_t kind = row_number(row, column);

	return kind >= POINT_COUNTED && kind <= POINT_JUMP ? (enum point_kind)kind : POINT_COUNTED;
}

static bool load_fact(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 1);

	if (!found)
		return false;
	if (sqlite3_column_type(row, 4) == SQLITE_NULL)
		site_restore_fact(found, row_number(row, 0), row_number(row, 2), row_flag(row, 3));
	else
		site_restore_confirmed(found, row_number(row, 0), row_number(row, 2),
				       row_flag(row, 3), confirmed_kind(row, 4));
	if (++loader->facts % PROGRESS_FACTS == 0 && loader->progress)
		loader->progress(loader->context, (int)(loader->facts * 100 / loader->facts_total));
	return true;
}

static bool load_signal(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 1);

	if (found)
		site_restore_signal(found, row_number(row, 0));
	return found;
}

static bool load_contacts(struct loader *loader, sqlite3_stmt *row)
{
	struct source *found = source(loader, row, 1);
	struct contact_state state = {
		.t = row_number(row, 0),
		.off_peak = tristate(row, 2),
		.peak = tristate(row, 3),
		.change = row_flag(row, 4),
		.seq = row_number(row, 5),
	};

	if (found)
		site_restore_contacts(found, &state);
	return found;
}

static bool load_gap(struct loader *loader, sqlite3_stmt *row)
{
	struct gap gap = {
		.t = row_number(row, 0),
		.blind_ms = row_number(row, 1),
		.lost = row_number(row, 2),
		.lost_possible = row_flag(row, 3),
	};

	site_restore_gap(loader->site, &gap);
	return true;
}

/* ---- what has come ---- */

static bool load_run(struct loader *loader, sqlite3_stmt *row)
{
	struct sequence *stream = &loader->stream;

	stream->runs =
		array_grow(stream->runs, stream->count, &stream->capacity, sizeof(*stream->runs));
	stream->runs[stream->count++] = (struct run){row_number(row, 0), row_number(row, 1)};
	return true;
}

static bool load_stream(struct loader *loader, sqlite3_stmt *row)
{
	static const char sql[] = "SELECT first, last FROM runs WHERE stream = ? ORDER BY first";
	sqlite3_stmt *runs =
		DATABASE_BIND(loader->store->database, sql, sql_number(row_number(row, 0)));
	const char *name = row_text(row, 2);

	if (strlen(name) >= sizeof(loader->stream.stream))
		return fail_set(loader->fail,
				"streams: \"%s\" is not a stream, expected 16 hexadecimal digits",
				name);
	strcpy(loader->stream.stream, name);
	loader->stream.count = 0;
	return each_of(loader, runs, load_run) &&
	       site_restore_stream(loader->site, row_text(row, 1), &loader->stream,
				   row_flag(row, 3), loader->fail);
}

static bool load(struct loader *loader)
{
	return load_each(loader,
			 "SELECT name, label, medium, role, published_mwh FROM zones ORDER BY id",
			 load_zone) &&
	       load_each(loader,
			 "SELECT id, name, counts, about, announced FROM sources ORDER BY id",
			 load_source) &&
	       load_each(loader,
			 "SELECT source, quantity, since, amount, modulus, max_w FROM weights"
			 " ORDER BY source, quantity, position",
			 load_weight) &&
	       load_each(loader,
			 "SELECT source, t, final, initial, set_by FROM swaps ORDER BY source, t",
			 load_swap) &&
	       load_each(loader,
			 "SELECT source, zone, since, until FROM assignments ORDER BY source, "
			 "position",
			 load_assignment) &&
	       load_each(loader, "SELECT count(*) FROM facts", load_total) &&
	       load_each(loader, "SELECT t, source, count, start, confirmed FROM facts ORDER BY t",
			 load_fact) &&
	       load_each(loader, "SELECT t, source FROM period_signals ORDER BY t", load_signal) &&
	       load_each(loader,
			 "SELECT t, source, off_peak, peak, change, seq FROM contacts ORDER BY t",
			 load_contacts) &&
	       load_each(loader, "SELECT t, blind_ms, lost, lost_possible FROM gaps", load_gap) &&
	       load_each(loader, "SELECT id, collector, stream, newest FROM streams ORDER BY id",
			 load_stream) &&
	       load_settings(loader);
}

bool store_load(struct store *store, struct site *site,
		void (*progress)(void *context, int percent), void *context, struct fail *fail)
{
	struct loader loader = {.store = store,
				.site = site,
				.differs_from = NEVER,
				.progress = progress,
				.context = context,
				.fail = fail};
	bool loaded = load(&loader);

	free(loader.sources);
	free(loader.stream.runs);
	if (!loaded)
		return false;
	site_restored(site);
	return load_outdated(&loader);
}
