/* edges_model.h - what the outputs of a main meter do, edge by edge, in the order of time: pulses,
 * the 10-minute signal and the two tariff contacts, as lines of a recording for collector-meter. */
#ifndef SIM_EDGES_MODEL_H
#define SIM_EDGES_MODEL_H

#include "aggregator/time/civil.h"

#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

/* At the same instant they come in this order: a contact changes before the top that it changes
 * at. */
enum edge_line { EDGE_OFF_PEAK, EDGE_PEAK, EDGE_SIGNAL, EDGE_PULSE, EDGE_LINES };

struct edge {
	enum edge_line line;
	int level;
	int64_t t_ns; /* since the Unix epoch */
};

/* When the next pulse begins, in ns since the Unix epoch, later by at least 100 ms than the one
 * before; INT64_MAX when no more come. */
typedef int64_t edges_pulse(void *context);

struct edges {
	const struct civil_zone *zone;
	edges_pulse *pulse;
	void *context;
	struct edge next[EDGE_LINES];
};

/* From `from` on, a full hour, which is a top. */
void edges_start(struct edges *edges, const struct civil_zone *zone, ms_t from, edges_pulse *pulse,
		 void *context);

/* The next edge, without taking it. */
const struct edge *edges_peek(const struct edges *edges);
struct edge edges_next(struct edges *edges);

#define EDGE_TEXT_SIZE 64

/* "1358204400.000000000 global.pulse 1", without a newline. */
void edge_text(char text[EDGE_TEXT_SIZE], const struct edge *edge);

#endif
