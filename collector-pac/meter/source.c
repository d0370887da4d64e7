#include "collector-pac/meter/source.h"

#include <math.h>

struct source source_start(ms_t record_ms, double nominal_w)
{
	return (struct source){.record_ms = record_ms, .guard = guard_start(nominal_w)};
}

void source_resume(struct source *source, double wh, ms_t at)
{
	guard_resume(&source->guard, wh, at);
}

static void source_fail(struct source *source, struct news *news)
{
	if (source->failures < SOURCE_FAILURES)
		source->failures++;
	if (source->failures < SOURCE_FAILURES || source->state == SOURCE_OFFLINE)
		return;
	source->state = SOURCE_OFFLINE;
	news->state_changed = true;
}

/* The index if it may be believed, else NAN. */
static double source_index(struct source *source, const struct reading *reading, struct news *news)
{
	enum guard_verdict verdict;

	if (isnan(reading->wh))
		return NAN;
	if (source->guard.started)
		news->wh_before = source->guard.wh;
	verdict = guard_judge(&source->guard, reading->wh, reading->t);
	news->verdict_changed = verdict != source->verdict;
	source->verdict = verdict;
	return verdict == GUARD_ACCEPTED || verdict == GUARD_GIVES_WAY ? reading->wh : NAN;
}

/* Whether this reading is the first good one at or after an aligned instant. */
static bool record_is_due(struct source *source, ms_t t)
{
	int64_t interval = floor_divide(t, source->record_ms);
	bool due = source->aligned && interval != source->recorded;

	source->aligned = true;
	source->recorded = interval;
	return due;
}

struct news source_read(struct source *source, const struct reading *reading, ms_t offset)
{
	struct news news = {.wh_before = NAN};
	double wh;

	if (!reading->answered) {
		source_fail(source, &news);
		return news;
	}
	source->failures = 0;
	news.state_changed = source->state != SOURCE_ONLINE;
	source->state = SOURCE_ONLINE;

	wh = source_index(source, reading, &news);
	news.has_live = true;
	news.live = (struct live){.t = reading->t, .power_w = reading->power_w, .wh = wh};
	if (isnan(wh) || !record_is_due(source, reading->t + offset))
		return news;
	news.has_record = true;
	news.record = (struct record){
		.t = reading->t,
		.wh = wh,
		.mark = MARK_NONE,
		.off_peak = UNKNOWN,
		.peak = UNKNOWN,
	};
	return news;
}
