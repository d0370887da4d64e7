/* outbox_state.h - what belongs to an outbox's file as a whole: its table `state`, of one row. */
#ifndef COMMON_COLLECTOR_OUTBOX_STATE_H
#define COMMON_COLLECTOR_OUTBOX_STATE_H

#include "common/contract/fact.h"
#include "common/sqlite/statement.h"

#define OUTBOX_NAME_SIZE 41 /* of a boot, of an origin */

struct outbox_state {
	char stream[STREAM_SIZE];
	bool stream_saved;	       /* else nothing is to be sent yet */
	int64_t acked;		       /* the receiver has everything up to it */
	int64_t newest;		       /* the largest seq in the file */
	int64_t rows;		       /* records in the file */
	int64_t unacknowledged;	       /* of these, those after `acked` */
	int64_t downsampled;	       /* records that were dropped since the outbox was new */
	int64_t undated;	       /* likewise: withdrawn since nobody could date them */
	char boot[OUTBOX_NAME_SIZE];   /* of the machine, at the last write */
	char origin[OUTBOX_NAME_SIZE]; /* of the file's contents; "": not recorded */
};

/* Begins a new stream: everything in the file is to be sent again. */
void outbox_state_begin_stream(struct outbox_state *state);

/* DATABASE_END: the file is new, and `state` unchanged. A value that cannot be right makes the
 * database a damaged one. */
enum database_step outbox_state_load(struct outbox_state *state, struct database *database,
				     struct fail *fail);

bool outbox_state_save(const struct outbox_state *state, struct database *database,
		       struct fail *fail);

#endif
