#include "collector-pac/poll/line_log.h"

#include <stdio.h>

#include "common/process/clock.h"
#include "common/process/log.h"

#define NAME_SIZE 320

/* So many connections in a row with one answer each are a habit of the device. */
#define SINGLE_ANSWERS 3

/* So many polls in a row that end after the first answer are no accident. */
#define HALF_POLLS 3

/* A device that is slow now and then does not fill the log. */
#define PACE_EVERY_MS MS_PER_HOUR

/* "10.0.0.5:502", or the device. */
static const char *line_name(const struct line *line, char name[NAME_SIZE])
{
	if (line->device != NULL)
		snprintf(name, NAME_SIZE, "%s", line->device);
	else
		snprintf(name, NAME_SIZE, "%s:%d", line->host, line->peer.port);
	return name;
}

/* "sti-nord (10.0.0.5:502, unit 3)" */
static const char *meter_name(const struct line *line, const struct line_meter *meter,
			      char name[NAME_SIZE])
{
	char connection[NAME_SIZE];

	snprintf(name, NAME_SIZE, "%.40s (%.250s, unit %d)", meter->name,
		 line_name(line, connection), meter->unit);
	return name;
}

void line_log_stray(struct line *line, struct stray stray)
{
	struct line_meter *meter;
	char name[NAME_SIZE];
	const char *what = "another request, which came late or twice";

	if (line->meter >= line->turns.count || line->meters[line->meter].stray_logged)
		return;
	meter = &line->meters[line->meter];
	meter->stray_logged = true;
	if (stray.verdict == FRAME_OTHER_UNIT)
		what = "another unit";
	else if (stray.verdict == FRAME_OTHER_FUNCTION || stray.verdict == FRAME_OTHER_LENGTH)
		what = "another function or of another length";
	log_warning("%s: dropped an answer of %s; further ones are dropped without a message",
		    meter_name(line, meter, name), what);
}

void line_log_single(struct line *line, int single_answers)
{
	char name[NAME_SIZE];

	if (single_answers < SINGLE_ANSWERS || line->single_logged)
		return;
	line->single_logged = true;
	log_warning("%s: closes the connection after each answer; it is opened again for each "
		    "request",
		    line_name(line, name));
}

void line_log_half(struct line *line, struct line_meter *meter, bool half)
{
	char name[NAME_SIZE];

	meter->half = half ? meter->half + 1 : 0;
	if (meter->half < HALF_POLLS || meter->half_logged)
		return;
	meter->half_logged = true;
	log_warning("%s: answers the first request of a poll and not the next one; if it needs a "
		    "pause, set \"request_delay_ms\", such as 100",
		    meter_name(line, meter, name));
}

void line_log_pace(struct line *line)
{
	ms_t shortest = FOREVER, round = turns_round(&line->turns);
	char name[NAME_SIZE];
	bool stretched;

	for (size_t i = 0; i < line->turns.count; i++) {
		const struct poll_turn *turn = &line->turns.turns[i];

		if (turn->lasts_ms == 0 && turn->silent == 0)
			return;
		if (turn->schedule.period_ms < shortest)
			shortest = turn->schedule.period_ms;
	}
	/* Not back and forth around the period. */
	stretched = line->stretched ? round > shortest * 9 / 10 : round > shortest;
	if (stretched == line->stretched || clock_monotonic() < line->pace_from)
		return;
	line->stretched = stretched;
	line->pace_from = clock_monotonic() + PACE_EVERY_MS;
	log_info("%s: %zu meter%s %lld.%lld s a round, poll_ms is %lld", line_name(line, name),
		 line->turns.count, line->turns.count == 1 ? " takes" : "s take",
		 (long long)(round / 1000), (long long)(round % 1000 / 100), (long long)shortest);
}

void line_log_refusal(struct line *line, struct line_meter *meter, size_t block,
		      const struct link_result *result)
{
	char name[NAME_SIZE], reason[200];

	if (meter->refused_logged[block])
		return;
	meter->refused_logged[block] = true;
	link_explain(reason, result, &line->peer);
	log_warning("%s: %s; what else it answers is published", meter_name(line, meter, name),
		    reason);
}

void line_log_wiring(const struct line *line, const struct line_meter *meter, size_t count)
{
	char name[NAME_SIZE];

	for (size_t i = 0; i < count; i++)
		log_warning("%s: wiring: %s", meter_name(line, meter, name),
			    meter->inspection.faults[i]);
}
