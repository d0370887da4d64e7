/* outbox_parts.h - the outbox from within, for the files that it is made of: outbox_add.c takes
 * records, outbox_write.c decides when they are written, outbox_send.c what is sent and when again,
 * outbox_ack.c takes the answers of broker and aggregator. */
#ifndef COMMON_COLLECTOR_OUTBOX_PARTS_H
#define COMMON_COLLECTOR_OUTBOX_PARTS_H

#include "common/collector/outbox.h"
#include "common/collector/outbox_file.h"

#define OUTBOX_WRITE_MS	   (10 * MS_PER_SECOND)
#define OUTBOX_AGAIN_MS	   (5 * MS_PER_SECOND) /* after a write or a read that failed */
#define OUTBOX_PATIENCE_MS (30 * MS_PER_SECOND)

#define OUTBOX_IN_FLIGHT 15 /* what mqtt_send() takes at a time */

/* A record that was given to the session. */
struct sent_record {
	int64_t seq;
	bool answered, taken; /* by the broker */
};

struct outbox {
	struct outbox_settings settings;
	struct outbox_file *file;
	struct outbox_state *state;	    /* of the file */
	struct outbox_positions *positions; /* of the file */
	int64_t seq;			    /* the last one given */
	int64_t added, acknowledged;

	/* outbox_write.c */
	struct backlog backlog;
	bool urgent;	      /* writes at once */
	ms_t written_at;      /* the last try */
	ms_t gathering_since; /* if there is a backlog; -1: not seen by outbox_pump() yet */
	bool moved;	      /* a source's position, without a record, */
	ms_t moved_since;     /* since then; -1: as above */
	bool downsampling;    /* was logged */
	struct fail write_trouble;

	/* outbox_send.c */
	char stream[STREAM_SIZE]; /* of what follows */
	int64_t sent;		  /* the seq that was sent last; what is after it comes next */
	int64_t sent_most;	  /* nothing beyond it was ever sent */
	int64_t ahead;		  /* records after `acked`, up to `sent` */
	bool again;		  /* from `acked` on, once nothing is in flight any more */
	ms_t progress_at;	  /* the receiver's last sign, or when the first one left */
	ms_t patience;		  /* without such a sign, until everything is sent again */
	struct sent_record in_flight[OUTBOX_IN_FLIGHT]; /* in the order of sending */
	size_t in_flight_count;
	ms_t read_at; /* the last try that failed */
	struct fail read_trouble;

	/* outbox_ack.c */
	bool logged[MQTT_REFUSED + 1]; /* such results since everything was acknowledged */
};

/* ---- outbox_write.c ---- */

void outbox_write_if_due(struct outbox *outbox, ms_t now);

/* Logs that records are dropped, once until there is room again. */
void outbox_log_downsampling(struct outbox *outbox);

/* Of reading or writing: logs its beginning and its end. */
void outbox_trouble_begin(struct fail *trouble, const struct fail *fail);
void outbox_trouble_end(struct fail *trouble, const char *file);

/* ---- outbox_send.c ---- */

/* Takes over the file's stream, of which nothing was sent yet. */
void outbox_send_stream(struct outbox *outbox);

/* Sends from `acked` on. */
void outbox_send_again(struct outbox *outbox);

/* How many records are with the session, without the broker's answer. */
size_t outbox_unanswered(const struct outbox *outbox);

#endif
