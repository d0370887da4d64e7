#include "collector-pac/publish/pac_publisher.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/meter/meter_state.h"
#include "collector-pac/meter/pulse_facts.h"
#include "collector-pac/poll/poller.h"
#include "common/base/memory.h"
#include "common/collector/reporter.h"

#define BATCH	  64
#define LOST_MS	  (10 * MS_PER_SECOND)
#define NAME_SIZE 320

/* Before this start, at an unknown time. */
#define AGES_MS (36500 * MS_PER_DAY)

struct published_meter {
	const struct pac_meter_settings *settings;
	const struct link_peer *peer;
	struct meter_state state;
	bool counts_pulses;
	struct pulse_facts pulses; /* of a meter that counts pulses */
	int64_t polls, failed, missed;
	ms_t period_ms;	   /* that the meter really gets */
	ms_t announced_ms; /* of its `about` */
};

struct pac_publisher {
	const struct pac_settings *settings;
	struct loop *loop;
	size_t count;
	struct published_meter *meters;
	struct poller_meter *polled; /* the same meters */
	struct poller *poller;
	struct reporter_settings reporter_settings;
	struct reporter *reporter;
	int64_t lost; /* poller_lost() at the last check */
	bool losing;
};

/* -------- measurements -------- */

/* "sti-nord (10.0.0.12)" */
static const char *meter_name(const struct published_meter *meter, char name[NAME_SIZE])
{
	const struct link_peer *peer = meter->peer;

	if (peer->serial.device != NULL)
		snprintf(name, NAME_SIZE, "%s (%s, unit %d)", meter->settings->source,
			 peer->serial.device, peer->unit);
	else if (peer->port == 502)
		snprintf(name, NAME_SIZE, "%s (%s)", meter->settings->source, peer->host);
	else
		snprintf(name, NAME_SIZE, "%s (%s:%d)", meter->settings->source, peer->host,
			 peer->port);
	return name;
}

static void log_status(const struct published_meter *meter, const struct link_result *result)
{
	char name[NAME_SIZE], reason[200];

	meter_name(meter, name);
	if (meter->state.status == METER_ONLINE) {
		log_info("%s: answers", name);
		return;
	}
	link_explain(reason, result, meter->peer);
	log_warning("%s: %s; trying again", name, reason);
}

static void log_verdict(const struct published_meter *meter, double wh_before, double wh)
{
	char name[NAME_SIZE];

	meter_name(meter, name);
	switch (meter->state.verdict) {
	case GUARD_ACCEPTED: break;
	case GUARD_FALLS:
		log_warning(
			"%s: index fell from %.15g to %.15g Wh; recorded, but not shown until %d "
			"readings agree",
			name, wh_before, wh, GUARD_AGREE);
		break;
	case GUARD_JUMPS:
		log_warning(
			"%s: index jumped from %.15g to %.15g Wh, more than %s explains; recorded, "
			"but not shown until %d readings agree",
			name, wh_before, wh,
			settings_max_w(meter->settings) ? "max_w" : "ten times nominal_w",
			GUARD_AGREE);
		break;
	case GUARD_GIVES_WAY:
		log_warning("%s: %d readings agree: index is %.15g Wh now", name, GUARD_AGREE, wh);
		break;
	}
}

/* The index of a pulse counter was judged like any other: here it becomes pulses. */
static void results_count(struct published_meter *meter, struct meter_results *results)
{
	if (!meter->counts_pulses)
		return;
	results->has_live = results->has_live && pulse_live(&meter->pulses, &results->live);
	if (results->has_record)
		pulse_record(&results->record);
}

static void publish_poll(struct pac_publisher *publisher, const struct poll_result *poll)
{
	struct published_meter *meter = &publisher->meters[poll->meter];
	struct measurement measurement = poll->measurement;
	struct meter_results results;

	if (measurement.answered && meter->settings->ratio != 1)
		measurement_scale(&measurement, meter->settings->ratio);
	results = meter_state_update(&meter->state, &measurement,
				     reporter_offset(publisher->reporter));
	results_count(meter, &results);
	meter->polls = poll->polls;
	meter->failed = poll->failed;
	meter->missed = poll->missed;
	if (poll->period_ms > 0)
		meter->period_ms = poll->period_ms;
	if (results.status_changed) {
		log_status(meter, &poll->result);
		reporter_online(publisher->reporter, poll->meter,
				meter->state.status == METER_ONLINE);
	}
	if (results.verdict_changed)
		log_verdict(meter, results.wh_before, measurement.wh);
	if (results.has_live)
		reporter_live(publisher->reporter, poll->meter, &results.live);
	if (results.has_record)
		reporter_record(publisher->reporter, poll->meter, &results.record);
}

static void polls_ready(void *context, short events)
{
	struct pac_publisher *publisher = context;
	struct poll_result polls[BATCH];
	size_t count;

	(void)events;
	do {
		count = poller_take(publisher->poller, polls, BATCH);
		for (size_t i = 0; i < count; i++)
			publish_poll(publisher, &polls[i]);
	} while (count == BATCH);
}

/* -------- status -------- */

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

static void check_lost(void *context)
{
	struct pac_publisher *publisher = context;
	int64_t lost = poller_lost(publisher->poller);
	bool losing = lost > publisher->lost;

	if (losing && !publisher->losing)
		log_warning("this machine does not keep up: %lld reading%s lost so far; end what "
			    "else runs on it, or choose a longer poll_ms",
			    (long long)lost, plural(lost));
	else if (!losing && publisher->losing)
		log_info("keeps up again: %lld reading%s lost in all", (long long)lost,
			 plural(lost));
	publisher->lost = lost;
	publisher->losing = losing;
}

static void show_status(void *context)
{
	const struct pac_publisher *publisher = context;
	int64_t polls = 0, failed = 0, missed = 0;
	size_t online = 0;
	char status[REPORTER_STATUS_SIZE];

	for (size_t i = 0; i < publisher->count; i++) {
		const struct published_meter *meter = &publisher->meters[i];

		online += meter->state.status == METER_ONLINE;
		polls += meter->polls;
		failed += meter->failed;
		missed += meter->missed;
	}
	reporter_status(publisher->reporter, status);
	loop_status(publisher->loop,
		    "%zu of %zu meter%s online, %s; %lld poll%s, %lld failed, %lld slot%s missed",
		    online, publisher->count, plural((int64_t)publisher->count), status,
		    (long long)polls, plural(polls), (long long)failed, (long long)missed,
		    plural(missed));
}

static void log_counts(const struct pac_publisher *publisher)
{
	for (size_t i = 0; i < publisher->count; i++) {
		const struct published_meter *meter = &publisher->meters[i];
		char name[NAME_SIZE];

		log_info("%s: %lld poll%s, %lld failed, %lld slot%s missed",
			 meter_name(meter, name), (long long)meter->polls, plural(meter->polls),
			 (long long)meter->failed, (long long)meter->missed, plural(meter->missed));
	}
}

/* -------- what is announced -------- */

/* A source of pulses has a live reading with each pulse: only its records come regularly. */
static ms_t live_interval(const struct pac_settings *settings,
			  const struct pac_meter_settings *meter, ms_t period_ms)
{
	const ms_t record_ms = settings->record_s * MS_PER_SECOND;

	return profile_counts_pulses(&meter->profile) && record_ms > period_ms ? record_ms
									       : period_ms;
}

static struct about meter_about(const struct pac_settings *settings,
				const struct pac_meter_settings *meter, ms_t period_ms)
{
	const bool pulses = profile_counts_pulses(&meter->profile);
	struct about about = {
		.nominal_w = meter->nominal_w,
		.role = (enum role)meter->role,
		.wh_per_pulse = meter->wh_per_pulse,
		.m3_per_pulse = meter->m3_per_pulse,
		.kwh_per_m3 = meter->kwh_per_m3,
		.min_interval_us = NAN,
		.modulus_pulses = pulses ? meter->profile.pulses.modulus : 0,
		.modulus_wh = meter->modulus_wh,
		.interval_ms = live_interval(settings, meter, period_ms),
		.max_w = settings_max_w(meter),
	};

	snprintf(about.kind, sizeof(about.kind), "%s", pulses ? "pulse" : meter->profile.name);
	memcpy(about.medium, meter->medium, sizeof(about.medium));
	memcpy(about.zone, meter->zone, sizeof(about.zone));
	memcpy(about.label, meter->label, sizeof(about.label));
	return about;
}

/* A shared connection that cannot keep up stretches the periods of its meters. Small changes are
 * not announced. */
static void check_periods(void *context)
{
	struct pac_publisher *publisher = context;

	for (size_t i = 0; i < publisher->count; i++) {
		struct published_meter *meter = &publisher->meters[i];
		struct about about =
			meter_about(publisher->settings, meter->settings, meter->period_ms);

		if (4 * meter->period_ms <= 5 * meter->announced_ms &&
		    5 * meter->period_ms >= 4 * meter->announced_ms)
			continue;
		reporter_about(publisher->reporter, i, &about);
		meter->announced_ms = meter->period_ms;
	}
}

/* -------- opening and closing -------- */

static void meter_start(struct pac_publisher *publisher, size_t index)
{
	const struct pac_settings *settings = publisher->settings;
	const struct pac_meter_settings *meter = settings_meter(settings, index);
	struct poller_meter *polled = &publisher->polled[index];
	const bool pulses = profile_counts_pulses(&meter->profile);

	*polled = (struct poller_meter){
		.name = meter->source,
		.profile = &meter->profile,
		.peer = settings_peer(settings, index),
		.period_ms = meter->poll_ms,
	};
	publisher->meters[index] = (struct published_meter){
		.settings = meter,
		.peer = &polled->peer,
		.state = meter_state_start(
			settings->record_s * MS_PER_SECOND,
			pulses ? NAN : guard_limit(settings_max_w(meter), meter->nominal_w)),
		.counts_pulses = pulses,
		.period_ms = settings_period_ms(settings, index),
		.announced_ms = settings_period_ms(settings, index),
	};
}

/* Makes the newest record before this start the accepted index. If it is from an earlier boot, its
 * age is known only if the time of day is; if not, any growth is accepted. */
static void meter_resume(struct pac_publisher *publisher, size_t index)
{
	struct outbox_total total;
	ms_t at = -AGES_MS;

	if (!reporter_total(publisher->reporter, index, &total))
		return;
	if (total.this_boot)
		at = total.seen_boot;
	else if (total.t && reporter_clock_known(publisher->reporter))
		at = total.t - reporter_offset(publisher->reporter);
	guard_resume(&publisher->meters[index].state.guard,
		     publisher->meters[index].counts_pulses ? (double)total.pulses : total.wh, at);
}

static bool reporter_start(struct pac_publisher *publisher, struct fail *fail)
{
	const struct pac_settings *settings = publisher->settings;
	struct reporter_source *sources = allocate(publisher->count, sizeof(*sources));

	for (size_t i = 0; i < publisher->count; i++) {
		const struct pac_meter_settings *meter = settings_meter(settings, i);

		sources[i] = (struct reporter_source){
			meter->source,
			meter_about(settings, meter, publisher->meters[i].announced_ms)};
	}
	publisher->reporter_settings = (struct reporter_settings){
		.program = "collector-pac",
		.site = settings->site,
		.collector = settings->collector,
		.broker = &settings->broker,
		.outbox = &settings->outbox,
		.clock = settings->clock,
	};
	publisher->reporter =
		reporter_open(&publisher->reporter_settings, sources, publisher->count,
			      publisher->loop, show_status, publisher, fail);
	free(sources);
	return publisher->reporter != NULL;
}

static bool publisher_start(struct pac_publisher *publisher, struct fail *fail)
{
	publisher->meters = allocate(publisher->count, sizeof(*publisher->meters));
	publisher->polled = allocate(publisher->count, sizeof(*publisher->polled));
	for (size_t i = 0; i < publisher->count; i++)
		meter_start(publisher, i);
	if (!reporter_start(publisher, fail))
		return false;
	for (size_t i = 0; i < publisher->count; i++)
		meter_resume(publisher, i);
	publisher->poller = poller_open(publisher->polled, publisher->count,
					publisher->settings->poll_ms, fail);
	return publisher->poller != NULL;
}

struct pac_publisher *pac_publisher_open(const struct pac_settings *settings, struct loop *loop,
					 struct fail *fail)
{
	struct pac_publisher *publisher = allocate(1, sizeof(*publisher));

	publisher->settings = settings;
	publisher->loop = loop;
	publisher->count = settings->meters.count;
	if (!publisher_start(publisher, fail)) {
		pac_publisher_close(publisher);
		return NULL;
	}
	loop_watch(loop, poller_fd(publisher->poller), POLLIN, polls_ready, publisher);
	loop_every(loop, LOST_MS, check_lost, publisher);
	loop_every(loop, LOST_MS, check_periods, publisher);
	log_info("polling %zu meter%s every %lld ms", publisher->count,
		 plural((int64_t)publisher->count), (long long)settings->poll_ms);
	return publisher;
}

void pac_publisher_close(struct pac_publisher *publisher)
{
	if (publisher == NULL)
		return;
	if (publisher->poller != NULL) {
		loop_unwatch(publisher->loop, poller_fd(publisher->poller));
		poller_stop(publisher->poller);
		polls_ready(publisher, 0);
		log_counts(publisher);
	}
	/* Meanwhile the last polls come to their end: both take about the same time. */
	reporter_close(publisher->reporter);
	poller_close(publisher->poller);
	free(publisher->polled);
	free(publisher->meters);
	free(publisher);
}
