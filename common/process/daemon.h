/* daemon.h - what every program of wattzone is around its own work: options, log, clocks, and here
 * the poll loop with signals and the service manager (systemd). */
#ifndef COMMON_PROCESS_DAEMON_H
#define COMMON_PROCESS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/process/clock.h"
#include "common/process/log.h"
#include "common/process/options.h"
#include "common/base/units.h"

struct daemon;

/* Blocks SIGINT, SIGTERM and SIGHUP (they end the loop) and ignores SIGPIPE; call it before any
 * thread starts. NULL on failure, logged. */
struct daemon *daemon_open(void);
void daemon_close(struct daemon *daemon);

/* Calls `ready` when `fd` shows one of `events` (poll.h). One watch for a descriptor. Watching and
 * unwatching are allowed inside callbacks; an unwatched descriptor is not called any more, not even
 * for what was seen already. */
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
