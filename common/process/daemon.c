#include "common/process/daemon.h"

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

struct daemon {
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
	struct daemon *daemon = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(daemon->signals, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("signal %s: stopping", sigabbrev_np((int)info.ssi_signo));
	daemon_stop(daemon, EXIT_DONE);
}

static void watchdog_due(void *context)
{
	(void)context;
	sd_notify(0, "WATCHDOG=1");
}

struct daemon *daemon_open(void)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	uint64_t watchdog_us = 0;
	sigset_t blocked;

	if (!daemon) {
		log_error("memory is out");
		return NULL;
	}
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	daemon->signals = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	if (daemon->signals < 0) {
		log_error("signals cannot be watched: %s", strerror(errno));
		free(daemon);
		return NULL;
	}
	daemon_watch(daemon, daemon->signals, POLLIN, signal_ready, daemon);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		daemon_every(daemon, (ms_t)(watchdog_us / 2000), watchdog_due, NULL);
	return daemon;
}

void daemon_close(struct daemon *daemon)
{
	if (!daemon)
		return;
	close(daemon->signals);
	free(daemon->polled);
	free(daemon->watches);
	free(daemon);
}

static void watches_grow(struct daemon *daemon)
{
	size_t room = daemon->room ? 2 * daemon->room : 16;
	struct pollfd *polled = reallocarray(daemon->polled, room, sizeof(*polled));
	struct watch *watches = reallocarray(daemon->watches, room, sizeof(*watches));

	/* A program without room for its descriptors cannot do anything useful. */
	if (!polled || !watches)
		abort();
	daemon->polled = polled;
	daemon->watches = watches;
	daemon->room = room;
}

void daemon_watch(struct daemon *daemon, int fd, short events,
		  void (*ready)(void *context, short events), void *context)
{
	assert(fd >= 0);
	if (daemon->count == daemon->room)
		watches_grow(daemon);
	daemon->polled[daemon->count] = (struct pollfd){.fd = fd, .events = events};
	daemon->watches[daemon->count] = (struct watch){.ready = ready, .context = context};
	daemon->count++;
}

void daemon_unwatch(struct daemon *daemon, int fd)
{
	for (size_t i = 0; i < daemon->count; i++)
		if (daemon->polled[i].fd == fd)
			daemon->polled[i].fd = -1;
}

static void watches_close_gaps(struct daemon *daemon)
{
	size_t kept = 0;

	for (size_t i = 0; i < daemon->count; i++) {
		if (daemon->polled[i].fd < 0)
			continue;
		daemon->polled[kept] = daemon->polled[i];
		daemon->watches[kept] = daemon->watches[i];
		kept++;
	}
	daemon->count = kept;
}

void daemon_every(struct daemon *daemon, ms_t period_ms, void (*due)(void *context), void *context)
{
	assert(period_ms > 0);
	assert(daemon->timer_count < TIMERS);
	daemon->timers[daemon->timer_count++] = (struct timer){
		.period = period_ms,
		.next = clock_monotonic() + period_ms,
		.due = due,
		.context = context,
	};
}

void daemon_ready(struct daemon *daemon)
{
	if (daemon->is_ready)
		return;
	daemon->is_ready = true;
	sd_notify(0, "READY=1");
}

void daemon_status(struct daemon *daemon, const char *format, ...)
{
	char status[sizeof(daemon->status)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(status, sizeof(status), format, arguments);
	va_end(arguments);
	if (strcmp(status, daemon->status) == 0)
		return;
	memcpy(daemon->status, status, sizeof(status));
	/* What has something to tell is alive: a start may take its time. */
	sd_notifyf(0, "%sSTATUS=%s", daemon->is_ready ? "" : "EXTEND_TIMEOUT_USEC=60000000\n",
		   status);
}

void daemon_stop(struct daemon *daemon, int exit_code)
{
	/* The first reason counts. */
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	daemon->exit_code = exit_code;
}

/* Milliseconds until the next timer, for poll(). */
static int timers_wait(const struct daemon *daemon)
{
	ms_t now = clock_monotonic();
	ms_t wait = INT64_C(3600) * MS_PER_SECOND;

	for (size_t i = 0; i < daemon->timer_count; i++) {
		ms_t left = daemon->timers[i].next - now;

		if (left < wait)
			wait = left;
	}
	return wait > 0 ? (int)wait : 0;
}

static void timers_call(struct daemon *daemon)
{
	ms_t now = clock_monotonic();

	for (size_t i = 0; i < daemon->timer_count && !daemon->stopping; i++) {
		struct timer *timer = &daemon->timers[i];

		if (now < timer->next)
			continue;
		timer->next += ((now - timer->next) / timer->period + 1) * timer->period;
		timer->due(timer->context);
	}
}

static void watches_call(struct daemon *daemon, size_t polled)
{
	for (size_t i = 0; i < polled && !daemon->stopping; i++) {
		/* Read again each time: a callback may unwatch, or make the arrays move. */
		short events = daemon->polled[i].revents;

		if (events && daemon->polled[i].fd >= 0)
			daemon->watches[i].ready(daemon->watches[i].context, events);
	}
}

int daemon_run(struct daemon *daemon)
{
	while (!daemon->stopping) {
		watches_close_gaps(daemon);
		size_t polled = daemon->count;

		if (poll(daemon->polled, polled, timers_wait(daemon)) < 0) {
			if (errno == EINTR)
				continue;
			log_error("the poll loop failed: %s", strerror(errno));
			daemon_stop(daemon, EXIT_FAILED);
			break;
		}
		watches_call(daemon, polled);
		timers_call(daemon);
	}
	sd_notify(0, "STOPPING=1");
	return daemon->exit_code;
}
