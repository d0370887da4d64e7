#include "common/process/options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Where --config is not given: lives as long as the program, like argv. */
static char default_config[128];

static const struct program_option *option_in(const struct program_option *options,
					      const char *name, size_t size)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
			return options;
	return NULL;
}

static void help_options(const struct program_option *options)
{
	for (; options && options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", options->name,
			 options->argument ? " " : "", options->argument ? options->argument : "");
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

/* Reads argv[*at] and, where it is an option's argument, argv[*at + 1]. */
static bool option_read(const struct program *program, const struct program_option *common,
			char **argv, int *at)
{
	const char *word = argv[*at];
	const struct program_option *option = NULL;
	const char *value;
	size_t size;

	if (strncmp(word, "--", 2) == 0) {
		size = strcspn(word + 2, "=");
		option = option_in(program->options, word + 2, size);
		if (!option)
			option = option_in(common, word + 2, size);
	}
	if (!option) {
		fprintf(stderr, "%s: unknown option \"%s\"; try --help\n", program->name, word);
		return false;
	}
	assert(!option->text != !option->flag);
	value = word[2 + size] ? word + 2 + size + 1 : NULL;
	if (option->flag) {
		if (value) {
			fprintf(stderr, "%s: --%s takes no argument; try --help\n", program->name,
				option->name);
			return false;
		}
		*option->flag = true;
		return true;
	}
	if (!value && argv[*at + 1])
		value = argv[++*at];
	if (!value || !*value) {
		fprintf(stderr, "%s: --%s needs an argument, %s; try --help\n", program->name,
			option->name, option->argument);
		return false;
	}
	*option->text = value;
	return true;
}

bool options_read(struct options *options, const struct program *program, int argc, char **argv,
		  int *exit_code)
{
	bool wants_help = false;
	bool wants_version = false;
	const struct program_option common[] = {
		{"config", "FILE", "read the configuration from FILE", &options->config, NULL},
		{"check", NULL, "check the configuration and exit", NULL, &options->check},
		{"verbose", NULL, "log details, too", NULL, &options->verbose},
		{"help", NULL, "show this help and exit", NULL, &wants_help},
		{"version", NULL, "show the version and exit", NULL, &wants_version},
		{0},
	};

	snprintf(default_config, sizeof(default_config), "/etc/wattzone/%s.json", program->name);
	*options = (struct options){.config = default_config};
	for (int i = 1; i < argc; i++) {
		if (!option_read(program, common, argv, &i)) {
			*exit_code = EXIT_USAGE;
			return false;
		}
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
