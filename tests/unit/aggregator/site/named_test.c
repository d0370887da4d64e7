#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/site/named.h"

struct thing {
	char name[8];
	int value;
};

static void things_are_found_by_name_and_kept_in_its_order(void **state)
{
	static const char *const names[] = {"nord", "b", "self", "a", "a-1", "z9", "a1"};
	static const char *const sorted[] = {"a", "a-1", "a1", "b", "nord", "self", "z9"};
	struct named set = {0};

	(void)state;
	assert_null(named_find(&set, "a"));
	for (int i = 0; i < 7; i++) {
		struct thing *thing = named_add(&set, names[i], sizeof(*thing));

		assert_string_equal(thing->name, names[i]);
		assert_int_equal(thing->value, 0);
		thing->value = i;
	}
	for (int i = 0; i < 7; i++) {
		assert_string_equal(set.items[i], sorted[i]);
		assert_int_equal(((struct thing *)named_find(&set, names[i]))->value, i);
	}
	assert_null(named_find(&set, "aa"));
	assert_null(named_find(&set, ""));
	assert_null(named_find(&set, "zz"));
	for (int i = 0; i < 7; i++)
		free(set.items[i]);
	named_free(&set);
}

static void things_stay_where_they_are_while_others_come_and_go(void **state)
{
	struct named set = {0};
	struct thing *middle = named_add(&set, "500", sizeof(*middle));
	char name[8];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		if (i != 500)
			named_add(&set, name, sizeof(*middle));
	}
	assert_ptr_equal(named_find(&set, "500"), middle);
	for (int i = 0; i < 1000; i++) {
		struct thing *thing;

		snprintf(name, sizeof(name), "%03d", i);
		thing = named_find(&set, name);
		if (i == 500)
			continue;
		named_remove(&set, thing);
		free(thing);
		assert_null(named_find(&set, name));
	}
	assert_int_equal(set.count, 1);
	assert_ptr_equal(named_find(&set, "500"), middle);
	free(middle);
	named_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_are_found_by_name_and_kept_in_its_order),
		cmocka_unit_test(things_stay_where_they_are_while_others_come_and_go),
	};

	return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
