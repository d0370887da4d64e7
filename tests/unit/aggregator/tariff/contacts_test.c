#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "aggregator/tariff/contacts.h"
#include "tests/unit/common/seed.h"

#define MINUTE MS_PER_MINUTE

static void add(struct contacts *contacts, ms_t t, enum tristate off_peak, bool change, int64_t seq)
{
	struct contact_state state = {t, off_peak, NO, change, seq};

	contacts_add(contacts, &state);
}

/* UNKNOWN if no state is valid. */
static enum tristate off_peak_at(const struct contacts *contacts, ms_t t)
{
	ms_t until;
	const struct contact_state *state = contacts_at(contacts, t, &until);

	assert_true(until > t);
	return state ? state->off_peak : UNKNOWN;
}

static void a_state_holds_until_the_next_but_at_most_15_minutes(void **state)
{
	struct contacts contacts = {0};
	ms_t until;

	(void)state;
	add(&contacts, 0, YES, true, 1);
	add(&contacts, 10 * MINUTE, NO, true, 2);
	contacts_update(&contacts);
	assert_null(contacts_at(&contacts, -1, &until));
	assert_int_equal(until, 0);
	assert_int_equal(off_peak_at(&contacts, 0), YES);
	assert_non_null(contacts_at(&contacts, 1, &until));
	assert_int_equal(until, 10 * MINUTE);
	assert_int_equal(off_peak_at(&contacts, 10 * MINUTE - 1), YES);
	assert_int_equal(off_peak_at(&contacts, 10 * MINUTE), NO);
	assert_non_null(contacts_at(&contacts, 10 * MINUTE, &until));
	assert_int_equal(until, 25 * MINUTE);
	assert_int_equal(off_peak_at(&contacts, 25 * MINUTE - 1), NO);
	assert_int_equal(off_peak_at(&contacts, 25 * MINUTE), UNKNOWN);
	contacts_free(&contacts);
}

static void of_the_same_moment_the_change_counts_then_the_later_record(void **state)
{
	struct contacts contacts = {0};

	(void)state;
	add(&contacts, 0, YES, true, 1);
	add(&contacts, 0, NO, false, 2);
	add(&contacts, MINUTE, NO, false, 3);
	add(&contacts, MINUTE, YES, false, 4);
	contacts_update(&contacts);
	assert_int_equal(off_peak_at(&contacts, 0), YES);
	assert_int_equal(off_peak_at(&contacts, MINUTE), YES);
	add(&contacts, MINUTE, NO, true, 1);
	contacts_update(&contacts);
	assert_int_equal(off_peak_at(&contacts, MINUTE), NO);
	assert_int_equal(contacts.count, 2);
	contacts_free(&contacts);
}

static void what_an_update_returns_covers_every_moment_that_changed(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 100 : 3000;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++) {
		uint64_t seed = seed_state;
		struct contacts one = {0}, other = {0};
		struct contact_state states[30];
		enum tristate before[120], now;
		int count = 1 + (int)seed_below(30);

		for (int t = 0; t < 120; t++)
			before[t] = UNKNOWN;
		for (int j = 0; j < count; j++) {
			struct time_range range;

			states[j] = (struct contact_state){seed_below(100) * MINUTE,
							   (enum tristate)seed_below(2), NO,
							   seed_below(2), seed_below(5)};
			contacts_add(&one, &states[j]);
			if (seed_below(2))
				continue;
			range = contacts_update(&one);
			for (int t = 0; t < 120; t++) {
				now = off_peak_at(&one, t * MINUTE);
				if (now != before[t] &&
				    (t * MINUTE < range.from || t * MINUTE >= range.to))
					fail_msg("SEED=%llu: minute %d", (unsigned long long)seed,
						 t);
				before[t] = now;
			}
		}
		contacts_update(&one);
		for (int j = count; j-- > 0;) /* the other way round */
			contacts_add(&other, &states[j]);
		contacts_update(&other);
		for (int t = 0; t < 120; t++)
			if (off_peak_at(&one, t * MINUTE) != off_peak_at(&other, t * MINUTE))
				fail_msg("SEED=%llu: order", (unsigned long long)seed);
		contacts_free(&one);
		contacts_free(&other);
	}
}

static void count_gone(void *context, ms_t t)
{
	(void)t;
	++*(int *)context;
}

static void downsampled_contacts_have_the_same_state_at_every_moment(void **state)
{
	int before = 0, after = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 1000; i++) {
		uint64_t seed = seed_state;
		struct contacts whole = {0}, downsampled = {0};
		ms_t from = seed_below(50) * MINUTE;
		int count = 1 + (int)seed_below(60), removed = 0;

		for (int j = 0; j < count; j++) {
			struct contact_state one = {seed_below(100) * MINUTE,
						    seed_below(5) ? YES : NO, NO, seed_below(2), j};

			contacts_add(&whole, &one);
			contacts_add(&downsampled, &one);
		}
		contacts_update(&whole);
		contacts_update(&downsampled);
		contacts_downsample(&downsampled, from, from + seed_below(60) * MINUTE, count_gone,
				    &removed);
		contacts_downsample(&downsampled, from, from, count_gone, &removed);
		assert_int_equal(downsampled.count + (size_t)removed, whole.count);
		assert_int_equal(downsampled.sorted, downsampled.count);
		for (int t = 0; t < 120; t++)
			if (off_peak_at(&whole, t * MINUTE) !=
			    off_peak_at(&downsampled, t * MINUTE))
				fail_msg("SEED=%llu: minute %d", (unsigned long long)seed, t);
		before += (int)whole.count;
		after += (int)downsampled.count;
		contacts_free(&whole);
		contacts_free(&downsampled);
	}
	assert_true(after < before);
}

static void one_state_in_15_minutes_is_left_of_many_alike(void **state)
{
	struct contacts contacts = {0};

	(void)state;
	for (int minute = 0; minute < 600; minute++)
		add(&contacts, minute * MINUTE, YES, false, minute);
	contacts_update(&contacts);
	contacts_downsample(&contacts, 0, 600 * MINUTE, NULL, NULL);
	assert_int_equal(contacts.count, 600 / 15 + 1);
	contacts_free(&contacts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_holds_until_the_next_but_at_most_15_minutes),
		cmocka_unit_test(of_the_same_moment_the_change_counts_then_the_later_record),
		cmocka_unit_test(what_an_update_returns_covers_every_moment_that_changed),
		cmocka_unit_test(downsampled_contacts_have_the_same_state_at_every_moment),
		cmocka_unit_test(one_state_in_15_minutes_is_left_of_many_alike),
	};

	return cmocka_run_group_tests_name("contacts", tests, NULL, NULL);
}
