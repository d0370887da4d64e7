/* daemon.h - what every program of wattzone is around its own work: options, log, poll loop,
 * signals, systemd. */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/units.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 64,	 /* sysexits.h: EX_USAGE */
	EXIT_CONFIGURATION = 78, /* sysexits.h: EX_CONFIG; systemd does not restart on it */
};

/* -------- options -------- */

/* A program's own option. One of `text` (takes an argument) and `flag` is set. */
struct program_option {
	const char *name;     /* "probe" for --probe */
	const char *argument; /* "HOST[:PORT]" in the help */
	const char *help;
	const char **text;
	bool *flag;
};

struct program {
	const char *name;    /* "collector-pac" */
	const char *summary; /* one line */
	const struct program_option *options; /* ends with a NULL name; may be NULL */
};

struct options {
	const char *config; /* default /etc/wattzone/<program>.json */
	bool check;
	bool verbose;
};

/* Reads the command line. Prints and returns false with *exit_code set where the program is to end
 * at once (--help, --version, a wrong option). */
bool options_read(struct options *options, const struct program *program, int argc, char **argv,
		  int *exit_code);

/* Says "FILE: valid" for --check. */
int options_checked(const struct options *options);

/* -------- log: to stderr; with journald priorities when stderr is the journal -------- */

void log_open(const char *program, bool verbose);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* -------- clocks -------- */

ms_t clock_wall(void);	    /* since the Unix epoch */
ms_t clock_monotonic(void); /* since some start; the clock of timers and intervals */

/* -------- poll loop -------- */

struct daemon;

/* Blocks SIGINT, SIGTERM and SIGHUP (they end the loop) and ignores SIGPIPE; call it before any
 * thread starts. NULL on failure, logged. */
struct daemon *daemon_open(void);
void daemon_close(struct daemon *daemon);

/* Calls `ready` when `fd` shows one of `events` (poll.h). One watch for a descriptor. */
void daemon_watch(struct daemon *daemon, int fd, short events,
		  void (*ready)(void *context, short events), void *context);
void daemon_unwatch(struct daemon *daemon, int fd);

/* Calls `due` at least every `period_ms`, on absolute deadlines of the monotonic clock. Slots
 * missed are not repeated. At most 8 timers. */
void daemon_every(struct daemon *daemon, ms_t period_ms, void (*due)(void *context), void *context);

/* Tells the service manager: ready (once), and a line of status. */
void daemon_ready(struct daemon *daemon);
void daemon_status(struct daemon *daemon, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Runs until a signal or daemon_stop(). Feeds the service manager's watchdog. Returns the exit
 * code. */
int daemon_run(struct daemon *daemon);
void daemon_stop(struct daemon *daemon, int exit_code);

#endif
