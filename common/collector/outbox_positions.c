#include "common/collector/outbox_positions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

static struct positioned_source *source_find(const struct outbox_positions *positions,
					     const char *name)
{
	for (size_t i = 0; i < positions->count; i++)
		if (strcmp(positions->sources[i].name, name) == 0)
			return &positions->sources[i];
	return NULL;
}

size_t outbox_positions_source(struct outbox_positions *positions, const char *name)
{
	struct positioned_source *source = source_find(positions, name);

	if (source)
		return (size_t)(source - positions->sources);
	positions->sources = array_grow(positions->sources, positions->count, &positions->capacity,
					sizeof(*positions->sources));
	source = &positions->sources[positions->count];
	*source = (struct positioned_source){0};
	snprintf(source->name, sizeof(source->name), "%s", name);
	return positions->count++;
}

const struct outbox_position *outbox_positions_find(const struct outbox_positions *positions,
						    const char *name)
{
	const struct positioned_source *source = source_find(positions, name);

	return source && source->known ? &source->position : NULL;
}

void outbox_positions_set(struct outbox_positions *positions, size_t source,
			  const struct outbox_position *position)
{
	positions->sources[source].position = *position;
	positions->sources[source].known = true;
	positions->sources[source].changed = true;
}

void outbox_positions_date(struct outbox_positions *positions, ms_t offset)
{
	for (size_t i = 0; i < positions->count; i++) {
		struct positioned_source *source = &positions->sources[i];

		if (!source->position.undated)
			continue;
		source->position.t += offset;
		source->position.anchor = offset;
		source->position.undated = false;
		source->changed = true;
	}
}

bool outbox_positions_anchor(const struct outbox_positions *positions, ms_t *offset)
{
	ms_t newest = -1;

	for (size_t i = 0; i < positions->count; i++) {
		const struct outbox_position *position = &positions->sources[i].position;

		if (!position->anchor || position->seen_boot <= newest)
			continue;
		newest = position->seen_boot;
		*offset = position->anchor;
	}
	return newest >= 0;
}

ms_t outbox_positions_newest(const struct outbox_positions *positions)
{
	ms_t newest = 0;

	for (size_t i = 0; i < positions->count; i++) {
		const struct outbox_position *position = &positions->sources[i].position;

		if (!position->undated && position->t > newest)
			newest = position->t;
	}
	return newest;
}

/* -------- the file -------- */

bool outbox_positions_changed(const struct outbox_positions *positions)
{
	for (size_t i = 0; i < positions->count; i++)
		if (positions->sources[i].changed)
			return true;
	return false;
}

void outbox_positions_set_changed(struct outbox_positions *positions, bool changed)
{
	for (size_t i = 0; i < positions->count; i++)
		positions->sources[i].changed = changed && positions->sources[i].known;
}

static bool save(const struct positioned_source *source, size_t number, struct database *database,
		 struct fail *fail)
{
	const struct outbox_position *position = &source->position;

	return DATABASE_RUN(
		database, fail,
		"INSERT OR REPLACE INTO source (id, name, pulses, wh, mark, t, undated, seen_boot, "
		"anchor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		sql_number((int64_t)number + 1), sql_text(source->name),
		sql_number(position->pulses), sql_real(position->wh), sql_number(position->mark),
		sql_number(position->t), sql_number(position->undated),
		sql_number(position->seen_boot), sql_number(position->anchor));
}

bool outbox_positions_save(const struct outbox_positions *positions, struct database *database,
			   struct fail *fail)
{
	for (size_t i = 0; i < positions->count; i++)
		if (positions->sources[i].changed &&
		    !save(&positions->sources[i], i, database, fail))
			return false;
	return true;
}

/* The newest dated record of a source, whose undated ones are withdrawn; 0: none. */
static bool newest_dated(struct database *database, size_t source, ms_t *newest, struct fail *fail)
{
	return sql_one_number(database,
			      DATABASE_BIND(database,
					    "SELECT coalesce(max(t), 0) FROM record WHERE source = "
					    "? AND NOT undated",
					    sql_number((int64_t)source + 1)),
			      newest, fail);
}

static void read_position(struct outbox_position *position, struct sql_row *row)
{
	*position = (struct outbox_position){
		.pulses = sql_row_number(row, 2, 0, FACT_COUNT_MAX),
		.wh = sql_row_real(row, 3, 0, FACT_WH_MAX),
		.mark = (enum mark)sql_row_choice(row, 4, MARK_NONE, MARK_NONE),
		.t = sql_row_number(row, 5, 0, FACT_TIME_MAX),
		.undated = sql_row_flag(row, 6),
		.seen_boot = sql_row_number(row, 7, -1, FACT_TIME_MAX),
		.anchor = sql_row_number(row, 8, -FACT_TIME_MAX, FACT_TIME_MAX),
	};
}

static bool load(struct outbox_positions *positions, struct sql_row *row, bool rebooted,
		 struct fail *fail)
{
	int64_t number = (int64_t)positions->count + 1;
	struct outbox_position position;
	char name[ID_SIZE];
	size_t source;

	/* Records name their source by its number. */
	sql_row_number(row, 0, number, number);
	sql_row_text(row, 1, name, sizeof(name));
	if (!id_valid(name) || source_find(positions, name))
		sql_row_unexpected(row, 1, "an id of its own, " ID_EXPECTED);
	read_position(&position, row);
	if (row->wrong.text[0])
		return database_set_damaged(row->database, row->wrong.text, fail);
	source = outbox_positions_source(positions, name);
	if (rebooted) {
		position.seen_boot = -1;
		if (position.undated && !newest_dated(row->database, source, &position.t, fail))
			return false;
		position.undated = false;
	}
	outbox_positions_set(positions, source, &position);
	positions->sources[source].changed = rebooted;
	return true;
}

bool outbox_positions_load(struct outbox_positions *positions, struct database *database,
			   bool rebooted, struct fail *fail)
{
	struct sql_row row = {
		.database = database,
		.table = "source",
		.statement = database_prepare(
			database, "SELECT id, name, pulses, wh, mark, t, undated, seen_boot, "
				  "anchor FROM source ORDER BY id"),
	};
	enum database_step step;

	positions->count = 0;
	while ((step = database_step(database, row.statement, fail)) == DATABASE_ROW)
		if (!load(positions, &row, rebooted, fail)) {
			sqlite3_reset(row.statement);
			return false;
		}
	return step == DATABASE_END;
}

void outbox_positions_free(struct outbox_positions *positions)
{
	free(positions->sources);
	*positions = (struct outbox_positions){0};
}
