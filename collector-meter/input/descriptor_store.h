/* descriptor_store.h - descriptors that the service manager keeps while the program is away
 * (systemd's "file descriptor store": FDSTORE=1 in sd_notify(3), FileDescriptorStoreMax= in
 * systemd.service(5)).
 *
 * The service manager passes them to the next process that it starts, also after a crash, and drops
 * them when the service is stopped. Names have up to 255 printable characters and no colon. Without
 * a service manager nothing is stored, and the store is empty. */
#ifndef COLLECTOR_METER_INPUT_DESCRIPTOR_STORE_H
#define COLLECTOR_METER_INPUT_DESCRIPTOR_STORE_H

#include <stdbool.h>

/* Logs a warning if the store is known to be smaller than `count` (systemd 254 and later). */
void descriptor_store_expect(int count);

/* Returns the descriptor that the previous process stored under this name; the caller owns it, and
 * the store keeps its copy. -1: none, or more than one. */
int descriptor_store_take(const char *name);

/* Stores a copy under this name. Returns false if there is no service manager to do it. */
bool descriptor_store_add(const char *name, int fd);

void descriptor_store_remove(const char *name);

/* Waits until the service manager has done what was asked: removed copies are closed then. */
void descriptor_store_wait(void);

/* Closes and removes everything that was not taken. */
void descriptor_store_clear(void);

#endif
