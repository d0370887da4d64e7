#include "collector-pac/settings/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/profiles/profiles.h"
#include "collector-pac/settings/counted.h"
#include "common/timebase/clock_trust.h"
#include "common/process/config_file.h"

static const struct json_field settings_keys[] = {
	{.name = "site",
	 .type = FIELD_ID,
	 .offset = offsetof(struct pac_settings, site),
	 .required = true},
	{.name = "collector",
	 .type = FIELD_ID,
	 .offset = offsetof(struct pac_settings, collector),
	 .required = true},
	{.name = "broker",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct pac_settings, broker),
	 .fields = mqtt_keys,
	 .check = mqtt_check},
	{.name = "ack",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct pac_settings, outbox.ack),
	 .choices = outbox_receivers},
	{.name = "outbox",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct pac_settings, outbox),
	 .fields = outbox_keys},
	{.name = "clock",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct pac_settings, clock),
	 .choices = clock_policies},
	{.name = "poll_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_settings, poll_ms),
	 .minimum = 50,
	 .maximum = 60000},
	{.name = "record_s",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_settings, record_s),
	 .minimum = 1,
	 .maximum = 3600},
	{.name = "timeout_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_settings, timeout_ms),
	 .minimum = 50,
	 .maximum = 10000},
	{.name = "meters",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct pac_settings, meters),
	 .minimum = 1,
	 .maximum = POLLER_METERS,
	 .size = sizeof(struct pac_meter_settings),
	 .fields = meter_keys,
	 .defaults = &meter_defaults,
	 .check = meter_complete,
	 .required = true},
	{0},
};

const struct pac_meter_settings *settings_meter(const struct pac_settings *settings, size_t index)
{
	return (const struct pac_meter_settings *)settings->meters.items + index;
}

struct link_peer settings_peer(const struct pac_settings *settings, size_t index)
{
	return meter_peer(settings_meter(settings, index), settings->timeout_ms);
}

ms_t settings_period_ms(const struct pac_settings *settings, size_t index)
{
	const struct pac_meter_settings *meter = settings_meter(settings, index);

	return meter->poll_ms ? meter->poll_ms : settings->poll_ms;
}

int64_t settings_max_w(const struct pac_meter_settings *meter)
{
	if (meter->max_w || isnan(meter->profile.max_w))
		return meter->max_w;
	return (int64_t)ceil(meter->profile.max_w * meter->ratio);
}

void settings_hint(const struct pac_settings *settings, FILE *out)
{
	if (settings->timeout_ms > settings->record_s * MS_PER_SECOND)
		fprintf(out,
			"timeout_ms: %lld ms are longer than record_s (%lld s), so a question "
			"without "
			"answer costs a record\n",
			(long long)settings->timeout_ms, (long long)settings->record_s);
	for (size_t i = 0; i < settings->meters.count; i++) {
		const struct pac_meter_settings *meter = settings_meter(settings, i);

		if (!settings_max_w(meter) && !meter->reactive &&
		    !profile_counts_pulses(&meter->profile))
			fprintf(out,
				"meters[%zu].max_w (%s): not given, so a wrong reading counts as "
				"energy up to 100 MW: give what it can never deliver, such as 1.5 "
				"times the power of its fuses\n",
				i, meter->source);
	}
}

/* -------- rules across meters -------- */

static bool zone_free(const struct pac_settings *settings, size_t meter, struct fail *fail)
{
	if (strcmp(settings_meter(settings, meter)->zone, "rest") != 0)
		return true;
	return fail_set(fail,
			"meters[%zu].zone: \"rest\" is reserved for main minus the parts, "
			"expected another id",
			meter);
}

/* With another profile it is another source: import and export, or the circuits of one device. */
static bool same_meter(const struct pac_meter_settings *a, const struct pac_meter_settings *b)
{
	const struct link_peer one = meter_peer(a, 0), two = meter_peer(b, 0);

	return link_peer_shared(&one, &two) && a->unit == b->unit && a->reactive == b->reactive &&
	       strcmp(a->profile_name, b->profile_name) == 0;
}

static bool pair_agrees(const struct pac_settings *settings, size_t first, size_t second,
			struct fail *fail)
{
	const struct pac_meter_settings *a = settings_meter(settings, first);
	const struct pac_meter_settings *b = settings_meter(settings, second);
	bool same_zone = strcmp(a->zone, b->zone) == 0;
	char port[32] = "";

	if (strcmp(a->source, b->source) == 0)
		return fail_set(
			fail,
			"meters[%zu].source: \"%s\" is meters[%zu] already, expected a name "
			"of its own",
			second, b->source, first);
	if (b->host[0] != '\0')
		snprintf(port, sizeof(port), " port %lld,", (long long)b->port);
	if (same_meter(a, b))
		return fail_set(
			fail,
			"meters[%zu].%s: \"%s\" with%s unit %lld and profile \"%s\" is "
			"meters[%zu] already, expected another meter, or another profile of it",
			second, b->host[0] != '\0' ? "host" : "serial",
			b->host[0] != '\0' ? b->host : b->serial.device, port, (long long)b->unit,
			b->profile_name, first);
	if (!meters_share(a, b, first, second, fail))
		return false;
	if (same_zone && a->role != b->role)
		return fail_set(fail, "meters[%zu].role: zone \"%s\" is \"%s\" in meters[%zu]",
				second, b->zone, meter_roles[a->role], first);
	if (!same_zone && a->role == ROLE_MAIN && b->role == ROLE_MAIN)
		return fail_set(fail,
				"meters[%zu].role: the main zone is \"%s\" already (meters[%zu]), "
				"expected \"part\"",
				second, a->zone, first);
	return true;
}

static bool meters_agree(const struct pac_settings *settings, struct fail *fail)
{
	for (size_t second = 0; second < settings->meters.count; second++) {
		if (!zone_free(settings, second, fail))
			return false;
		for (size_t first = 0; first < second; first++)
			if (!pair_agrees(settings, first, second, fail))
				return false;
	}
	return true;
}

/* Each record needs a poll. */
static bool times_agree(const struct pac_settings *settings, struct fail *fail)
{
	const ms_t record_ms = settings->record_s * MS_PER_SECOND;

	for (size_t i = 0; i < settings->meters.count; i++) {
		ms_t period_ms = settings_period_ms(settings, i);
		char path[32] = "";

		if (period_ms <= record_ms)
			continue;
		if (settings_meter(settings, i)->poll_ms)
			snprintf(path, sizeof(path), "meters[%zu].", i);
		return fail_set(fail,
				"%spoll_ms: %lld ms are longer than record_s (%lld s), expected at "
				"most %lld",
				path, (long long)period_ms, (long long)settings->record_s,
				(long long)record_ms);
	}
	return true;
}

static bool profiles_read(struct pac_settings *settings, const char *file, struct fail *fail)
{
	struct pac_meter_settings *meters = settings->meters.items;

	for (size_t i = 0; i < settings->meters.count; i++) {
		struct fail reason = {0};

		if (!profiles_load(&meters[i].profile, meters[i].profile_name, &reason))
			return fail_set(fail, "%s: meters[%zu].profile: %s", file, i, reason.text);
		meter_resolve(&meters[i]);
		if (!counted_resolve(&meters[i], &reason))
			return fail_set(fail, "%s: meters[%zu].%s", file, i, reason.text);
		for (size_t first = 0; first < i; first++)
			if (!counted_alike(&meters[first], &meters[i], first, i, fail))
				return fail_at(fail, "%s", file);
	}
	return true;
}

bool settings_load(struct pac_settings *settings, const char *file, struct fail *fail)
{
	*settings = (struct pac_settings){
		.broker = mqtt_defaults,
		.outbox = outbox_defaults,
		.poll_ms = 500,
		.record_s = 10,
		.timeout_ms = 1000,
	};
	if (!config_load(settings_keys, settings, file, fail))
		return false;
	settings->outbox.origin = "indices of Modbus meters";
	outbox_resolve(&settings->outbox, settings->broker.base, settings->site,
		       settings->collector);
	return ((times_agree(settings, fail) && meters_agree(settings, fail)) ||
		fail_at(fail, "%s", file)) &&
	       profiles_read(settings, file, fail);
}

void settings_free(struct pac_settings *settings)
{
	struct pac_meter_settings *meters = settings->meters.items;

	for (size_t i = 0; i < settings->meters.count; i++)
		config_free(profile_keys, &meters[i].profile);
	config_free(settings_keys, settings);
}
