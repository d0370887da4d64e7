#include "collector-pac/poll/poller.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector-pac/poll/channel.h"
#include "collector-pac/poll/line.h"
#include "collector-pac/poll/line_log.h"
#include "collector-pac/poll/resolver.h"
#include "collector-pac/poll/results.h"
#include "common/base/memory.h"
#include "common/process/clock.h"

#define STACK_SIZE	  ((size_t)256 * 1024) /* unused pages cost nothing */
#define OTHER_DESCRIPTORS 64
#define QUEUED_EACH	  8 /* capacity of the queue, in results of each meter */
#define EVENTS		  64

/* Numbers of descriptors other than those of connections, in events. */
#define WAKE	 UINT64_MAX
#define RESOLVER (UINT64_MAX - 1)

/* A connection, and what of it is in the epoll set. */
struct polled_line {
	struct line *line;
	struct channel *channel;
	bool busy; /* a request is going on */
	int64_t socket;
	short events;
};

struct poller {
	struct results *results;
	struct resolver *resolver;
	int epoll, wake; /* -1: none; eventfd: to be stopped */
	pthread_t thread;
	bool running;

	/* The rest belongs to the thread. */
	size_t count;
	struct polled_line *lines;
	ms_t *due; /* of each line, next to each other since all are looked at after each event */
};

/* -------- the queue -------- */

size_t poller_take(struct poller *poller, struct poll_result *polls, size_t room)
{
	return results_take(poller->results, polls, room);
}

int poller_fd(const struct poller *poller)
{
	return results_fd(poller->results);
}

int64_t poller_lost(struct poller *poller)
{
	return results_lost(poller->results);
}

static void result_put(void *context, const struct poll_result *poll)
{
	results_put(context, poll);
}

/* -------- the thread -------- */

/* Makes the epoll set follow the descriptor of the channel. A closed one has left it already. */
static void line_watch(struct poller *poller, size_t index)
{
	struct polled_line *polled = &poller->lines[index];
	struct epoll_event event = {.data.u64 = index};
	int64_t socket;
	short events;
	int fd = channel_fd(polled->channel, &events, &socket);

	if (fd < 0 || (socket == polled->socket && events == polled->events))
		return;
	event.events = (uint32_t)events;
	epoll_ctl(poller->epoll, socket == polled->socket ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		  &event);
	polled->socket = socket;
	polled->events = events;
}

static void answer_take(struct poller *poller, struct polled_line *polled, ms_t now,
			const struct channel_answer *answer)
{
	struct stray stray = channel_stray(polled->channel);

	polled->busy = false;
	if (stray.verdict != FRAME_ANSWER)
		line_log_stray(polled->line, stray);
	line_log_single(polled->line, channel_single_answers(polled->channel));
	line_answer(polled->line, now, answer, result_put, poller->results);
}

/* Does everything that can be done for a line now. */
static void line_run(struct poller *poller, size_t index, ms_t now)
{
	struct polled_line *polled = &poller->lines[index];
	struct channel_answer answer;
	struct line_request request;
	ms_t due;

	while (channel_step(polled->channel, now, &answer) ||
	       (!polled->busy && line_next(polled->line, now, &request))) {
		if (polled->busy) {
			answer_take(poller, polled, now, &answer);
			continue;
		}
		polled->busy = true;
		channel_ask(polled->channel, request.unit, request.function, request.address,
			    request.count);
	}
	if (channel_wants_addresses(polled->channel))
		resolver_ask(poller->resolver, polled->line->host, polled->line->peer.port, index);
	line_watch(poller, index);
	due = polled->busy ? channel_due(polled->channel) : line_due(polled->line);
	poller->due[index] = due;
}

static void names_take(struct poller *poller, ms_t now)
{
	struct addrinfo *found;
	size_t index;

	while (resolver_take(poller->resolver, &index, &found)) {
		channel_addresses(poller->lines[index].channel, found);
		line_run(poller, index, now);
	}
}

/* Runs the lines that are due. Returns when the next one is. */
static ms_t lines_due(struct poller *poller, ms_t now)
{
	ms_t due = FOREVER;

	for (size_t i = 0; i < poller->count; i++) {
		if (poller->due[i] <= now)
			line_run(poller, i, now);
		if (poller->due[i] < due)
			due = poller->due[i];
	}
	return due;
}

static int wait_ms(ms_t due, ms_t now)
{
	if (due == FOREVER)
		return -1;
	if (due <= now)
		return 0;
	return due - now < MS_PER_MINUTE ? (int)(due - now) : (int)MS_PER_MINUTE;
}

static void *poller_run(void *argument)
{
	struct poller *poller = argument;
	struct epoll_event events[EVENTS];
	bool stop = false;

	while (!stop) {
		ms_t now = clock_monotonic();
		ms_t due = lines_due(poller, now);
		int count = epoll_wait(poller->epoll, events, EVENTS, wait_ms(due, now));

		/* What has arrived comes before what is due: a busy machine is no time-out. */
		now = clock_monotonic();
		for (int i = 0; i < count; i++) {
			if (events[i].data.u64 == WAKE)
				stop = true;
			else if (events[i].data.u64 == RESOLVER)
				names_take(poller, now);
			else
				line_run(poller, (size_t)events[i].data.u64, now);
		}
	}
	return NULL;
}

/* -------- opening and closing -------- */

/* Raises the limit of open files if the connections of all meters need it. */
static bool descriptors_ensure(size_t meters, struct fail *fail)
{
	const rlim_t wanted = meters + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(fail, "cannot read the limit of open files: %s", strerror(errno));
	if (limit.rlim_cur >= wanted)
		return true;
	if (limit.rlim_max < wanted)
		return fail_set(fail,
				"%zu meter%s %llu open files, the limit is %llu: raise it "
				"(ulimit -n, or LimitNOFILE= of the service)",
				meters, meters == 1 ? " needs" : "s need",
				(unsigned long long)wanted, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(fail, "cannot raise the limit of open files: %s", strerror(errno));
	return true;
}

/* Returns whether an earlier meter has the same connection. */
static bool line_exists(const struct poller_meter *meters, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (link_peer_shared(&meters[i].peer, &meters[index].peer))
			return true;
	return false;
}

static void lines_open(struct poller *poller, const struct poller_meter *meters, size_t count,
		       ms_t period_ms)
{
	const ms_t now = clock_monotonic();

	poller->lines = allocate(count, sizeof(*poller->lines));
	poller->due = allocate(count, sizeof(*poller->due));
	for (size_t i = 0; i < count; i++) {
		struct polled_line *polled = &poller->lines[poller->count];

		if (line_exists(meters, i))
			continue;
		polled->line = line_open(meters, count, i, period_ms, now);
		polled->channel = channel_open(&polled->line->peer);
		poller->due[poller->count] = line_due(polled->line);
		poller->count++;
	}
}

static bool descriptor_watch(struct poller *poller, int fd, uint64_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};

	return fd >= 0 && epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool thread_start(struct poller *poller)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	errno = pthread_create(&poller->thread, &attributes, poller_run, poller);
	poller->running = errno == 0;
	pthread_attr_destroy(&attributes);
	return poller->running;
}

static bool poller_start(struct poller *poller, size_t count)
{
	poller->results = results_open(count * QUEUED_EACH);
	poller->resolver = resolver_open();
	poller->epoll = epoll_create1(EPOLL_CLOEXEC);
	poller->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return poller->results != NULL && poller->resolver != NULL && poller->epoll >= 0 &&
	       descriptor_watch(poller, poller->wake, WAKE) &&
	       descriptor_watch(poller, resolver_fd(poller->resolver), RESOLVER) &&
	       thread_start(poller);
}

struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail)
{
	struct poller *poller;

	if (!descriptors_ensure(count, fail))
		return NULL;
	poller = allocate(1, sizeof(*poller));
	lines_open(poller, meters, count, period_ms);
	if (poller_start(poller, count))
		return poller;
	fail_set(fail, "cannot start polling %zu meter%s: %s", count, count == 1 ? "" : "s",
		 strerror(errno));
	poller_close(poller);
	return NULL;
}

void poller_stop(struct poller *poller)
{
	if (!poller->running)
		return;
	eventfd_write(poller->wake, 1);
	pthread_join(poller->thread, NULL);
	poller->running = false;
}

void poller_close(struct poller *poller)
{
	if (poller == NULL)
		return;
	poller_stop(poller);
	for (size_t i = 0; i < poller->count; i++) {
		channel_close(poller->lines[i].channel);
		line_close(poller->lines[i].line);
	}
	resolver_close(poller->resolver);
	if (poller->epoll >= 0)
		close(poller->epoll);
	if (poller->wake >= 0)
		close(poller->wake);
	results_close(poller->results);
	free(poller->lines);
	free(poller->due);
	free(poller);
}
