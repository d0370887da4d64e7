#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aggregator/site/sequence.h"
#include "tests/unit/common/seed.h"

static int64_t first; /* what the last note() changed */

static bool note(struct sequence *sequence, int64_t from, int64_t to)
{
	return sequence_note(sequence, from, to, &first);
}

static void a_number_is_new_once(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	assert_true(note(&sequence, 8812, 8812));
	assert_false(note(&sequence, 8812, 8812));
	assert_true(note(&sequence, 8813, 8813));
	assert_true(note(&sequence, 8811, 8811));
	assert_false(note(&sequence, 8812, 8812));
	assert_int_equal(sequence.count, 1);
	assert_int_equal(sequence_missing(&sequence), 0);
	sequence_free(&sequence);
}

static void what_is_missing_lies_between_the_first_and_the_newest(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	note(&sequence, 100, 100);
	note(&sequence, 105, 105);
	assert_int_equal(sequence_missing(&sequence), 4);
	note(&sequence, 103, 103);
	assert_int_equal(sequence_missing(&sequence), 3);
	note(&sequence, 102, 102);
	note(&sequence, 104, 104);
	assert_int_equal(sequence.count, 2);
	note(&sequence, 101, 101);
	assert_int_equal(sequence_missing(&sequence), 0);
	assert_int_equal(sequence.count, 1);
	sequence_free(&sequence);
}

static void runs_before_the_first_one_that_changed_are_what_they_were(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	for (int number = 1; number <= 100; number += 10)
		note(&sequence, number, number);
	note(&sequence, 91, 91);
	assert_int_equal(first, INT64_MAX);
	note(&sequence, 101, 101);
	assert_int_equal(first, 101);
	note(&sequence, 92, 92);
	assert_int_equal(first, 91);
	note(&sequence, 60, 60);
	assert_int_equal(first, 60);
	note(&sequence, 22, 30);
	assert_int_equal(first, 21);
	sequence_free(&sequence);
}

static void the_largest_numbers_have_no_successor(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	assert_true(note(&sequence, INT64_MAX, INT64_MAX));
	assert_false(note(&sequence, INT64_MAX, INT64_MAX));
	assert_true(note(&sequence, 1, 1));
	assert_int_equal(sequence_missing(&sequence), INT64_MAX - 2);
	assert_true(note(&sequence, INT64_MAX - 1, INT64_MAX - 1));
	assert_int_equal(sequence.count, 2);
	sequence_free(&sequence);
}

static void any_order_ends_in_the_same_runs(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 2000; i++) {
		uint64_t seed = seed_state;
		struct sequence sequence = {0};
		bool seen[64] = {0};
		int lowest = 64, last = -1, missing = 0;

		for (int j = (int)seed_below(100); j >= 0; j--) {
			int number = (int)seed_below(64);

			if (note(&sequence, number + 1, number + 1) == seen[number])
				fail_msg("SEED=%llu", (unsigned long long)seed);
			seen[number] = true;
			lowest = number < lowest ? number : lowest;
			last = number > last ? number : last;
		}
		for (int j = lowest; j <= last; j++)
			missing += !seen[j];
		assert_int_equal(sequence_missing(&sequence), missing);
		for (size_t j = 1; j < sequence.count; j++)
			assert_true(sequence.runs[j - 1].to + 1 < sequence.runs[j].from);
		sequence_free(&sequence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_new_once),
		cmocka_unit_test(what_is_missing_lies_between_the_first_and_the_newest),
		cmocka_unit_test(runs_before_the_first_one_that_changed_are_what_they_were),
		cmocka_unit_test(the_largest_numbers_have_no_successor),
		cmocka_unit_test(any_order_ends_in_the_same_runs),
	};

	return cmocka_run_group_tests_name("sequence", tests, NULL, NULL);
}
