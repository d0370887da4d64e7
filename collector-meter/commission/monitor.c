#include "collector-meter/commission/monitor.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "collector-meter/survey/comparison.h"
#include "collector-meter/commission/survey_text.h"
#include "collector-meter/commission/reading_input.h"
#include "common/base/memory.h"
#include "common/process/clock.h"

/* The state of a meter. */
struct monitored_meter {
	struct survey surveys[LINE_ROLES];
	ns_t last_edge[LINE_ROLES]; /* 0: none yet */
	int64_t pulses;		    /* counted so far */
	ms_t t;			    /* time of the last event, as given to the sink */
	bool has_reading;
	struct comparison_point first; /* reading, if `has_reading` */
};

struct monitor {
	const struct meter_settings *settings;
	struct loop *loop;
	FILE *out;
	ms_t offset; /* wall clock less CLOCK_BOOTTIME; 0 for a recording */
	struct reading_input *readings;
	struct monitored_meter *meters;
};

/* -------- one line of the table -------- */

/* Changes the offset only if it is wrong by a millisecond, so that times do not jitter. */
static void follow_clock(struct monitor *monitor)
{
	struct clock_moment now = clock_moment();
	ns_t error = now.wall - now.boot - monitor->offset * NS_PER_MS;

	if (!monitor->settings->replay[0] && (error <= -NS_PER_MS || error >= NS_PER_MS))
		monitor->offset = floor_divide(now.wall - now.boot + NS_PER_MS / 2, NS_PER_MS);
}

static void print_prefix(struct monitor *monitor, size_t source, ms_t happened)
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

static const char *contact_name(enum tristate state)
{
	static const char *const names[] = {[NO] = "open", [YES] = "closed", [UNKNOWN] = "none"};

	return names[state];
}

/* -------- the sink -------- */

static void meter_edge(void *context, const struct edge *edge, ms_t t)
{
	struct monitor *monitor = context;
	struct monitored_meter *meter = &monitor->meters[edge->source];
	ns_t *last = &meter->last_edge[edge->role];

	survey_edge(&meter->surveys[edge->role], edge->on, edge->t);
	print_prefix(monitor, edge->source, t);
	fprintf(monitor->out, "%-8s  %s", line_role_name(edge->role), edge->on ? "on" : "off");
	if (*last) {
		fprintf(monitor->out, edge->on ? "   after " : "  after ");
		duration_print(monitor->out, edge->t - *last);
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
		fprintf(monitor->out, "  first pulse, no interval yet");
	else {
		fprintf(monitor->out, "  interval ");
		duration_print(monitor->out, event->interval);
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
			duration_print(monitor->out, counts->longest);
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
		fprintf(monitor->out, "; %" PRId64 " levels detected too late", late);
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

static void meter_event(void *context, size_t source, const struct counter *counter,
			const struct counter_event *event, ms_t t)
{
	struct monitor *monitor = context;

	monitor->meters[source].pulses = event->pulses;
	monitor->meters[source].t = t;
	print_prefix(monitor, source, t);
	if (event->kind == COUNTER_PULSE)
		print_pulse(monitor, source, event);
	else
		print_mark(monitor, counter, &event->record);
	fputc('\n', monitor->out);
	/* Into a pipe, too; its reader may have ended. */
	if (fflush(monitor->out) != 0)
		loop_stop(monitor->loop, EXIT_DONE);
}

static void meter_online(void *context, size_t source, bool online)
{
	struct monitor *monitor = context;

	if (!online)
		return;
	for (int role = 0; role < LINE_ROLES; role++) {
		monitor->meters[source].last_edge[role] = 0;
		survey_interrupt(&monitor->meters[source].surveys[role]);
	}
}

static void meter_finished(void *context)
{
	loop_stop(((struct monitor *)context)->loop, EXIT_DONE);
}

struct meter_sink monitor_sink(struct monitor *monitor)
{
	return (struct meter_sink){
		.context = monitor,
		.edge = meter_edge,
		.stepwise = true,
		.event = meter_event,
		.online = meter_online,
		.finished = meter_finished,
	};
}

/* -------- surveys -------- */

static void print_surveys(struct monitor *monitor)
{
	for (size_t source = 0; source < monitor->settings->sources.count; source++) {
		const struct source_settings *settings = settings_source(monitor->settings, source);
		const struct survey *surveys = monitor->meters[source].surveys;

		for (int role = 0; role < LINE_ROLES; role++)
			if (surveys[role].begun || surveys[role].qualifier.counts.edges)
				survey_print(monitor->out, settings->source, (enum line_role)role,
					     &surveys[role], source_counter(settings).min_interval);
	}
	fflush(monitor->out);
}

static void surveys_due(void *context)
{
	print_surveys(context);
}

/* -------- register readings -------- */

static void print_comparison(const struct monitor *monitor, const struct source_settings *source,
			     const struct comparison *comparison)
{
	FILE *out = monitor->out;
	bool volume = !isnan(source->m3_per_pulse);

	fprintf(out, "\n    %.9g %s since the first one: %" PRId64 " pulses counted, ",
		comparison->amount, source_unit(source), comparison->counted);
	fprintf(out, "%.1f +-%.1f expected", comparison->expected, comparison->tolerance);
	if (!isnan(comparison->deviation_pct))
		fprintf(out, ", %+.2f %%", comparison->deviation_pct);
	if (comparison->agrees)
		fputs(comparison->early ? ": agrees so far, wait longer for a better comparison"
					: ": agrees",
		      out);
	else if (comparison->early)
		fputs(": too early to compare", out);
	else if (comparison->likely > 0)
		fprintf(out, ": %s is likely %.9g, not %.9g",
			volume ? "m3_per_pulse" : "wh_per_pulse",
			comparison->likely * (volume ? 1 : 1000),
			source_unit_per_pulse(source) * (volume ? 1 : 1000));
	else
		fputs(": does not agree; check the filter below, and the wires", out);
}

static ms_t time_of_reading(const struct monitor *monitor, const struct monitored_meter *meter)
{
	if (!monitor->settings->replay[0])
		return clock_boot();
	return meter->t ? meter->t : clock_wall();
}

static void reading_taken(void *context, size_t source, const struct register_reading *reading)
{
	struct monitor *monitor = context;
	const struct source_settings *settings = settings_source(monitor->settings, source);
	struct monitored_meter *meter = &monitor->meters[source];
	struct comparison_point point = {*reading, meter->pulses};
	struct comparison comparison;

	print_prefix(monitor, source, time_of_reading(monitor, meter));
	fprintf(monitor->out, "= reading %.*f %s at %" PRId64 " pulses", reading->decimals,
		reading->value, source_unit(settings), meter->pulses);
	if (!meter->has_reading) {
		fputs("; read it again later", monitor->out);
		meter->first = point;
		meter->has_reading = true;
	} else if (comparison_make(&comparison, &meter->first, &point,
				   source_unit_per_pulse(settings))) {
		print_comparison(monitor, settings, &comparison);
	} else {
		fputs("; less than the first one, which it replaces", monitor->out);
		meter->first = point;
	}
	fputc('\n', monitor->out);
	fflush(monitor->out);
}

static void reading_refused(void *context, const struct fail *fail)
{
	struct monitor *monitor = context;

	fprintf(monitor->out, "%s\n", fail->text);
	fflush(monitor->out);
}

/* -------- open and close -------- */

struct monitor *monitor_open(const struct meter_settings *settings, struct loop *loop, FILE *out)
{
	struct monitor *monitor = allocate(1, sizeof(*monitor));

	*monitor = (struct monitor){.settings = settings, .loop = loop, .out = out};
	monitor->meters = allocate(settings->sources.count, sizeof(*monitor->meters));
	monitor->readings =
		reading_input_open(settings, loop, reading_taken, reading_refused, monitor);
	for (size_t source = 0; source < settings->sources.count; source++) {
		struct counter_config config = source_counter(settings_source(settings, source));

		for (int role = 0; role < LINE_ROLES; role++)
			survey_open(&monitor->meters[source].surveys[role], &config);
	}
	loop_every(loop, MS_PER_MINUTE, surveys_due, monitor);
	fprintf(out, "%-23s  %-16s %-8s\n", "time", "meter", "line, or = what it means");
	return monitor;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	print_surveys(monitor);
	reading_input_close(monitor->readings);
	free(monitor->meters);
	free(monitor);
}
