/* world.h - a random site for property tests: announcements and records with everything that goes
 * wrong in life, as messages to deliver in any way. */
#ifndef TESTS_UNIT_AGGREGATOR_WORLD_H
#define TESTS_UNIT_AGGREGATOR_WORLD_H

#include "tests/unit/aggregator/site_fixture.h"
#include "tests/unit/common/seed.h"

#define SOURCES	     4
#define MESSAGES_MAX 20000

/* ---- a random site ---- */

struct fact {
	int source;
	ms_t t;
	int64_t count; /* pulses, or mWh */
	int64_t seq;
	bool signal, change;
	int off_peak, peak; /* 0, 1, 2: null */
};

struct message {
	char below[80];
	char payload[240];
};

static struct world {
	ms_t from, to; /* of the records */
	int fact_count;
	struct fact facts[MESSAGES_MAX];
	int64_t newest[2]; /* number of either stream */
	int message_count;
	struct message messages[MESSAGES_MAX];
} world;

static const char *const source_names[SOURCES] = {"meter/global", "pac/self", "pac/self-2",
						  "pac/nord"};
static const char *const source_zones[SOURCES] = {"global", "self", "self", "nord"};

static inline void say(const char *below, const char *what, const char *payload)
{
	struct message *message = &world.messages[world.message_count++];

	snprintf(message->below, sizeof(message->below), "%s/%s", below, what);
	snprintf(message->payload, sizeof(message->payload), "%s", payload);
}

static inline void fact(struct fact fact)
{
	static const char *const states[] = {"false", "true", "null"};
	int64_t *prev = &world.newest[fact.source != 0];
	char text[240];

	fact.seq = world.fact_count + 1;
	world.facts[world.fact_count++] = fact;
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
	say(source_names[fact.source], "record", text);
}

static inline void main_meter(void)
{
	ms_t signal = world.from;
	int64_t pulses = seed_below(1000000);
	int off_peak = 1, peak = 0;

	for (ms_t t = world.from; t < world.to; t += MS_PER_MINUTE) {
		bool is_signal = t >= signal;

		if (is_signal)
			signal = t + 600000 + (seed_below(8) == 0 ? 600000 : seed_below(3) * 6000);
		if (seed_below(60) == 0) {
			off_peak = (int)seed_below(3);
			peak = seed_below(4) == 0 ? 1 : (int)seed_below(2) * 2;
			fact((struct fact){0, t + seed_below(60000), pulses, 0, false, true,
					   off_peak, peak});
		}
		/* Now and then nothing for a while, a spurious period signal, a glitch, a reset. */
		if (seed_below(90) == 0)
			t += seed_below(40) * MS_PER_MINUTE;
		if (t >= world.to)
			break;
		if (seed_below(200) == 0)
			fact((struct fact){0, t + 7000, pulses, 0, true, false, off_peak, peak});
		if (seed_below(300) == 0)
			fact((struct fact){0, t + 9000, pulses / 2, 0, false, false, off_peak,
					   peak});
		if (seed_below(700) == 0)
			pulses = seed_below(1000);
		pulses += seed_below(110);
		fact((struct fact){0, t + seed_below(2) * seed_below(900), pulses, 0, is_signal,
				   false, off_peak, peak});
	}
}

static inline void pac_meter(int source)
{
	ms_t step = 10000 * (1 + seed_below(12));
	int64_t count = seed_below(1000000000);
	ms_t from = world.from + seed_below(2) * seed_below(7200000);

	for (ms_t t = from; t < world.to; t += step) {
		if (seed_below(100) == 0)
			t += seed_below(60) * MS_PER_MINUTE;
		if (t >= world.to)
			break;
		if (seed_below(200) == 0)
			count = seed_below(2) ? count / 2 : 0;
		count += seed_below(200000);
		fact((struct fact){source, t + seed_below(300), count, 0, false, false, 2, 2});
		if (seed_below(50) == 0) /* the same moment again */
			fact((struct fact){source, world.facts[world.fact_count - 1].t,
					   count + seed_below(50), 0, false, false, 2, 2});
	}
}

/* Prices that change while the records run, at any minute. */
static struct prices world_prices[2];

static inline void world_make(const struct civil_zone *zone)
{
	static const char *const days[] = {"2013-01-15", "2013-03-31", "2013-10-27", "2013-12-01"};
	ms_t day;

	world.fact_count = world.message_count = 0;
	world.newest[0] = world.newest[1] = 0;
	assert_true(civil_parse(&day, zone, days[seed_below(4)]));
	world.from = day - seed_below(6) * MS_PER_HOUR - seed_below(MS_PER_HOUR);
	world.to = civil_day_end(zone, day) - seed_below(3 * MS_PER_HOUR) - 60000;
	world_prices[0] = world_prices[1] = fixture_prices[0];
	world_prices[1].from = day + seed_below(24 * 60) * MS_PER_MINUTE;
	for (int band = BAND_P; band < BAND_COUNT; band++)
		world_prices[1].of[band] = seed_below(100000000);
	for (int source = 0; source < SOURCES; source++) {
		char about[240];

		snprintf(about, sizeof(about),
			 "{\"kind\":\"%s\",\"medium\":\"electricity\",\"zone\":\"%s\",\"label\":"
			 "\"%s\",\"nominal_w\":60000,\"role\":\"%s\"%s}",
			 source ? "pac3200" : "pulse", source_zones[source], source_zones[source],
			 source ? "part" : "main", source ? "" : ",\"wh_per_pulse\":80");
		say(source_names[source], "about", about);
	}
	main_meter();
	for (int source = 1; source < SOURCES; source++)
		pac_meter(source);
	assert_true(world.message_count < MESSAGES_MAX);
}

/* ---- delivering it ---- */

static inline void deliver(struct fixture *fixture, const struct message *message)
{
	struct fail fail = {0};

	if (!fixture_offer(fixture, &fail, message->below, message->payload))
		fail_msg("%s", fail.text);
}

static inline void deliver_in_order(struct fixture *fixture)
{
	fixture->now = world.to + 60000;
	for (int i = 0; i < world.message_count; i++)
		deliver(fixture, &world.messages[i]);
	fixture_look(fixture, fixture->now);
}

/* A look that leaves to the site what has changed: it comes before the books are due by time. */
static inline void glance(struct fixture *fixture)
{
	fixture->monotonic++;
	site_publish(fixture->site, fixture->now, fixture->monotonic);
}

static inline const char *but_time(const char *text)
{
	return strncmp(text, "{\"time\":", 8) == 0 ? strchr(text, ',') : text;
}

static inline void expect_same(const struct fixture *one, const struct fixture *other)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct fixture_topic *topic = &one->topics[i];
		const char *text = fixture_text(other, topic->name);

		if (strcmp(topic->name, "health") == 0 || !topic->text[0])
			continue;
		if (!text)
			fail_msg("%s: only one says %s", topic->name, topic->text);
		if (strcmp(but_time(text), but_time(topic->text)) != 0)
			fail_msg("%s:\n%s\n%s", topic->name, topic->text, text);
	}
}

#endif
