#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/process/options.h"

static const char *probe;
static bool monitor;
static const struct program_option own[] = {
	{"probe", "HOST[:PORT]", "read one meter once", &probe, NULL},
	{"monitor", NULL, "show edges", NULL, &monitor},
	{0},
};
static const struct program program = {"collector-pac", "reads meters", own};

static struct options options;
static int exit_code;
static char *out, *err;

/* Reads the words of `line`; what is printed goes to `out` and `err`. */
static bool read_line(const char *line)
{
	static char words[300];
	char *argv[20] = {words};
	FILE *usual_stdout = stdout, *usual_stderr = stderr;
	size_t out_size, err_size;
	int argc = 0;
	bool go_on;

	snprintf(words, sizeof(words), "collector-pac %s", line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	free(out);
	free(err);
	probe = NULL;
	monitor = false;
	exit_code = -1;
	stdout = open_memstream(&out, &out_size);
	stderr = open_memstream(&err, &err_size);
	go_on = options_read(&options, &program, argc, argv, &exit_code);
	fclose(stdout);
	fclose(stderr);
	stdout = usual_stdout;
	stderr = usual_stderr;
	return go_on;
}

static void without_options_the_usual_file_is_read(void **state)
{
	(void)state;
	assert_true(read_line(""));
	assert_string_equal(options.config, "/etc/wattzone/collector-pac.json");
	assert_false(options.check);
	assert_false(options.online);
	assert_false(options.verbose);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
}

static void options_may_be_given_in_both_forms_and_any_order(void **state)
{
	(void)state;
	assert_true(read_line("--verbose --config a.json --probe=10.0.0.1:502 --check"));
	assert_string_equal(options.config, "a.json");
	assert_string_equal(probe, "10.0.0.1:502");
	assert_true(options.check);
	assert_true(options.verbose);
	assert_false(monitor);
	assert_true(read_line("--config=b=c.json --monitor --probe x"));
	assert_string_equal(options.config, "b=c.json");
	assert_string_equal(probe, "x");
	assert_true(monitor);
	assert_false(options.check);
}

static void help_names_every_option_and_ends_well(void **state)
{
	static const char *const words[] = {
		"Usage: collector-pac",
		"reads meters",
		"--probe HOST[:PORT]",
		"--monitor",
		"--config FILE",
		"--check",
		"--verbose",
		"--help",
		"--version",
		"/etc/wattzone/collector-pac.json",
		"collector-pac(8)",
	};

	(void)state;
	assert_false(read_line("--check --help"));
	assert_int_equal(exit_code, EXIT_DONE);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strstr(out, words[i]))
			fail_msg("\"%s\" is not in the help:\n%s", words[i], out);
	assert_string_equal(err, "");
}

static void lines_of_the_help_fit_a_terminal(void **state)
{
	(void)state;
	assert_false(read_line("--help"));
	for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 80);
}

static void version_is_one_line(void **state)
{
	(void)state;
	assert_false(read_line("--version"));
	assert_int_equal(exit_code, EXIT_DONE);
	assert_string_equal(out, "collector-pac " VERSION "\n");
	assert_string_equal(err, "");
}

static void expect_refused(const char *line, const char *reason)
{
	assert_false(read_line(line));
	assert_int_equal(exit_code, EXIT_USAGE);
	assert_string_equal(out, "");
	if (!strstr(err, reason) || !strstr(err, "collector-pac: ") || !strstr(err, "--help"))
		fail_msg("%s: %s", line, err);
	assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
}

static void anything_else_is_refused_in_one_line(void **state)
{
	(void)state;
	expect_refused("--confg a.json", "\"--confg\"");
	expect_refused("--conf a.json", "\"--conf\"");
	expect_refused("--configs a.json", "\"--configs\"");
	expect_refused("a.json", "\"a.json\"");
	expect_refused("-v", "\"-v\"");
	expect_refused("-x", "\"-x\"");
	expect_refused("-hx", "\"-hx\"");
	expect_refused("-- a.json", "\"a.json\"");
	expect_refused("-- --check", "\"--check\"");
	expect_refused("--check a.json --verbose", "\"a.json\"");
	expect_refused("--ver", "\"--ver\"");
	expect_refused("--conf=a.json", "\"--conf=a.json\"");
	expect_refused("-", "\"-\"");
	expect_refused("--config", "FILE");
	expect_refused("--config=", "FILE");
	expect_refused("--probe", "HOST[:PORT]");
	expect_refused("--check=yes", "no argument");
	expect_refused("--help --bad", "\"--bad\"");
}

static void two_hyphens_end_the_options(void **state)
{
	(void)state;
	assert_true(read_line("--check --"));
	assert_true(options.check);
	assert_true(read_line("--"));
}

static void help_and_version_have_short_forms(void **state)
{
	(void)state;
	assert_false(read_line("-h"));
	assert_int_equal(exit_code, EXIT_DONE);
	assert_non_null(strstr(out, "--help, -h"));
	assert_non_null(strstr(out, "--version, -V"));
	assert_false(read_line("-V"));
	assert_int_equal(exit_code, EXIT_DONE);
	assert_string_equal(out, "collector-pac " VERSION "\n");
}

static void a_program_without_options_of_its_own_has_the_common_ones(void **state)
{
	static const struct program plain = {"aggregator", "adds up", NULL};
	char *argv[] = {(char *)"aggregator", (char *)"--config", (char *)"x", NULL};

	(void)state;
	assert_true(options_read(&options, &plain, 3, argv, &exit_code));
	assert_string_equal(options.config, "x");
}

static int tear_down(void **state)
{
	(void)state;
	free(out);
	free(err);
	return 0;
}

static void online_is_a_kind_of_check(void **state)
{
	(void)state;
	assert_true(read_line("--check --online"));
	assert_true(options.check && options.online);
	assert_false(read_line("--online"));
	assert_int_equal(exit_code, EXIT_USAGE);
	assert_non_null(strstr(err, "--online needs --check"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_the_usual_file_is_read),
		cmocka_unit_test(online_is_a_kind_of_check),
		cmocka_unit_test(options_may_be_given_in_both_forms_and_any_order),
		cmocka_unit_test(help_names_every_option_and_ends_well),
		cmocka_unit_test(lines_of_the_help_fit_a_terminal),
		cmocka_unit_test(version_is_one_line),
		cmocka_unit_test(anything_else_is_refused_in_one_line),
		cmocka_unit_test(two_hyphens_end_the_options),
		cmocka_unit_test(help_and_version_have_short_forms),
		cmocka_unit_test(a_program_without_options_of_its_own_has_the_common_ones),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
