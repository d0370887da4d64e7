#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/collector/reporter_parts.h"

#define ABOUT_MS (10 * MS_PER_SECOND)

void reporter_about_publish(struct reporter *reporter)
{
	struct outbox_counts counts = reporter_counts(reporter);
	struct program_about about = {
		.program = reporter->settings->program,
		.version = VERSION,
		.clock_known = reporter->clock.timebase.known,
		.started = reporter->started + reporter->clock.timebase.offset,
		.waiting = counts.waiting,
		.downsampled = counts.downsampled,
		.undated = counts.undated,
		.withheld = reporter->withheld,
		.trouble = outbox_trouble(reporter->outbox),
	};
	ms_t now = clock_monotonic();
	char *payload;

	if (reporter->about && now - reporter->about_since < ABOUT_MS)
		return;
	payload = program_about_encode(&about);
	if (!payload || (reporter->about && strcmp(payload, reporter->about) == 0)) {
		free(payload);
		return;
	}
	mqtt_retain(reporter->mqtt, reporter->about_topic, payload, 1, MQTT_LATEST);
	free(reporter->about);
	reporter->about = payload;
	reporter->about_since = now;
}

void reporter_status(const struct reporter *reporter, char text[REPORTER_STATUS_SIZE])
{
	const char *trouble = outbox_trouble(reporter->outbox);
	bool known = reporter->clock.timebase.known;

	snprintf(text, REPORTER_STATUS_SIZE, "broker %s, %lld records waiting%s%s%s%s",
		 mqtt_connected(reporter->mqtt) ? "connected" : "not connected",
		 (long long)reporter_counts(reporter).waiting, trouble ? "; " : "",
		 trouble ? trouble : "", known ? "" : "; the clock ",
		 known ? "" : clock_doubt_text(reporter->clock.timebase.doubt));
}

void reporter_about(struct reporter *reporter, size_t source, const struct about *about)
{
	char *payload = about_encode(about);

	if (payload)
		mqtt_retain(reporter->mqtt, reporter->sources[source].about_topic, payload, 1,
			    MQTT_LATEST);
	free(payload);
}

void reporter_announce(struct reporter *reporter, const struct reporter_source *sources)
{
	reporter_about_publish(reporter);
	for (size_t i = 0; i < reporter->count; i++) {
		reporter_about(reporter, i, &sources[i].about);
		reporter_online(reporter, i, false);
	}
}
