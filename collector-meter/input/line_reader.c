#include "collector-meter/input/line_reader.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define READS_AT_ONCE 8	 /* of one line, before the others have their turn */
#define FULL_MS	      10 /* pause while the buffer is full */
#define PRIORITY      10 /* real-time: above ordinary work, below the kernel's own threads */

#define DEAD (POLLERR | POLLHUP | POLLNVAL)

/* poll() ignores descriptors below 0. */
static void fill_polled(const struct line_reader *reader, struct pollfd polled[LINE_ROLES])
{
	for (int role = 0; role < LINE_ROLES; role++)
		polled[role] = (struct pollfd){.fd = reader->fds[role], .events = POLLIN};
}

static void signal_event(int event)
{
	uint64_t one = 1;

	/* Fails only if the counter is at its maximum, so that the event is signalled already. */
	if (write(event, &one, sizeof(one)) < 0)
		return;
}

/* -------- the thread -------- */

/* Reads the lines that have edges; sets `any` if there were some. Returns false if the buffer is
 * full. */
static bool read_lines(struct line_reader *reader, const struct pollfd polled[LINE_ROLES],
		       bool *any)
{
	bool room = true;

	for (int role = 0; role < LINE_ROLES; role++) {
		enum edges_read result = EDGES_READ;

		if (polled[role].fd < 0 || !polled[role].revents)
			continue;
		if (!(polled[role].revents & POLLIN))
			result = EDGES_GONE;
		for (int i = 0; i < READS_AT_ONCE && result == EDGES_READ; i++) {
			result = edge_buffer_read(reader->buffer, (enum line_role)role,
						  polled[role].fd);
			*any |= result == EDGES_READ;
		}
		if (result == EDGES_NO_ROOM)
			room = false;
		if (result == EDGES_GONE)
			atomic_store(&reader->gone, true);
	}
	return room;
}

static void *run(void *context)
{
	struct line_reader *reader = context;
	struct pollfd polled[LINE_ROLES + 1];
	bool room = true;

	fill_polled(reader, polled);
	polled[LINE_ROLES] = (struct pollfd){.fd = reader->end, .events = POLLIN};
	while (!atomic_load(&reader->gone)) {
		bool any = false;

		if (!room)
			poll(&polled[LINE_ROLES], 1, FULL_MS);
		if (poll(polled, LINE_ROLES + 1, -1) < 0)
			continue;
		if (polled[LINE_ROLES].revents)
			break;
		atomic_store(&reader->busy, true);
		room = read_lines(reader, polled, &any);
		atomic_store(&reader->busy, false);
		if (any || atomic_load(&reader->gone))
			signal_event(reader->ready);
	}
	return NULL;
}

/* -------- its owner -------- */

bool line_reader_open(struct line_reader *reader, struct fail *fail)
{
	*reader = (struct line_reader){0};
	for (int role = 0; role < LINE_ROLES; role++)
		reader->fds[role] = -1;
	reader->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reader->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return (reader->ready >= 0 && reader->end >= 0) ||
	       fail_set(fail, "eventfd: %s", strerror(errno));
}

bool line_reader_start(struct line_reader *reader, struct fail *fail)
{
	struct sched_param priority = {.sched_priority = PRIORITY};
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&reader->thread, NULL, run, reader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return fail_set(fail, "cannot start a thread: %s", strerror(error));
	reader->has_thread = true;
	/* Without the permission it runs at an ordinary priority. */
	pthread_setschedparam(reader->thread, SCHED_FIFO, &priority);
	return true;
}

void line_reader_drain(struct line_reader *reader, enum line_role role)
{
	while (edge_buffer_read(reader->buffer, role, reader->fds[role]) == EDGES_READ)
		;
}

bool line_reader_is_idle(struct line_reader *reader)
{
	struct pollfd polled[LINE_ROLES];
	bool idle = true;

	fill_polled(reader, polled);
	if (poll(polled, LINE_ROLES, 0) < 0)
		return false;
	for (int role = 0; role < LINE_ROLES; role++)
		idle &= !(polled[role].revents & POLLIN);
	/* In this order: an edge that was taken from a line before poll() is in the buffer once the
	 * thread is no longer busy. */
	idle &= !atomic_load(&reader->busy);
	/* Old kernels do not wake the thread when a chip goes. */
	for (int role = 0; idle && role < LINE_ROLES; role++)
		if (polled[role].revents & DEAD)
			atomic_store(&reader->gone, true);
	return idle;
}

void line_reader_close(struct line_reader *reader)
{
	if (reader->has_thread) {
		signal_event(reader->end);
		pthread_join(reader->thread, NULL);
	}
	for (int role = 0; role < LINE_ROLES; role++)
		if (reader->fds[role] >= 0)
			close(reader->fds[role]);
	edge_buffer_close(reader->buffer);
	if (reader->ready >= 0)
		close(reader->ready);
	if (reader->end >= 0)
		close(reader->end);
}
