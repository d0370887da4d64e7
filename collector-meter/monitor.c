#include "collector-meter/monitor.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

struct monitor {
	const struct settings *settings;
	struct daemon *daemon;
	FILE *out;
	ms_t offset;	 /* wall clock less CLOCK_BOOTTIME; 0 for a recording */
	ns_t *last_edge; /* of every line: [source * LINE_ROLES + role]; 0: none yet */
};

/* -------- one line of the table -------- */

/* Stays as it is while it is right to a millisecond. */
static void follow_clock(struct monitor *monitor)
{
	struct clock_moment now = clock_moment();
	ns_t error = now.wall - now.boot - monitor->offset * NS_PER_MS;

	if (!monitor->settings->replay[0] && (error <= -NS_PER_MS || error >= NS_PER_MS))
		monitor->offset = floor_divide(now.wall - now.boot + NS_PER_MS / 2, NS_PER_MS);
}

static void print_place(struct monitor *monitor, size_t source, ms_t happened)
{
	follow_clock(monitor);

	ms_t t = happened + monitor->offset;
	time_t seconds = (time_t)(t / MS_PER_SECOND);
	struct tm local;
	char text[32] = "";

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	fprintf(monitor->out, "%s.%03d  %-16s ", text, (int)(t % MS_PER_SECOND),
		settings_source(monitor->settings, source)->source);
}

/* "412 ms" or "3.0021 s" */
static void print_duration(const struct monitor *monitor, ns_t duration)
{
	if (duration < NS_PER_SECOND)
		fprintf(monitor->out, "%.3f ms", (double)duration / 1e6);
	else
		fprintf(monitor->out, "%.4f s", (double)duration / 1e9);
}

static const char *contact_name(enum tristate state)
{
	static const char *const names[] = {[NO] = "open", [YES] = "closed", [UNKNOWN] = "none"};

	return names[state];
}

/* -------- what the station tells -------- */

static void station_edge(void *context, const struct edge *edge, ms_t t)
{
	struct monitor *monitor = context;
	ns_t *last = &monitor->last_edge[edge->source * LINE_ROLES + edge->role];

	print_place(monitor, edge->source, t);
	fprintf(monitor->out, "%-8s  %s", line_role_name(edge->role), edge->on ? "on" : "off");
	if (*last) {
		fprintf(monitor->out, edge->on ? "   after " : "  after ");
		print_duration(monitor, edge->t - *last);
	}
	fputc('\n', monitor->out);
	*last = edge->t;
}

static void print_pulse(const struct monitor *monitor, size_t source,
			const struct counter_event *event)
{
	double wh = source_wh_per_pulse(settings_source(monitor->settings, source));

	fprintf(monitor->out, "= pulse   %" PRId64, event->pulses);
	if (!event->interval)
		fprintf(monitor->out, "  first one, no interval yet");
	else {
		fprintf(monitor->out, "  interval ");
		print_duration(monitor, event->interval);
	}
	if (event->plausible && !isnan(wh))
		fprintf(monitor->out, "  %.0f W", wh * 3600e9 / (double)event->interval);
	if (event->interval && !event->plausible)
		fprintf(monitor->out, "  too short to be plausible: counted, no power");
}

static void print_counts(const struct monitor *monitor, const struct counter *counter)
{
	for (int role = 0; role < LINE_ROLES; role++) {
		const struct qualifier_counts *counts = &counter->lines[role].counts;

		if (!counter->config.has_line[role] || !counts->edges)
			continue;
		fprintf(monitor->out, "; %s: %" PRId64 " edges",
			line_role_name((enum line_role)role), counts->edges);
		if (counts->rejected) {
			fprintf(monitor->out,
				", %" PRId64 " levels too short (%" PRId64 " bounces, %" PRId64
				" spikes, longest ",
				counts->rejected, counts->bounces,
				counts->rejected - counts->bounces);
			print_duration(monitor, counts->longest);
			fputc(')', monitor->out);
		}
	}
}

static void print_losses(const struct monitor *monitor, const struct counter *counter)
{
	int64_t lost = 0, possible = 0, late = 0;

	for (int role = 0; role < LINE_ROLES; role++) {
		lost += counter->notes[role].lost;
		possible += counter->notes[role].lost_possible;
		late += counter->notes[role].late;
	}
	if (lost)
		fprintf(monitor->out, "; %" PRId64 " edges lost by the kernel", lost);
	if (possible)
		fprintf(monitor->out, "; %" PRId64 " signs of lost edges", possible);
	if (late)
		fprintf(monitor->out, "; %" PRId64 " levels known too late", late);
	if (counter->implausible)
		fprintf(monitor->out, "; %" PRId64 " pulses too close to be plausible",
			counter->implausible);
}

static void print_mark(const struct monitor *monitor, const struct counter *counter,
		       const struct record *record)
{
	fprintf(monitor->out, "= %-7s %" PRId64 " pulses", mark_name(record->mark), record->pulses);
	if (record->off_peak != UNKNOWN || record->peak != UNKNOWN)
		fprintf(monitor->out, "  off-peak %s, peak %s", contact_name(record->off_peak),
			contact_name(record->peak));
	if (record->mark == MARK_MINUTE || record->mark == MARK_STOP) {
		print_counts(monitor, counter);
		print_losses(monitor, counter);
	}
}

static void station_event(void *context, size_t source, const struct counter *counter,
			  const struct counter_event *event, ms_t t)
{
	struct monitor *monitor = context;

	print_place(monitor, source, t);
	if (event->kind == COUNTER_PULSE)
		print_pulse(monitor, source, event);
	else
		print_mark(monitor, counter, &event->record);
	fputc('\n', monitor->out);
	/* Into a pipe, too, lines are wanted as they happen; its reader may go away. */
	if (fflush(monitor->out) != 0)
		daemon_stop(monitor->daemon, EXIT_DONE);
}

static void station_online(void *context, size_t source, bool online)
{
	struct monitor *monitor = context;

	if (!online)
		return;
	for (int role = 0; role < LINE_ROLES; role++)
		monitor->last_edge[source * LINE_ROLES + (size_t)role] = 0;
}

static void station_finished(void *context)
{
	daemon_stop(((struct monitor *)context)->daemon, EXIT_DONE);
}

static bool station_ready(void *context)
{
	(void)context;
	return true;
}

struct listener monitor_listener(struct monitor *monitor)
{
	return (struct listener){
		.context = monitor,
		.edge = station_edge,
		.event = station_event,
		.online = station_online,
		.finished = station_finished,
		.ready = station_ready,
	};
}

/* -------- open and close -------- */

struct monitor *monitor_open(const struct settings *settings, struct daemon *daemon, FILE *out,
			     struct fail *fail)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor) {
		fail_set(fail, "no memory");
		return NULL;
	}
	*monitor = (struct monitor){.settings = settings, .daemon = daemon, .out = out};
	monitor->last_edge = calloc(settings->sources.count * LINE_ROLES, sizeof(ns_t));
	if (!monitor->last_edge) {
		fail_set(fail, "no memory");
		monitor_close(monitor);
		return NULL;
	}
	fprintf(out, "%-23s  %-16s %-8s\n", "time", "meter", "line, or = what it means");
	return monitor;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	fflush(monitor->out);
	free(monitor->last_edge);
	free(monitor);
}
