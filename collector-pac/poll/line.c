#include "collector-pac/poll/line.h"

#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

#include "collector-pac/poll/line_log.h"
#include "common/base/memory.h"

/* -------- opening and closing -------- */

static void peer_join(struct link_peer *peer, const struct link_peer *other)
{
	if (other->connect_delay_ms > peer->connect_delay_ms)
		peer->connect_delay_ms = other->connect_delay_ms;
	if (other->request_delay_ms > peer->request_delay_ms)
		peer->request_delay_ms = other->request_delay_ms;
	if (other->timeout_ms > peer->timeout_ms)
		peer->timeout_ms = other->timeout_ms;
}

static ms_t period_of(const struct poller_meter *meter, ms_t period_ms)
{
	return meter->period_ms > 0 ? meter->period_ms : period_ms;
}

/* Meters are grouped in ticks with those of the same period. */
static struct schedule schedule_of(const struct poller_meter *meters, size_t count, size_t index,
				   ms_t period_ms, ms_t now)
{
	const ms_t period = period_of(&meters[index], period_ms);
	size_t position = 0, same = 0;

	for (size_t i = 0; i < count; i++) {
		if (period_of(&meters[i], period_ms) != period)
			continue;
		position += i < index;
		same++;
	}
	return schedule_start(now, period, position, same);
}

static void meter_init(struct line_meter *meter, const struct poller_meter *settings, size_t index)
{
	meter->index = index;
	meter->name = copy_text(settings->name != NULL ? settings->name : "meter");
	meter->unit = settings->peer.unit;
	meter->blocks =
		profile_copy_blocks(settings->profile, block_is_polled, &meter->block_count);
	meter->inspection = inspection_open(settings->profile);
	meter->totals = totals_start(settings->profile);
	meter->refused_logged = allocate(meter->block_count, sizeof(bool));
}

struct line *line_open(const struct poller_meter *meters, size_t count, size_t first,
		       ms_t period_ms, ms_t now)
{
	struct line *line = allocate(1, sizeof(*line));
	struct turns *turns = &line->turns;
	const struct link_peer *peer = &meters[first].peer;

	line->peer = *peer;
	line->host = copy_text(peer->host);
	line->device = copy_text(peer->serial.device);
	line->peer.host = line->host;
	line->peer.serial.device = line->device;
	for (size_t i = first; i < count; i++)
		turns->count += link_peer_shared(peer, &meters[i].peer);
	turns->turns = allocate(turns->count, sizeof(*turns->turns));
	line->meters = allocate(turns->count, sizeof(*line->meters));
	for (size_t i = first, at = 0; i < count; i++) {
		if (!link_peer_shared(peer, &meters[i].peer))
			continue;
		peer_join(&line->peer, &meters[i].peer);
		meter_init(&line->meters[at], &meters[i], i);
		turns->turns[at].schedule = schedule_of(meters, count, i, period_ms, now);
		at++;
	}
	line->meter = turns->count;
	if (getrandom(&line->chance, sizeof(line->chance), GRND_NONBLOCK) < 0)
		line->chance = (unsigned int)first;
	return line;
}

void line_close(struct line *line)
{
	if (line == NULL)
		return;
	for (size_t i = 0; i < line->turns.count; i++) {
		free(line->meters[i].blocks);
		inspection_close(&line->meters[i].inspection);
		free(line->meters[i].name);
		free(line->meters[i].refused_logged);
	}
	free(line->meters);
	free(line->turns.turns);
	free(line->host);
	free(line->device);
	free(line);
}

/* -------- a poll -------- */

static void poll_begin(struct line *line, ms_t now)
{
	struct line_meter *meter = &line->meters[line->meter];

	turn_begin(&line->turns, line->meter, now);
	line->asked = 0;
	line->complete = true;
	line->totals = meter->totals;
	/* The blocks of a poll that follows a failure have another order. */
	if (meter->first == 0)
		inspection_begin(&meter->inspection, now);
	line->poll = (struct poll_result){
		.meter = meter->index,
		.measurement = {.power_w = NAN, .wh = NAN},
	};
}

static size_t block_now(const struct line *line)
{
	const struct line_meter *meter = &line->meters[line->meter];

	return (meter->first + line->asked) % meter->block_count;
}

/* Those of an inspection come last. */
static const struct register_block *block_asked(const struct line *line)
{
	const struct line_meter *meter = &line->meters[line->meter];

	return line->asked < meter->block_count
		       ? &meter->blocks[block_now(line)]
		       : &meter->inspection.blocks[line->asked - meter->block_count];
}

bool line_next(struct line *line, ms_t now, struct line_request *request)
{
	const struct register_block *block;

	if (line->meter == line->turns.count) {
		if (now < line->closed_until)
			return false;
		line->meter = turns_next(&line->turns, now);
		if (line->meter == line->turns.count)
			return false;
		poll_begin(line, now);
	}
	block = block_asked(line);
	*request = (struct line_request){
		.unit = line->meters[line->meter].unit,
		.function = (int)block->function,
		.address = (int)block->address,
		.count = (int)block->count,
	};
	return true;
}

ms_t line_due(const struct line *line)
{
	ms_t due = turns_due(&line->turns);

	return due < line->closed_until ? line->closed_until : due;
}

static void poll_done(struct line *line, size_t at, struct poll_result *poll, line_result *done,
		      void *context)
{
	struct line_meter *meter = &line->meters[at];

	poll->polls = ++meter->polls;
	poll->failed = meter->failed;
	poll->missed = line->turns.turns[at].schedule.missed;
	poll->period_ms = turns_period(&line->turns, at);
	done(context, poll);
}

/* There is no connection: every meter that is due would have met the same. */
static void line_failed(struct line *line, ms_t now, const struct link_result *result,
			line_result *done, void *context)
{
	const size_t asked = line->meter;
	struct turns *turns = &line->turns;
	ms_t pause;

	if (line->unconnected < 32)
		line->unconnected++;
	pause = schedule_pause(turns->turns[asked].schedule.period_ms, line->unconnected,
			       PAUSE_ALONE_MS, (uint32_t)rand_r(&line->chance));
	line->closed_until = now + pause;
	inspection_cancel(&line->meters[asked].inspection);
	line->meter = turns->count;
	for (size_t i = 0; i < turns->count; i++) {
		struct poll_result poll = {
			.meter = line->meters[i].index,
			.measurement = {.power_w = NAN, .wh = NAN},
			.result = *result,
		};

		if (i != asked && schedule_due(&turns->turns[i].schedule) > now)
			continue;
		turn_skip(turns, i, now, pause);
		line->meters[i].failed++;
		poll_done(line, i, &poll, done, context);
	}
}

static void poll_end(struct line *line, ms_t now, bool silent, line_result *done, void *context)
{
	const size_t at = line->meter;
	struct line_meter *meter = &line->meters[at];
	struct measurement *measurement = &line->poll.measurement;

	if (measurement->answered) {
		/* The sum of a block that did not come is unknown. */
		measurement->power_w = line->totals.power_w;
		measurement->wh = totals_index(&line->totals);
	}
	line_log_wiring(line, meter, inspection_end(&meter->inspection));
	turn_end(&line->turns, at, now, silent, (uint32_t)rand_r(&line->chance));
	meter->failed += !line->complete;
	line->meter = line->turns.count;
	poll_done(line, at, &line->poll, done, context);
	line_log_pace(line);
}

/* What depends on the block is unknown in this poll. */
static void block_missing(struct line *line, const struct register_block *block)
{
	line->complete = false;
	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);

		if (value->is_power)
			line->totals.power_w = NAN;
		if (value->is_index)
			line->totals.wh = NAN;
	}
}

/* Blocks that a poll does not come to are missing, too. */
static void remaining_missing(struct line *line)
{
	const struct line_meter *meter = &line->meters[line->meter];

	for (; line->asked < meter->block_count; line->asked++)
		block_missing(line, &meter->blocks[block_now(line)]);
}

static void block_answered(struct line *line, const struct register_block *block,
			   const struct channel_answer *answer)
{
	struct measurement *measurement = &line->poll.measurement;

	totals_add(&line->totals, block, answer->registers);
	inspection_add(&line->meters[line->meter].inspection, block, answer->registers);
	if (!measurement->answered || block_has_index(block))
		measurement->t = answer->asked + (answer->answered - answer->asked) / 2;
	measurement->answered = true;
}

/* An answer of the inspection has no effect on the measurement. */
static void inspected(struct line *line, ms_t now, const struct channel_answer *answer,
		      line_result *done, void *context)
{
	struct line_meter *meter = &line->meters[line->meter];
	struct inspection *inspection = &meter->inspection;

	if (answer->result.outcome == LINK_DONE)
		inspection_add(inspection, block_asked(line), answer->registers);
	else if (answer->result.outcome != LINK_EXCEPTION)
		inspection_cancel(inspection);
	line->asked++;
	if (line->asked < meter->block_count + inspection_blocks(inspection))
		return;
	poll_end(line, now, false, done, context);
}

void line_answer(struct line *line, ms_t now, const struct channel_answer *answer,
		 line_result *done, void *context)
{
	const struct link_result *result = &answer->result;
	struct line_meter *meter = &line->meters[line->meter];
	const size_t index = block_now(line);
	const struct register_block *block = &meter->blocks[index];

	if (line->asked >= meter->block_count) {
		inspected(line, now, answer, done, context);
		return;
	}
	if (link_unconnected(result->outcome)) {
		line_failed(line, now, result, done, context);
		return;
	}
	line->unconnected = 0;
	line->closed_until = 0;
	/* The first failure of a poll is its reason. */
	if (line->complete)
		line->poll.result = *result;
	if (link_silent(result)) {
		const bool nothing = !line->poll.measurement.answered;
		const bool is_first = line->asked == 0;

		inspection_cancel(&meter->inspection);
		line_log_half(line, meter, line->asked == 1 && !nothing);
		remaining_missing(line);
		/* Not forever with one that it never answers. */
		meter->first = is_first ? (index + 1) % meter->block_count : index;
		poll_end(line, now, nothing, done, context);
		return;
	}
	if (result->outcome == LINK_DONE) {
		block_answered(line, block, answer);
	} else {
		line_log_refusal(line, meter, index, result);
		block_missing(line, block);
	}
	if (++line->asked < meter->block_count)
		return;
	meter->first = 0;
	line_log_half(line, meter, false);
	if (inspection_blocks(&meter->inspection) > 0)
		return;
	poll_end(line, now, false, done, context);
}
