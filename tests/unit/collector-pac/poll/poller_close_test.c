/* poller_close() while a thread hangs in the resolver. The test replaces the resolver, which
 * returns once it is released. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/clock.h"

#define HOST	  "meter.example"
#define PERIOD_MS 50
#define CLOSE_MS  3000

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
	(void)found;
	/* No name is an address. */
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	pthread_mutex_lock(&resolver.lock);
	resolver.entered = true;
	pthread_cond_broadcast(&resolver.changed);
	while (!resolver.released)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	resolver.wrong_name |= strcmp(name, HOST) != 0;
	pthread_cond_broadcast(&resolver.changed);
	pthread_mutex_unlock(&resolver.lock);
	return EAI_AGAIN;
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

/* How many descriptors this program has, eventfds of a resolver among them. */
static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static void a_thread_that_hangs_in_the_resolver_is_not_waited_for(void **state)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};
	const int before = descriptors();
	struct poller *poller = poller_of(HOST);
	ms_t start;
	int fd;

	(void)state;
	assert_non_null(poller);
	fd = poller_fd(poller);
	resolver_wait();
	start = clock_monotonic();
	poller_close(poller);
	assert_true(clock_monotonic() - start < CLOSE_MS);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);

	/* Once the resolver returns, the thread ends and frees what it used: nothing of the poller.
	 */
	assert_int_equal(descriptors(), before + 1);
	resolver_release();
	while (descriptors() > before)
		nanosleep(&pause, NULL);
	assert_false(resolver_wrong_name());
}

static void a_name_that_is_not_known_is_a_failed_poll(void **state)
{
	struct poller *poller = poller_of(HOST);
	struct pollfd ready = {.fd = poller_fd(poller), .events = POLLIN};
	struct poll_result result;

	(void)state;
	assert_int_equal(poll(&ready, 1, 10000), 1);
	assert_true(poller_take(poller, &result, 1) == 1);
	assert_false(result.measurement.answered);
	assert_int_equal(result.result.outcome, LINK_NAME_UNKNOWN);
	poller_close(poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_hangs_in_the_resolver_is_not_waited_for),
		cmocka_unit_test(a_name_that_is_not_known_is_a_failed_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
