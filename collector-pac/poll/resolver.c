#include "collector-pac/poll/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/memory.h"

#define THREADS	   4			/* look-ups at the same time */
#define STACK_SIZE ((size_t)256 * 1024) /* unused pages cost nothing */

struct lookup {
	struct lookup *next;
	char *host;
	int port;
	size_t key;
	struct addrinfo *found;
};

struct resolver {
	int fd; /* eventfd */

	pthread_mutex_t lock; /* guards what follows */
	struct lookup *asked, *answered;
	int threads;
	bool closed;
};

static struct addrinfo *look_up(const char *host, int port, int flags)
{
	const struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char service[16];

	snprintf(service, sizeof(service), "%d", port);
	return getaddrinfo(host, service, &hints, &found) == 0 ? found : NULL;
}

struct addrinfo *resolver_numeric(const char *host, int port)
{
	return look_up(host, port, AI_NUMERICHOST);
}

struct addrinfo *resolver_wait(const char *host, int port)
{
	return look_up(host, port, 0);
}

struct resolver *resolver_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct resolver *resolver;

	if (fd < 0)
		return NULL;
	resolver = allocate(1, sizeof(*resolver));
	resolver->fd = fd;
	pthread_mutex_init(&resolver->lock, NULL);
	return resolver;
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->fd;
}

/* -------- lists; the lock is held -------- */

static void list_append(struct lookup **list, struct lookup *lookup)
{
	while (*list != NULL)
		list = &(*list)->next;
	*list = lookup;
}

static struct lookup *list_take(struct lookup **list)
{
	struct lookup *first = *list;

	if (first != NULL) {
		*list = first->next;
		first->next = NULL;
	}
	return first;
}

static void lookup_free(struct lookup *lookup)
{
	if (lookup->found != NULL)
		freeaddrinfo(lookup->found);
	free(lookup->host);
	free(lookup);
}

static void list_free(struct lookup **list)
{
	struct lookup *lookup;

	while ((lookup = list_take(list)) != NULL)
		lookup_free(lookup);
}

/* -------- the threads -------- */

static void resolver_free(struct resolver *resolver)
{
	list_free(&resolver->asked);
	list_free(&resolver->answered);
	close(resolver->fd);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

static void *resolver_run(void *argument)
{
	struct resolver *resolver = argument;
	struct lookup *lookup;
	bool last;

	pthread_mutex_lock(&resolver->lock);
	while (!resolver->closed && (lookup = list_take(&resolver->asked)) != NULL) {
		pthread_mutex_unlock(&resolver->lock);
		lookup->found = look_up(lookup->host, lookup->port, 0);
		pthread_mutex_lock(&resolver->lock);
		list_append(&resolver->answered, lookup);
		eventfd_write(resolver->fd, 1);
	}
	resolver->threads--;
	last = resolver->closed && resolver->threads == 0;
	pthread_mutex_unlock(&resolver->lock);
	if (last)
		resolver_free(resolver);
	return NULL;
}

static bool thread_start(struct resolver *resolver)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool started;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	started = pthread_create(&thread, &attributes, resolver_run, resolver) == 0;
	pthread_attr_destroy(&attributes);
	return started;
}

void resolver_ask(struct resolver *resolver, const char *host, int port, size_t key)
{
	struct lookup *lookup = allocate(1, sizeof(*lookup));

	*lookup = (struct lookup){.host = copy_text(host), .port = port, .key = key};
	pthread_mutex_lock(&resolver->lock);
	list_append(&resolver->asked, lookup);
	if (resolver->threads < THREADS) {
		if (thread_start(resolver)) {
			resolver->threads++;
		} else if (resolver->threads == 0) {
			/* Without a thread the name is as good as unknown; it is asked again. */
			list_append(&resolver->answered, list_take(&resolver->asked));
			eventfd_write(resolver->fd, 1);
		}
	}
	pthread_mutex_unlock(&resolver->lock);
}

bool resolver_take(struct resolver *resolver, size_t *key, struct addrinfo **found)
{
	struct lookup *lookup;
	eventfd_t count;

	pthread_mutex_lock(&resolver->lock);
	lookup = list_take(&resolver->answered);
	if (lookup == NULL)
		eventfd_read(resolver->fd, &count);
	pthread_mutex_unlock(&resolver->lock);
	if (lookup == NULL)
		return false;
	*key = lookup->key;
	*found = lookup->found;
	lookup->found = NULL;
	lookup_free(lookup);
	return true;
}

void resolver_close(struct resolver *resolver)
{
	bool last;

	if (resolver == NULL)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->closed = true;
	last = resolver->threads == 0;
	pthread_mutex_unlock(&resolver->lock);
	if (last)
		resolver_free(resolver);
}
