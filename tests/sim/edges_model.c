#include "tests/sim/edges_model.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/school_model.h"

#define PULSE_WIDTH_NS	 (60 * NS_PER_MS)
#define SIGNAL_WIDTH_NS	 NS_PER_SECOND
#define SIGNAL_PERIOD_NS (600 * NS_PER_SECOND)

static const char *const line_names[EDGE_LINES] = {
	[EDGE_OFF_PEAK] = "global.off-peak",
	[EDGE_PEAK] = "global.peak",
	[EDGE_SIGNAL] = "global.top",
	[EDGE_PULSE] = "global.pulse",
};

static int contact_level(const struct civil_zone *zone, enum edge_line line, ms_t t)
{
	struct school_contacts contacts = school_contacts(zone, t);

	return line == EDGE_PEAK ? contacts.peak : contacts.off_peak;
}

/* The full hour after `t` at which the contact is no longer `level`. */
static struct edge contact_change(const struct civil_zone *zone, enum edge_line line, int level,
				  ms_t t)
{
	do
		t += MS_PER_HOUR;
	while (contact_level(zone, line, t) == level);
	return (struct edge){.line = line, .level = !level, .t_ns = t * NS_PER_MS};
}

void edges_start(struct edges *edges, const struct civil_zone *zone, ms_t from, edges_pulse *pulse,
		 void *context)
{
	*edges = (struct edges){.zone = zone, .pulse = pulse, .context = context};
	for (enum edge_line line = EDGE_OFF_PEAK; line <= EDGE_PEAK; line++)
		edges->next[line] =
			contact_change(zone, line, contact_level(zone, line, from), from);
	edges->next[EDGE_SIGNAL] = (struct edge){EDGE_SIGNAL, 1, from * NS_PER_MS};
	edges->next[EDGE_PULSE] = (struct edge){EDGE_PULSE, 1, pulse(context)};
}

static enum edge_line earliest(const struct edges *edges)
{
	enum edge_line first = 0;

	for (enum edge_line line = 1; line < EDGE_LINES; line++) {
		if (edges->next[line].t_ns < edges->next[first].t_ns)
			first = line;
	}
	return first;
}

const struct edge *edges_peek(const struct edges *edges)
{
	return &edges->next[earliest(edges)];
}

struct edge edges_next(struct edges *edges)
{
	enum edge_line line = earliest(edges);
	struct edge edge = edges->next[line];
	struct edge *next = &edges->next[line];

	next->level = !edge.level;
	switch (line) {
	case EDGE_PULSE:
		next->t_ns = edge.level ? edge.t_ns + PULSE_WIDTH_NS : edges->pulse(edges->context);
		break;
	case EDGE_SIGNAL:
		next->t_ns += edge.level ? SIGNAL_WIDTH_NS : SIGNAL_PERIOD_NS - SIGNAL_WIDTH_NS;
		break;
	case EDGE_OFF_PEAK:
	case EDGE_PEAK:
	case EDGE_LINES:
		*next = contact_change(edges->zone, line, edge.level, edge.t_ns / NS_PER_MS);
		break;
	}
	return edge;
}

void edge_text(char text[EDGE_TEXT_SIZE], const struct edge *edge)
{
	snprintf(text, EDGE_TEXT_SIZE, "%" PRId64 ".%09" PRId64 " %s %d",
		 edge->t_ns / NS_PER_SECOND, edge->t_ns % NS_PER_SECOND, line_names[edge->line],
		 edge->level);
}
