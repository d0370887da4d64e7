#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/process/state_file.h"

static void it_lies_below_var_lib(void **state)
{
	char file[256];

	(void)state;
	unsetenv("STATE_DIRECTORY");
	state_file(file, sizeof(file), "lycee", "books.db");
	assert_string_equal(file, "/var/lib/wattzone/lycee/books.db");
	setenv("STATE_DIRECTORY", "", 1);
	state_file(file, sizeof(file), "lycee", "poste.outbox");
	assert_string_equal(file, "/var/lib/wattzone/lycee/poste.outbox");
}

static void the_service_manager_says_where_else(void **state)
{
	char file[256];

	(void)state;
	setenv("STATE_DIRECTORY", "/var/lib/energy", 1);
	state_file(file, sizeof(file), "lycee", "books.db");
	assert_string_equal(file, "/var/lib/energy/books.db");
	setenv("STATE_DIRECTORY", "/var/lib/energy:/var/lib/other", 1);
	state_file(file, sizeof(file), "lycee", "books.db");
	assert_string_equal(file, "/var/lib/energy/books.db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lies_below_var_lib),
		cmocka_unit_test(the_service_manager_says_where_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
