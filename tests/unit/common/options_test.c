#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/options.h"

static const char *probe;
static bool monitor;
static const struct program_option own[] = {
	{"probe", "HOST[:PORT]", "read one meter once and exit", &probe, NULL},
	{"monitor", NULL, "show edges", NULL, &monitor},
	{"a-very-long-option", "ARGUMENT", "has a line of its own", &probe, NULL},
	{0},
};
static const struct program program = {"collector-pac", "Reads PAC meters.", own};

static struct options options;
static int exit_code;
static char *out, *err;

/* Reads a command line of up to 8 words after the program's name; the output is in `out`, `err`. */
static bool read_line(const char *line)
{
	static char copy[200];
	char *words[10] = {copy};
	int count = 0;
	size_t out_size, err_size;
	FILE *was_out = stdout;
	FILE *was_err = stderr;
	bool goes_on;

	free(out);
	free(err);
	stdout = open_memstream(&out, &out_size);
	stderr = open_memstream(&err, &err_size);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	exit_code = -1;
	goes_on = options_read(&options, &program, count, words, &exit_code);
	fclose(stdout);
	fclose(stderr);
	stdout = was_out;
	stderr = was_err;
	return goes_on;
}

static int tear_down(void **state)
{
	(void)state;
	free(out);
	free(err);
	out = err = NULL;
	probe = NULL;
	monitor = false;
	return 0;
}

static void without_options_the_usual_configuration_is_read(void **state)
{
	(void)state;
	assert_true(read_line("collector-pac"));
	assert_string_equal(options.config, "/etc/wattzone/collector-pac.json");
	assert_false(options.check);
	assert_false(options.verbose);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
}

static void every_option_sets_its_own(void **state)
{
	(void)state;
	assert_true(read_line("x --config a.json --check --verbose --probe pac:502 --monitor"));
	assert_string_equal(options.config, "a.json");
	assert_true(options.check);
	assert_true(options.verbose);
	assert_string_equal(probe, "pac:502");
	assert_true(monitor);
}

static void arguments_may_follow_an_equals_sign(void **state)
{
	(void)state;
	assert_true(read_line("x --config=a=b.json --probe=pac"));
	assert_string_equal(options.config, "a=b.json");
	assert_string_equal(probe, "pac");
}

static void help_lists_everything_aligned_and_names_the_defaults(void **state)
{
	(void)state;
	assert_false(read_line("x --help"));
	assert_int_equal(exit_code, 0);
	assert_string_equal(
		out, "Usage: collector-pac [OPTION]...\n"
		     "Reads PAC meters.\n"
		     "\n"
		     "  --probe HOST[:PORT]       read one meter once and exit\n"
		     "  --monitor                 show edges\n"
		     "  --a-very-long-option ARGUMENT\n"
		     "                            has a line of its own\n"
		     "  --config FILE             read the configuration from FILE\n"
		     "  --check                   check the configuration and exit\n"
		     "  --verbose                 log details, too\n"
		     "  --help                    show this help and exit\n"
		     "  --version                 show the version and exit\n"
		     "\n"
		     "The configuration is read from /etc/wattzone/collector-pac.json unless "
		     "--config is given.\n"
		     "The manual page collector-pac(8) describes it.\n");
	assert_string_equal(err, "");
}

static void version_is_one_line(void **state)
{
	(void)state;
	assert_false(read_line("x --version"));
	assert_int_equal(exit_code, 0);
	assert_string_equal(out, "collector-pac " VERSION "\n");
}

static void a_wrong_option_is_one_line_and_64(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"x --chek", "collector-pac: unknown option \"--chek\"; try --help\n"},
		{"x --conf a.json", "collector-pac: unknown option \"--conf\"; try --help\n"},
		{"x a.json", "collector-pac: unknown option \"a.json\"; try --help\n"},
		{"x -v", "collector-pac: unknown option \"-v\"; try --help\n"},
		{"x --", "collector-pac: unknown option \"--\"; try --help\n"},
		{"x --check=yes", "collector-pac: --check takes no argument; try --help\n"},
		{"x --config", "collector-pac: --config needs an argument, FILE; try --help\n"},
		{"x --probe=",
		 "collector-pac: --probe needs an argument, HOST[:PORT]; try --help\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(read_line(cases[i].line));
		assert_int_equal(exit_code, 64);
		assert_string_equal(err, cases[i].says);
		assert_string_equal(out, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(without_options_the_usual_configuration_is_read,
					  tear_down),
		cmocka_unit_test_teardown(every_option_sets_its_own, tear_down),
		cmocka_unit_test_teardown(arguments_may_follow_an_equals_sign, tear_down),
		cmocka_unit_test_teardown(help_lists_everything_aligned_and_names_the_defaults,
					  tear_down),
		cmocka_unit_test_teardown(version_is_one_line, tear_down),
		cmocka_unit_test_teardown(a_wrong_option_is_one_line_and_64, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
