#include "common/process/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define TIMERS 8

struct watch {
	void (*ready)(void *context, short events);
	void *context;
};

struct timer {
	ms_t period;
	ms_t next;
	void (*due)(void *context);
	void *context;
};

struct loop {
	int signals;
	/* Two arrays side by side: poll() wants its own. A watch given up has the descriptor -1,
	 * which poll() skips, until the next round closes the gap. */
	struct pollfd *polled;
	struct watch *watches;
	size_t count;
	size_t room;
	struct timer timers[TIMERS];
	size_t timer_count;
	bool is_ready;
	bool stopping;
	int exit_code;
	char status[200];
};

static void signal_ready(void *context, short events)
{
	struct loop *loop = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(loop->signals, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("signal %s: stopping", sigabbrev_np((int)info.ssi_signo));
	loop_stop(loop, EXIT_DONE);
}

static void watchdog_due(void *context)
{
	(void)context;
	sd_notify(0, "WATCHDOG=1");
}

struct loop *loop_open(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	uint64_t watchdog_us = 0;
	sigset_t blocked;

	if (!loop) {
		log_error("memory is out");
		return NULL;
	}
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	loop->signals = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signals < 0) {
		log_error("signals cannot be watched: %s", strerror(errno));
		free(loop);
		return NULL;
	}
	loop_watch(loop, loop->signals, POLLIN, signal_ready, loop);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		loop_every(loop, (ms_t)(watchdog_us / 2000), watchdog_due, NULL);
	return loop;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->signals);
	free(loop->polled);
	free(loop->watches);
	free(loop);
}

static void watches_grow(struct loop *loop)
{
	size_t room = loop->room ? 2 * loop->room : 16;
	struct pollfd *polled = reallocarray(loop->polled, room, sizeof(*polled));
	struct watch *watches = reallocarray(loop->watches, room, sizeof(*watches));

	/* A program without room for its descriptors cannot do anything useful. */
	if (!polled || !watches)
		abort();
	loop->polled = polled;
	loop->watches = watches;
	loop->room = room;
}

void loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events),
		void *context)
{
	assert(fd >= 0);
	if (loop->count == loop->room)
		watches_grow(loop);
	loop->polled[loop->count] = (struct pollfd){.fd = fd, .events = events};
	loop->watches[loop->count] = (struct watch){.ready = ready, .context = context};
	loop->count++;
}

void loop_unwatch(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->count; i++)
		if (loop->polled[i].fd == fd)
			loop->polled[i].fd = -1;
}

static void watches_close_gaps(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->count; i++) {
		if (loop->polled[i].fd < 0)
			continue;
		loop->polled[kept] = loop->polled[i];
		loop->watches[kept] = loop->watches[i];
		kept++;
	}
	loop->count = kept;
}

void loop_every(struct loop *loop, ms_t period_ms, void (*due)(void *context), void *context)
{
	assert(period_ms > 0);
	assert(loop->timer_count < TIMERS);
	loop->timers[loop->timer_count++] = (struct timer){
		.period = period_ms,
		.next = clock_monotonic() + period_ms,
		.due = due,
		.context = context,
	};
}

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
	/* What has something to tell is alive: a start may take its time. */
	sd_notifyf(0, "%sSTATUS=%s", loop->is_ready ? "" : "EXTEND_TIMEOUT_USEC=60000000\n",
		   status);
}

void loop_stop(struct loop *loop, int exit_code)
{
	/* The first reason counts. */
	if (loop->stopping)
		return;
	loop->stopping = true;
	loop->exit_code = exit_code;
}

/* Milliseconds until the next timer, for poll(). */
static int timers_wait(const struct loop *loop)
{
	ms_t now = clock_monotonic();
	ms_t wait = INT64_C(3600) * MS_PER_SECOND;

	for (size_t i = 0; i < loop->timer_count; i++) {
		ms_t left = loop->timers[i].next - now;

		if (left < wait)
			wait = left;
	}
	return wait > 0 ? (int)wait : 0;
}

static void timers_call(struct loop *loop)
{
	ms_t now = clock_monotonic();

	for (size_t i = 0; i < loop->timer_count && !loop->stopping; i++) {
		struct timer *timer = &loop->timers[i];

		if (now < timer->next)
			continue;
		timer->next += ((now - timer->next) / timer->period + 1) * timer->period;
		timer->due(timer->context);
	}
}

static void watches_call(struct loop *loop, size_t polled)
{
	for (size_t i = 0; i < polled && !loop->stopping; i++) {
		/* Read again each time: a callback may unwatch, or make the arrays move. */
		short events = loop->polled[i].revents;

		if (events && loop->polled[i].fd >= 0)
			loop->watches[i].ready(loop->watches[i].context, events);
	}
}

int loop_run(struct loop *loop)
{
	while (!loop->stopping) {
		watches_close_gaps(loop);
		size_t polled = loop->count;

		if (poll(loop->polled, polled, timers_wait(loop)) < 0) {
			if (errno == EINTR)
				continue;
			log_error("the poll loop failed: %s", strerror(errno));
			loop_stop(loop, EXIT_FAILED);
			break;
		}
		watches_call(loop, polled);
		timers_call(loop);
	}
	sd_notify(0, "STOPPING=1");
	return loop->exit_code;
}
