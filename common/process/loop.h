/* loop.h - what every program of wattzone is around its own work: options, log, clocks, and here
 * the poll loop with signals and the service manager (systemd). */
#ifndef COMMON_PROCESS_LOOP_H
#define COMMON_PROCESS_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/process/clock.h"
#include "common/process/log.h"
#include "common/process/options.h"
#include "common/base/units.h"

struct loop;

/* Blocks SIGINT, SIGTERM and SIGHUP (they end the loop) and ignores SIGPIPE; call it before any
 * thread starts. NULL on failure, logged. */
struct loop *loop_open(void);
void loop_close(struct loop *loop);

/* Calls `ready` when `fd` shows one of `events` (poll.h). One watch for a descriptor. Watching and
 * unwatching are allowed inside callbacks; an unwatched descriptor is not called any more, not even
 * for what was seen already. */
void loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events),
		void *context);
void loop_unwatch(struct loop *loop, int fd);

/* Calls `due` at least every `period_ms`, on absolute deadlines of the monotonic clock. Slots
 * missed are not repeated. At most 8 timers. */
void loop_every(struct loop *loop, ms_t period_ms, void (*due)(void *context), void *context);

/* Tells the service manager: ready (once), and a line of status. */
void loop_ready(struct loop *loop);
void loop_status(struct loop *loop, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs until a signal or loop_stop(). Feeds the service manager's watchdog. Returns the exit
 * code. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int exit_code);

#endif
