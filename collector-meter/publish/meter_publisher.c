#include "collector-meter/publish/meter_publisher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/publish/line_statistics.h"
#include "common/base/memory.h"
#include "common/collector/reporter.h"

#define RECORDS_READY 4000 /* unacknowledged; with more a recording pauses */
#define LIVE_MS	      100  /* between two live readings of a source */
#define GRACE_MS      3000 /* for an aggregator that is starting */
#define STATISTICS_MS MS_PER_MINUTE

/* The pulses since the last live reading of a source. */
struct live_sum {
	bool due;
	ms_t sent; /* monotonic */
	ms_t t;	   /* CLOCK_BOOTTIME */
	int64_t pulses;
	ns_t intervals; /* sum of the plausible ones */
	int64_t interval_count;
};

struct meter_publisher {
	const struct meter_settings *settings;
	struct reporter_settings reporter_settings;
	struct loop *loop;
	struct meters *meters;
	struct reporter *reporter;
	struct loop_timer *timer;
	struct live_sum *live;		    /* of each source */
	struct line_statistics *statistics; /* of each source */
	size_t online;			    /* sources */
	bool finished;			    /* the recording has ended */
	ms_t alone_since; /* since then the broker has all, but there is no aggregator; 0: no */
};

/* -------- live -------- */

static void send_live(struct meter_publisher *publisher, size_t source)
{
	struct live_sum *sum = &publisher->live[source];
	struct live live = {
		.t = sum->t,
		.is_pulse = true,
		.pulses = sum->pulses,
		.interval_us = sum->interval_count
				       ? (double)sum->intervals / (double)sum->interval_count / 1000
				       : NAN,
		.power_w = NAN,
		.wh = NAN,
	};

	reporter_live(publisher->reporter, source, &live);
	*sum = (struct live_sum){.sent = clock_monotonic()};
}

/* Sends the live readings that are due, and sets the timer for those that are not yet. */
static void live_due(void *context)
{
	struct meter_publisher *publisher = context;
	ms_t now = clock_monotonic();
	ms_t wait = LIVE_MS + 1;

	for (size_t source = 0; source < publisher->settings->sources.count; source++) {
		struct live_sum *sum = &publisher->live[source];
		ms_t left = sum->sent + LIVE_MS - now;

		if (!sum->due)
			continue;
		if (left <= 0)
			send_live(publisher, source);
		else if (left < wait)
			wait = left;
	}
	if (wait <= LIVE_MS)
		loop_timer_set(publisher->timer, wait);
}

static void note_pulse(struct meter_publisher *publisher, size_t source,
		       const struct counter_event *event, ms_t t)
{
	struct live_sum *sum = &publisher->live[source];
	bool waiting = sum->due;

	sum->due = true;
	sum->t = t;
	sum->pulses = event->pulses;
	if (event->plausible) {
		sum->intervals += event->interval;
		sum->interval_count++;
	}
	if (clock_monotonic() - sum->sent >= LIVE_MS)
		send_live(publisher, source);
	else if (!waiting)
		live_due(publisher);
}

/* -------- statistics -------- */

static void publish_statistics(struct meter_publisher *publisher, size_t source)
{
	struct line_statistics *statistics = &publisher->statistics[source];
	const char *payload = line_statistics_next(statistics);

	if (payload)
		reporter_retain(publisher->reporter, source, "lines", payload);
	line_statistics_warn(statistics);
}

static void statistics_due(void *context)
{
	struct meter_publisher *publisher = context;

	for (size_t source = 0; source < publisher->settings->sources.count; source++)
		publish_statistics(publisher, source);
}

/* -------- the sink -------- */

static void meter_edge(void *context, const struct edge *edge, ms_t t)
{
	struct meter_publisher *publisher = context;

	(void)t;
	survey_edge(&publisher->statistics[edge->source].surveys[edge->role], edge->on, edge->t);
}

static void meter_event(void *context, size_t source, const struct counter *counter,
			const struct counter_event *event, ms_t t)
{
	struct meter_publisher *publisher = context;

	if (event->kind == COUNTER_PULSE) {
		note_pulse(publisher, source, event, t);
		return;
	}
	reporter_record(publisher->reporter, source, &event->record);
	publisher->statistics[source].counter = counter;
	/* Nothing is seen until the next start. */
	if (event->record.mark == MARK_STOP)
		publish_statistics(publisher, source);
}

static void show_status(struct meter_publisher *publisher)
{
	size_t count = publisher->settings->sources.count;
	char status[REPORTER_STATUS_SIZE];

	reporter_status(publisher->reporter, status);
	loop_status(publisher->loop, "%zu of %zu meter%s, %s", publisher->online, count,
		    count == 1 ? "" : "s", status);
}

static void meter_online(void *context, size_t source, bool online)
{
	struct meter_publisher *publisher = context;

	line_statistics_interrupt(&publisher->statistics[source]);
	if (online)
		publisher->online++;
	else
		publisher->online--;
	reporter_online(publisher->reporter, source, online);
	show_status(publisher);
}

/* Returns the time of the newest record on the clock of the lines. Across boots it can be computed
 * only if the time of day is known; otherwise nothing was seen since the machine started. */
static ns_t seen_until(const struct meter_publisher *publisher, const struct outbox_total *total)
{
	struct clock_moment now = clock_moment();

	if (publisher->settings->replay[0])
		return total->t * NS_PER_MS;
	if (total->this_boot)
		return total->seen_boot * NS_PER_MS + now.monotonic - now.boot;
	if (total->t && reporter_clock_known(publisher->reporter))
		return (total->t - reporter_offset(publisher->reporter)) * NS_PER_MS +
		       now.monotonic - now.boot;
	return 0;
}

static bool meter_resume_point(void *context, size_t source, struct resume_point *point)
{
	const struct meter_publisher *publisher = context;
	struct outbox_total total;

	if (!reporter_total(publisher->reporter, source, &total))
		return false;
	*point = (struct resume_point){
		.pulses = total.pulses,
		.until = seen_until(publisher, &total),
		.mark = total.mark,
		.this_boot = total.this_boot,
		.boot = total.seen_boot,
	};
	return true;
}

static bool records_durable(void *context)
{
	return reporter_durable(((const struct meter_publisher *)context)->reporter);
}

/* Returns true if the broker has everything, and no aggregator has been seen. */
static bool is_alone(struct meter_publisher *publisher)
{
	ms_t now = clock_monotonic();

	if (reporter_aggregator_found(publisher->reporter) ||
	    !reporter_delivered(publisher->reporter))
		publisher->alone_since = 0;
	else if (!publisher->alone_since)
		publisher->alone_since = now;
	return publisher->alone_since && now - publisher->alone_since >= GRACE_MS;
}

/* Stops the program when the recording has ended and its records have arrived. */
static void stop_if_delivered(struct meter_publisher *publisher)
{
	struct outbox_counts counts = reporter_counts(publisher->reporter);

	if (counts.waiting == 0)
		log_info("recording delivered, %lld records", (long long)counts.acknowledged);
	else if (is_alone(publisher))
		log_warning("the broker has the recording, but there is no aggregator that "
			    "acknowledges it; its %lld records remain in %s",
			    (long long)counts.waiting, publisher->settings->outbox.file);
	else
		return;
	publisher->finished = false;
	loop_stop(publisher->loop, EXIT_DONE);
}

static bool meter_ready(void *context)
{
	struct meter_publisher *publisher = context;

	return reporter_counts(publisher->reporter).waiting < RECORDS_READY;
}

static void reporter_changed(void *context)
{
	struct meter_publisher *publisher = context;

	show_status(publisher);
	if (publisher->finished)
		stop_if_delivered(publisher);
	else if (publisher->meters &&
		 reporter_counts(publisher->reporter).waiting < RECORDS_READY / 2)
		meters_resume(publisher->meters);
}

static void meter_finished(void *context)
{
	struct meter_publisher *publisher = context;

	publisher->finished = true;
	stop_if_delivered(publisher);
}

struct meter_sink meter_publisher_sink(struct meter_publisher *publisher)
{
	return (struct meter_sink){
		.context = publisher,
		.edge = meter_edge,
		.event = meter_event,
		.online = meter_online,
		.finished = meter_finished,
		.resume_point = meter_resume_point,
		.durable = records_durable,
		.ready = meter_ready,
	};
}

void meter_publisher_set_meters(struct meter_publisher *publisher, struct meters *meters)
{
	publisher->meters = meters;
}

/* -------- open and close -------- */

static struct reporter *open_reporter(struct meter_publisher *publisher, struct fail *fail)
{
	const struct meter_settings *settings = publisher->settings;
	size_t count = settings->sources.count;
	struct reporter_source *sources = allocate(count, sizeof(*sources));
	struct reporter *reporter;

	for (size_t i = 0; i < count; i++) {
		const struct source_settings *source = settings_source(settings, i);

		sources[i] = (struct reporter_source){source->source, source_about(source)};
	}
	publisher->reporter_settings = (struct reporter_settings){
		.program = "collector-meter",
		.site = settings->site,
		.collector = settings->collector,
		.broker = &settings->broker,
		.outbox = &settings->outbox,
		.clock = settings->clock,
		.recording = settings->replay[0] != '\0',
	};
	reporter = reporter_open(&publisher->reporter_settings, sources, count, publisher->loop,
				 reporter_changed, publisher, fail);
	free(sources);
	return reporter;
}

struct meter_publisher *meter_publisher_open(const struct meter_settings *settings,
					     struct loop *loop, struct fail *fail)
{
	struct meter_publisher *publisher = allocate(1, sizeof(*publisher));

	publisher->settings = settings;
	publisher->loop = loop;
	publisher->live = allocate(settings->sources.count, sizeof(*publisher->live));
	publisher->statistics = allocate(settings->sources.count, sizeof(*publisher->statistics));
	for (size_t i = 0; i < settings->sources.count; i++) {
		const struct source_settings *source = settings_source(settings, i);
		struct counter_config config = source_counter(source);

		publisher->live[i].sent = -LIVE_MS;
		line_statistics_open(&publisher->statistics[i], source->source, &config);
	}
	publisher->timer = loop_timer_open(loop, live_due, publisher);
	publisher->reporter = open_reporter(publisher, fail);
	if (!publisher->reporter) {
		meter_publisher_close(publisher);
		return NULL;
	}
	loop_every(loop, STATISTICS_MS, statistics_due, publisher);
	return publisher;
}

void meter_publisher_close(struct meter_publisher *publisher)
{
	if (!publisher)
		return;
	reporter_close(publisher->reporter);
	loop_timer_close(publisher->timer);
	for (size_t i = 0; i < publisher->settings->sources.count; i++)
		line_statistics_close(&publisher->statistics[i]);
	free(publisher->statistics);
	free(publisher->live);
	free(publisher);
}
