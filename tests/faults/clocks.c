/* clocks.c - other clocks for a program, by LD_PRELOAD: time that runs faster, and a wall clock
 * that is set.
 *
 * $CLOCKS names a file with a struct clocks, which a test changes while the program runs: all
 * clocks run `rate` times as fast as the machine's since its CLOCK_MONOTONIC was `begin`, when the
 * program's was `monotonic` and its wall clock `wall`. A test that changes `rate` sets the others
 * so that CLOCK_MONOTONIC and CLOCK_BOOTTIME are continuous. The rate at which a time-out begins
 * holds for all of it; only those of conditions follow changes of the rate. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_US     INT64_C(1000)

#ifdef SYS_clock_gettime64 /* where time_t had 32 bits */
#define SYS_CLOCK_GETTIME SYS_clock_gettime64
#else
#define SYS_CLOCK_GETTIME SYS_clock_gettime
#endif

/* How often what waits takes up a change of the clocks; real time. */
#define LOOK_AGAIN (50 * NS_PER_MS)

/* All times in ns. */
struct clocks {
	int64_t turn; /* odd while the others are being changed */
	int64_t begin, rate, monotonic, wall;
};

static struct clocks *clocks;

/* The function that is replaced here. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "clocks: %s not found\n", name);
		abort();
	}
	return function;
}

__attribute__((constructor)) static void clocks_start(void)
{
	const char *file = getenv("CLOCKS");
	int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = mmap(NULL, sizeof(*clocks), PROT_READ, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED) {
		fprintf(stderr, "clocks: CLOCKS: cannot map \"%s\"\n", file ? file : "");
		abort();
	}
	close(fd);
	clocks = mapped;
}

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec * NS_PER_SECOND + time->tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
	if (ns < 0)
		ns = 0;
	return (struct timespec){ns / NS_PER_SECOND, ns % NS_PER_SECOND};
}

static struct clocks clocks_now(void)
{
	struct clocks now;

	do {
		now.turn = __atomic_load_n(&clocks->turn, __ATOMIC_ACQUIRE);
		now.begin = __atomic_load_n(&clocks->begin, __ATOMIC_RELAXED);
		now.rate = __atomic_load_n(&clocks->rate, __ATOMIC_RELAXED);
		now.monotonic = __atomic_load_n(&clocks->monotonic, __ATOMIC_RELAXED);
		now.wall = __atomic_load_n(&clocks->wall, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (now.turn % 2 || now.turn != __atomic_load_n(&clocks->turn, __ATOMIC_RELAXED));
	return now;
}

/* By a system call: a sanitizer reads the clock in its malloc(), which dlsym() would call. */
static int64_t clock_real(clockid_t clock)
{
	struct timespec now;

	syscall(SYS_CLOCK_GETTIME, clock, &now);
	return to_ns(&now);
}

static int64_t clock_fake(clockid_t clock)
{
	int64_t monotonic, passed;
	struct clocks now;

	/* Only a sanitizer asks before clocks_start(). */
	if (!clocks)
		return clock_real(clock);
	now = clocks_now();
	monotonic = clock_real(CLOCK_MONOTONIC);
	passed = (monotonic - now.begin) * now.rate;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE: return now.wall + passed;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_MONOTONIC_RAW: return now.monotonic + passed;
	case CLOCK_BOOTTIME: return now.monotonic + passed + clock_real(CLOCK_BOOTTIME) - monotonic;
	default: return clock_real(clock);
	}
}

/* A duration in real time; negative means for ever, and remains so. */
static int64_t wait_real(int64_t ns)
{
	return ns <= 0 || !clocks ? ns : ns / clocks_now().rate + 1;
}

/* How long until `due`, a time of that clock. */
static int64_t wait_fake(const struct timespec *due, clockid_t clock)
{
	return to_ns(due) - clock_fake(clock);
}

/* The same moment in real time of that clock, or one that is at most so much later than now. */
static struct timespec due_real(const struct timespec *due, clockid_t clock, int64_t most)
{
	int64_t wait = wait_real(wait_fake(due, clock));

	return from_ns(clock_real(clock) + (wait < most ? wait : most));
}

/* -------- which clock a time-out belongs to -------- */

/* Those on CLOCK_MONOTONIC; all others are on CLOCK_REALTIME. By address; NULL: free. */
static pthread_cond_t *monotonic_conditions[1024];

/* By descriptor; none is beyond. */
static struct timer {
	clockid_t clock;
	int64_t due; /* if it is absolute and armed, else 0 */
} timers[1024];

static bool condition_replace(pthread_cond_t *from, pthread_cond_t *to)
{
	for (size_t i = 0; i < sizeof(monotonic_conditions) / sizeof(*monotonic_conditions); i++) {
		pthread_cond_t *found = from;

		if (__atomic_compare_exchange_n(&monotonic_conditions[i], &found, to, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static clockid_t condition_clock(pthread_cond_t *condition)
{
	bool monotonic = condition_replace(condition, condition);

	return monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

/* -------- what the programs and their libraries call -------- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	*now = from_ns(clock_fake(clock));
	return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	int64_t ns = clock_fake(CLOCK_REALTIME);

	(void)zone;
	*now = (struct timeval){ns / NS_PER_SECOND, ns % NS_PER_SECOND / NS_PER_US};
	return 0;
}

time_t time(time_t *now)
{
	time_t seconds = clock_fake(CLOCK_REALTIME) / NS_PER_SECOND;

	if (now)
		*now = seconds;
	return seconds;
}

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
	struct timespec wait = from_ns(wait_real(timeout * NS_PER_MS));

	return REAL(ppoll)(polled, count, timeout < 0 ? NULL : &wait, NULL);
}

int select(int count, fd_set *restrict reading, fd_set *restrict writing,
	   fd_set *restrict exceptions, struct timeval *restrict timeout)
{
	struct timeval wait;

	if (timeout) {
		int64_t ns =
			wait_real(timeout->tv_sec * NS_PER_SECOND + timeout->tv_usec * NS_PER_US);

		wait = (struct timeval){ns / NS_PER_SECOND, ns % NS_PER_SECOND / NS_PER_US};
	}
	return REAL(select)(count, reading, writing, exceptions, timeout ? &wait : NULL);
}

int nanosleep(const struct timespec *length, struct timespec *left)
{
	struct timespec wait = from_ns(wait_real(to_ns(length)));

	return REAL(nanosleep)(&wait, left);
}

int usleep(useconds_t length)
{
	struct timespec wait = from_ns(wait_real(length * NS_PER_US));

	return REAL(nanosleep)(&wait, NULL);
}

int pthread_cond_init(pthread_cond_t *restrict condition,
		      const pthread_condattr_t *restrict attributes)
{
	clockid_t clock = CLOCK_REALTIME;

	if (attributes)
		pthread_condattr_getclock(attributes, &clock);
	condition_replace(condition, NULL);
	if (clock == CLOCK_MONOTONIC && !condition_replace(NULL, condition)) {
		fprintf(stderr, "clocks: too many conditions\n");
		abort();
	}
	return REAL(pthread_cond_init)(condition, attributes);
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
	condition_replace(condition, NULL);
	return REAL(pthread_cond_destroy)(condition);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict due)
{
	clockid_t clock = condition_clock(condition);
	int error;

	do {
		struct timespec until = due_real(due, clock, LOOK_AGAIN);

		error = REAL(pthread_cond_timedwait)(condition, mutex, &until);
	} while (error == ETIMEDOUT && wait_fake(due, clock) > 0);
	return error;
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *due)
{
	struct timespec until = due_real(due, CLOCK_REALTIME, INT64_MAX);

	return REAL(pthread_timedjoin_np)(thread, result, &until);
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
			 const struct timespec *due)
{
	struct timespec until = due_real(due, clock, INT64_MAX);

	return REAL(pthread_clockjoin_np)(thread, result, clock, &until);
}

int timerfd_create(clockid_t clock, int flags)
{
	int fd = REAL(timerfd_create)(clock, flags);

	if (fd >= (int)(sizeof(timers) / sizeof(*timers))) {
		fprintf(stderr, "clocks: too many descriptors\n");
		abort();
	}
	if (fd >= 0)
		timers[fd] = (struct timer){.clock = clock};
	return fd;
}

/* Sets an absolute timer to the real time that is left now. */
static int timer_arm(int fd)
{
	struct timespec due = from_ns(timers[fd].due);
	int64_t left = wait_real(wait_fake(&due, timers[fd].clock));
	struct itimerspec set = {.it_value = from_ns(left > 0 ? left : 1)};

	return REAL(timerfd_settime)(fd, 0, &set, NULL);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *next, struct itimerspec *before)
{
	struct itimerspec set = {
		.it_value = from_ns(wait_real(to_ns(&next->it_value))),
		.it_interval = from_ns(wait_real(to_ns(&next->it_interval))),
	};

	timers[fd].due = flags & TFD_TIMER_ABSTIME ? to_ns(&next->it_value) : 0;
	if (timers[fd].due)
		return timer_arm(fd);
	return REAL(timerfd_settime)(fd, 0, &set, before);
}

/* A timer that expires before it is due, since the clocks have been slowed down meanwhile, has not
 * expired: sd-event would never set it again. */
ssize_t read(int fd, void *bytes, size_t size)
{
	struct timespec due;

	if (fd >= 0 && fd < (int)(sizeof(timers) / sizeof(*timers)) && timers[fd].due) {
		due = from_ns(timers[fd].due);
		if (wait_fake(&due, timers[fd].clock) > 0 && timer_arm(fd) == 0) {
			errno = EAGAIN;
			return -1;
		}
	}
	return REAL(read)(fd, bytes, size);
}

/* The clocks may be changed while it waits; the timers that are due earlier then are sd-event's,
 * and this is its thread. */
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
	static int64_t turn;
	int count;

	if (timeout > 0)
		timeout = (int)(wait_real(timeout * NS_PER_MS) / NS_PER_MS) + 1;
	if (timeout >= 0)
		return REAL(epoll_wait)(fd, events, most, timeout);
	do {
		int64_t now = clocks ? clocks_now().turn : 0;

		for (int i = 0; now != turn && i < (int)(sizeof(timers) / sizeof(*timers)); i++)
			if (timers[i].due)
				timer_arm(i);
		turn = now;
		count = REAL(epoll_wait)(fd, events, most, LOOK_AGAIN / NS_PER_MS);
	} while (count == 0);
	return count;
}
