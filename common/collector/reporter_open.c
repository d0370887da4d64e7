#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/collector/reporter_parts.h"
#include "common/contract/topic.h"

#define TURN_MS	   (1 * MS_PER_SECOND)
#define GOODBYE_MS 1000

/* -------- the clock -------- */

static ms_t newest_record(const struct reporter *reporter)
{
	ms_t newest = 0;

	for (size_t i = 0; i < reporter->count; i++)
		if (reporter->sources[i].order.newest > newest)
			newest = reporter->sources[i].order.newest;
	return newest;
}

static void date_records(struct reporter *reporter)
{
	ms_t offset = reporter->clock.timebase.offset;

	outbox_date(reporter->outbox, offset);
	for (size_t i = 0; i < reporter->count; i++)
		record_order_date(&reporter->sources[i].order, offset);
}

static void clock_update(struct reporter *reporter)
{
	if (!reporter->settings->recording &&
	    event_clock_update(&reporter->clock, newest_record(reporter)))
		date_records(reporter);
}

/* The times of a recording are the time of day already. Otherwise, if the time of day was known
 * earlier in this boot, its offset is still right. */
static void clock_open(struct reporter *reporter)
{
	bool recording = reporter->settings->recording;
	ms_t offset = 0;

	reporter->clock = (struct event_clock){
		.policy = reporter->settings->clock,
		.timebase.known = recording || outbox_anchor(reporter->outbox, &offset),
	};
	reporter->clock.timebase.offset = offset;
	clock_update(reporter);
	reporter->started = recording ? clock_wall() : clock_boot();
}

bool reporter_clock_known(const struct reporter *reporter)
{
	return reporter->clock.timebase.known;
}

ms_t reporter_offset(const struct reporter *reporter)
{
	return reporter->clock.timebase.offset;
}

/* -------- the loop -------- */

void reporter_pump(struct reporter *reporter)
{
	outbox_pump(reporter->outbox, reporter->mqtt, clock_monotonic());
	reporter_about_publish(reporter);
	reporter->changed(reporter->context);
}

static void turn_due(void *context)
{
	clock_update(context);
	reporter_pump(context);
	reporter_doubt(context);
}

static void broker_ready(void *context, short events)
{
	(void)events;
	mqtt_dispatch(((struct reporter *)context)->mqtt);
}

/* -------- open and close -------- */

static void name_topics(struct reporter *reporter)
{
	const struct reporter_settings *settings = reporter->settings;
	const char *base = settings->broker->base;
	const char *site = settings->site;
	const char *collector = settings->collector;

	snprintf(reporter->site_topic, sizeof(reporter->site_topic), "%s/%s", base, site);
	topic_build(reporter->aggregator_topic, base, site, "status");
	topic_build(reporter->status_topic, base, site, "collector/%s/status", collector);
	topic_build(reporter->about_topic, base, site, "collector/%s/about", collector);
	topic_build(reporter->ack_topic, base, site, "collector/%s/ack", collector);
	for (size_t i = 0; i < reporter->count; i++) {
		struct reported_source *source = &reporter->sources[i];

		topic_build(source->about_topic, base, site, "collector/%s/%s/about", collector,
			    source->id);
		topic_build(source->status_topic, base, site, "collector/%s/%s/status", collector,
			    source->id);
		topic_build(source->live_topic, base, site, "collector/%s/%s/live", collector,
			    source->id);
	}
}

static void open_sources(struct reporter *reporter, const struct reporter_source *sources)
{
	for (size_t i = 0; i < reporter->count; i++) {
		struct reported_source *source = &reporter->sources[i];
		struct outbox_total total;

		source->id = sources[i].id;
		source->order = record_order_start(
			reporter_total(reporter, i, &total) && total.t ? total.t : NEVER);
	}
}

struct reporter *reporter_open(const struct reporter_settings *settings,
			       const struct reporter_source *sources, size_t count,
			       struct loop *loop, void (*changed)(void *context), void *context,
			       struct fail *fail)
{
	struct reporter *reporter = allocate(1, sizeof(*reporter));

	reporter->sources = allocate(count, sizeof(*reporter->sources));
	reporter->settings = settings;
	reporter->loop = loop;
	reporter->changed = changed;
	reporter->context = context;
	reporter->count = count;
	reporter->silence.since = clock_monotonic();
	reporter->outbox = outbox_open(settings->outbox, fail);
	if (!reporter->outbox)
		goto failed;
	open_sources(reporter, sources);
	name_topics(reporter);
	clock_open(reporter);
	if (!reporter_connect(reporter, fail))
		goto failed;
	reporter_announce(reporter, sources);
	loop_watch(loop, mqtt_fd(reporter->mqtt), POLLIN, broker_ready, reporter);
	loop_every(loop, TURN_MS, turn_due, reporter);
	return reporter;
failed:
	reporter_close(reporter);
	return NULL;
}

void reporter_close(struct reporter *reporter)
{
	if (!reporter)
		return;
	if (reporter->mqtt) {
		loop_unwatch(reporter->loop, mqtt_fd(reporter->mqtt));
		outbox_flush(reporter->outbox);
		outbox_pump(reporter->outbox, reporter->mqtt, clock_monotonic());
		for (size_t i = 0; i < reporter->count; i++)
			reporter_online(reporter, i, false);
		mqtt_close(reporter->mqtt, GOODBYE_MS);
	}
	outbox_close(reporter->outbox);
	free(reporter->about);
	free(reporter->sources);
	free(reporter);
}
