#include "collector-meter/count/qualifier.h"

void qualifier_start(struct qualifier *qualifier, bool on, ns_t t)
{
	qualifier->real = qualifier->raw = on;
	qualifier->raw_since = t;
	qualifier->burst = 0;
}

bool qualifier_undecided(const struct qualifier *qualifier, ns_t *since, ns_t *due)
{
	if (qualifier->raw == qualifier->real)
		return false;
	*since = qualifier->raw_since;
	*due = qualifier->raw_since + qualifier->minimum[qualifier->raw];
	return true;
}

/* The candidate began while the line was still bouncing. */
static bool in_burst(const struct qualifier *qualifier)
{
	return qualifier->burst &&
	       qualifier->raw_since - qualifier->burst_end < qualifier->minimum[qualifier->raw];
}

bool qualifier_advance(struct qualifier *qualifier, ns_t until, struct level *level)
{
	ns_t since, due;

	if (!qualifier_undecided(qualifier, &since, &due) || due > until)
		return false;
	if (in_burst(qualifier))
		qualifier->counts.bounces += qualifier->burst;
	qualifier->burst = 0;
	qualifier->real = qualifier->raw;
	*level = (struct level){.on = qualifier->real, .since = since};
	return true;
}

static void reject(struct qualifier *qualifier, ns_t t)
{
	struct qualifier_counts *counts = &qualifier->counts;
	ns_t width = t - qualifier->raw_since;

	counts->rejected++;
	if (width > counts->longest)
		counts->longest = width;
	qualifier->burst = in_burst(qualifier) ? qualifier->burst + 1 : 1;
	qualifier->burst_end = t;
}

/* The line changes its level. */
static bool turn(struct qualifier *qualifier, ns_t t, struct level *level)
{
	bool decided = qualifier_advance(qualifier, t, level);

	if (qualifier->raw != qualifier->real)
		reject(qualifier, t);
	qualifier->raw = !qualifier->raw;
	qualifier->raw_since = t;
	return decided;
}

size_t qualifier_edge(struct qualifier *qualifier, bool on, ns_t t, struct level levels[2])
{
	size_t count = 0;

	qualifier->counts.edges++;
	if (on == qualifier->raw) {
		qualifier->counts.repeated++;
		count += turn(qualifier, t, &levels[count]);
	}
	count += turn(qualifier, t, &levels[count]);
	return count;
}
