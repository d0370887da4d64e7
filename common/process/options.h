/* options.h - the command line that all programs share, and how they end. */
#ifndef COMMON_PROCESS_OPTIONS_H
#define COMMON_PROCESS_OPTIONS_H

#include <stdbool.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 64,	 /* sysexits.h: EX_USAGE */
	EXIT_CONFIGURATION = 78, /* sysexits.h: EX_CONFIG; systemd does not restart on it */
};

/* A program's own option. One of `text` (takes an argument) and `flag` is set. */
struct program_option {
	const char *name;     /* "probe" for --probe */
	const char *argument; /* "HOST[:PORT]" in the help */
	const char *help;
	const char **text;
	bool *flag;
};

struct program {
	const char *name;		      /* "collector-pac" */
	const char *summary;		      /* one line */
	const struct program_option *options; /* ends with a NULL name; may be NULL */
};

struct options {
	const char *config; /* default /etc/wattzone/<program>.json */
	bool check;
	bool online; /* with `check` only */
	bool verbose;
};

/* Reads the command line. If the program is to end at once (--help, --version, a wrong option),
 * prints, sets *exit_code and returns false. The texts point into argv. */
bool options_read(struct options *options, const struct program *program, int argc, char **argv,
		  int *exit_code);

/* Prints "FILE: valid" for --check. Returns the exit code. */
int options_checked(const struct options *options);

/* The same for --check --online, unless there were findings, which have been logged. */
int options_checked_online(const struct options *options, int findings);

#endif
