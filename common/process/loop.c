#include "common/process/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "common/base/memory.h"

/* sd-event takes events in epoll's numbers. */
_Static_assert(POLLIN == EPOLLIN && POLLPRI == EPOLLPRI && POLLOUT == EPOLLOUT &&
		       POLLERR == EPOLLERR && POLLHUP == EPOLLHUP,
	       "poll.h and epoll.h differ");

/* How late a timer may be, so that wake-ups can be joined. 0 would mean 250 ms. */
#define ACCURACY_US 1

struct watch {
	struct watch *next;
	sd_event_source *source;
	int fd;
	short events;
	void (*ready)(void *context, short events);
	void *context;
};

struct loop_timer {
	struct loop_timer *next;
	struct loop *loop;
	sd_event_source *source;
	ms_t period; /* 0: the timer is set for each call */
	ms_t deadline;
	void (*due)(void *context);
	void *context;
};

struct loop {
	sd_event *event;
	struct watch *watches;
	struct loop_timer *timers;
	bool is_ready;
	bool stopping;
	int exit_code;
	char status[200];
};

/* A program that cannot wait for its events cannot do anything useful. */
static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	log_error("%s: %s", what, strerror(-result));
	abort();
}

/* -------- signals -------- */

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

static int signal_received(sd_event_source *source, const struct signalfd_siginfo *info,
			   void *context)
{
	(void)source;
	log_info("signal %s: stopping", sigabbrev_np((int)info->ssi_signo));
	loop_stop(context, EXIT_DONE);
	return 0;
}

static int signals_watch(struct loop *loop)
{
	sigset_t blocked;
	int result = 0;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(*stop_signals); i++)
		sigaddset(&blocked, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Without a source of ours the loop owns the watch. */
	for (size_t i = 0; result >= 0 && i < sizeof(stop_signals) / sizeof(*stop_signals); i++)
		result = sd_event_add_signal(loop->event, NULL, stop_signals[i], signal_received,
					     loop);
	return result;
}

struct loop *loop_open(void)
{
	struct loop *loop = allocate(1, sizeof(*loop));
	int result = sd_event_new(&loop->event);

	if (result >= 0)
		result = signals_watch(loop);
	if (result < 0) {
		log_error("the event loop cannot be set up: %s", strerror(-result));
		loop_close(loop);
		return NULL;
	}
	return loop;
}

static void watch_free(struct watch *watch)
{
	sd_event_source_disable_unref(watch->source);
	free(watch);
}

static void timer_free(struct loop_timer *timer)
{
	sd_event_source_disable_unref(timer->source);
	free(timer);
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->watches) {
		struct watch *watch = loop->watches;

		loop->watches = watch->next;
		watch_free(watch);
	}
	while (loop->timers) {
		struct loop_timer *timer = loop->timers;

		loop->timers = timer->next;
		timer_free(timer);
	}
	sd_event_unref(loop->event);
	free(loop);
}

/* -------- descriptors -------- */

/* After the callback the watch may be gone. */
static int watch_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct watch *watch = context;

	(void)source;
	(void)fd;
	watch->ready(watch->context, (short)events);
	return 0;
}

static int watch_always_ready(sd_event_source *source, void *context)
{
	struct watch *watch = context;

	return watch_ready(source, watch->fd, (uint32_t)watch->events, watch);
}

void loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events),
		void *context)
{
	struct watch *watch = allocate(1, sizeof(*watch));
	int result;

	assert(fd >= 0);
	*watch = (struct watch){.next = loop->watches,
				.fd = fd,
				.events = events,
				.ready = ready,
				.context = context};
	loop->watches = watch;
	result = sd_event_add_io(loop->event, &watch->source, fd, (uint32_t)events, watch_ready,
				 watch);
	/* epoll refuses regular files and /dev/null, which never block. */
	if (result == -EPERM) {
		result = sd_event_add_defer(loop->event, &watch->source, watch_always_ready, watch);
		if (result >= 0)
			result = sd_event_source_set_enabled(watch->source, SD_EVENT_ON);
		/* Before all others it would keep signals and timers from being dispatched. */
		if (result >= 0)
			result =
				sd_event_source_set_priority(watch->source, SD_EVENT_PRIORITY_IDLE);
	}
	check(result, "a descriptor cannot be watched");
}

void loop_unwatch(struct loop *loop, int fd)
{
	for (struct watch **at = &loop->watches; *at; at = &(*at)->next) {
		struct watch *watch = *at;

		if (watch->fd != fd)
			continue;
		*at = watch->next;
		watch_free(watch);
		return;
	}
}

/* -------- timers -------- */

static void timer_arm(struct loop_timer *timer)
{
	check(sd_event_source_set_time(timer->source, (uint64_t)timer->deadline * 1000),
	      "a timer cannot be set");
	check(sd_event_source_set_enabled(timer->source, SD_EVENT_ONESHOT),
	      "a timer cannot be set");
}

/* After the callback the timer may be gone. */
static int timer_due(sd_event_source *source, uint64_t time_us, void *context)
{
	struct loop_timer *timer = context;
	ms_t late = clock_monotonic() - timer->deadline;

	(void)source;
	(void)time_us;
	if (timer->period) {
		timer->deadline += (late / timer->period + 1) * timer->period;
		timer_arm(timer);
	}
	timer->due(timer->context);
	return 0;
}

struct loop_timer *loop_timer_open(struct loop *loop, void (*due)(void *context), void *context)
{
	struct loop_timer *timer = allocate(1, sizeof(*timer));

	*timer = (struct loop_timer){
		.next = loop->timers, .loop = loop, .due = due, .context = context};
	loop->timers = timer;
	check(sd_event_add_time(loop->event, &timer->source, CLOCK_MONOTONIC, UINT64_MAX,
				ACCURACY_US, timer_due, timer),
	      "a timer cannot be made");
	return timer;
}

void loop_timer_close(struct loop_timer *timer)
{
	if (!timer)
		return;
	for (struct loop_timer **at = &timer->loop->timers; *at; at = &(*at)->next) {
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	}
	timer_free(timer);
}

void loop_timer_set(struct loop_timer *timer, ms_t delay_ms)
{
	timer->deadline = clock_monotonic() + delay_ms;
	timer_arm(timer);
}

void loop_every(struct loop *loop, ms_t period_ms, void (*due)(void *context), void *context)
{
	struct loop_timer *timer = loop_timer_open(loop, due, context);

	assert(period_ms > 0);
	timer->period = period_ms;
	loop_timer_set(timer, period_ms);
}

/* -------- the service manager -------- */

void loop_ready(struct loop *loop)
{
	if (loop->is_ready)
		return;
	loop->is_ready = true;
	sd_notify(0, "READY=1");
}

void loop_status(struct loop *loop, const char *format, ...)
{
	char status[sizeof(loop->status)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(status, sizeof(status), format, arguments);
	va_end(arguments);
	if (strcmp(status, loop->status) == 0)
		return;
	memcpy(loop->status, status, sizeof(status));
	/* A program that still reports progress is alive: its start may take longer. */
	sd_notifyf(0, "%sSTATUS=%s", loop->is_ready ? "" : "EXTEND_TIMEOUT_USEC=60000000\n",
		   status);
}

/* -------- run -------- */

void loop_stop(struct loop *loop, int exit_code)
{
	if (loop->stopping)
		return;
	loop->stopping = true;
	loop->exit_code = exit_code;
}

/* sd_event_exit() is final, and the last exit code would count: so the loop has its own end. */
int loop_run(struct loop *loop)
{
	int result = loop->stopping ? 0 : sd_event_set_watchdog(loop->event, true);

	while (result >= 0 && !loop->stopping)
		result = sd_event_run(loop->event, UINT64_MAX);
	if (result < 0) {
		log_error("the event loop failed: %s", strerror(-result));
		loop_stop(loop, EXIT_FAILED);
	}
	sd_notify(0, "STOPPING=1");
	return loop->exit_code;
}
