/* resolver.h - looks names up in threads of its own, which exist while there is work: a name
 * server that does not answer holds up nobody else. */
#ifndef COLLECTOR_PAC_POLL_RESOLVER_H
#define COLLECTOR_PAC_POLL_RESOLVER_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

struct resolver;

/* NULL if there are no descriptors. */
struct resolver *resolver_open(void);

/* Does not wait: a thread that is in a look-up frees what is left when it ends. May be NULL. */
void resolver_close(struct resolver *resolver);

/* Becomes readable when an answer can be taken. */
int resolver_fd(const struct resolver *resolver);

/* Asks for the addresses of `host`; `key` comes back with the answer. */
void resolver_ask(struct resolver *resolver, const char *host, int port, size_t key);

/* Takes an answer: its key, and the addresses, for freeaddrinfo() (NULL: the name is unknown).
 * Returns false if there is none. */
bool resolver_take(struct resolver *resolver, size_t *key, struct addrinfo **found);

/* The addresses if `host` is one itself, else NULL; does not wait. */
struct addrinfo *resolver_numeric(const char *host, int port);

/* Looks up in the calling thread. */
struct addrinfo *resolver_wait(const char *host, int port);

#endif
