#include "collector-meter/meters/timer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct timer {
	int fd;
	struct loop *loop;
	void (*due)(void *context);
	void *context;
};

static void timer_ready(void *context, short events)
{
	struct timer *timer = context;
	uint64_t times;

	(void)events;
	if (read(timer->fd, &times, sizeof(times)) == sizeof(times))
		timer->due(timer->context);
}

struct timer *timer_open(struct loop *loop, void (*due)(void *context), void *context,
			 struct fail *fail)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (!timer) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	*timer = (struct timer){.loop = loop, .due = due, .context = context};
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer->fd < 0) {
		fail_set(fail, "timer: %s", strerror(errno));
		free(timer);
		return NULL;
	}
	loop_watch(loop, timer->fd, POLLIN, timer_ready, timer);
	return timer;
}

void timer_close(struct timer *timer)
{
	if (!timer)
		return;
	loop_unwatch(timer->loop, timer->fd);
	close(timer->fd);
	free(timer);
}

void timer_set(struct timer *timer, ms_t delay)
{
	/* All zero would mean never. */
	struct itimerspec spec = {
		.it_value = {.tv_sec = delay / MS_PER_SECOND,
			     .tv_nsec = delay > 0 ? delay % MS_PER_SECOND * 1000000 : 1},
	};

	timerfd_settime(timer->fd, 0, &spec, NULL);
}
