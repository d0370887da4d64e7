#include "collector-meter/count/counter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

/* The order of the records of one millisecond. */
static const enum mark mark_order[] = {MARK_START, MARK_CONTACTS, MARK_TOP10, MARK_MINUTE,
				       MARK_STOP};

static ms_t ms_of(ns_t t)
{
	return floor_divide(t, NS_PER_MS);
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void counter_init(struct counter *counter, const struct counter_config *config)
{
	*counter = (struct counter){
		.config = *config,
		.start_due = FOREVER,
		.minute_due = FOREVER,
		.stop_due = FOREVER,
		.paused = INT64_MIN,
		.reported = INT64_MIN,
		.pulses = config->initial_pulses,
		.last_pulse = FOREVER,
	};
	for (int role = 0; role < LINE_ROLES; role++) {
		counter->lines[role].minimum[false] = config->min_off;
		counter->lines[role].minimum[true] = config->min_on;
	}
}

void counter_free(struct counter *counter)
{
	free(counter->changes);
	counter->changes = NULL;
}

/* -------- in -------- */

void counter_start(struct counter *counter, ns_t t, ns_t blind)
{
	assert(!counter->running);
	counter->running = true;
	counter->blind = blind;
	counter->until = t;
	counter->decided = ms_of(t);
	counter->start_due = ms_of(t);
	counter->stop_due = FOREVER;
	/* The minutes go on in step with the last top over a time without sight, too. */
	if (counter->minute_due == FOREVER)
		counter->minute_due = ms_of(t);
	while (counter->minute_due <= ms_of(t))
		counter->minute_due += MS_PER_MINUTE;
	counter->last_pulse = FOREVER;
	for (int role = 0; role < LINE_ROLES; role++) {
		qualifier_start(&counter->lines[role], false, t);
		counter->last_edge[role] = t;
		counter->contact[role] = false;
	}
}

void counter_level(struct counter *counter, enum line_role role, bool on)
{
	qualifier_start(&counter->lines[role], on, counter->until);
	counter->contact[role] = on;
}

static void make_room(struct counter *counter)
{
	size_t taken = counter->change_first;

	if (counter->change_end == counter->change_capacity && taken) {
		counter->change_end -= taken;
		memmove(counter->changes, counter->changes + taken,
			counter->change_end * sizeof(*counter->changes));
		counter->change_first = 0;
	}
	counter->changes = array_grow(counter->changes, counter->change_end,
				      &counter->change_capacity, sizeof(*counter->changes));
}

static void put_change(struct counter *counter, struct counter_change change)
{
	ns_t earliest = counter->decided * NS_PER_MS;
	size_t at;

	if (change.level.since < earliest) {
		counter->notes[change.role].late += !change.is_loss;
		change.level.since = earliest;
	}
	make_room(counter);
	at = counter->change_end;
	while (at > counter->change_first &&
	       counter->changes[at - 1].level.since > change.level.since)
		at--;
	memmove(&counter->changes[at + 1], &counter->changes[at],
		(counter->change_end - at) * sizeof(*counter->changes));
	counter->changes[at] = change;
	counter->change_end++;
}

static void add_change(struct counter *counter, enum line_role role, struct level level)
{
	/* Off ends a pulse or a top; only a contact's off is something to tell. */
	if (level.on || (role != LINE_PULSE && role != LINE_SIGNAL))
		put_change(counter, (struct counter_change){.role = role, .level = level});
}

static void qualify(struct counter *counter, enum line_role role, bool on, ns_t t)
{
	struct level levels[2];
	size_t count = qualifier_edge(&counter->lines[role], on, t, levels);

	for (size_t i = 0; i < count; i++)
		add_change(counter, role, levels[i]);
}

/* How many of the lost edges are taken for those of levels that count: a level that was too short
 * has two. */
static int64_t real_edges(const struct qualifier *line, int64_t lost)
{
	const struct qualifier_counts *counts = &line->counts;
	int64_t short_levels =
		counts->edges ? multiply_divide(lost, counts->rejected, counts->edges) : 0;

	return lost - 2 * smaller(short_levels, lost / 2);
}

static void count_in(struct counter *counter, enum line_role role, ns_t until, int64_t lost)
{
	const struct qualifier *line = &counter->lines[role];
	ns_t from = counter->last_edge[role];
	int64_t count = lost <= COUNTER_LOST_MAX ? real_edges(line, lost) : 0;

	for (int64_t i = 1; i <= count; i++)
		qualify(counter, role, !line->raw,
			from + multiply_divide(until - from, i, count + 1));
}

static void note_loss(struct counter *counter, enum line_role role, ns_t t, int64_t lost)
{
	counter->notes[role].lost += lost;
	counter->notes[role].lost_possible += !lost;
	put_change(counter, (struct counter_change){
				    .role = role, .level.since = t, .is_loss = true, .lost = lost});
}

void counter_edge(struct counter *counter, const struct edge *edge)
{
	enum line_role role = edge->role;
	const struct qualifier_counts *counts = &counter->lines[role].counts;
	int64_t repeated = counts->repeated;
	ns_t t = edge->t;

	assert(counter->running && counter->config.has_line[role]);
	if (t < counter->last_edge[role])
		t = counter->last_edge[role];
	if (edge->lost)
		count_in(counter, role, t, edge->lost);
	counter->last_edge[role] = t;
	qualify(counter, role, edge->on, t);
	if (edge->lost)
		note_loss(counter, role, t, edge->lost);
	if (!edge->numbered && (edge->full || counts->repeated > repeated))
		note_loss(counter, role, t, 0);
}

/* Everything before the returned time is decided on all lines. */
static ns_t decide(struct counter *counter)
{
	ns_t decided = counter->until;
	ns_t since, due;
	struct level level;

	for (int role = 0; role < LINE_ROLES; role++) {
		struct qualifier *line = &counter->lines[role];

		if (qualifier_advance(line, counter->until, &level))
			add_change(counter, (enum line_role)role, level);
		if (qualifier_undecided(line, &since, &due))
			decided = smaller(decided, since);
	}
	return decided;
}

void counter_advance(struct counter *counter, ns_t until)
{
	ms_t decided;

	if (!counter->running || until < counter->until)
		return;
	counter->until = until;
	decided = ms_of(decide(counter));
	if (decided > counter->decided)
		counter->decided = decided;
}

void counter_stop(struct counter *counter, ns_t t)
{
	assert(counter->running);
	if (t < counter->until)
		t = counter->until;
	counter->until = t;
	decide(counter);
	counter->running = false;
	counter->stop_due = ms_of(t);
	counter->decided = counter->stop_due + 1;
}

void counter_pause(struct counter *counter)
{
	assert(counter->running && !counter->marks && !counter->bin_open);
	/* The start comes first, and is not certain before its millisecond is over. */
	if (counter->start_due == FOREVER && counter->decided - 1 > counter->paused)
		counter->stop_due = counter->paused = counter->decided - 1;
}

/* -------- to another process and back -------- */

bool counter_save(const struct counter *counter, struct counter_state *state)
{
	size_t count = counter->change_end - counter->change_first;

	if (count > COUNTER_STATE_CHANGES || counter->bin_open)
		return false;
	memset(state, 0, sizeof(*state));
	state->counter = *counter;
	state->counter.changes = NULL;
	state->counter.change_first = 0;
	state->counter.change_end = count;
	state->counter.change_capacity = 0;
	if (count)
		memcpy(state->changes, counter->changes + counter->change_first,
		       count * sizeof(*state->changes));
	return true;
}

void counter_restore(struct counter *counter, const struct counter_state *state)
{
	struct counter fresh = *counter;

	*counter = state->counter;
	counter->config = fresh.config;
	for (int role = 0; role < LINE_ROLES; role++)
		memcpy(counter->lines[role].minimum, fresh.lines[role].minimum,
		       sizeof(counter->lines[role].minimum));
	counter->change_end = 0;
	for (size_t i = 0; i < state->counter.change_end; i++) {
		make_room(counter);
		counter->changes[counter->change_end++] = state->changes[i];
	}
}

/* -------- out -------- */

static const struct counter_change *first_change(const struct counter *counter)
{
	if (counter->change_first == counter->change_end)
		return NULL;
	return &counter->changes[counter->change_first];
}

static ms_t next_bin(const struct counter *counter)
{
	const struct counter_change *change = first_change(counter);
	ms_t next = smaller(counter->start_due, counter->minute_due);

	next = smaller(next, counter->stop_due);
	if (change)
		next = smaller(next, ms_of(change->level.since));
	return next;
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

/* Takes the next change of the bin; true where it is a pulse to be told. */
static bool take_change(struct counter *counter, struct counter_event *event)
{
	struct counter_change change = counter->changes[counter->change_first++];
	ns_t since = change.level.since;

	if (counter->change_first == counter->change_end)
		counter->change_first = counter->change_end = 0;
	if (change.is_loss) {
		if (ms_of(since) > counter->reported) {
			counter->lost += change.lost;
			counter->lost_possible |= !change.lost;
		}
		return false;
	}
	switch (change.role) {
	case LINE_PULSE:
		if (ms_of(since) > counter->reported) {
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

void counter_resume(struct counter *counter, ms_t t, enum mark last)
{
	counter->reported = t;
	counter->reported_mark = last;
	/* Some that a restored counter was about to give. */
	if (counter->marks)
		drop_reported_marks(counter);
}

/* All changes of the bin have been taken: notes which marks it has. */
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

static void give_mark(struct counter *counter, struct counter_event *event)
{
	size_t i = 0;

	while (!(counter->marks & 1u << mark_order[i]))
		i++;
	counter->marks &= ~(1u << mark_order[i]);
	*event = (struct counter_event){
		.kind = COUNTER_MARK,
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
		event->record.blind_ms = ms_of(counter->blind + NS_PER_MS - 1);
	counter->lost = 0;
	counter->lost_possible = false;
}

static bool bin_has_change(const struct counter *counter)
{
	const struct counter_change *change = first_change(counter);

	return change && ms_of(change->level.since) == counter->bin;
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
	give_mark(counter, event);
	return true;
}

ns_t counter_deadline(const struct counter *counter)
{
	ns_t deadline = FOREVER;
	ns_t since, due;

	if (!counter->running)
		return FOREVER;
	for (int role = 0; role < LINE_ROLES; role++)
		if (qualifier_undecided(&counter->lines[role], &since, &due))
			deadline = smaller(deadline, due);
	/* While a level is undecided the rest waits for it. */
	if (deadline != FOREVER)
		return deadline;
	return (next_bin(counter) + 1) * NS_PER_MS;
}
