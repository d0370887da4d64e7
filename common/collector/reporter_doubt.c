#include <stdio.h>
#include <string.h>

#include "common/collector/reporter_parts.h"

/* The aggregator commits every second or so, and what was lost is sent again after 30 s. */
#define SILENCE_MS (90 * MS_PER_SECOND)

static void append_access(const struct reporter *reporter, char *text, size_t size)
{
	size_t length = strlen(text);

	if (reporter->settings->broker->protocol == MQTT_PROTOCOL_5)
		return;
	snprintf(text + length, size - length,
		 "; with MQTT 3.1.1 a broker drops in silence what its access list forbids: it has "
		 "to allow this user to write %s/collector/%s/# (broker.protocol \"5\" reports "
		 "refusals)",
		 reporter->site_topic, reporter->settings->collector);
}

static void log_silence(const struct reporter *reporter, int64_t waiting)
{
	const char *site = reporter->settings->site;
	char text[1400];

	if (!reporter->aggregator_found)
		snprintf(text, sizeof(text),
			 "nobody answers as aggregator of site \"%s\": check the site's name, "
			 "that its aggregator runs, and that this user may read %s and %s",
			 site, reporter->aggregator_topic, reporter->ack_topic);
	else if (!reporter->aggregator_online)
		snprintf(text, sizeof(text),
			 "the aggregator of site \"%s\" is offline: check that it runs and is "
			 "connected to the broker",
			 site);
	else
		snprintf(text, sizeof(text),
			 "the aggregator of site \"%s\" is online, but does not acknowledge: see "
			 "\"last_rejected\" in %s/health, and check that this user may read %s",
			 site, reporter->site_topic, reporter->ack_topic);
	append_access(reporter, text, sizeof(text));
	log_warning("%lld record%s not acknowledged for %d s, and kept: %s", (long long)waiting,
		    waiting == 1 ? "" : "s", (int)(SILENCE_MS / MS_PER_SECOND), text);
}

void reporter_doubt(struct reporter *reporter)
{
	struct outbox_counts counts = outbox_counts(reporter->outbox);
	ms_t now = clock_monotonic();
	struct silence *silence = &reporter->silence;

	if (reporter->settings->outbox->ack == OUTBOX_RECEIVER_BROKER)
		return;
	if (!mqtt_connected(reporter->mqtt) || counts.waiting == 0 ||
	    counts.acknowledged != silence->acknowledged) {
		if (silence->logged && counts.acknowledged != silence->acknowledged) {
			log_info("records are acknowledged again");
			silence->logged = false;
		}
		silence->acknowledged = counts.acknowledged;
		silence->since = now;
		return;
	}
	if (silence->logged || now - silence->since < SILENCE_MS)
		return;
	silence->logged = true;
	log_silence(reporter, counts.waiting);
}
