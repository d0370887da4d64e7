#include "common/collector/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process/clock.h"
#include "common/process/log.h"
#include "common/collector/outbox_file.h"

/* Flash wears with every write, and a crash costs what was not written. */
#define WRITE_RECORDS  10
#define WRITE_MS       (10 * MS_PER_SECOND)
#define GATHER_MS      (1 * MS_PER_SECOND) /* those of many meters come close together */
#define WRITE_AGAIN_MS (5 * MS_PER_SECOND)

/* How many records may be on their way that nobody acknowledged: what the broker keeps for a busy
 * aggregator is limited. The aggregator commits every second, or 5000 facts. */
#define AHEAD_MAX 4000

/* Without a word from the receiver what is on its way is sent again. */
#define PATIENCE_MS	(30 * MS_PER_SECOND)
#define PATIENCE_MAX_MS (10 * MS_PER_MINUTE)

#define FLIGHTS 15 /* what mqtt_send() takes at a time */

/* With everything around them, and pages half full from thinning. */
#define RECORDS_PER_MB 16384

struct flight {
	int64_t seq;
	bool answered, taken; /* by the broker */
};

struct outbox {
	struct outbox_settings settings;
	struct outbox_file *file;
	struct outbox_state *state;
	int64_t seq; /* the last one given */
	int64_t added, acknowledged;

	struct backlog backlog;
	bool urgent;	      /* writes at once */
	ms_t written_at;      /* the last try */
	ms_t gathering_since; /* where there is a backlog; -1: not looked at yet */
	bool seen;	      /* a source stands elsewhere, without a record, */
	ms_t seen_since;      /* since then; -1: not looked at yet */
	struct fail write_trouble, read_trouble;
	ms_t read_at; /* the last try that failed */
	bool thinning;

	char stream[STREAM_SIZE]; /* of what is said below */
	int64_t unacknowledged;	  /* records in the file */
	int64_t sent;		  /* the seq that was sent last; what is after it comes next */
	int64_t sent_most;	  /* nothing beyond it was ever sent */
	int64_t ahead;		  /* records after `acked`, up to `sent` */
	bool again;		  /* from `acked` on, when nothing is in flight any more */
	ms_t progress_at;	  /* the receiver's last word, or when the first one left */
	ms_t patience;
	struct flight flights[FLIGHTS]; /* in the order of sending */
	size_t flight_count;
	bool told[MQTT_REFUSED + 1]; /* of such trouble since everything was acknowledged */
};

/* -------- opening and closing -------- */

static void read_boot_id(char id[41])
{
	FILE *stream = fopen("/proc/sys/kernel/random/boot_id", "re");

	/* Without it every start is as after another boot. */
	if (!stream || fscanf(stream, "%40s", id) != 1)
		snprintf(id, 41, "%d %lld", (int)getpid(), (long long)clock_monotonic());
	if (stream)
		fclose(stream);
}

/* Nothing of the file's stream was sent by this process yet. */
static void stream_take(struct outbox *outbox)
{
	memcpy(outbox->stream, outbox->state->stream, STREAM_SIZE);
	outbox->unacknowledged = outbox_file_count(outbox->file, outbox->state->acked, INT64_MAX);
	outbox->sent = outbox->state->acked;
	outbox->sent_most = 0;
	outbox->ahead = 0;
	outbox->flight_count = 0;
	outbox->again = false;
	outbox->patience = PATIENCE_MS;
}

struct outbox *outbox_open(const struct outbox_settings *settings, struct fail *fail)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	char boot[41];

	if (!outbox) {
		fail_set(fail, "%s: memory is out", settings->file);
		return NULL;
	}
	outbox->settings = *settings;
	read_boot_id(boot);
	outbox->file = outbox_file_open(settings->file, boot, fail);
	if (!outbox->file) {
		free(outbox);
		return NULL;
	}
	if (settings->origin && !outbox_file_origin(outbox->file, settings->origin, fail)) {
		fail_at(fail, "%s", settings->file);
		outbox_file_close(outbox->file);
		free(outbox);
		return NULL;
	}
	outbox->state = outbox_file_state(outbox->file);
	outbox->seq = outbox->state->newest;
	outbox->written_at = -WRITE_MS;
	outbox->gathering_since = outbox->seen_since = -1;
	stream_take(outbox);
	/* By the process before. */
	outbox->sent_most = outbox->state->newest;
	return outbox;
}

void outbox_close(struct outbox *outbox)
{
	struct fail fail = {0};

	if (!outbox)
		return;
	if (!outbox_file_save(outbox->file, &outbox->backlog, true, &fail) && outbox->backlog.count)
		log_error("%s; %zu records are lost", fail.text, outbox->backlog.count);
	outbox_file_close(outbox->file);
	backlog_free(&outbox->backlog);
	free(outbox);
}

/* -------- adding -------- */

bool outbox_total(const struct outbox *outbox, const char *source, struct outbox_total *total)
{
	const struct outbox_place *place = outbox_file_place(outbox->file, source);

	if (!place)
		return false;
	*total = (struct outbox_total){
		.pulses = place->pulses,
		.wh = place->wh,
		.mark = place->mark,
		.t = place->undated ? 0 : place->t,
		.seen_boot = place->seen_boot,
		.this_boot = place->seen_boot >= 0,
	};
	return true;
}

static void thinning_begin(struct outbox *outbox)
{
	if (outbox->thinning)
		return;
	outbox->thinning = true;
	log_warning("%s: too many records wait for the aggregator; the oldest are thinned out (no "
		    "energy is lost, only time resolution)",
		    outbox->settings.file);
}

void outbox_add(struct outbox *outbox, const char *source, const struct record *record, bool dated,
		ms_t seen_boot)
{
	struct outbox_row row = {
		.record = *record,
		.source = outbox_file_source(outbox->file, source),
		.undated = !dated,
	};
	struct outbox_place place = {
		.pulses = record->pulses,
		.wh = record->wh,
		.mark = record->mark,
		.t = record->t,
		.undated = !dated,
		.seen_boot = seen_boot,
		.anchor = dated ? record->t - seen_boot : 0,
	};
	size_t gone;

	row.record.seq = ++outbox->seq;
	outbox->added++;
	outbox_file_set_place(outbox->file, row.source, &place);
	gone = backlog_add(&outbox->backlog, &row);
	outbox->state->thinned += (int64_t)gone;
	if (gone)
		thinning_begin(outbox);
	if (record->mark != MARK_MINUTE && record->mark != MARK_NONE)
		outbox->urgent = true;
}

void outbox_seen(struct outbox *outbox, const char *source, const struct record *record,
		 ms_t seen_boot)
{
	size_t index = outbox_file_source(outbox->file, source);
	const struct outbox_place *before = outbox_file_place(outbox->file, source);
	struct outbox_place place = before ? *before : (struct outbox_place){0};

	place.pulses = record->pulses;
	place.wh = record->wh;
	place.mark = record->mark;
	place.seen_boot = seen_boot;
	place.anchor = record->t - seen_boot;
	outbox_file_set_place(outbox->file, index, &place);
	outbox->seen = true;
}

bool outbox_settled(const struct outbox *outbox)
{
	return !outbox->backlog.count && outbox_file_settled(outbox->file);
}

bool outbox_anchor(const struct outbox *outbox, ms_t *offset)
{
	return outbox_file_anchor(outbox->file, offset);
}

void outbox_flush(struct outbox *outbox)
{
	outbox->urgent = true;
}

void outbox_date(struct outbox *outbox, ms_t offset)
{
	backlog_date(&outbox->backlog, offset);
	outbox_file_date(outbox->file, offset);
	outbox->urgent = true;
}

/* -------- writing -------- */

static void trouble_begin(struct fail *trouble, const struct fail *fail)
{
	if (!trouble->text[0])
		log_error("%s; records are kept in memory", fail->text);
	*trouble = *fail;
}

static void trouble_end(struct fail *trouble, const char *file)
{
	if (trouble->text[0])
		log_info("%s: can be read and written again", file);
	trouble->text[0] = '\0';
}

static bool is_due(struct outbox *outbox, ms_t now)
{
	if (outbox->backlog.count && outbox->gathering_since < 0)
		outbox->gathering_since = now;
	if (outbox->seen && outbox->seen_since < 0)
		outbox->seen_since = now;
	if (outbox->write_trouble.text[0])
		return now - outbox->written_at >= WRITE_AGAIN_MS;
	if (outbox->urgent || outbox->backlog.count >= WRITE_RECORDS)
		return true;
	if (outbox->seen && now - outbox->seen_since >= WRITE_MS)
		return true;
	return outbox->backlog.count && now - outbox->written_at >= WRITE_MS &&
	       now - outbox->gathering_since >= GATHER_MS;
}

static void tidy(struct outbox *outbox)
{
	int64_t limit = outbox->settings.max_mb * RECORDS_PER_MB;
	int64_t gone =
		outbox_file_tidy(outbox->file, limit, outbox->settings.keep_days * MS_PER_DAY);

	outbox->unacknowledged -= gone;
	if (gone)
		thinning_begin(outbox);
	else if (outbox->unacknowledged < limit / 2)
		outbox->thinning = false;
}

static void write_due(struct outbox *outbox, ms_t now)
{
	struct fail fail = {0};
	int64_t before = outbox->state->rows;
	ms_t written_before = outbox->written_at;

	outbox->written_at = now;
	if (!outbox_file_save(outbox->file, &outbox->backlog, false, &fail)) {
		trouble_begin(&outbox->write_trouble, &fail);
		return;
	}
	trouble_end(&outbox->write_trouble, outbox->settings.file);
	outbox->unacknowledged += outbox->state->rows - before;
	/* What was no record delays none. */
	if (!outbox->backlog.count)
		outbox->written_at = written_before;
	backlog_clear(&outbox->backlog);
	outbox->gathering_since = outbox->seen_since = -1;
	outbox->seen = false;
	outbox->urgent = false;
	tidy(outbox);
}

bool outbox_write(struct outbox *outbox, struct fail *fail)
{
	write_due(outbox, clock_monotonic());
	return !outbox->write_trouble.text[0] || fail_set(fail, "%s", outbox->write_trouble.text);
}

/* -------- sending -------- */

static size_t flying(const struct outbox *outbox)
{
	size_t count = 0;

	for (size_t i = 0; i < outbox->flight_count; i++)
		count += !outbox->flights[i].answered;
	return count;
}

static void rewind_to_acked(struct outbox *outbox)
{
	outbox->sent = outbox->state->acked;
	outbox->ahead = 0;
	outbox->flight_count = 0;
	outbox->again = false;
}

/* False: not now. */
static bool send_row(struct outbox *outbox, const struct outbox_row *row, struct mqtt *mqtt)
{
	char topic[TOPIC_SIZE + ID_SIZE];
	char *payload = record_encode(&row->record);
	bool taken = false;

	snprintf(topic, sizeof(topic), "%s/%s/record", outbox->settings.topic,
		 outbox_file_name(outbox->file, row->source));
	if (payload)
		taken = mqtt_send(mqtt, topic, payload, strlen(payload), 1,
				  (uint64_t)row->record.seq);
	free(payload);
	return taken;
}

static void note_sent(struct outbox *outbox, int64_t seq, ms_t now)
{
	if (outbox->ahead == 0)
		outbox->progress_at = now;
	outbox->sent = seq;
	if (seq > outbox->sent_most)
		outbox->sent_most = seq;
	outbox->ahead++;
	outbox->flights[outbox->flight_count++] = (struct flight){.seq = seq};
}

/* The next record to be sent. */
static bool read_next(struct outbox *outbox, struct outbox_row *row, ms_t now)
{
	struct fail fail = {0};

	if (outbox->read_trouble.text[0] && now - outbox->read_at < WRITE_AGAIN_MS)
		return false;
	switch (outbox_file_next(outbox->file, outbox->sent, row, &fail)) {
	case OUTBOX_ROW: break;
	case OUTBOX_NONE: outbox->sent = outbox->state->newest; return false;
	case OUTBOX_FAILED:
		outbox->read_at = now;
		trouble_begin(&outbox->read_trouble, &fail);
		return false;
	}
	trouble_end(&outbox->read_trouble, outbox->settings.file);
	return !row->undated;
}

static void send_waiting(struct outbox *outbox, struct mqtt *mqtt, ms_t now)
{
	struct outbox_row row;

	while (outbox->sent < outbox->state->newest && outbox->ahead < AHEAD_MAX &&
	       outbox->flight_count < FLIGHTS && read_next(outbox, &row, now)) {
		if (!send_row(outbox, &row, mqtt))
			return;
		note_sent(outbox, row.record.seq, now);
	}
}

static void look_for_silence(struct outbox *outbox, ms_t now)
{
	if (outbox->ahead == 0 || now - outbox->progress_at < outbox->patience)
		return;
	outbox->again = true;
	outbox->progress_at = now;
	outbox->patience *= 2;
	if (outbox->patience > PATIENCE_MAX_MS)
		outbox->patience = PATIENCE_MAX_MS;
}

void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic)
{
	bool in_flight;

	if (is_due(outbox, monotonic))
		write_due(outbox, monotonic);
	if (strcmp(outbox->stream, outbox->state->stream) != 0)
		stream_take(outbox);
	in_flight = flying(outbox) > 0;
	if (!in_flight)
		look_for_silence(outbox, monotonic);
	if (outbox->again && in_flight)
		return;
	if (outbox->again)
		rewind_to_acked(outbox);
	if (outbox->state->stream_saved)
		send_waiting(outbox, mqtt, monotonic);
}

/* -------- what comes back -------- */

static void progress(struct outbox *outbox, int64_t seq, ms_t now)
{
	struct outbox_state *state = outbox->state;
	int64_t count = outbox_file_count(outbox->file, state->acked, seq);

	if (count < 0)
		return;
	outbox->acknowledged += count;
	outbox->unacknowledged -= count;
	outbox->ahead = outbox->sent > seq ? outbox->ahead - count : 0;
	state->acked = seq;
	if (outbox->sent < seq)
		outbox->sent = seq;
	outbox->progress_at = now;
	outbox->patience = PATIENCE_MS;
	if (outbox->unacknowledged > 0)
		return;
	if (outbox->told[MQTT_REFUSED] || outbox->told[MQTT_UNHEARD])
		log_info("all records have arrived");
	memset(outbox->told, 0, sizeof(outbox->told));
}

/* Each kind of trouble once, until everything has arrived. */
static void tell(struct outbox *outbox, enum mqtt_result result)
{
	if (result == MQTT_DELIVERED || outbox->told[result])
		return;
	outbox->told[result] = true;
	if (result == MQTT_REFUSED)
		log_warning("%s/+/record: the broker refuses records; check its access list. They "
			    "are kept",
			    outbox->settings.topic);
	else
		log_warning("nobody subscribes to records; is the aggregator running? They are "
			    "kept");
}

static void flights_drop(struct outbox *outbox, size_t first, size_t count)
{
	outbox->flight_count -= count;
	memmove(outbox->flights + first, outbox->flights + first + count,
		(outbox->flight_count - first) * sizeof(outbox->flights[0]));
}

/* Acknowledged is what the broker took, up to the first one that it did not. */
static void take_brokers_word(struct outbox *outbox, ms_t now)
{
	size_t count = 0;

	while (count < outbox->flight_count && outbox->flights[count].taken)
		count++;
	if (!count)
		return;
	progress(outbox, outbox->flights[count - 1].seq, now);
	flights_drop(outbox, 0, count);
}

void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic)
{
	size_t i = 0;

	while (i < outbox->flight_count &&
	       (outbox->flights[i].seq != (int64_t)cookie || outbox->flights[i].answered))
		i++;
	if (i == outbox->flight_count)
		return;
	tell(outbox, result);
	outbox->flights[i].answered = true;
	outbox->flights[i].taken = result == MQTT_DELIVERED;
	if (outbox->settings.ack == OUTBOX_WORD_BROKER)
		take_brokers_word(outbox, monotonic);
	else
		flights_drop(outbox, i, 1);
}

void outbox_down(struct outbox *outbox)
{
	rewind_to_acked(outbox);
	outbox->patience = PATIENCE_MS;
}

void outbox_heard(struct outbox *outbox)
{
	outbox->again = true;
	outbox->patience = PATIENCE_MS;
}

void outbox_ack(struct outbox *outbox, const char *stream, int64_t seq, ms_t monotonic)
{
	const char *file = outbox->settings.file;

	if (outbox->settings.ack == OUTBOX_WORD_BROKER || strcmp(stream, outbox->stream) != 0)
		return;
	if (seq > outbox->sent_most) {
		log_warning("%s: the aggregator has record %lld, but %lld is the last one here: "
			    "this is an old copy; all that it holds is sent again, as a new stream",
			    file, (long long)seq, (long long)outbox->sent_most);
		outbox_file_begin_stream(outbox->file);
		outbox->urgent = true;
		stream_take(outbox);
	} else if (seq < outbox->state->acked) {
		log_warning(
			"the aggregator has records up to %lld, and had %lld before: the rest is "
			"sent again",
			(long long)seq, (long long)outbox->state->acked);
		outbox->state->acked = seq;
		outbox->unacknowledged = outbox_file_count(outbox->file, seq, INT64_MAX);
		outbox_heard(outbox);
	} else if (seq > outbox->state->acked) {
		progress(outbox, seq, monotonic);
	}
}

/* -------- asking -------- */

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
	return (struct outbox_counts){
		.added = outbox->added,
		.acknowledged = outbox->acknowledged,
		.waiting = outbox->unacknowledged + (int64_t)outbox->backlog.count,
		.thinned = outbox->state->thinned,
		.undated = outbox->state->undated,
	};
}

bool outbox_delivered(const struct outbox *outbox)
{
	return !outbox->backlog.count && outbox->sent >= outbox->state->newest &&
	       flying(outbox) == 0 && !outbox->again && !outbox->told[MQTT_REFUSED] &&
	       !outbox->told[MQTT_UNHEARD];
}

const char *outbox_trouble(const struct outbox *outbox)
{
	if (outbox->write_trouble.text[0])
		return outbox->write_trouble.text;
	return outbox->read_trouble.text[0] ? outbox->read_trouble.text : NULL;
}
