/* What a counter returns: changes that are decided become pulses and records, a millisecond
 * ("bin") at a time. */
#include <string.h>

#include "collector-meter/count/counter.h"

/* The order of the records of one millisecond. */
static const enum mark mark_order[] = {MARK_START, MARK_CONTACTS, MARK_TOP10, MARK_MINUTE,
				       MARK_STOP};

static ms_t earlier(ms_t a, ms_t b)
{
	return a < b ? a : b;
}

static ms_t next_bin(const struct counter *counter)
{
	const struct line_change *change = change_queue_first(&counter->changes);
	ms_t next = earlier(counter->start_due, counter->minute_due);

	next = earlier(next, counter->stop_due);
	return change ? earlier(next, ms_of_ns(change->level.since)) : next;
}

static void count_pulse(struct counter *counter, ns_t t, struct counter_event *event)
{
	counter->pulses++;
	*event = (struct counter_event){.kind = COUNTER_PULSE, .t = t, .pulses = counter->pulses};
	if (counter->last_pulse != FOREVER) {
		event->interval = t - counter->last_pulse;
		event->plausible =
			event->interval > 0 && event->interval >= counter->config.min_interval;
		counter->implausible += !event->plausible;
	}
	counter->last_pulse = t;
}

/* Takes the next change of the bin. Returns true if it is a pulse that was not reported. */
static bool take_change(struct counter *counter, struct counter_event *event)
{
	struct line_change change = change_queue_take(&counter->changes);
	ns_t since = change.level.since;
	bool reported = ms_of_ns(since) <= counter->reported;

	if (change.is_loss) {
		if (!reported) {
			counter->lost += change.lost;
			counter->lost_possible |= !change.lost;
		}
		return false;
	}
	switch (change.role) {
	case LINE_PULSE:
		if (!reported) {
			count_pulse(counter, since, event);
			return true;
		}
		counter->last_pulse = since;
		return false;
	case LINE_SIGNAL: counter->bin_has_signal = true; return false;
	case LINE_OFF_PEAK:
	case LINE_PEAK: counter->contact[change.role] = change.level.on; return false;
	}
	return false;
}

static bool contacts_changed(const struct counter *counter)
{
	return counter->contact[LINE_OFF_PEAK] != counter->contact_reported[LINE_OFF_PEAK] ||
	       counter->contact[LINE_PEAK] != counter->contact_reported[LINE_PEAK];
}

static void drop_reported_marks(struct counter *counter)
{
	if (counter->bin > counter->reported)
		return;
	for (size_t i = 0; i < sizeof(mark_order) / sizeof(*mark_order); i++) {
		counter->marks &= ~(1u << mark_order[i]);
		if (counter->bin == counter->reported && mark_order[i] == counter->reported_mark)
			return;
	}
}

void counter_resume(struct counter *counter, ms_t t, enum mark mark)
{
	counter->reported = t;
	counter->reported_mark = mark;
	/* A restored counter may have been about to return some. */
	if (counter->marks)
		drop_reported_marks(counter);
}

/* All changes of the bin have been taken: determines which records it has. */
static void close_bin(struct counter *counter)
{
	if (counter->start_due == counter->bin) {
		counter->marks |= 1u << MARK_START;
		counter->start_due = FOREVER;
	} else if (contacts_changed(counter)) {
		counter->marks |= 1u << MARK_CONTACTS;
	}
	memcpy(counter->contact_reported, counter->contact, sizeof(counter->contact));
	if (counter->bin_has_signal) {
		counter->marks |= 1u << MARK_TOP10;
		counter->minute_due = counter->bin + MS_PER_MINUTE;
		counter->bin_has_signal = false;
	} else if (counter->minute_due == counter->bin) {
		counter->marks |= 1u << MARK_MINUTE;
		counter->minute_due += MS_PER_MINUTE;
	}
	if (counter->stop_due == counter->bin) {
		counter->marks |= 1u << MARK_STOP;
		counter->stop_due = FOREVER;
	}
	drop_reported_marks(counter);
	counter->bin_open = false;
}

static enum tristate contact(const struct counter *counter, enum line_role role)
{
	if (!counter->config.has_line[role])
		return UNKNOWN;
	return counter->contact[role] ? YES : NO;
}

static void take_record(struct counter *counter, struct counter_event *event)
{
	size_t i = 0;

	while (!(counter->marks & 1u << mark_order[i]))
		i++;
	counter->marks &= ~(1u << mark_order[i]);
	*event = (struct counter_event){
		.kind = COUNTER_RECORD,
		.t = counter->bin * NS_PER_MS,
		.pulses = counter->pulses,
		.record = {.t = counter->bin,
			   .is_pulse = true,
			   .pulses = counter->pulses,
			   .mark = mark_order[i],
			   .off_peak = contact(counter, LINE_OFF_PEAK),
			   .peak = contact(counter, LINE_PEAK),
			   .lost = counter->lost,
			   .lost_possible = counter->lost_possible},
	};
	if (mark_order[i] == MARK_START)
		event->record.blind_ms = ms_of_ns(counter->blind + NS_PER_MS - 1);
	counter->lost = 0;
	counter->lost_possible = false;
}

static bool bin_has_change(const struct counter *counter)
{
	const struct line_change *change = change_queue_first(&counter->changes);

	return change && ms_of_ns(change->level.since) == counter->bin;
}

bool counter_next(struct counter *counter, struct counter_event *event)
{
	while (!counter->marks) {
		if (!counter->bin_open) {
			counter->bin = next_bin(counter);
			if (counter->bin >= counter->decided)
				return false;
			counter->bin_open = true;
		}
		while (bin_has_change(counter))
			if (take_change(counter, event))
				return true;
		close_bin(counter);
	}
	take_record(counter, event);
	return true;
}

ns_t counter_deadline(const struct counter *counter)
{
	ns_t deadline = FOREVER;
	ns_t since, due;

	if (!counter->running)
		return FOREVER;
	for (int role = 0; role < LINE_ROLES; role++)
		if (qualifier_undecided(&counter->lines[role], &since, &due) && due < deadline)
			deadline = due;
	/* Nothing can be returned while a level is undecided. */
	if (deadline != FOREVER)
		return deadline;
	return (next_bin(counter) + 1) * NS_PER_MS;
}
