#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/search.h"

struct item {
	int64_t key;
	char other;
};

static void every_key_of_every_array_is_found(void **state)
{
	struct item items[9];

	(void)state;
	/* Keys 0, 2, 2, 4, 4, 6, 6, 8, 8: searched for every number around them. */
	for (size_t i = 0; i < 9; i++)
		items[i] = (struct item){.key = (int64_t)((i + 1) / 2 * 2)};
	for (size_t count = 0; count <= 9; count++) {
		for (int64_t key = -1; key <= 10; key++) {
			size_t below = 0, up_to = 0;

			for (size_t i = 0; i < count; i++) {
				below += items[i].key < key;
				up_to += items[i].key <= key;
			}
			assert_int_equal(search_from(items, count, sizeof(*items), key), below);
			assert_int_equal(search_after(items, count, sizeof(*items), key), up_to);
		}
	}
}

static void the_extreme_keys_are_found(void **state)
{
	static const int64_t keys[] = {INT64_MIN, 0, INT64_MAX};

	(void)state;
	assert_int_equal(search_from(keys, 3, sizeof(*keys), INT64_MIN), 0);
	assert_int_equal(search_after(keys, 3, sizeof(*keys), INT64_MIN), 1);
	assert_int_equal(search_from(keys, 3, sizeof(*keys), INT64_MAX), 2);
	assert_int_equal(search_after(keys, 3, sizeof(*keys), INT64_MAX), 3);
}

static void an_array_of_nothing_may_be_null(void **state)
{
	(void)state;
	assert_int_equal(search_from(NULL, 0, sizeof(struct item), 7), 0);
	assert_int_equal(search_after(NULL, 0, sizeof(struct item), 7), 0);
}

static bool name_is_before(const void *item, const void *name)
{
	return strcmp(*(char *const *)item, name) < 0;
}

static void names_are_found_by_a_comparison_of_their_own(void **state)
{
	static const char *const names[] = {"cuisine", "global", "self"};

	(void)state;
	assert_int_equal(search_first(names, 3, sizeof(*names), "global", name_is_before), 1);
	assert_int_equal(search_first(names, 3, sizeof(*names), "h", name_is_before), 2);
	assert_int_equal(search_first(names, 3, sizeof(*names), "z", name_is_before), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_every_array_is_found),
		cmocka_unit_test(the_extreme_keys_are_found),
		cmocka_unit_test(an_array_of_nothing_may_be_null),
		cmocka_unit_test(names_are_found_by_a_comparison_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
