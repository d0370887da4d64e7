/* outbox_records.h - the table `record` of an outbox's file. */
#ifndef COMMON_COLLECTOR_OUTBOX_RECORDS_H
#define COMMON_COLLECTOR_OUTBOX_RECORDS_H

#include "common/collector/backlog.h"
#include "common/sqlite/statement.h"

/* Writes `row`, within the open transaction. */
bool outbox_records_write(struct database *database, const struct outbox_row *row,
			  struct fail *fail);

enum outbox_read { OUTBOX_ROW, OUTBOX_NONE, OUTBOX_WRONG, OUTBOX_FAILED };

/* The first record after `seq`, without stream, of one of the file's `sources` sources. A record
 * with a value that cannot be right is OUTBOX_WRONG, with its seq in `row`. */
enum outbox_read outbox_records_next(struct database *database, int64_t seq, size_t sources,
				     struct outbox_row *row, struct fail *fail);

/* How many records are after `seq`, up to `last`. */
bool outbox_records_count(struct database *database, int64_t seq, int64_t last, int64_t *count,
			  struct fail *fail);

bool outbox_records_delete(struct database *database, int64_t seq, struct fail *fail);

#endif
