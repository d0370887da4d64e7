/* edges_model.h - the edges of a main meter in the order of time: pulses, 10-minute signal and
 * tariff contacts, also as lines of a recording for collector-meter. */
#ifndef SIM_EDGES_MODEL_H
#define SIM_EDGES_MODEL_H

#include "aggregator/time/civil.h"

#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

/* Edges of the same instant are in this order: a contact changes before the signal of that instant.
 */
enum edge_line { EDGE_OFF_PEAK, EDGE_PEAK, EDGE_SIGNAL, EDGE_PULSE, EDGE_LINES };

struct edge {
	enum edge_line line;
	int level;
	int64_t t_ns; /* since the Unix epoch */
};

/* Returns the begin of the next pulse in ns since the Unix epoch, at least 100 ms after the
 * previous one; INT64_MAX after the last. */
typedef int64_t edges_pulse(void *context);

struct edges {
	const struct civil_zone *zone;
	edges_pulse *pulse;
	void *context;
	struct edge next[EDGE_LINES];
};

/* Begins at `from`, a full hour, with a 10-minute signal. */
void edges_start(struct edges *edges, const struct civil_zone *zone, ms_t from, edges_pulse *pulse,
		 void *context);

/* Returns the next edge without consuming it. */
const struct edge *edges_peek(const struct edges *edges);
struct edge edges_next(struct edges *edges);

#define EDGE_TEXT_SIZE 64

/* Writes "1358204400.000000000 global.pulse 1", without a newline. */
void edge_text(char text[EDGE_TEXT_SIZE], const struct edge *edge);

#endif
