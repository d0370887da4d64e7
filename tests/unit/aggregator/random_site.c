#include "tests/unit/aggregator/random_site.h"

#include "tests/unit/common/seed.h"

struct random_site random_site;
struct prices random_site_prices[2];

const char *const random_site_sources[SOURCES] = {"meter/global", "pac/self", "pac/self-2",
						  "pac/nord"};
const char *const random_site_zones[SOURCES] = {"global", "self", "self", "nord"};

void random_site_add(const char *below, const char *what, const char *payload)
{
	struct message *message = &random_site.messages[random_site.message_count++];

	snprintf(message->below, sizeof(message->below), "%s/%s", below, what);
	snprintf(message->payload, sizeof(message->payload), "%s", payload);
}

static void add_fact(struct random_fact fact)
{
	static const char *const states[] = {"false", "true", "null"};
	int64_t *prev = &random_site.newest[fact.source != 0];
	char text[240];

	fact.seq = random_site.fact_count + 1;
	random_site.facts[random_site.fact_count++] = fact;
	if (fact.source == 0)
		snprintf(text, sizeof(text),
			 "{\"t\":%lld,\"stream\":\"00000000000000aa\",\"seq\":%lld,\"prev\":%lld,"
			 "\"mark\":\"%s\","
			 "\"pulses\":%lld,\"off_peak\":%s,\"peak\":%s}",
			 (long long)fact.t, (long long)fact.seq, (long long)*prev,
			 fact.signal   ? "top10"
			 : fact.change ? "contacts"
				       : "minute",
			 (long long)fact.count, states[fact.off_peak], states[fact.peak]);
	else
		snprintf(text, sizeof(text),
			 "{\"t\":%lld,\"stream\":\"00000000000000bb\",\"seq\":%lld,\"prev\":%lld,"
			 "\"wh\":%lld.%03d}",
			 (long long)fact.t, (long long)fact.seq, (long long)*prev,
			 (long long)(fact.count / 1000), (int)(fact.count % 1000));
	*prev = fact.seq;
	random_site_add(random_site_sources[fact.source], "record", text);
}

static void main_meter(void)
{
	ms_t signal = random_site.from;
	int64_t pulses = seed_below(1000000);
	int off_peak = 1, peak = 0;

	for (ms_t t = random_site.from; t < random_site.to; t += MS_PER_MINUTE) {
		bool is_signal = t >= signal;

		if (is_signal)
			signal = t + 600000 + (seed_below(8) == 0 ? 600000 : seed_below(3) * 6000);
		if (seed_below(60) == 0) {
			off_peak = (int)seed_below(3);
			peak = seed_below(4) == 0 ? 1 : (int)seed_below(2) * 2;
			add_fact((struct random_fact){0, t + seed_below(60000), pulses, 0, false,
						      true, off_peak, peak});
		}
		/* Now and then nothing for a while, a spurious period signal, a glitch, a reset. */
		if (seed_below(90) == 0)
			t += seed_below(40) * MS_PER_MINUTE;
		if (t >= random_site.to)
			break;
		if (seed_below(200) == 0)
			add_fact((struct random_fact){0, t + 7000, pulses, 0, true, false, off_peak,
						      peak});
		if (seed_below(300) == 0)
			add_fact((struct random_fact){0, t + 9000, pulses / 2, 0, false, false,
						      off_peak, peak});
		if (seed_below(700) == 0)
			pulses = seed_below(1000);
		pulses += seed_below(110);
		add_fact((struct random_fact){0, t + seed_below(2) * seed_below(900), pulses, 0,
					      is_signal, false, off_peak, peak});
	}
}

static void pac_meter(int source)
{
	ms_t step = 10000 * (1 + seed_below(12));
	int64_t count = seed_below(1000000000);
	ms_t from = random_site.from + seed_below(2) * seed_below(7200000);

	for (ms_t t = from; t < random_site.to; t += step) {
		if (seed_below(100) == 0)
			t += seed_below(60) * MS_PER_MINUTE;
		if (t >= random_site.to)
			break;
		if (seed_below(200) == 0)
			count = seed_below(2) ? count / 2 : 0;
		count += seed_below(200000);
		add_fact((struct random_fact){source, t + seed_below(300), count, 0, false, false,
					      2, 2});
		if (seed_below(50) == 0) /* the same moment again */
			add_fact((struct random_fact){
				source, random_site.facts[random_site.fact_count - 1].t,
				count + seed_below(50), 0, false, false, 2, 2});
	}
}

void random_site_make(const struct civil_zone *zone)
{
	static const char *const days[] = {"2013-01-15", "2013-03-31", "2013-10-27", "2013-12-01"};
	ms_t day;

	random_site.fact_count = random_site.message_count = 0;
	random_site.newest[0] = random_site.newest[1] = 0;
	assert_true(civil_parse(&day, zone, days[seed_below(4)]));
	random_site.from = day - seed_below(6) * MS_PER_HOUR - seed_below(MS_PER_HOUR);
	random_site.to = civil_day_end(zone, day) - seed_below(3 * MS_PER_HOUR) - 60000;
	random_site_prices[0] = random_site_prices[1] = fixture_prices[0];
	random_site_prices[1].from = day + seed_below(24 * 60) * MS_PER_MINUTE;
	for (int band = BAND_P; band < BAND_COUNT; band++)
		random_site_prices[1].of[band] = seed_below(100000000);
	for (int source = 0; source < SOURCES; source++) {
		char about[240];

		snprintf(about, sizeof(about),
			 "{\"kind\":\"%s\",\"medium\":\"electricity\",\"zone\":\"%s\",\"label\":"
			 "\"%s\",\"nominal_w\":60000,\"role\":\"%s\"%s}",
			 source ? "pac3200" : "pulse", random_site_zones[source],
			 random_site_zones[source], source ? "part" : "main",
			 source ? "" : ",\"wh_per_pulse\":80");
		random_site_add(random_site_sources[source], "about", about);
	}
	main_meter();
	for (int source = 1; source < SOURCES; source++)
		pac_meter(source);
	assert_true(random_site.message_count < MESSAGES_MAX);
}

/* ---- delivering it ---- */

void deliver(struct fixture *fixture, const struct message *message)
{
	struct fail fail = {0};

	if (!fixture_offer(fixture, &fail, message->below, message->payload))
		fail_msg("%s", fail.text);
}

void deliver_in_order(struct fixture *fixture)
{
	fixture->now = random_site.to + 60000;
	for (int i = 0; i < random_site.message_count; i++)
		deliver(fixture, &random_site.messages[i]);
	fixture_look(fixture, fixture->now);
}

void publish_soon(struct fixture *fixture)
{
	fixture->monotonic++;
	fixture_turn(fixture, false);
}

void publish_books(struct fixture *fixture)
{
	for (size_t i = 0; i < site_zone_count(fixture->site); i++) {
		struct zone *zone = site_zone(fixture->site, i);

		zone->published = 0;
		changes_zone(&fixture->site->changes, zone->id)->amounts_changed = true;
	}
	fixture_look(fixture, fixture->now);
}

static const char *without_time(const char *text)
{
	return strncmp(text, "{\"time\":", 8) == 0 ? strchr(text, ',') : text;
}

void expect_same(const struct fixture *one, const struct fixture *other)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct fixture_topic *topic = &one->topics[i];
		const char *text = fixture_text(other, topic->name);

		if (strcmp(topic->name, "health") == 0 || !topic->text[0])
			continue;
		if (!text)
			fail_msg("%s: only one site publishes %s", topic->name, topic->text);
		if (strcmp(without_time(text), without_time(topic->text)) != 0)
			fail_msg("%s:\n%s\n%s", topic->name, topic->text, text);
	}
}
