/* outbox_file.h - the file of an outbox: its state, the positions of its sources, its records.
 *
 * SQLite, a table for each: outbox_state.h, outbox_positions.h, outbox_records.h. What changes
 * together is written together. */
#ifndef COMMON_COLLECTOR_OUTBOX_FILE_H
#define COMMON_COLLECTOR_OUTBOX_FILE_H

#include "common/collector/outbox_positions.h"
#include "common/collector/outbox_records.h"
#include "common/collector/outbox_state.h"

struct outbox_file;

/* `name` as for database_open(). `boot` names this boot of the machine (at most 40 characters):
 * undated records of another one are withdrawn, since nobody can date them any more. */
struct outbox_file *outbox_file_open(const char *name, const char *boot, struct fail *fail);
void outbox_file_close(struct outbox_file *file);

/* Records the origin of the file's contents (at most 40 characters). Returns false if a different
 * origin is already recorded. */
bool outbox_file_origin(struct outbox_file *file, const char *origin, struct fail *fail);

/* For reading, but for `downsampled`, which the caller may raise. It, and positions that change,
 * are written by the next outbox_file_save() that has a reason to. */
struct outbox_state *outbox_file_state(struct outbox_file *file);
struct outbox_positions *outbox_file_positions(struct outbox_file *file);

/* The time is known: everything undated gets t + offset, with the next save. */
void outbox_file_date(struct outbox_file *file, ms_t offset);

/* Begins a new stream: everything in the file is to be sent again. Written with the next save. */
void outbox_file_begin_stream(struct outbox_file *file);

/* The receiver has everything up to `seq`. False if that cannot be counted: nothing is changed. */
bool outbox_file_acknowledge(struct outbox_file *file, int64_t seq, struct fail *fail);

/* Writes what changed, and `rows` (may be NULL), in one transaction, to the disk. A damaged file is
 * set aside and a new one is begun, with another stream: then this is a failure, and trying again
 * is of use. An `acked` that grew by little is written only if `all` is set: it does not matter. */
bool outbox_file_save(struct outbox_file *file, const struct backlog *rows, bool all,
		      struct fail *fail);

/* The first record after `seq`, with stream and prev. Records that cannot be right are deleted, and
 * logged: the index of the next one covers theirs. Returns OUTBOX_ROW, OUTBOX_NONE or
 * OUTBOX_FAILED. */
enum outbox_read outbox_file_next(struct outbox_file *file, int64_t seq, struct outbox_row *row,
				  struct fail *fail);

/* See outbox_retention.h; acknowledged records are kept for `keep_ms`. */
int64_t outbox_file_retention(struct outbox_file *file, int64_t limit, ms_t keep_ms);

#endif
