#include "collector-pac/publish/collector.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/meter/source.h"
#include "common/collector/reporter.h"

#define BATCH	64
#define LOST_MS (10 * MS_PER_SECOND)

/* Nobody knows how long. */
#define AGES_MS (36500 * MS_PER_DAY)

/* One meter as the main thread sees it. */
struct subject {
	const struct meter_settings *settings;
	const struct link_peer *peer;
	struct source source;
	int64_t polls, failed, missed;
	enum link_outcome outcome;
};

struct collector {
	const struct settings *settings;
	struct loop *loop;
	size_t count;
	struct subject *subjects;
	struct poller_meter *meters;
	struct poller *poller;
	struct reporter_settings reporter_settings;
	struct reporter *reporter;
	int64_t lost; /* polls that nobody took in time, as last looked */
	bool losing;
};

/* -------- readings -------- */

/* "sti-nord (10.0.0.12)" */
static const char *subject_name(const struct subject *subject, char name[320])
{
	if (subject->peer->port == 502)
		snprintf(name, 320, "%s (%s)", subject->settings->source, subject->peer->host);
	else
		snprintf(name, 320, "%s (%s:%d)", subject->settings->source, subject->peer->host,
			 subject->peer->port);
	return name;
}

static void log_state(const struct subject *subject, const struct link_result *result)
{
	char name[320], reason[200];

	if (subject->source.state == SOURCE_ONLINE) {
		log_info("%s: answers", subject_name(subject, name));
		return;
	}
	link_explain(reason, result, subject->peer);
	log_warning("%s: %s; trying again", subject_name(subject, name), reason);
}

static void log_verdict(const struct subject *subject, const struct news *news, double wh)
{
	char name[320];

	subject_name(subject, name);
	switch (subject->source.verdict) {
	case GUARD_ACCEPTED: break;
	case GUARD_FALLS:
		log_warning(
			"%s: index fell from %.15g to %.15g Wh; held back until %d readings agree",
			name, news->wh_before, wh, GUARD_AGREE);
		break;
	case GUARD_JUMPS:
		log_warning(
			"%s: index jumped from %.15g to %.15g Wh, more than nominal_w explains; "
			"held back until %d readings agree",
			name, news->wh_before, wh, GUARD_AGREE);
		break;
	case GUARD_GIVES_WAY:
		log_warning("%s: %d readings agree: index is %.15g Wh now", name, GUARD_AGREE, wh);
		break;
	}
}

static void subject_poll(struct collector *collector, const struct poll *poll)
{
	struct subject *subject = &collector->subjects[poll->meter];
	struct news news =
		source_read(&subject->source, &poll->reading, reporter_offset(collector->reporter));

	subject->polls = poll->polls;
	subject->failed = poll->failed;
	subject->missed = poll->missed;
	subject->outcome = poll->result.outcome;
	if (news.state_changed) {
		log_state(subject, &poll->result);
		reporter_online(collector->reporter, poll->meter,
				subject->source.state == SOURCE_ONLINE);
	}
	if (news.verdict_changed)
		log_verdict(subject, &news, poll->reading.wh);
	if (news.has_live)
		reporter_live(collector->reporter, poll->meter, &news.live);
	if (news.has_record)
		reporter_record(collector->reporter, poll->meter, &news.record);
}

static void collector_polls(void *context, short events)
{
	struct collector *collector = context;
	struct poll polls[BATCH];
	size_t count;

	(void)events;
	do {
		count = poller_take(collector->poller, polls, BATCH);
		for (size_t i = 0; i < count; i++)
			subject_poll(collector, &polls[i]);
	} while (count == BATCH);
}

/* -------- status -------- */

static void look_for_lost(struct collector *collector)
{
	int64_t lost = poller_lost(collector->poller);
	bool losing = lost > collector->lost;

	if (losing && !collector->losing)
		log_warning("this machine does not keep up: %lld readings lost so far; end what "
			    "else runs on it, or choose a longer poll_ms",
			    (long long)lost);
	else if (!losing && collector->losing)
		log_info("keeps up again: %lld readings were lost", (long long)lost);
	collector->lost = lost;
	collector->losing = losing;
}

static void show_status(struct collector *collector)
{
	int64_t polls = 0, failed = 0, missed = 0;
	size_t online = 0;
	char status[REPORTER_STATUS_SIZE];

	for (size_t i = 0; i < collector->count; i++) {
		const struct subject *subject = &collector->subjects[i];

		online += subject->source.state == SOURCE_ONLINE;
		polls += subject->polls;
		failed += subject->failed;
		missed += subject->missed;
	}
	reporter_status(collector->reporter, status);
	loop_status(collector->loop,
		    "%zu of %zu meters answer, %s; %lld polls, %lld failed, %lld slots missed",
		    online, collector->count, status, (long long)polls, (long long)failed,
		    (long long)missed);
}

static void reporter_changed(void *context)
{
	show_status(context);
}

static void lost_due(void *context)
{
	look_for_lost(context);
}

/* -------- opening and closing -------- */

static void subject_start(struct collector *collector, size_t index)
{
	const struct settings *settings = collector->settings;
	const struct meter_settings *meter = settings_meter(settings, index);
	struct subject *subject = &collector->subjects[index];
	struct poller_meter *polled = &collector->meters[index];

	polled->profile = &meter->profile;
	polled->peer = (struct link_peer){
		.host = meter->host,
		.port = (int)meter->port,
		.unit = (int)meter->unit,
		.timeout_ms = settings->timeout_ms,
	};
	subject->settings = meter;
	subject->peer = &polled->peer;
	subject->source = source_start(settings->record_s * MS_PER_SECOND, meter->nominal_w);
}

/* The first readings are judged by the newest record before this start. How long ago that was in
 * another boot is known if the time of day is; if not, any growth is believed. */
static void subject_resume(struct collector *collector, size_t index)
{
	struct outbox_total total;
	ms_t at = -AGES_MS;

	if (!reporter_total(collector->reporter, index, &total))
		return;
	if (total.this_boot)
		at = total.seen_boot;
	else if (total.t && reporter_clock_known(collector->reporter))
		at = total.t - reporter_offset(collector->reporter);
	source_resume(&collector->subjects[index].source, total.wh, at);
}

static struct about meter_about(const struct meter_settings *meter)
{
	struct about about = {
		.nominal_w = meter->nominal_w,
		.role = (enum role)meter->role,
		.wh_per_pulse = NAN,
		.m3_per_pulse = NAN,
		.kwh_per_m3 = NAN,
		.min_interval_us = NAN,
		.modulus_wh = meter->modulus_wh,
	};

	memcpy(about.kind, meter->profile.name, sizeof(about.kind));
	memcpy(about.medium, meter->medium, sizeof(about.medium));
	memcpy(about.zone, meter->zone, sizeof(about.zone));
	memcpy(about.label, meter->label, sizeof(about.label));
	return about;
}

static bool reporter_start(struct collector *collector, struct fail *fail)
{
	const struct settings *settings = collector->settings;
	struct reporter_source *sources = calloc(collector->count, sizeof(*sources));

	if (sources == NULL)
		return fail_set(fail, "out of memory");
	for (size_t i = 0; i < collector->count; i++) {
		const struct meter_settings *meter = settings_meter(settings, i);

		sources[i] = (struct reporter_source){meter->source, meter_about(meter)};
	}
	collector->reporter_settings = (struct reporter_settings){
		.program = "collector-pac",
		.site = settings->site,
		.collector = settings->collector,
		.broker = &settings->broker,
		.outbox = &settings->outbox,
		.clock = settings->clock,
	};
	collector->reporter =
		reporter_open(&collector->reporter_settings, sources, collector->count,
			      collector->loop, reporter_changed, collector, fail);
	free(sources);
	return collector->reporter != NULL;
}

static bool collector_start(struct collector *collector, struct fail *fail)
{
	const struct settings *settings = collector->settings;

	collector->subjects = calloc(collector->count, sizeof(*collector->subjects));
	collector->meters = calloc(collector->count, sizeof(*collector->meters));
	if (collector->subjects == NULL || collector->meters == NULL)
		return fail_set(fail, "out of memory");
	for (size_t i = 0; i < collector->count; i++)
		subject_start(collector, i);
	if (!reporter_start(collector, fail))
		return false;
	for (size_t i = 0; i < collector->count; i++)
		subject_resume(collector, i);
	collector->poller =
		poller_open(collector->meters, collector->count, settings->poll_ms, fail);
	return collector->poller != NULL;
}

struct collector *collector_open(const struct settings *settings, struct loop *loop,
				 struct fail *fail)
{
	struct collector *collector = calloc(1, sizeof(*collector));

	if (collector == NULL) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	collector->settings = settings;
	collector->loop = loop;
	collector->count = settings->meters.count;
	if (!collector_start(collector, fail)) {
		collector_close(collector);
		return NULL;
	}
	loop_watch(loop, poller_fd(collector->poller), POLLIN, collector_polls, collector);
	loop_every(loop, LOST_MS, lost_due, collector);
	log_info("polling %zu meters every %lld ms", collector->count,
		 (long long)settings->poll_ms);
	return collector;
}

static void log_counts(const struct collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		const struct subject *subject = &collector->subjects[i];
		char name[320];

		log_info("%s: %lld polls, %lld failed, %lld slots missed",
			 subject_name(subject, name), (long long)subject->polls,
			 (long long)subject->failed, (long long)subject->missed);
	}
}

void collector_close(struct collector *collector)
{
	if (collector == NULL)
		return;
	if (collector->poller != NULL) {
		loop_unwatch(collector->loop, poller_fd(collector->poller));
		poller_stop(collector->poller);
		collector_polls(collector, 0);
		log_counts(collector);
	}
	/* The goodbye takes about as long as the last polls. */
	reporter_close(collector->reporter);
	poller_close(collector->poller);
	free(collector->meters);
	free(collector->subjects);
	free(collector);
}
