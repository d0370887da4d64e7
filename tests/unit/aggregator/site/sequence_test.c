#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aggregator/site/sequence.h"
#include "tests/unit/common/seed.h"

static void a_number_is_new_once(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	assert_true(sequence_note(&sequence, 8812, 8812));
	assert_false(sequence_note(&sequence, 8812, 8812));
	assert_true(sequence_note(&sequence, 8813, 8813));
	assert_true(sequence_note(&sequence, 8811, 8811));
	assert_false(sequence_note(&sequence, 8812, 8812));
	assert_int_equal(sequence.count, 1);
	assert_int_equal(sequence_missing(&sequence), 0);
	sequence_free(&sequence);
}

static void what_is_missing_lies_between_the_first_and_the_newest(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	sequence_note(&sequence, 100, 100);
	sequence_note(&sequence, 105, 105);
	assert_int_equal(sequence_missing(&sequence), 4);
	sequence_note(&sequence, 103, 103);
	assert_int_equal(sequence_missing(&sequence), 3);
	sequence_note(&sequence, 102, 102);
	sequence_note(&sequence, 104, 104);
	assert_int_equal(sequence.count, 2);
	sequence_note(&sequence, 101, 101);
	assert_int_equal(sequence_missing(&sequence), 0);
	assert_int_equal(sequence.count, 1);
	sequence_free(&sequence);
}

static void what_was_stored_is_so_up_to_the_first_run_that_changed(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	for (int number = 1; number <= 100; number += 10)
		sequence_note(&sequence, number, number);
	assert_int_equal(sequence.stored, 0);
	sequence_stored(&sequence);
	assert_false(sequence.changed);
	sequence_note(&sequence, 101, 101);
	assert_true(sequence.changed);
	assert_int_equal(sequence.stored, 101);
	sequence_note(&sequence, 92, 92);
	assert_int_equal(sequence.stored, 91);
	sequence_note(&sequence, 60, 60);
	assert_int_equal(sequence.stored, 60);
	sequence_note(&sequence, 22, 30);
	assert_int_equal(sequence.stored, 21);
	sequence_free(&sequence);
}

static void the_largest_numbers_have_no_successor(void **state)
{
	struct sequence sequence = {0};

	(void)state;
	assert_true(sequence_note(&sequence, INT64_MAX, INT64_MAX));
	assert_false(sequence_note(&sequence, INT64_MAX, INT64_MAX));
	assert_true(sequence_note(&sequence, 1, 1));
	assert_int_equal(sequence_missing(&sequence), INT64_MAX - 2);
	assert_true(sequence_note(&sequence, INT64_MAX - 1, INT64_MAX - 1));
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
		int first = 64, last = -1, missing = 0;

		for (int j = (int)seed_below(100); j >= 0; j--) {
			int number = (int)seed_below(64);

			if (sequence_note(&sequence, number + 1, number + 1) == seen[number])
				fail_msg("SEED=%llu", (unsigned long long)seed);
			seen[number] = true;
			first = number < first ? number : first;
			last = number > last ? number : last;
		}
		for (int j = first; j <= last; j++)
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
		cmocka_unit_test(what_was_stored_is_so_up_to_the_first_run_that_changed),
		cmocka_unit_test(the_largest_numbers_have_no_successor),
		cmocka_unit_test(any_order_ends_in_the_same_runs),
	};

	return cmocka_run_group_tests_name("sequence", tests, NULL, NULL);
}
