/* loop.h - the event loop of every program: descriptors, timers, signals and the service manager
 * (systemd). A loop belongs to one thread. It is sd-event(3) without its error codes. */
#ifndef COMMON_PROCESS_LOOP_H
#define COMMON_PROCESS_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/process/clock.h"
#include "common/process/log.h"
#include "common/process/options.h"
#include "common/base/units.h"

struct loop;
struct loop_timer;

/* Blocks SIGINT, SIGTERM and SIGHUP (they end the loop) and ignores SIGPIPE; call it before any
 * thread starts. NULL on failure, logged. */
struct loop *loop_open(void);

/* Ends the watches and timers that are left. */
void loop_close(struct loop *loop);

/* Calls `ready` when `fd` shows one of `events`, POLLERR or POLLHUP (poll.h). One watch for a
 * descriptor, which is unwatched before it is closed. Watching and unwatching are allowed inside
 * callbacks; an unwatched descriptor's callback is not called any more, not even for events that
 * have already been received. */
void loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events),
		void *context);
void loop_unwatch(struct loop *loop, int fd);

/* Calls `due` every `period_ms`, on absolute deadlines of the monotonic clock. Deadlines that were
 * missed are not repeated. */
void loop_every(struct loop *loop, ms_t period_ms, void (*due)(void *context), void *context);

/* A timer that is not set yet. */
struct loop_timer *loop_timer_open(struct loop *loop, void (*due)(void *context), void *context);
void loop_timer_close(struct loop_timer *timer); /* may be NULL */

/* Calls `due` once, in `delay_ms` (0: on the next turn of the loop). Replaces an earlier call. */
void loop_timer_set(struct loop_timer *timer, ms_t delay_ms);

/* Reports to the service manager: ready (once), and a line of status. */
void loop_ready(struct loop *loop);
void loop_status(struct loop *loop, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs until a signal or loop_stop(), after which nothing is called any more. Feeds the service
 * manager's watchdog. Returns the exit code. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int exit_code); /* the first exit code counts */

#endif
