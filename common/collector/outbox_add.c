#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/collector/outbox_parts.h"
#include "common/process/clock.h"
#include "common/process/log.h"

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

struct outbox *outbox_open(const struct outbox_settings *settings, struct fail *fail)
{
	struct outbox *outbox = allocate(1, sizeof(*outbox));
	char boot[41];

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
	outbox->positions = outbox_file_positions(outbox->file);
	outbox->seq = outbox->state->newest;
	outbox->written_at = -OUTBOX_WRITE_MS;
	outbox->gathering_since = outbox->moved_since = -1;
	outbox_send_stream(outbox);
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
		log_error("%s; records that are lost: %zu", fail.text, outbox->backlog.count);
	outbox_file_close(outbox->file);
	backlog_free(&outbox->backlog);
	free(outbox);
}

/* -------- adding -------- */

bool outbox_total(const struct outbox *outbox, const char *source, struct outbox_total *total)
{
	const struct outbox_position *position = outbox_positions_find(outbox->positions, source);

	if (!position)
		return false;
	*total = (struct outbox_total){
		.pulses = position->pulses,
		.wh = position->wh,
		.mark = position->mark,
		.t = position->undated ? 0 : position->t,
		.seen_boot = position->seen_boot,
		.this_boot = position->seen_boot >= 0,
	};
	return true;
}

void outbox_add(struct outbox *outbox, const char *source, const struct record *record, bool dated,
		ms_t seen_boot)
{
	struct outbox_row row = {
		.record = *record,
		.source = outbox_positions_source(outbox->positions, source),
		.undated = !dated,
	};
	struct outbox_position position = {
		.pulses = record->pulses,
		.wh = record->wh,
		.mark = record->mark,
		.t = record->t,
		.undated = !dated,
		.seen_boot = seen_boot,
		.anchor = dated ? record->t - seen_boot : 0,
	};
	size_t dropped;

	row.record.seq = ++outbox->seq;
	outbox->added++;
	outbox_positions_set(outbox->positions, row.source, &position);
	dropped = backlog_add(&outbox->backlog, &row);
	outbox->state->downsampled += (int64_t)dropped;
	if (dropped)
		outbox_log_downsampling(outbox);
	if (record->mark != MARK_MINUTE && record->mark != MARK_NONE)
		outbox->urgent = true;
}

void outbox_move(struct outbox *outbox, const char *source, const struct record *record,
		 ms_t seen_boot)
{
	size_t index = outbox_positions_source(outbox->positions, source);
	const struct outbox_position *before = outbox_positions_find(outbox->positions, source);
	struct outbox_position position = before ? *before : (struct outbox_position){0};

	position.pulses = record->pulses;
	position.wh = record->wh;
	position.mark = record->mark;
	position.seen_boot = seen_boot;
	position.anchor = record->t - seen_boot;
	outbox_positions_set(outbox->positions, index, &position);
	outbox->moved = true;
}

bool outbox_durable(const struct outbox *outbox)
{
	return !outbox->backlog.count && !outbox_positions_changed(outbox->positions);
}

bool outbox_anchor(const struct outbox *outbox, ms_t *offset)
{
	return outbox_positions_anchor(outbox->positions, offset);
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

/* -------- asking -------- */

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
	return (struct outbox_counts){
		.added = outbox->added,
		.acknowledged = outbox->acknowledged,
		.waiting = outbox->state->unacknowledged + (int64_t)outbox->backlog.count,
		.downsampled = outbox->state->downsampled,
		.undated = outbox->state->undated,
	};
}

bool outbox_delivered(const struct outbox *outbox)
{
	return !outbox->backlog.count && outbox->sent >= outbox->state->newest &&
	       outbox_unanswered(outbox) == 0 && !outbox->again && !outbox->logged[MQTT_REFUSED] &&
	       !outbox->logged[MQTT_NO_SUBSCRIBERS];
}

const char *outbox_trouble(const struct outbox *outbox)
{
	if (outbox->write_trouble.text[0])
		return outbox->write_trouble.text;
	return outbox->read_trouble.text[0] ? outbox->read_trouble.text : NULL;
}
