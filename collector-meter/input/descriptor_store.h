/* descriptor_store.h - descriptors that the service manager keeps while the program is away
 * (systemd's "file descriptor store": FDSTORE=1 in sd_notify(3), FileDescriptorStoreMax= in
 * systemd.service(5)).
 *
 * It gives them to the next process when it starts that, after a crash, too, and forgets them when
 * the service is stopped. Names are up to 255 printable characters without a colon. Everything
 * works without it, too: then nothing is kept, and nothing is there. */
#ifndef COLLECTOR_METER_INPUT_DESCRIPTOR_STORE_H
#define COLLECTOR_METER_INPUT_DESCRIPTOR_STORE_H

#include <stdbool.h>

/* Says so where the store is too small, as far as it tells (systemd 254). */
void descriptor_store_need(int count);

/* What the process before left under this name; the caller owns it, and the store keeps a copy. -1:
 * nothing, or more than one. */
int descriptor_store_take(const char *name);

/* Has a copy kept under this name; false: there is nobody to keep it. */
bool descriptor_store_keep(const char *name, int fd);

void descriptor_store_forget(const char *name);

/* Waits until what was said has been done: a copy that was to be forgotten is closed then. */
void descriptor_store_wait(void);

/* Closes and forgets what nobody took. */
void descriptor_store_clear(void);

#endif
