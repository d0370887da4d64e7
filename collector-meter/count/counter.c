#include "collector-meter/count/counter.h"

#include <assert.h>
#include <string.h>

void counter_init(struct counter *counter, const struct counter_config *config)
{
	*counter = (struct counter){
		.config = *config,
		.start_due = FOREVER,
		.minute_due = FOREVER,
		.stop_due = FOREVER,
		.paused = NEVER,
		.reported = NEVER,
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
	change_queue_free(&counter->changes);
}

void counter_start(struct counter *counter, ns_t t, ns_t blind)
{
	assert(!counter->running);
	counter->running = true;
	counter->blind = blind;
	counter->until = t;
	counter->decided = ms_of_ns(t);
	counter->start_due = ms_of_ns(t);
	counter->stop_due = FOREVER;
	/* Minutes stay in step with the last 10-minute signal, also across a gap. */
	if (counter->minute_due == FOREVER)
		counter->minute_due = ms_of_ns(t);
	while (counter->minute_due <= ms_of_ns(t))
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

static void add_change(struct counter *counter, struct line_change change)
{
	ns_t earliest = counter->decided * NS_PER_MS;

	if (change.level.since < earliest) {
		counter->notes[change.role].late += !change.is_loss;
		change.level.since = earliest;
	}
	change_queue_add(&counter->changes, &change);
}

static void add_level(struct counter *counter, enum line_role role, struct level level)
{
	/* The end of a pulse or signal means nothing; that of a contact does. */
	if (level.on || (role != LINE_PULSE && role != LINE_SIGNAL))
		add_change(counter, (struct line_change){.role = role, .level = level});
}

static void add_loss(struct counter *counter, enum line_role role, ns_t t, int64_t lost)
{
	counter->notes[role].lost += lost;
	counter->notes[role].lost_possible += !lost;
	add_change(counter, (struct line_change){
				    .role = role, .level.since = t, .is_loss = true, .lost = lost});
}

static void qualify(struct counter *counter, enum line_role role, bool on, ns_t t)
{
	struct level levels[2];
	size_t count = qualifier_edge(&counter->lines[role], on, t, levels);

	for (size_t i = 0; i < count; i++)
		add_level(counter, role, levels[i]);
}

/* How many of the lost edges are taken to be those of real levels: a level that was too short has
 * two. */
static int64_t real_edges(const struct qualifier *line, int64_t lost)
{
	const struct qualifier_counts *counts = &line->counts;
	int64_t short_levels =
		counts->edges ? multiply_divide(lost, counts->rejected, counts->edges) : 0;

	return lost - 2 * (short_levels < lost / 2 ? short_levels : lost / 2);
}

static void insert_lost_edges(struct counter *counter, enum line_role role, ns_t until,
			      int64_t lost)
{
	const struct qualifier *line = &counter->lines[role];
	ns_t from = counter->last_edge[role];
	int64_t count = lost <= COUNTER_LOST_MAX ? real_edges(line, lost) : 0;

	for (int64_t i = 1; i <= count; i++)
		qualify(counter, role, !line->raw,
			from + multiply_divide(until - from, i, count + 1));
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
		insert_lost_edges(counter, role, t, edge->lost);
	counter->last_edge[role] = t;
	qualify(counter, role, edge->on, t);
	if (edge->lost)
		add_loss(counter, role, t, edge->lost);
	if (!edge->numbered && (edge->full || counts->repeated > repeated))
		add_loss(counter, role, t, 0);
}

/* Returns the time before which all lines are decided. */
static ns_t decide(struct counter *counter)
{
	ns_t decided = counter->until;
	ns_t since, due;
	struct level level;

	for (int role = 0; role < LINE_ROLES; role++) {
		struct qualifier *line = &counter->lines[role];

		if (qualifier_advance(line, counter->until, &level))
			add_level(counter, (enum line_role)role, level);
		if (qualifier_undecided(line, &since, &due) && since < decided)
			decided = since;
	}
	return decided;
}

void counter_advance(struct counter *counter, ns_t until)
{
	ms_t decided;

	if (!counter->running || until < counter->until)
		return;
	counter->until = until;
	decided = ms_of_ns(decide(counter));
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
	counter->stop_due = ms_of_ns(t);
	counter->decided = counter->stop_due + 1;
}

void counter_pause(struct counter *counter)
{
	assert(counter->running && !counter->marks && !counter->bin_open);
	/* The start comes first, and is not certain before its millisecond is over. */
	if (counter->start_due == FOREVER && counter->decided - 1 > counter->paused)
		counter->stop_due = counter->paused = counter->decided - 1;
}
