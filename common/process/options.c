#include "common/process/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* If --config is not given. It lives as long as the program, like argv. */
static char default_config[128];

/* Of the common options only. */
static const char *short_form(const struct program_option *option)
{
	return strcmp(option->name, "help") == 0      ? ", -h"
	       : strcmp(option->name, "version") == 0 ? ", -V"
						      : "";
}

static void help_options(const struct program_option *options)
{
	for (; options && options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s%s", options->name,
			 options->argument ? " " : "", options->argument ? options->argument : "",
			 short_form(options));
		/* A long option stands on a line of its own. */
		if (strlen(left) > 24)
			printf("  %s\n  %-24s  %s\n", left, "", options->help);
		else
			printf("  %-24s  %s\n", left, options->help);
	}
}

static void help(const struct program *program, const struct program_option *common)
{
	printf("Usage: %s [OPTION]...\n%s\n\n", program->name, program->summary);
	help_options(program->options);
	help_options(common);
	printf("\nThe configuration is read from %s\n"
	       "unless --config is given. The manual page %s(8) describes it.\n",
	       default_config, program->name);
}

/* -------- reading -------- */

#define OPTIONS 32
/* What getopt_long(3) returns for the first long option: above all characters. */
#define FIRST 256

/* All options of a program, and the same for getopt_long(). */
struct option_set {
	const struct program *program;
	const struct program_option *options[OPTIONS];
	struct option longs[OPTIONS + 1];
	int count;
};

static void option_set_add(struct option_set *set, const struct program_option *options)
{
	for (; options && options->name; options++) {
		assert(set->count < OPTIONS);
		assert(!options->text != !options->flag);
		set->options[set->count] = options;
		set->longs[set->count] = (struct option){
			.name = options->name,
			.has_arg = options->text ? required_argument : no_argument,
			.val = FIRST + set->count,
		};
		set->count++;
	}
}

static const struct program_option *option_found(const struct option_set *set, int value)
{
	for (int i = 0; i < set->count; i++)
		if (value == FIRST + i || (value == 'h' && !strcmp(set->longs[i].name, "help")) ||
		    (value == 'V' && !strcmp(set->longs[i].name, "version")))
			return set->options[i];
	return NULL;
}

/* getopt_long() takes the beginning of a name, too: what means one option today could mean another
 * one in the next version. */
static bool is_abbreviation(const struct program_option *option, const char *word)
{
	return strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") != strlen(option->name);
}

/* Takes what getopt_long() found in `word`. */
static bool option_take(const struct option_set *set, int found, const char *word)
{
	bool failed = found == '?' || found == ':';
	const struct program_option *option = option_found(set, failed ? optopt : found);
	const char *name = set->program->name;

	if (!option || is_abbreviation(option, word)) {
		fprintf(stderr, "%s: unknown option \"%s\"; try --help\n", name, word);
	} else if (found == '?') {
		fprintf(stderr, "%s: --%s takes no argument; try --help\n", name, option->name);
	} else if (option->text && (found == ':' || !*optarg)) {
		fprintf(stderr, "%s: --%s needs an argument, %s; try --help\n", name, option->name,
			option->argument);
	} else if (option->flag) {
		*option->flag = true;
		return true;
	} else {
		*option->text = optarg;
		return true;
	}
	return false;
}

static bool words_read(const struct option_set *set, int argc, char **argv)
{
	/* 0 resets getopt_long(): it then keeps no state of an earlier call. */
	optind = 0;
	opterr = 0;
	for (;;) {
		const char *word = argv[optind ? optind : 1];
		/* Stops at the first word that is no option; ":" for a missing argument. */
		int found = getopt_long(argc, argv, "+:hV", set->longs, NULL);

		if (found == -1)
			break;
		if (!option_take(set, found, word))
			return false;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "%s: unexpected argument \"%s\"; try --help\n", set->program->name,
		argv[optind]);
	return false;
}

bool options_read(struct options *options, const struct program *program, int argc, char **argv,
		  int *exit_code)
{
	bool wants_help = false;
	bool wants_version = false;
	const struct program_option common[] = {
		{"config", "FILE", "read the configuration from FILE", &options->config, NULL},
		{"check", NULL, "check the configuration and exit", NULL, &options->check},
		{"online", NULL, "with --check: try broker and network, too", NULL,
		 &options->online},
		{"verbose", NULL, "log details, too", NULL, &options->verbose},
		{"help", NULL, "show this help and exit", NULL, &wants_help},
		{"version", NULL, "show the version and exit", NULL, &wants_version},
		{0},
	};
	struct option_set set = {.program = program};

	option_set_add(&set, program->options);
	option_set_add(&set, common);
	snprintf(default_config, sizeof(default_config), "/etc/wattzone/%s.json", program->name);
	*options = (struct options){.config = default_config};
	if (!words_read(&set, argc, argv)) {
		*exit_code = EXIT_USAGE;
		return false;
	}
	if (options->online && !options->check) {
		fprintf(stderr, "%s: --online needs --check; try --help\n", program->name);
		*exit_code = EXIT_USAGE;
		return false;
	}
	*exit_code = EXIT_DONE;
	if (wants_help)
		help(program, common);
	else if (wants_version)
		printf("%s %s\n", program->name, VERSION);
	return !wants_help && !wants_version;
}

int options_checked(const struct options *options)
{
	printf("%s: valid\n", options->config);
	return EXIT_DONE;
}

int options_checked_online(const struct options *options, int findings)
{
	if (findings > 0)
		return EXIT_FAILED;
	printf("%s: valid, online too\n", options->config);
	return EXIT_DONE;
}
