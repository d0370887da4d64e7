/* poller_close() while a thread hangs in the resolver. The test replaces the resolver, which
 * returns once it is released, and the wall clock, which is an hour ahead. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/clock.h"

#define HOST	     "meter.example"
#define PERIOD_MS    50
#define CLOSE_MS     3000
#define WALL_SECONDS 3600

#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool entered, released;
	bool wrong_name;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **found)
{
	(void)service;
	(void)hints;
	(void)found;
	pthread_mutex_lock(&resolver.lock);
	resolver.entered = true;
	pthread_cond_broadcast(&resolver.changed);
	while (!resolver.released)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	resolver.wrong_name |= strcmp(name, HOST) != 0;
	pthread_mutex_unlock(&resolver.lock);
	return EAI_AGAIN;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(CLOCK_GETTIME, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += WALL_SECONDS;
	return result;
}

static bool resolver_wrong_name(void)
{
	bool wrong;

	pthread_mutex_lock(&resolver.lock);
	wrong = resolver.wrong_name;
	pthread_mutex_unlock(&resolver.lock);
	return wrong;
}

static void resolver_wait(void)
{
	pthread_mutex_lock(&resolver.lock);
	while (!resolver.entered)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	pthread_mutex_unlock(&resolver.lock);
}

static void resolver_release(void)
{
	pthread_mutex_lock(&resolver.lock);
	resolver.released = true;
	pthread_cond_broadcast(&resolver.changed);
	pthread_mutex_unlock(&resolver.lock);
}

/* A poller of one meter whose settings are gone when it returns. */
static struct poller *poller_of(const char *name)
{
	struct profile profile = {0};
	struct fail fail = {0};
	struct poller_meter *meter = calloc(1, sizeof(*meter));
	char *host = strdup(name);
	struct poller *poller;

	assert_true(profiles_load(&profile, "pac3200", &fail));
	*meter = (struct poller_meter){
		.peer = {.host = host, .port = 502, .unit = 1, .timeout_ms = 1000},
		.profile = &profile,
	};
	poller = poller_open(meter, 1, PERIOD_MS, &fail);
	config_free(profile_keys, &profile);
	free(host);
	free(meter);
	return poller;
}

static void a_thread_that_hangs_in_the_resolver_uses_nothing_that_was_freed(void **state)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};
	struct poller *poller = poller_of(HOST);
	ms_t start;
	int fd;

	(void)state;
	assert_non_null(poller);
	fd = poller_fd(poller);
	resolver_wait();
	start = clock_monotonic();
	poller_close(poller);
	/* It waited for the thread, by the monotonic clock: not for an hour. */
	assert_true(clock_monotonic() - start >= CLOSE_MS);
	assert_true(clock_monotonic() - start < WALL_SECONDS * MS_PER_SECOND);
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);

	/* Once the resolver returns, the thread ends and frees the rest. */
	resolver_release();
	while (fcntl(fd, F_GETFD) != -1)
		nanosleep(&pause, NULL);
	assert_int_equal(errno, EBADF);
	assert_false(resolver_wrong_name());
}

static void threads_that_are_not_stuck_are_waited_for(void **state)
{
	struct poller *poller = poller_of(HOST);
	int fd;

	(void)state;
	assert_non_null(poller);
	fd = poller_fd(poller);
	poller_close(poller);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_hangs_in_the_resolver_uses_nothing_that_was_freed),
		cmocka_unit_test(threads_that_are_not_stuck_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
