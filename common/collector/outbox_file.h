/* outbox_file.h - the file of an outbox: its records, and where its sources stand.
 *
 * Tables (SQLite): `state`, one row; `source`, one for each; `record`. Everything that changes
 * together is written together. */
#ifndef COMMON_COLLECTOR_OUTBOX_FILE_H
#define COMMON_COLLECTOR_OUTBOX_FILE_H

#include "common/collector/backlog.h"

struct outbox_file;

/* `name` as for database_open(). `boot` tells this boot of the machine from others (up to 40
 * characters): records of another one that were not dated are withdrawn, since nobody can date
 * them any more. */
struct outbox_file *outbox_file_open(const char *name, const char *boot, struct fail *fail);

/* Of what the file holds, up to 40 characters: said once for good. False where it was another. */
bool outbox_file_origin(struct outbox_file *file, const char *origin, struct fail *fail);
void outbox_file_close(struct outbox_file *file);

/* What belongs to the file as a whole. The caller changes `acked` and may count on; the rest
 * changes in here. All of it is written by the next outbox_file_save() that has a reason to. */
struct outbox_state {
	char stream[STREAM_SIZE];
	bool stream_saved;	  /* else nothing is to be sent yet */
	int64_t acked;		  /* everything up to it is with the receiver */
	int64_t newest;		  /* the largest seq in the file */
	int64_t rows;		  /* records in the file */
	int64_t thinned, undated; /* gone ones, since the outbox was new */
};

struct outbox_state *outbox_file_state(struct outbox_file *file);

/* Where a source stands with its newest record. */
struct outbox_place {
	int64_t pulses;
	double wh;
	enum mark mark;
	ms_t t;
	bool undated;	/* t is CLOCK_BOOTTIME */
	ms_t seen_boot; /* CLOCK_BOOTTIME; -1: of another boot */
	ms_t anchor;	/* time of day - seen_boot; 0: not known */
};

/* The number of a source; it becomes one where it was none. */
size_t outbox_file_source(struct outbox_file *file, const char *name);
const char *outbox_file_name(const struct outbox_file *file, size_t source);

/* NULL: there is no record of it yet. */
const struct outbox_place *outbox_file_place(const struct outbox_file *file, const char *name);

/* The anchor of this boot that is the newest. False: none yet. */
bool outbox_file_anchor(const struct outbox_file *file, ms_t *offset);

/* To be written with the next save. */
void outbox_file_set_place(struct outbox_file *file, size_t source,
			   const struct outbox_place *place);

/* Whether they all were. */
bool outbox_file_settled(const struct outbox_file *file);

/* All that is not dated gets t + offset, with the next save. */
void outbox_file_date(struct outbox_file *file, ms_t offset);

/* A new stream: everything in the file is to be sent again. Written with the next save. */
void outbox_file_begin_stream(struct outbox_file *file);

/* Writes what changed, and `rows`, in one transaction, to the disk. A damaged file is set aside and
 * a new one is begun, with another stream: then this is a failure, and trying again is of use. An
 * `acked` that grew by little is written only where `all` is set: it does not matter. */
bool outbox_file_save(struct outbox_file *file, const struct backlog *rows, bool all,
		      struct fail *fail);

enum outbox_read { OUTBOX_ROW, OUTBOX_NONE, OUTBOX_FAILED };

/* The first record after `seq`, with stream and prev. */
enum outbox_read outbox_file_next(struct outbox_file *file, int64_t seq, struct outbox_row *row,
				  struct fail *fail);

/* How many records are after `seq`, up to `last`; -1 on failure. */
int64_t outbox_file_count(struct outbox_file *file, int64_t seq, int64_t last);

/* See outbox_tidy.h. */
int64_t outbox_file_tidy(struct outbox_file *file, int64_t limit, ms_t keep_ms);

#endif
