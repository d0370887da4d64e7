#include "common/collector/outbox_records.h"

bool outbox_records_write(struct database *database, const struct outbox_row *row,
			  struct fail *fail)
{
	const struct record *record = &row->record;

	return DATABASE_RUN(
		database, fail,
		"INSERT INTO record (seq, source, t, undated, pulses, wh, mark, off_peak, peak, "
		"blind_ms, lost, lost_possible, index_from, index_by) VALUES (?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?)",
		sql_number(record->seq), sql_number((int64_t)row->source + 1),
		sql_number(record->t), sql_number(row->undated),
		record->is_pulse ? sql_number(record->pulses) : sql_null(),
		record->is_pulse ? sql_null() : sql_real(record->wh), sql_number(record->mark),
		sql_number(record->off_peak), sql_number(record->peak),
		sql_number(record->blind_ms), sql_number(record->lost),
		sql_number(record->lost_possible),
		record->index_set ? sql_number(record->index_from) : sql_null(),
		record->index_set ? sql_text(record->index_by) : sql_null());
}

/* As from the network: see record_decode(). */
static void read_index(struct record *record, struct sql_row *row)
{
	record->is_pulse = !sql_row_null(row, 4);
	if (record->is_pulse)
		record->pulses = sql_row_number(row, 4, 0, FACT_COUNT_MAX);
	else
		record->wh = sql_row_real(row, 5, 0, FACT_WH_MAX);
	record->mark = (enum mark)(record->is_pulse ? sql_row_choice(row, 6, MARK_STOP, MARK_MINUTE)
						    : sql_row_choice(row, 6, MARK_NONE, MARK_NONE));
	record->index_set = !sql_row_null(row, 13);
	if (!record->index_set)
		return;
	record->index_from = sql_row_number(row, 13, 0, FACT_COUNT_MAX);
	sql_row_text(row, 14, record->index_by, sizeof(record->index_by));
	if (!label_valid(record->index_by))
		sql_row_unexpected(row, 14, LABEL_EXPECTED);
	if (!record->is_pulse)
		sql_row_unexpected(row, 4, "a number, since the index was set");
}

static void read_row(struct outbox_row *row, struct sql_row *values, size_t sources)
{
	struct record *record = &row->record;

	*row = (struct outbox_row){
		.source = (size_t)sql_row_number(values, 1, 1, (int64_t)sources) - 1,
		.undated = sql_row_flag(values, 3),
	};
	*record = (struct record){
		.seq = sqlite3_column_int64(values->statement, 0),
		.t = sql_row_number(values, 2, 0, FACT_TIME_MAX),
		.off_peak = (enum tristate)sql_row_choice(values, 7, UNKNOWN, UNKNOWN),
		.peak = (enum tristate)sql_row_choice(values, 8, UNKNOWN, UNKNOWN),
		.blind_ms = sql_row_number(values, 9, 0, FACT_COUNT_MAX),
		.lost = sql_row_number(values, 10, 0, FACT_COUNT_MAX),
		.has_prev = true,
		.prev = sqlite3_column_int64(values->statement, 11),
		.lost_possible = sql_row_flag(values, 12),
	};
	read_index(record, values);
}

enum outbox_read outbox_records_next(struct database *database, int64_t seq, size_t sources,
				     struct outbox_row *row, struct fail *fail)
{
	struct sql_row values = {
		.database = database,
		.table = "record",
		.statement = DATABASE_BIND(
			database,
			"SELECT seq, source, t, undated, pulses, wh, mark, off_peak, peak, "
			"blind_ms, lost, (SELECT max(seq) FROM record AS other WHERE other.seq < "
			"record.seq), lost_possible, index_from, index_by FROM record WHERE seq > "
			"? ORDER BY seq LIMIT 1",
			sql_number(seq)),
	};
	enum database_step step = database_step(database, values.statement, fail);

	if (step != DATABASE_ROW)
		return step == DATABASE_END ? OUTBOX_NONE : OUTBOX_FAILED;
	read_row(row, &values, sources);
	sqlite3_reset(values.statement);
	if (!values.wrong.text[0])
		return OUTBOX_ROW;
	fail_set(fail, "%s", values.wrong.text);
	return OUTBOX_WRONG;
}

bool outbox_records_count(struct database *database, int64_t seq, int64_t last, int64_t *count,
			  struct fail *fail)
{
	return sql_one_number(
		database,
		DATABASE_BIND(database, "SELECT count(*) FROM record WHERE seq > ? AND seq <= ?",
			      sql_number(seq), sql_number(last)),
		count, fail);
}

bool outbox_records_delete(struct database *database, int64_t seq, struct fail *fail)
{
	return DATABASE_RUN(database, fail, "DELETE FROM record WHERE seq = ?", sql_number(seq));
}
