#include "collector-meter/publish/publisher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/count/statistics.h"
#include "collector-meter/meters/timer.h"
#include "common/collector/reporter.h"

#define RECORDS_READY 4000 /* a recording waits while more are on their way */
#define LIVE_MS	      100  /* at most 10 messages a second for each source */
#define GRACE_MS      3000 /* for an aggregator that may be starting, too */
#define STATISTICS_MS MS_PER_MINUTE

/* Pulses since the last live message. */
struct news {
	bool due;
	ms_t sent; /* monotonic */
	ms_t t;	   /* CLOCK_BOOTTIME */
	int64_t pulses;
	ns_t intervals; /* sum of the plausible ones */
	int64_t interval_count;
};

/* What was seen on the lines of a source. */
struct sight {
	const struct counter *counter; /* the station's; NULL: nothing yet */
	char *told;		       /* as published */
};

struct publisher {
	const struct settings *settings;
	struct reporter_settings reporter_settings;
	struct daemon *daemon;
	struct station *station;
	struct reporter *reporter;
	struct timer *timer;
	struct news *news;    /* of each source */
	struct sight *sights; /* likewise */
	size_t online;	      /* sources */
	bool finished;	      /* the recording is over */
	ms_t alone_since;     /* the broker has it, but nobody acknowledges; 0: not so */
};

/* -------- live -------- */

static void send_live(struct publisher *publisher, size_t source)
{
	struct news *news = &publisher->news[source];
	struct live live = {
		.t = news->t,
		.is_pulse = true,
		.pulses = news->pulses,
		.interval_us = news->interval_count ? (double)news->intervals /
							      (double)news->interval_count / 1000
						    : NAN,
		.power_w = NAN,
		.wh = NAN,
	};

	reporter_live(publisher->reporter, source, &live);
	*news = (struct news){.sent = clock_monotonic()};
}

/* Sends what is due; sets the timer for what came too soon after the last message. */
static void live_due(void *context)
{
	struct publisher *publisher = context;
	ms_t now = clock_monotonic();
	ms_t wait = LIVE_MS + 1;

	for (size_t source = 0; source < publisher->settings->sources.count; source++) {
		struct news *news = &publisher->news[source];
		ms_t left = news->sent + LIVE_MS - now;

		if (!news->due)
			continue;
		if (left <= 0)
			send_live(publisher, source);
		else if (left < wait)
			wait = left;
	}
	if (wait <= LIVE_MS)
		timer_set(publisher->timer, wait);
}

static void note_pulse(struct publisher *publisher, size_t source,
		       const struct counter_event *event, ms_t t)
{
	struct news *news = &publisher->news[source];
	bool waiting = news->due;

	news->due = true;
	news->t = t;
	news->pulses = event->pulses;
	if (event->plausible) {
		news->intervals += event->interval;
		news->interval_count++;
	}
	if (!waiting)
		live_due(publisher);
}

/* -------- statistics -------- */

static void tell_sight(struct publisher *publisher, size_t source)
{
	struct sight *sight = &publisher->sights[source];
	char *payload = sight->counter ? statistics_encode(sight->counter) : NULL;

	if (!payload || (sight->told && strcmp(payload, sight->told) == 0)) {
		free(payload);
		return;
	}
	reporter_retain(publisher->reporter, source, "lines", payload);
	free(sight->told);
	sight->told = payload;
}

static void statistics_due(void *context)
{
	struct publisher *publisher = context;

	for (size_t source = 0; source < publisher->settings->sources.count; source++)
		tell_sight(publisher, source);
}

/* -------- what the station tells -------- */

static void station_event(void *context, size_t source, const struct counter *counter,
			  const struct counter_event *event, ms_t t)
{
	struct publisher *publisher = context;

	if (event->kind == COUNTER_PULSE) {
		note_pulse(publisher, source, event, t);
		return;
	}
	reporter_record(publisher->reporter, source, &event->record);
	publisher->sights[source].counter = counter;
	/* The last word, since nothing is seen until the next start. */
	if (event->record.mark == MARK_STOP)
		tell_sight(publisher, source);
}

static void show_status(struct publisher *publisher)
{
	char status[REPORTER_STATUS_SIZE];

	reporter_status(publisher->reporter, status);
	daemon_status(publisher->daemon, "%zu of %zu meters, %s", publisher->online,
		      publisher->settings->sources.count, status);
}

static void station_online(void *context, size_t source, bool online)
{
	struct publisher *publisher = context;

	if (online)
		publisher->online++;
	else
		publisher->online--;
	reporter_online(publisher->reporter, source, online);
	show_status(publisher);
}

/* On the lines' own clock, and within a boot, or with the time of day known, across boots; else all
 * that is certain is that nobody looked since the machine's start. */
static ns_t seen_until(const struct publisher *publisher, const struct outbox_total *total)
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

static bool station_told(void *context, size_t source, struct told *told)
{
	const struct publisher *publisher = context;
	struct outbox_total total;

	if (!reporter_total(publisher->reporter, source, &total))
		return false;
	*told = (struct told){
		.pulses = total.pulses,
		.until = seen_until(publisher, &total),
		.last = total.mark,
		.this_boot = total.this_boot,
		.boot = total.seen_boot,
	};
	return true;
}

static bool station_settled(void *context)
{
	return reporter_settled(((const struct publisher *)context)->reporter);
}

/* Whether the broker has everything and there is no aggregator, as far as can be known. */
static bool is_alone(struct publisher *publisher)
{
	ms_t now = clock_monotonic();

	if (reporter_heard_aggregator(publisher->reporter) ||
	    !reporter_delivered(publisher->reporter))
		publisher->alone_since = 0;
	else if (!publisher->alone_since)
		publisher->alone_since = now;
	return publisher->alone_since && now - publisher->alone_since >= GRACE_MS;
}

/* The recording's end is the program's, once its records have arrived. */
static void look_for_end(struct publisher *publisher)
{
	struct outbox_counts counts = reporter_counts(publisher->reporter);

	if (counts.waiting == 0)
		log_info("recording delivered, %lld records", (long long)counts.acknowledged);
	else if (is_alone(publisher))
		log_warning("the broker has the recording, but there is no aggregator that "
			    "acknowledges it; its %lld records stay in %s",
			    (long long)counts.waiting, publisher->settings->outbox.file);
	else
		return;
	publisher->finished = false;
	daemon_stop(publisher->daemon, EXIT_DONE);
}

static bool station_ready(void *context)
{
	struct publisher *publisher = context;

	return reporter_counts(publisher->reporter).waiting < RECORDS_READY;
}

static void reporter_changed(void *context)
{
	struct publisher *publisher = context;

	show_status(publisher);
	if (publisher->finished)
		look_for_end(publisher);
	else if (publisher->station &&
		 reporter_counts(publisher->reporter).waiting < RECORDS_READY / 2)
		station_resume(publisher->station);
}

static void station_finished(void *context)
{
	struct publisher *publisher = context;

	publisher->finished = true;
	look_for_end(publisher);
}

struct listener publisher_listener(struct publisher *publisher)
{
	return (struct listener){
		.context = publisher,
		.event = station_event,
		.online = station_online,
		.finished = station_finished,
		.told = station_told,
		.settled = station_settled,
		.ready = station_ready,
	};
}

void publisher_feeds_from(struct publisher *publisher, struct station *station)
{
	publisher->station = station;
}

/* -------- open and close -------- */

static struct reporter *open_reporter(struct publisher *publisher, struct fail *fail)
{
	const struct settings *settings = publisher->settings;
	size_t count = settings->sources.count;
	struct reporter_source *sources = calloc(count, sizeof(*sources));
	struct reporter *reporter;

	if (!sources) {
		fail_set(fail, "no memory");
		return NULL;
	}
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
	reporter = reporter_open(&publisher->reporter_settings, sources, count, publisher->daemon,
				 reporter_changed, publisher, fail);
	free(sources);
	return reporter;
}

struct publisher *publisher_open(const struct settings *settings, struct daemon *daemon,
				 struct fail *fail)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (!publisher)
		goto no_memory;
	publisher->settings = settings;
	publisher->daemon = daemon;
	publisher->news = calloc(settings->sources.count, sizeof(*publisher->news));
	publisher->sights = calloc(settings->sources.count, sizeof(*publisher->sights));
	if (!publisher->news || !publisher->sights)
		goto no_memory;
	for (size_t source = 0; source < settings->sources.count; source++)
		publisher->news[source].sent = -LIVE_MS;
	publisher->timer = timer_open(daemon, live_due, publisher, fail);
	if (publisher->timer)
		publisher->reporter = open_reporter(publisher, fail);
	if (!publisher->reporter)
		goto failed;
	daemon_every(daemon, STATISTICS_MS, statistics_due, publisher);
	return publisher;
no_memory:
	fail_set(fail, "no memory");
failed:
	publisher_close(publisher);
	return NULL;
}

void publisher_close(struct publisher *publisher)
{
	if (!publisher)
		return;
	reporter_close(publisher->reporter);
	timer_close(publisher->timer);
	for (size_t i = 0; publisher->sights && i < publisher->settings->sources.count; i++)
		free(publisher->sights[i].told);
	free(publisher->sights);
	free(publisher->news);
	free(publisher);
}
