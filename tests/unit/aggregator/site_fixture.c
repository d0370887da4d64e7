#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/acks/acks.h"
#include "aggregator/config/timezone.h"
#include "aggregator/publish/publish.h"

struct calendar fixture_calendars[1] = {{
	.from = NEVER,
	.off_peak = {{22 * 60, 6 * 60}},
	.off_peak_count = 1,
	.peak = {{8 * 60, 10 * 60}, {18 * 60, 20 * 60}},
	.peak_count = 2,
}};

struct prices fixture_prices[1] = {{
	.from = NEVER,
	.of = {0, 18152888, 9222356, 5826912, 5081804, 3168204},
}};

static struct subscribed fixture_subscribed[] = {{
	.from = NEVER,
	.watts = {0, 480000, 480000, 480000, 480000, 480000},
}};

/* ---- the retained topics ---- */

struct fixture_topic *fixture_find(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->count; i++)
		if (strcmp(fixture->topics[i].name, name) == 0)
			return &fixture->topics[i];
	return NULL;
}

static void publish_topic(void *context, const char *topic, const char *payload, int qos, bool each)
{
	struct fixture *fixture = context;
	const char *name = topic + strlen(FIXTURE_TOPICS);
	struct fixture_topic *found;

	(void)each;
	assert_memory_equal(topic, FIXTURE_TOPICS, strlen(FIXTURE_TOPICS));
	found = fixture_find(fixture, name);
	if (!found) {
		fixture->topics =
			reallocarray(fixture->topics, fixture->count + 1, sizeof(*fixture->topics));
		assert_non_null(fixture->topics);
		found = &fixture->topics[fixture->count++];
		*found = (struct fixture_topic){0};
		assert_true(strlen(name) < sizeof(found->name));
		strcpy(found->name, name);
	}
	free(found->text);
	found->text = strdup(payload);
	found->qos = qos;
	found->count++;
	if (fixture->on_publish)
		fixture->on_publish(fixture, name, payload);
}

const char *fixture_text(const struct fixture *fixture, const char *name)
{
	const struct fixture_topic *topic = fixture_find(fixture, name);

	return topic && topic->text[0] ? topic->text : NULL;
}

/* The end of the JSON value that begins at `text`. */
static const char *value_end(const char *text)
{
	int depth = 0;

	for (bool quoted = false; *text; text++) {
		if (*text == '"' && text[-1] != '\\')
			quoted = !quoted;
		if (quoted)
			continue;
		if (!depth && (*text == ',' || *text == '}' || *text == ']'))
			break;
		depth += (*text == '{' || *text == '[') - (*text == '}' || *text == ']');
	}
	return text;
}

const char *fixture_field(const struct fixture *fixture, const char *name, const char *path)
{
	static char field[8192];
	const char *text = fixture_text(fixture, name);

	if (!text)
		fail_msg("%s: nothing was published", name);
	while (text && *path) {
		size_t length = strcspn(path, ".");
		const char *at = text + 1;

		assert_int_equal(*text, '{');
		for (text = NULL; !text;) {
			if (*at != '"')
				fail_msg("%s: no field %s", name, path);
			if (strncmp(at + 1, path, length) == 0 && at[length + 1] == '"')
				text = at + length + 3;
			at = value_end(strchr(at + 1, '"') + 2);
			at += *at == ',';
		}
		path += length;
		path += *path == '.';
	}
	snprintf(field, sizeof(field), "%.*s", (int)(value_end(text) - text), text);
	return field;
}

/* ---- opening ---- */

static void close_consumers(struct fixture *fixture)
{
	if (fixture->acks)
		consumer_acks.close(fixture->acks);
	if (fixture->zones)
		consumer_topics.close(fixture->zones);
	fixture->acks = fixture->zones = NULL;
}

void fixture_open_consumers(struct fixture *fixture)
{
	const struct consumer_setup setup = {fixture->site, &fixture->publisher};

	close_consumers(fixture);
	fixture->acks = consumer_acks.open(&setup);
	fixture->zones = consumer_topics.open(&setup);
}

void fixture_open(struct fixture *fixture)
{
	struct fail fail = {0};

	if (!fixture->settings.id[0])
		fixture->settings = (struct site_settings){
			.base = "wattzone",
			.id = "lycee",
			.rest_label = "Reste",
			.currency = "EUR",
			.vat_included = true,
			.leaves = true,
			.limits = {150 * MS_PER_SECOND, 5 * MS_PER_SECOND},
			.tariff = {.calendars = fixture_calendars,
				   .calendar_count = 1,
				   .prices = fixture_prices,
				   .prices_count = 1,
				   .subscribed = fixture_subscribed,
				   .subscribed_count = 1},
		};
	if (!fixture->settings.tariff.zone.count &&
	    !timezone_load(&fixture->settings.tariff.zone, "Europe/Paris", &fail))
		fail_msg("%s", fail.text);
	fixture->publisher = (struct publisher){fixture, publish_topic};
	fixture->site = site_open(&fixture->settings, fixture->now);
	fixture_open_consumers(fixture);
}

void fixture_close(struct fixture *fixture)
{
	close_consumers(fixture);
	changes_free(&fixture->pending);
	site_close(fixture->site);
	fixture->site = NULL;
	for (size_t i = 0; i < fixture->count; i++)
		free(fixture->topics[i].text);
	free(fixture->topics);
	fixture->topics = NULL;
	fixture->count = 0;
	fixture->seq = 0;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture_open(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

ms_t fixture_moment(const struct fixture *fixture, const char *local)
{
	ms_t t = -1;

	assert_true(civil_parse(&t, &fixture->settings.tariff.zone, local));
	return t;
}

/* ---- sending, below collector/ ---- */

bool fixture_offer(struct fixture *fixture, struct fail *fail, const char *below,
		   const char *payload)
{
	char topic[TOPIC_SIZE];

	snprintf(topic, sizeof(topic), FIXTURE_TOPICS "collector/%s", below);
	return site_message(fixture->site, topic, payload, strlen(payload), fixture->now, fail);
}

void fixture_send(struct fixture *fixture, const char *below, const char *format, ...)
{
	struct fail fail = {0};
	char payload[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(payload, sizeof(payload), format, arguments);
	va_end(arguments);
	if (!fixture_offer(fixture, &fail, below, payload))
		fail_msg("%s", fail.text);
}

void fixture_announce_main(struct fixture *fixture)
{
	fixture_send(fixture, "meter/global/about",
		     "{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"global\","
		     "\"label\":\"Global\",\"nominal_w\":480000,\"role\":\"main\","
		     "\"wh_per_pulse\":80}");
}

void fixture_announce_pac(struct fixture *fixture, const char *source, const char *zone)
{
	char below[2 * ID_SIZE + 8];

	snprintf(below, sizeof(below), "pac/%s/about", source);
	fixture_send(fixture, below,
		     "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"%s\","
		     "\"label\":\"%s\",\"nominal_w\":60000,\"role\":\"part\"}",
		     zone, zone);
}

void fixture_pulses(struct fixture *fixture, ms_t t, const char *mark, int64_t pulses, int off_peak,
		    int peak)
{
	static const char *const states[] = {"false", "true", "null"};

	fixture_send(fixture, "meter/global/record",
		     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":%lld,\"mark\":\"%s\","
		     "\"pulses\":%lld,\"off_peak\":%s,\"peak\":%s}",
		     (long long)t, (long long)++fixture->seq, mark, (long long)pulses,
		     states[off_peak], states[peak]);
}

void fixture_wh(struct fixture *fixture, const char *source, ms_t t, double wh)
{
	char below[2 * ID_SIZE + 8];

	snprintf(below, sizeof(below), "pac/%s/record", source);
	fixture_send(fixture, below,
		     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":%lld,\"wh\":%.17g}",
		     (long long)t, (long long)++fixture->seq, wh);
}

void fixture_turn(struct fixture *fixture, bool durable)
{
	struct turn turn = {
		.site = fixture->site,
		.now = fixture->now,
		.monotonic = fixture->monotonic,
		.durable = durable,
		.trouble = fixture->trouble,
	};

	turn.changes = site_update(fixture->site, fixture->now, fixture->monotonic);
	changes_add(&fixture->pending, turn.changes);
	consumer_acks.turn(fixture->acks, &turn);
	consumer_topics.turn(fixture->zones, &turn);
}

void fixture_look(struct fixture *fixture, ms_t now)
{
	fixture->now = now;
	fixture->monotonic += MS_PER_MINUTE;
	fixture_turn(fixture, false);
}
