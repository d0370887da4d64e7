/* The reporter between a machine, a broker and an outbox that are played here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/process/clock.h"
#include "common/collector/reporter.h"
#include "common/collector/synchronised.h"
#include "tests/unit/common/logged.h"

/* 2013-01-15 00:00 in Paris, 1000 s after the machine's start. */
#define MIDNIGHT INT64_C(1358204400000)
#define BASE	 (MIDNIGHT - 1000000)

/* -------- the machine -------- */

static struct {
	ms_t boot, wall;
	struct clock_evidence evidence;
	void (*turn)(void *context);
	void *context;
} machine;

ms_t clock_wall(void)
{
	return machine.wall;
}

ms_t clock_boot(void)
{
	return machine.boot;
}

ms_t clock_monotonic(void)
{
	return machine.boot;
}

struct clock_moment clock_moment(void)
{
	return (struct clock_moment){.wall = machine.wall * NS_PER_MS,
				     .monotonic = machine.boot * NS_PER_MS,
				     .boot = machine.boot * NS_PER_MS};
}

struct clock_evidence clock_evidence_read(const char *root)
{
	assert_string_equal(root, "");
	return machine.evidence;
}

void loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events),
		void *context)
{
	(void)loop;
	(void)fd;
	(void)events;
	(void)ready;
	(void)context;
}

void loop_unwatch(struct loop *loop, int fd)
{
	(void)loop;
	(void)fd;
}

void loop_every(struct loop *loop, ms_t period_ms, void (*due)(void *context), void *context)
{
	(void)loop;
	assert_int_equal(period_ms, 1000);
	machine.turn = due;
	machine.context = context;
}

/* Time goes by, second for second. */
static void pass(ms_t ms)
{
	for (; ms >= 1000; ms -= 1000) {
		machine.boot += 1000;
		machine.wall += 1000;
		machine.turn(machine.context);
	}
	machine.boot += ms;
	machine.wall += ms;
}

/* -------- the broker -------- */

static struct {
	struct mqtt_handler handler;
	bool connected, closed;
	char will[TOPIC_SIZE];
	char filters[4][TOPIC_SIZE];
	int filter_count;
	char topics[32][TOPIC_SIZE], payloads[32][400]; /* retained */
	int topic_count;
	int retains;
	char sent_topic[TOPIC_SIZE], sent[400];
	int sends;
} broker;

struct mqtt *mqtt_open(const struct mqtt_config *config, const char *client_id,
		       const char *will_topic, const struct mqtt_handler *handler,
		       struct fail *fail)
{
	(void)config;
	(void)fail;
	assert_string_equal(client_id, "lycee-meters");
	strcpy(broker.will, will_topic);
	broker.handler = *handler;
	return (struct mqtt *)&broker;
}

void mqtt_close(struct mqtt *mqtt, int timeout_ms)
{
	assert_ptr_equal(mqtt, &broker);
	assert_in_range(timeout_ms, 1, 2000);
	broker.closed = true;
}

int mqtt_fd(const struct mqtt *mqtt)
{
	(void)mqtt;
	return 0;
}

void mqtt_dispatch(struct mqtt *mqtt)
{
	(void)mqtt;
}

bool mqtt_connected(const struct mqtt *mqtt)
{
	(void)mqtt;
	return broker.connected;
}

void mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos)
{
	(void)mqtt;
	assert_int_equal(qos, 1);
	strcpy(broker.filters[broker.filter_count++], filter);
}

void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload, int qos,
		 enum mqtt_retain_flags flags)
{
	int i = 0;

	(void)mqtt;
	(void)flags;
	assert_int_equal(qos, 1);
	while (i < broker.topic_count && strcmp(broker.topics[i], topic) != 0)
		i++;
	if (i == broker.topic_count)
		strcpy(broker.topics[broker.topic_count++], topic);
	assert_true(strlen(payload) < sizeof(broker.payloads[i]));
	strcpy(broker.payloads[i], payload);
	broker.retains++;
}

bool mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	(void)mqtt;
	(void)cookie;
	assert_int_equal(qos, 0);
	strcpy(broker.sent_topic, topic);
	memcpy(broker.sent, payload, size);
	broker.sent[size] = '\0';
	broker.sends++;
	return true;
}

#define TOPIC(rest) "wattzone/lycee/" rest

static const char *retained(const char *topic)
{
	for (int i = 0; i < broker.topic_count; i++)
		if (strcmp(broker.topics[i], topic) == 0)
			return broker.payloads[i];
	return "";
}

static void receive(const char *topic, const char *payload)
{
	struct mqtt_message message = {
		.topic = topic, .payload = payload, .size = strlen(payload), .retained = true};

	broker.handler.message(broker.handler.context, &message);
}

/* -------- the outbox -------- */

struct added_record {
	char source[ID_SIZE];
	struct record record;
	bool dated;
	ms_t boot;
};

static struct {
	struct outbox_total totals[2];
	bool has_total[2];
	bool has_anchor;
	ms_t anchor;
	struct added_record added[100];
	int count, pumps;
	struct added_record moved;
	int moved_count;
	ms_t dated;
	int date_count;
	struct outbox_counts counts;
	const char *trouble;
	struct ack ack;
	int acks, online, downs, sents;
	bool durable, delivered, hurried, pumped_after_hurry, closed;
} outbox;

struct outbox *outbox_open(const struct outbox_settings *settings, struct fail *fail)
{
	if (!settings->file[0]) {
		fail_set(fail, "no file");
		return NULL;
	}
	return (struct outbox *)&outbox;
}

void outbox_close(struct outbox *box)
{
	outbox.closed = box != NULL;
}

static size_t number(const char *source)
{
	return strcmp(source, "b") == 0;
}

bool outbox_total(const struct outbox *box, const char *source, struct outbox_total *total)
{
	(void)box;
	*total = outbox.totals[number(source)];
	return outbox.has_total[number(source)];
}

bool outbox_anchor(const struct outbox *box, ms_t *offset)
{
	(void)box;
	if (outbox.has_anchor)
		*offset = outbox.anchor;
	return outbox.has_anchor;
}

void outbox_add(struct outbox *box, const char *source, const struct record *record, bool dated,
		ms_t seen_boot)
{
	struct added_record *added = &outbox.added[outbox.count++];

	(void)box;
	assert_true(outbox.count < 100);
	*added = (struct added_record){.record = *record, .dated = dated, .boot = seen_boot};
	strcpy(added->source, source);
}

void outbox_move(struct outbox *box, const char *source, const struct record *record,
		 ms_t seen_boot)
{
	(void)box;
	outbox.moved = (struct added_record){.record = *record, .boot = seen_boot};
	strcpy(outbox.moved.source, source);
	outbox.moved_count++;
}

bool outbox_durable(const struct outbox *box)
{
	(void)box;
	return outbox.durable;
}

void outbox_date(struct outbox *box, ms_t offset)
{
	(void)box;
	outbox.dated = offset;
	outbox.date_count++;
}

void outbox_pump(struct outbox *box, struct mqtt *mqtt, ms_t monotonic)
{
	(void)box;
	(void)mqtt;
	assert_int_equal(monotonic, machine.boot);
	outbox.pumps++;
	outbox.pumped_after_hurry = outbox.hurried;
}

void outbox_flush(struct outbox *box)
{
	(void)box;
	outbox.hurried = true;
}

bool outbox_delivered(const struct outbox *box)
{
	(void)box;
	return outbox.delivered;
}

void outbox_sent(struct outbox *box, uint64_t cookie, enum mqtt_result result, ms_t monotonic)
{
	(void)box;
	(void)cookie;
	(void)result;
	(void)monotonic;
	outbox.sents++;
}

void outbox_down(struct outbox *box)
{
	(void)box;
	outbox.downs++;
}

void outbox_aggregator_online(struct outbox *box)
{
	(void)box;
	outbox.online++;
}

void outbox_ack(struct outbox *box, const char *stream, int64_t seq, ms_t monotonic)
{
	(void)box;
	(void)monotonic;
	strcpy(outbox.ack.stream, stream);
	outbox.ack.seq = seq;
	outbox.acks++;
}

struct outbox_counts outbox_counts(const struct outbox *box)
{
	(void)box;
	return outbox.counts;
}

const char *outbox_trouble(const struct outbox *box)
{
	(void)box;
	return outbox.trouble;
}

/* -------- a reporter of two sources -------- */

static struct mqtt_config mqtt_config = {.base = "wattzone"};
static struct outbox_settings outbox_settings;
static struct reporter_settings settings;
static struct reporter *reporter;
static int changes;

static void changed(void *context)
{
	assert_ptr_equal(context, &changes);
	changes++;
}

static int set_up(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	memset(&broker, 0, sizeof(broker));
	memset(&outbox, 0, sizeof(outbox));
	machine.boot = 1000000;
	machine.wall = MIDNIGHT;
	broker.connected = true;
	strcpy(outbox_settings.file, "/nowhere");
	settings = (struct reporter_settings){.program = "collector-test",
					      .site = "lycee",
					      .collector = "meters",
					      .broker = &mqtt_config,
					      .outbox = &outbox_settings};
	changes = 0;
	reporter = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	reporter_close(reporter);
	return 0;
}

static void open_reporter(void)
{
	struct reporter_source sources[2] = {{.id = "a"}, {.id = "b"}};
	struct fail fail = {0};

	for (int i = 0; i < 2; i++) {
		sources[i].about = (struct about){.kind = "meter",
						  .medium = "electricity",
						  .zone = "z",
						  .label = "Z",
						  .nominal_w = NAN,
						  .role = ROLE_PART,
						  .wh_per_pulse = NAN,
						  .m3_per_pulse = NAN,
						  .kwh_per_m3 = NAN,
						  .min_interval_us = NAN};
	}
	reporter = reporter_open(&settings, sources, 2, NULL, changed, &changes, &fail);
	if (!reporter)
		fail_msg("%s", fail.text);
}

static void record_at(size_t source, ms_t boot, int64_t pulses)
{
	struct record record = {.t = boot, .is_pulse = true, .pulses = pulses, .mark = MARK_MINUTE};

	reporter_record(reporter, source, &record);
}

static const struct added_record *newest(void)
{
	assert_true(outbox.count > 0);
	return &outbox.added[outbox.count - 1];
}

/* -------- about -------- */

static void it_announces_the_program_and_its_sources(void **state)
{
	(void)state;
	open_reporter();
	assert_string_equal(broker.will, TOPIC("collector/meters/status"));
	assert_int_equal(broker.filter_count, 2);
	assert_string_equal(broker.filters[0], TOPIC("status"));
	assert_string_equal(broker.filters[1], TOPIC("collector/meters/ack"));
	assert_string_equal(retained(TOPIC("collector/meters/about")),
			    "{\"program\":\"collector-test\",\"version\":\"" VERSION
			    "\",\"started\":1358204400000,\"outbox\":{\"waiting\":0,\"thinned\":0,"
			    "\"undated\":0,\"withheld\":0,\"trouble\":null}}");
	assert_string_equal(retained(TOPIC("collector/meters/b/about")),
			    "{\"kind\":\"meter\",\"medium\":\"electricity\",\"zone\":\"z\","
			    "\"label\":\"Z\",\"nominal_w\":null,\"role\":\"part\"}");
	assert_string_equal(retained(TOPIC("collector/meters/a/status")), "offline");
	reporter_online(reporter, 1, true);
	assert_string_equal(retained(TOPIC("collector/meters/a/status")), "offline");
	assert_string_equal(retained(TOPIC("collector/meters/b/status")), "online");
}

static void changed_counts_are_published_every_ten_seconds_at_most(void **state)
{
	int before;

	(void)state;
	open_reporter();
	before = broker.retains;
	pass(60000);
	assert_int_equal(broker.retains, before);
	outbox.counts.waiting = 1;
	pass(1000);
	assert_int_equal(broker.retains, before + 1);
	for (int i = 0; i < 30; i++) {
		outbox.counts.waiting++;
		pass(1000);
	}
	assert_int_equal(broker.retains, before + 4);
	outbox.trouble = "the disk is full";
	pass(10000);
	assert_non_null(strstr(retained(TOPIC("collector/meters/about")),
			       "\"waiting\":31,\"thinned\":0,\"undated\":0,\"withheld\":0,"
			       "\"trouble\":\"the disk is full\""));
}

static void the_status_line_shows_what_is_wrong(void **state)
{
	char text[REPORTER_STATUS_SIZE];

	(void)state;
	machine.wall = 5000;
	open_reporter();
	outbox.counts.waiting = 12;
	reporter_status(reporter, text);
	assert_string_equal(text,
			    "broker connected, 12 records waiting; the clock was not set yet: "
			    "it is before 2012");
	machine.wall = MIDNIGHT;
	pass(1000);
	outbox.trouble = "the disk is full: /x";
	broker.connected = false;
	reporter_status(reporter, text);
	assert_string_equal(text, "broker not connected, 12 records waiting; the disk is full: /x");
	outbox.trouble = NULL;
	reporter_status(reporter, text);
	assert_string_equal(text, "broker not connected, 12 records waiting");
}

static void at_the_end_everything_is_written_before_the_goodbye(void **state)
{
	(void)state;
	open_reporter();
	reporter_online(reporter, 0, true);
	reporter_close(reporter);
	reporter = NULL;
	assert_true(outbox.pumped_after_hurry);
	assert_string_equal(retained(TOPIC("collector/meters/a/status")), "offline");
	assert_true(broker.closed);
	assert_true(outbox.closed);
}

static void an_outbox_that_cannot_be_opened_is_the_reason(void **state)
{
	struct reporter_source source = {.id = "a"};
	struct fail fail = {0};

	(void)state;
	outbox_settings.file[0] = '\0';
	assert_null(reporter_open(&settings, &source, 1, NULL, changed, &changes, &fail));
	assert_string_equal(fail.text, "no file");
}

/* -------- times -------- */

static void events_get_the_time_of_day_at_which_they_were(void **state)
{
	struct live live = {.t = 1000010, .is_pulse = true, .pulses = 7, .interval_us = NAN};

	(void)state;
	open_reporter();
	record_at(1, 1000005, 6);
	assert_string_equal(newest()->source, "b");
	assert_true(newest()->dated);
	assert_int_equal(newest()->record.t, MIDNIGHT + 5);
	assert_int_equal(newest()->boot, 1000005);
	reporter_live(reporter, 1, &live);
	assert_string_equal(broker.sent_topic, TOPIC("collector/meters/b/live"));
	assert_string_equal(broker.sent, "{\"t\":1358204400010,\"pulses\":7,\"interval_us\":null}");
}

static void a_recording_has_its_own_times(void **state)
{
	(void)state;
	settings.recording = true;
	machine.wall = MIDNIGHT + MS_PER_DAY;
	open_reporter();
	assert_non_null(
		strstr(retained(TOPIC("collector/meters/about")), "\"started\":1358290800000,"));
	record_at(0, 1000, 6);
	assert_int_equal(newest()->record.t, 1000);
	assert_true(newest()->dated);
	pass(10000);
	assert_int_equal(reporter_offset(reporter), 0);
}

static void without_the_time_records_are_kept_and_nothing_is_live(void **state)
{
	struct live live = {.t = 1000010, .is_pulse = true, .pulses = 7, .interval_us = NAN};

	(void)state;
	machine.wall = 1000;
	open_reporter();
	assert_false(reporter_clock_known(reporter));
	assert_int_equal(reporter_offset(reporter), 0);
	assert_non_null(strstr(retained(TOPIC("collector/meters/about")), "\"started\":null,"));
	record_at(0, 1000005, 6);
	assert_false(newest()->dated);
	assert_int_equal(newest()->record.t, 1000005);
	reporter_live(reporter, 0, &live);
	assert_int_equal(broker.sends, 0);
	pass(40 * MS_PER_MINUTE);
	assert_int_equal(outbox.date_count, 0);

	/* Synchronised. */
	machine.wall = BASE + machine.boot;
	pass(1000);
	assert_int_equal(outbox.date_count, 1);
	assert_int_equal(outbox.dated, BASE);
	record_at(0, 1000005 + 41 * MS_PER_MINUTE, 9);
	assert_true(newest()->dated);
	reporter_live(reporter, 0, &live);
	assert_int_equal(broker.sends, 1);
	pass(10000);
	assert_non_null(
		strstr(retained(TOPIC("collector/meters/about")), "\"started\":1358204400000,"));
	assert_int_equal(outbox.date_count, 1);
}

static void a_clock_before_the_newest_record_of_any_source_is_not_the_time(void **state)
{
	(void)state;
	outbox.has_total[1] = true;
	outbox.totals[1].t = MIDNIGHT + 5000;
	open_reporter();
	assert_false(reporter_clock_known(reporter));
	pass(4000);
	assert_false(reporter_clock_known(reporter));
	pass(1000);
	assert_true(reporter_clock_known(reporter));
}

static void the_policy_of_the_configuration_decides(void **state)
{
	(void)state;
	machine.evidence.service = true;
	open_reporter();
	pass(100000);
	assert_false(reporter_clock_known(reporter));
	machine.evidence.kernel = true;
	pass(1000);
	assert_true(reporter_clock_known(reporter));
	reporter_close(reporter);
	machine.evidence.kernel = false;
	settings.clock = CLOCK_AT_ONCE;
	open_reporter();
	assert_true(reporter_clock_known(reporter));
}

static void a_time_that_was_known_in_this_boot_goes_on(void **state)
{
	(void)state;
	/* Somebody set the clock while the program was away, or just before it went. */
	outbox.has_anchor = true;
	outbox.anchor = BASE;
	machine.wall += 2 * MS_PER_HOUR;
	open_reporter();
	record_at(0, 1000005, 6);
	assert_int_equal(newest()->record.t, MIDNIGHT + 5);
	pass(5 * MS_PER_MINUTE);
	record_at(0, machine.boot, 6);
	assert_int_equal(newest()->record.t, machine.wall);
}

/* -------- a clock that is set back -------- */

static void set_clock(ms_t step)
{
	machine.wall += step;
	pass(5 * MS_PER_MINUTE + 1000);
}

static void records_are_withheld_until_the_clock_is_past_the_newest_one(void **state)
{
	int count;

	(void)state;
	open_reporter();
	record_at(1, machine.boot, 50);
	pass(1000);
	set_clock(-2 * MS_PER_HOUR);
	count = outbox.count;
	record_at(0, machine.boot, 7); /* that one had no record yet */
	assert_int_equal(outbox.count, count + 1);
	record_at(1, machine.boot, 60);
	assert_int_equal(outbox.count, count + 1);
	assert_int_equal(outbox.moved_count, 1);
	assert_string_equal(outbox.moved.source, "b");
	assert_int_equal(outbox.moved.record.pulses, 60);
	assert_int_equal(outbox.moved.record.t, machine.wall);
	assert_int_equal(outbox.moved.boot, machine.boot);
	pass(10000);
	assert_non_null(strstr(retained(TOPIC("collector/meters/about")), "\"withheld\":1,"));

	/* The same moment again. */
	pass(MIDNIGHT - machine.wall);
	assert_int_equal(machine.wall, MIDNIGHT);
	record_at(1, machine.boot - 501, 61);
	assert_int_equal(outbox.moved_count, 2);
	record_at(1, machine.boot, 62);
	assert_int_equal(outbox.moved_count, 2);
	assert_int_equal(newest()->record.t, MIDNIGHT);
	assert_int_equal(newest()->record.pulses, 62);
}

static void a_small_correction_back_withholds_nothing(void **state)
{
	(void)state;
	open_reporter();
	record_at(0, machine.boot, 50);
	machine.wall -= 500;
	pass(0);
	machine.turn(machine.context);
	record_at(0, machine.boot, 51);
	assert_int_equal(outbox.count, 2);
	assert_int_equal(newest()->record.t, MIDNIGHT);
	assert_int_equal(newest()->record.pulses, 51);
	pass(600);
	record_at(0, machine.boot, 52);
	assert_int_equal(newest()->record.t, MIDNIGHT + 100);
	assert_int_equal(outbox.moved_count, 0);
}

static void a_newest_record_far_in_the_future_holds_back_nothing(void **state)
{
	(void)state;
	open_reporter();
	machine.wall += 30 * MS_PER_DAY;
	pass(5 * MS_PER_MINUTE + 1000);
	record_at(0, machine.boot, 50);
	assert_int_equal(newest()->record.t, machine.wall);
	set_clock(-30 * MS_PER_DAY);
	record_at(0, machine.boot, 51);
	assert_int_equal(newest()->record.t, machine.wall);
	assert_int_equal(outbox.moved_count, 0);
}

static void what_was_dated_late_counts_as_newest(void **state)
{
	(void)state;
	machine.wall = 0;
	open_reporter();
	record_at(0, machine.boot + 5000, 50);
	machine.wall = MIDNIGHT;
	machine.turn(machine.context);
	assert_int_equal(outbox.dated, BASE);
	record_at(0, machine.boot + 4000, 51);
	assert_int_equal(outbox.moved_count, 1);
	record_at(0, machine.boot + 4500, 52);
	assert_int_equal(newest()->record.t, MIDNIGHT + 5000);
}

/* -------- messages -------- */

static void acks_go_to_the_outbox(void **state)
{
	(void)state;
	open_reporter();
	assert_false(reporter_aggregator_found(reporter));
	receive(TOPIC("collector/meters/ack"), "{\"stream\":\"0123456789abcdef\",\"seq\":8812}");
	assert_int_equal(outbox.acks, 1);
	assert_string_equal(outbox.ack.stream, "0123456789abcdef");
	assert_int_equal(outbox.ack.seq, 8812);
	assert_true(outbox.pumps > 0);
	assert_true(reporter_aggregator_found(reporter));
}

static void what_is_no_ack_is_none(void **state)
{
	(void)state;
	open_reporter();
	receive(TOPIC("collector/meters/ack"), "{\"stream\":\"x\",\"seq\":1}");
	receive(TOPIC("collector/meters/ack"), "");
	receive(TOPIC("collector/others/ack"), "{\"stream\":\"0123456789abcdef\",\"seq\":8812}");
	assert_int_equal(outbox.acks, 0);
	assert_false(reporter_aggregator_found(reporter));
}

static void an_aggregator_that_comes_online_is_reported_to_the_outbox(void **state)
{
	(void)state;
	open_reporter();
	receive(TOPIC("status"), "maybe");
	assert_false(reporter_aggregator_found(reporter));
	receive(TOPIC("status"), "offline");
	assert_true(reporter_aggregator_found(reporter));
	assert_int_equal(outbox.online, 0);
	receive(TOPIC("status"), "online");
	assert_int_equal(outbox.online, 1);
}

static void the_connection_is_reported_to_the_outbox(void **state)
{
	(void)state;
	open_reporter();
	changes = 0;
	broker.handler.up(broker.handler.context);
	assert_int_equal(outbox.pumps, 1);
	broker.handler.sent(broker.handler.context, 1, MQTT_DELIVERED);
	assert_int_equal(outbox.sents, 1);
	assert_int_equal(outbox.pumps, 2);
	broker.handler.down(broker.handler.context);
	assert_int_equal(outbox.downs, 1);
	assert_int_equal(changes, 3);
}

/* -------- records that nobody acknowledges -------- */

#define NO_ACK "not acknowledged for 90 s"

static void without_an_aggregator_the_log_names_the_site_once(void **state)
{
	(void)state;
	open_reporter();
	logged_begin();
	outbox.counts.waiting = 1;
	pass(80 * MS_PER_SECOND);
	assert_int_equal(logged(NO_ACK), 0);
	pass(MS_PER_HOUR);
	assert_int_equal(logged(NO_ACK), 1);
	assert_int_equal(logged("nobody answers as aggregator of site \"lycee\""), 1);
	assert_int_equal(logged("3.1.1"), 0);
	outbox.counts.acknowledged = 1;
	pass(1000);
	assert_int_equal(logged("records are acknowledged again"), 1);
	logged_end();
}

static void with_mqtt_3_1_1_the_access_list_may_be_the_reason(void **state)
{
	(void)state;
	mqtt_config.protocol = MQTT_PROTOCOL_311;
	open_reporter();
	logged_begin();
	receive(TOPIC("status"), "online");
	outbox.counts.waiting = 1;
	pass(100 * MS_PER_SECOND);
	assert_int_equal(logged("is online, but does not acknowledge"), 1);
	assert_int_equal(logged("access list"), 1);
	assert_int_equal(logged(TOPIC("collector/meters/#")), 1);
	logged_end();
	mqtt_config.protocol = MQTT_PROTOCOL_5;
}

static void an_aggregator_that_is_offline_is_named_as_such(void **state)
{
	(void)state;
	open_reporter();
	logged_begin();
	receive(TOPIC("status"), "offline");
	outbox.counts.waiting = 1;
	pass(100 * MS_PER_SECOND);
	assert_int_equal(logged("the aggregator of site \"lycee\" is offline"), 1);
	logged_end();
}

static void silence_counts_only_with_a_connection_and_with_records(void **state)
{
	(void)state;
	open_reporter();
	logged_begin();
	pass(MS_PER_HOUR);
	outbox.counts.waiting = 1;
	broker.connected = false;
	pass(MS_PER_HOUR);
	broker.connected = true;
	for (int i = 0; i < 100; i++) {
		outbox.counts.acknowledged++;
		pass(60 * MS_PER_SECOND);
	}
	assert_int_equal(logged(NO_ACK), 0);
	reporter_close(reporter);
	outbox_settings.ack = OUTBOX_RECEIVER_BROKER;
	open_reporter();
	pass(MS_PER_HOUR);
	assert_int_equal(logged(NO_ACK), 0);
	outbox_settings.ack = OUTBOX_RECEIVER_AGGREGATOR;
	logged_end();
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(it_announces_the_program_and_its_sources),
		test(changed_counts_are_published_every_ten_seconds_at_most),
		test(the_status_line_shows_what_is_wrong),
		test(at_the_end_everything_is_written_before_the_goodbye),
		test(an_outbox_that_cannot_be_opened_is_the_reason),
		test(events_get_the_time_of_day_at_which_they_were),
		test(a_recording_has_its_own_times),
		test(without_the_time_records_are_kept_and_nothing_is_live),
		test(a_clock_before_the_newest_record_of_any_source_is_not_the_time),
		test(the_policy_of_the_configuration_decides),
		test(a_time_that_was_known_in_this_boot_goes_on),
		test(records_are_withheld_until_the_clock_is_past_the_newest_one),
		test(a_small_correction_back_withholds_nothing),
		test(a_newest_record_far_in_the_future_holds_back_nothing),
		test(what_was_dated_late_counts_as_newest),
		test(acks_go_to_the_outbox),
		test(what_is_no_ack_is_none),
		test(an_aggregator_that_comes_online_is_reported_to_the_outbox),
		test(the_connection_is_reported_to_the_outbox),
		test(without_an_aggregator_the_log_names_the_site_once),
		test(with_mqtt_3_1_1_the_access_list_may_be_the_reason),
		test(an_aggregator_that_is_offline_is_named_as_such),
		test(silence_counts_only_with_a_connection_and_with_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
