/* What a site gives to be kept, and what is acknowledged to collectors after it. */
#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/site/restore.h"
#include "aggregator/store/store.h"
#include "tests/unit/common/seed.h"

#define STREAM "00000000000000cc"
#define ACK    "collector/pac/ack"

/* The books: what the last save() brought, counted; nothing can be saved while `broken`. */
static struct books {
	bool broken;
	int facts, signals, contacts, refused, events, sources;
	char last_refused[200];
	struct index_event last_event;
	ms_t last_removed; /* of facts that were removed by downsampling */
	ms_t watched;	   /* one of them: */
	bool watched_removed;
} books;

static void take_events(const struct source *source, struct time_range range)
{
	const struct index_series *series = &source->energy;
	struct index_event event;

	for (size_t i = series_find(series, range.from);
	     i < series->classified && series->points[i].t < range.to; i++) {
		if (!series_event(series, i, &event))
			continue;
		books.last_event = event;
		books.events++;
	}
}

static void take(const struct changes *changes)
{
	const struct refused_record *refused = changes->refused.items;

	books = (struct books){
		.watched = books.watched,
		.facts = (int)changes->facts.count,
		.signals = (int)changes->signals.count,
		.contacts = (int)changes->contacts.count,
		.refused = (int)changes->refused.count,
	};
	if (books.refused)
		snprintf(books.last_refused, sizeof(books.last_refused), "%s",
			 refused[books.refused - 1].payload);
	for (size_t i = 0; i < changes->facts_removed.count; i++) {
		const struct source_moment *removed = &changes->facts_removed.items[i];

		books.last_removed = removed->t;
		books.watched_removed |= removed->t == books.watched &&
					 !series_holds(&removed->source->energy, removed->t, 0);
	}
	for (size_t i = 0; i < changes->sources.count; i++) {
		const struct changed_source *changed = changes->sources.items[i];

		books.sources += changed->description_changed;
		for (size_t j = 0; j < changed->events.count; j++)
			take_events(changed->source, changed->events.items[j]);
	}
}

static bool save(struct fixture *fixture)
{
	fixture_turn(fixture, !books.broken);
	if (books.broken)
		return false;
	take(&fixture->pending);
	changes_clear(&fixture->pending);
	return true;
}

/* There is something to keep, or to acknowledge. */
static bool dirty(struct fixture *fixture)
{
	fixture_turn(fixture, false);
	return changes_need_commit(&fixture->pending) || fixture->pending.collectors.count;
}

static int setup(void **state)
{
	books = (struct books){0};
	return fixture_setup(state);
}

/* Record `seq` of source pac/self, 10 s after the one before; prev is left out where negative. */
static void record(struct fixture *fixture, int seq, int prev)
{
	char source[40] = "";

	if (prev >= 0)
		snprintf(source, sizeof(source), "\"prev\":%d,", prev);
	fixture->now = 1358233200000 + 10000 * seq;
	fixture_send(fixture, "pac/self/record",
		     "{\"t\":%lld,\"stream\":\"" STREAM "\",\"seq\":%d,%s\"wh\":%d}",
		     (long long)fixture->now, seq, source, 1000 * seq);
}

static void announce(struct fixture *fixture)
{
	fixture_send(fixture, "pac/self/about",
		     "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"self\","
		     "\"label\":\"Self\",\"nominal_w\":60000,\"role\":\"part\"}");
}

static void expect_ack(struct fixture *fixture, int64_t seq)
{
	char expected[80];

	snprintf(expected, sizeof(expected), "{\"stream\":\"" STREAM "\",\"seq\":%lld}",
		 (long long)seq);
	assert_topic(fixture, ACK, expected);
	assert_int_equal(fixture_find(fixture, ACK)->qos, 1);
}

static void nothing_is_acknowledged_before_it_is_stored(void **state)
{
	struct fixture *fixture = *state;

	announce(fixture);
	record(fixture, 1, 0);
	record(fixture, 2, 1);
	fixture_look(fixture, fixture->now);
	assert_null(fixture_find(fixture, ACK));
	assert_true(dirty(fixture));
	assert_int_equal(fixture->pending.facts.count, 2);
	books.broken = true;
	assert_false(save(fixture));
	assert_null(fixture_find(fixture, ACK));
	assert_int_equal(fixture->pending.facts.count, 2);
	books.broken = false;
	assert_true(save(fixture));
	assert_int_equal(books.facts, 2);
	expect_ack(fixture, 2);
	assert_false(dirty(fixture));
	assert_int_equal(fixture->pending.facts.count, 0);
}

static void an_ack_stops_before_a_number_that_is_missing(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 1, 0);
	record(fixture, 2, 1);
	record(fixture, 4, 3);
	save(fixture);
	expect_ack(fixture, 2);
	record(fixture, 3, 2);
	save(fixture);
	expect_ack(fixture, 4);
}

static void numbers_that_were_downsampled_out_are_not_waited_for(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 1, 0);
	record(fixture, 9, 1);
	record(fixture, 10, 9);
	save(fixture);
	expect_ack(fixture, 10);
}

static void a_stream_in_mid_course_is_asked_for_from_its_beginning(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 501, 500);
	save(fixture);
	expect_ack(fixture, 0);
	/* Its outbox begins at 480. */
	record(fixture, 480, 0);
	for (int seq = 481; seq <= 500; seq++)
		record(fixture, seq, seq - 1);
	save(fixture);
	expect_ack(fixture, 501);
}

static void a_stream_without_predecessors_begins_with_what_came_first(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 8813, -1);
	record(fixture, 8812, -1);
	save(fixture);
	assert_null(fixture_find(fixture, ACK));
	fixture_look(fixture, fixture->now);
	save(fixture);
	fixture->monotonic += 4000;
	fixture_look(fixture, fixture->now);
	assert_true(dirty(fixture));
	save(fixture);
	expect_ack(fixture, 8813);
	record(fixture, 8815, -1);
	save(fixture);
	expect_ack(fixture, 8813);
	record(fixture, 8814, -1);
	save(fixture);
	expect_ack(fixture, 8815);
}

static void a_stream_that_was_restored_in_mid_course_is_not_acknowledged_by_time(void **state)
{
	struct fixture *fixture = *state;
	struct run run = {501, 503};
	const struct sequence stored = {.stream = STREAM, .runs = &run, .count = 1};
	struct fail fail = {0};

	assert_true(site_restore_stream(fixture->site, "pac", &stored, true, &fail));
	site_restored(fixture->site);
	save(fixture);
	for (int i = 0; i < 2; i++) {
		fixture->monotonic += 4000;
		fixture_look(fixture, fixture->now);
		save(fixture);
		assert_null(fixture_find(fixture, ACK));
	}
	record(fixture, 504, 503);
	save(fixture);
	expect_ack(fixture, 0);
}

static void of_many_streams_the_one_of_the_last_record_is_acknowledged(void **state)
{
	struct fixture *fixture = *state;
	struct run run = {1, 7};
	struct fail fail = {0};

	for (int i = 0; i < 100; i++) {
		struct sequence stored = {.runs = &run, .count = 1};

		snprintf(stored.stream, sizeof(stored.stream), "%016d", i);
		if (i == 20)
			strcpy(stored.stream, STREAM);
		assert_true(site_restore_stream(fixture->site, "pac", &stored, i == 20, &fail));
	}
	site_restored(fixture->site);
	save(fixture);
	expect_ack(fixture, 7);
}

static void a_stream_known_from_its_first_number_is_acknowledged_at_once(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 1, -1);
	save(fixture);
	expect_ack(fixture, 1);
}

static void a_record_that_is_wrong_for_good_is_kept_and_dealt_with(void **state)
{
	struct fixture *fixture = *state;

	record(fixture, 1, 0);
	assert_refused(fixture, "pac/self/record",
		       "{\"t\":1358233200000,\"stream\":\"" STREAM "\",\"seq\":2,\"prev\":1,"
		       "\"wh\":-5}",
		       "wh");
	record(fixture, 3, 2);
	save(fixture);
	assert_int_equal(books.refused, 1);
	assert_non_null(strstr(books.last_refused, "\"wh\":-5"));
	expect_ack(fixture, 3);
}

static void a_record_from_the_future_is_neither_kept_nor_dealt_with(void **state)
{
	struct fixture *fixture = *state;
	char payload[200];

	record(fixture, 1, 0);
	snprintf(payload, sizeof(payload),
		 "{\"t\":%lld,\"stream\":\"" STREAM "\",\"seq\":2,\"prev\":1,\"wh\":2000}",
		 (long long)fixture->now + 3600000);
	assert_refused(fixture, "pac/self/record", payload, "in the future");
	save(fixture);
	assert_int_equal(books.refused, 0);
	expect_ack(fixture, 1);
	fixture->now += 3600000;
	fixture_send(fixture, "pac/self/record", "%s", payload);
	save(fixture);
	expect_ack(fixture, 2);
}

static void an_announcement_that_comes_again_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	announce(fixture);
	record(fixture, 1, 0);
	save(fixture);
	assert_int_equal(books.sources, 1);
	announce(fixture);
	assert_false(dirty(fixture));
	record(fixture, 2, 1);
	save(fixture);
	assert_int_equal(books.sources, 0);
}

static void beyond_what_can_wait_no_record_is_taken(void **state)
{
	struct fixture *fixture = *state;

	fixture->site->room.facts = STORE_FACTS_MAX;
	for (int seq = 1; seq <= STORE_FACTS_MAX + 5; seq++)
		record(fixture, seq, seq - 1);
	assert_int_equal(fixture->site->changes.facts.count, STORE_FACTS_MAX);
	save(fixture);
	expect_ack(fixture, STORE_FACTS_MAX);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "deferred", "5");
	record(fixture, STORE_FACTS_MAX + 1, STORE_FACTS_MAX);
	save(fixture);
	expect_ack(fixture, STORE_FACTS_MAX + 1);
}

static void of_records_that_are_wrong_for_good_only_so_many_wait(void **state)
{
	struct fixture *fixture = *state;

	fixture->site->room.refused = STORE_REFUSED_MAX;
	for (int seq = 1; seq <= STORE_REFUSED_MAX + 5; seq++) {
		char payload[200];

		snprintf(payload, sizeof(payload),
			 "{\"t\":1358233200000,\"stream\":\"" STREAM
			 "\",\"seq\":%d,\"prev\":%d,\"wh\":-5}",
			 seq, seq - 1);
		assert_refused(fixture, "pac/self/record", payload, "wh");
	}
	save(fixture);
	assert_int_equal(books.refused, STORE_REFUSED_MAX);
	expect_ack(fixture, STORE_REFUSED_MAX);
}

/* While nothing can be stored nothing is acknowledged, so it comes again and again. */
static void what_comes_again_waits_once(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = 1358233200000;
	books.broken = true;
	for (int time = 0; time < 3; time++) {
		fixture->seq = 0;
		fixture_pulses(fixture, 1358233200000, "top10", 600, 0, 1);
		assert_false(save(fixture));
	}
	books.broken = false;
	assert_true(save(fixture));
	assert_int_equal(books.facts, 1);
	assert_int_equal(books.signals, 1);
	assert_int_equal(books.contacts, 1);
	fixture->seq = 0;
	fixture_pulses(fixture, 1358233200000, "top10", 600, 0, 1);
	assert_true(save(fixture));
	assert_int_equal(books.facts + books.signals + books.contacts, 0);
}

/* One that is a little late may still make glitches of those before it. */
static void of_old_records_those_of_the_last_two_hours_are_not_downsampled(void **state)
{
	struct fixture *fixture = *state;
	const int hours = 4;
	ms_t last;

	fixture->settings.fact_days = 2;
	announce(fixture);
	for (int seq = 1; seq <= hours * 360; seq++)
		record(fixture, seq, seq - 1);
	last = fixture->now;
	save(fixture);
	fixture->now += 10 * MS_PER_DAY;
	for (int i = 0; i < 5; i++)
		fixture_look(fixture, fixture->now);
	save(fixture);
	assert_true(books.last_removed > last - 3 * MS_PER_HOUR);
	assert_true(books.last_removed < last - 2 * MS_PER_HOUR);
}

static void what_comes_again_after_it_was_downsampled_out_stays(void **state)
{
	struct fixture *fixture = *state;
	ms_t now;

	fixture->settings.fact_days = 2;
	announce(fixture);
	for (int again = 0; again <= 1; again++) {
		for (int seq = 1; seq <= 1080; seq++)
			record(fixture, seq, seq - 1);
		save(fixture);
		books.watched = fixture->now - 1075 * 10000;
		now = fixture->now + 10 * MS_PER_DAY;
		for (int i = 0; i < 5; i++)
			fixture_look(fixture, now);
		if (again)
			record(fixture, 5, 4);
		save(fixture);
		assert_int_equal(books.watched_removed, !again);
	}
}

static void a_swap_gives_the_energy_of_both_meters_and_an_event(void **state)
{
	struct fixture *fixture = *state;
	const struct swap swap = {1358233200000 + 25000, 2500000, 40000, ""};
	const struct swap later = {1358233200000 + 99000000, 2500000, 40000, ""};
	struct fail fail = {0};

	announce(fixture);
	record(fixture, 1, 0);
	record(fixture, 2, 1);
	fixture->now += 10000;
	fixture_send(fixture, "pac/self/record",
		     "{\"t\":%lld,\"stream\":\"" STREAM "\",\"seq\":3,\"prev\":2,\"wh\":45}",
		     (long long)fixture->now);
	save(fixture);
	assert_int_equal(books.last_event.kind, EVENT_RESET);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/self/state", "energy_kwh", "1");
	assert_field(fixture, "health", "resets", "1");
	assert_false(site_swap(fixture->site, "pac", "nobody", &swap, fixture->now, &fail));
	assert_false(site_swap(fixture->site, "pac", "self", &later, fixture->now, &fail));
	assert_true(site_swap(fixture->site, "pac", "self", &swap, fixture->now, &fail));
	assert_true(dirty(fixture));
	save(fixture);
	assert_int_equal(books.events, 1);
	assert_int_equal(books.last_event.kind, EVENT_SWAP);
	fixture_look(fixture, fixture->now);
	/* 1 kWh, 0.5 to the final index, 5 Wh from the initial one on */
	assert_field(fixture, "zone/self/state", "energy_kwh", "1.505");
	assert_field(fixture, "health", "resets", "0");
	assert_field(fixture, "health", "swaps", "1");
	assert_field(fixture, "health", "last_event.event", "\"swap\"");
	assert_field(fixture, "health", "last_event.source", "\"pac/self\"");
}

static void assert_no_swap(struct fixture *fixture, const struct swap *swap, const char *reason)
{
	struct fail fail = {0};

	assert_false(site_swap(fixture->site, "pac", "self", swap, fixture->now, &fail));
	assert_string_equal(fail.text, reason);
	assert_true(save(fixture));
	assert_int_equal(books.events, 0);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "swaps", "0");
}

static void a_swap_that_contradicts_the_records_is_refused_with_what_they_say(void **state)
{
	struct fixture *fixture = *state;
	const ms_t begin = 1358233200000;

	announce(fixture);
	record(fixture, 1, 0);
	record(fixture, 2, 1);
	record(fixture, 4, 3);
	assert_no_swap(fixture, &(struct swap){begin + 25000, 1999999, 0, ""},
		       "the final index is below 2000.000 Wh, which the meter had at "
		       "2013-01-15T08:00:20+01:00");
	assert_no_swap(fixture, &(struct swap){begin + 25000, 2000000, 4000001, ""},
		       "the initial index is above 4000.000 Wh, which the meter had at "
		       "2013-01-15T08:00:40+01:00");
	/* The new meter has recorded already: from here its energy would be the old one's index. */
	fixture->now += 10000;
	fixture_send(fixture, "pac/self/record",
		     "{\"t\":%lld,\"stream\":\"" STREAM "\",\"seq\":5,\"prev\":4,\"wh\":45}",
		     (long long)fixture->now);
	fixture->now += 10000;
	save(fixture);
	assert_no_swap(
		fixture, &(struct swap){fixture->now, 4500000, 40000, ""},
		"t: the index fell from 4000.000 Wh at 2013-01-15T08:00:40+01:00 to 45.000 Wh "
		"at 2013-01-15T08:00:50+01:00; if that was the replacement, expected a t "
		"between these two");
}

static void a_swap_that_is_said_once_more_later_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct swap swap = {1358233200000 + 25000, 2500000, 40000, ""};
	struct fail fail = {0};

	announce(fixture);
	record(fixture, 1, 0);
	record(fixture, 2, 1);
	fixture->now += 10000;
	assert_true(site_swap(fixture->site, "pac", "self", &swap, fixture->now, &fail));
	save(fixture);
	swap.t += 5000;
	assert_true(site_swap(fixture->site, "pac", "self", &swap, fixture->now, &fail));
	assert_false(dirty(fixture));
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/self/state", "energy_kwh", "1.5");
	assert_field(fixture, "health", "swaps", "1");
}

/* A collector's index was 700 (56 kWh), and is set to what the register shows. */
static const char *const index_records[] = {
	"{\"t\":1358233200000,\"stream\":\"" STREAM "\",\"seq\":1,\"prev\":0,"
	"\"mark\":\"start\",\"pulses\":200}",
	"{\"t\":1358233260000,\"stream\":\"" STREAM "\",\"seq\":2,\"prev\":1,"
	"\"mark\":\"stop\",\"pulses\":700}",
	"{\"t\":1358233300000,\"stream\":\"" STREAM "\",\"seq\":3,\"prev\":2,"
	"\"mark\":\"start\",\"pulses\":10154320,\"blind_ms\":40000,"
	"\"index_set\":{\"from\":700,\"to\":10154320,\"by\":\"Anna\"}}",
	"{\"t\":1358233310000,\"stream\":\"" STREAM "\",\"seq\":4,\"prev\":3,"
	"\"mark\":\"start\",\"pulses\":10154320,\"blind_ms\":10000}",
	"{\"t\":1358233370000,\"stream\":\"" STREAM "\",\"seq\":5,\"prev\":4,"
	"\"mark\":\"minute\",\"pulses\":10154330}",
};

static void an_index_that_was_set_moves_no_energy_in_any_order(void **state)
{
	struct fixture *fixture = *state;
	int order[10];

	seed_start(__func__);
	for (int round = 0; round < 200; round++) {
		struct fail fail = {0};

		fixture_close(fixture);
		fixture_open(fixture);
		fixture->now = 1358233400000;
		fixture_send(fixture, "poste/global/about",
			     "{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"global\","
			     "\"label\":\"Global\",\"nominal_w\":480000,\"role\":\"main\","
			     "\"wh_per_pulse\":80}");
		/* Each twice. */
		for (int i = 0; i < 10; i++) {
			int other = (int)seed_below(i + 1);

			order[i] = order[other];
			order[other] = i % 5;
		}
		for (int i = 0; i < 10; i++) {
			if (!fixture_offer(fixture, &fail, "poste/global/record",
					   index_records[order[i]]))
				fail_msg("%s", fail.text);
			if (seed_below(3) == 0)
				save(fixture);
		}
		save(fixture);
		fixture_look(fixture, fixture->now);
		/* 500 pulses before it, 10 after it. */
		assert_field(fixture, "zone/global/state", "energy_kwh", "40.8");
		assert_field(fixture, "health", "swaps", "1");
		assert_field(fixture, "health", "resets", "0");
		assert_field(fixture, "health", "duplicate", "5");
		assert_field(fixture, "health", "blind_ms", "50000");
	}
}

static void a_command_for_the_same_moment_stays_whatever_comes_again(void **state)
{
	struct fixture *fixture = *state;
	const struct swap swap = {1358233300000, 700, 600, ""};
	struct fail fail = {0};

	fixture->now = 1358233400000;
	for (int i = 0; i < 3; i++)
		fixture_send(fixture, "poste/global/record", "%s", index_records[i]);
	assert_true(site_swap(fixture->site, "poste", "global", &swap, fixture->now, &fail));
	fixture_send(fixture, "poste/global/record", "%s", index_records[2]);
	save(fixture);
	assert_int_equal(books.last_event.after, 600);
	fixture_send(fixture, "poste/global/record", "%s", index_records[2]);
	save(fixture);
	assert_int_equal(books.events, 0);
}

static void signals_count_when_the_role_is_corrected_later(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");
	static const char about[] =
		"{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"global\",\"label\":"
		"\"Global\",\"nominal_w\":480000,\"role\":\"%s\",\"wh_per_pulse\":80}";
	char payload[300];

	fixture->now = t + 1900000;
	snprintf(payload, sizeof(payload), about, "part");
	fixture_send(fixture, "meter/global/about", "%s", payload);
	for (int signal = 0; signal < 4; signal++)
		fixture_pulses(fixture, t + 7000 + signal * 600000, "top10", 600 * signal, 0, 1);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/global/mean10", "sync", "\"clock\"");
	snprintf(payload, sizeof(payload), about, "main");
	fixture_send(fixture, "meter/global/about", "%s", payload);
	fixture->monotonic += 10000;
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/global/mean10", "sync", "\"top\"");
	assert_field(fixture, "zone/global/mean10", "power_w", "288000");
	assert_field(fixture, "tariff/state", "by", "\"contacts\"");
}

static void a_reason_why_nothing_can_be_stored_is_shown(void **state)
{
	struct fixture *fixture = *state;

	fixture->trouble = "books.db: the disk is full";
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "store_trouble", "\"books.db: the disk is full\"");
	/* Cut within a character. */
	fixture->trouble = "caf\xc3";
	fixture->monotonic += 10000;
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "store_trouble", "\"caf?\"");
	fixture->trouble = NULL;
	fixture->monotonic += 10000;
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "store_trouble", "null");
}

#define books_test(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		books_test(nothing_is_acknowledged_before_it_is_stored),
		books_test(an_ack_stops_before_a_number_that_is_missing),
		books_test(numbers_that_were_downsampled_out_are_not_waited_for),
		books_test(a_stream_in_mid_course_is_asked_for_from_its_beginning),
		books_test(a_stream_without_predecessors_begins_with_what_came_first),
		books_test(a_stream_that_was_restored_in_mid_course_is_not_acknowledged_by_time),
		books_test(of_many_streams_the_one_of_the_last_record_is_acknowledged),
		books_test(a_stream_known_from_its_first_number_is_acknowledged_at_once),
		books_test(a_record_that_is_wrong_for_good_is_kept_and_dealt_with),
		books_test(a_record_from_the_future_is_neither_kept_nor_dealt_with),
		books_test(an_announcement_that_comes_again_changes_nothing),
		books_test(beyond_what_can_wait_no_record_is_taken),
		books_test(of_records_that_are_wrong_for_good_only_so_many_wait),
		books_test(what_comes_again_waits_once),
		books_test(of_old_records_those_of_the_last_two_hours_are_not_downsampled),
		books_test(what_comes_again_after_it_was_downsampled_out_stays),
		books_test(a_swap_gives_the_energy_of_both_meters_and_an_event),
		books_test(a_swap_that_contradicts_the_records_is_refused_with_what_they_say),
		books_test(a_swap_that_is_said_once_more_later_changes_nothing),
		books_test(an_index_that_was_set_moves_no_energy_in_any_order),
		books_test(a_command_for_the_same_moment_stays_whatever_comes_again),
		books_test(signals_count_when_the_role_is_corrected_later),
		books_test(a_reason_why_nothing_can_be_stored_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
