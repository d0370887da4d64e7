#include "collector-meter/input/descriptor_store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/process/log.h"

#define WAIT_US UINT64_C(5000000)

/* What was inherited; a process inherits once. */
static struct {
	bool listed;
	int count;
	char **names;
	bool *taken;
} store;

static void list(void)
{
	if (store.listed)
		return;
	store.listed = true;
	store.count = sd_listen_fds_with_names(1, &store.names);
	if (store.count > 0)
		store.taken = allocate((size_t)store.count, sizeof(*store.taken));
	else
		store.count = 0;
}

static bool is_free(int i, const char *name)
{
	return !store.taken[i] && strcmp(store.names[i], name) == 0;
}

void descriptor_store_expect(int count)
{
	const char *limit = getenv("FDSTORE");

	if (limit && atoi(limit) < count)
		log_warning(
			"the service manager stores %s descriptors, expected %d: the others are "
			"lost when the program ends; raise FileDescriptorStoreMax=",
			limit, count);
}

int descriptor_store_take(const char *name)
{
	int found = -1;

	list();
	for (int i = 0; i < store.count; i++) {
		if (!is_free(i, name))
			continue;
		/* Which of the two is meant cannot be known. */
		if (found >= 0)
			return -1;
		found = i;
	}
	if (found < 0)
		return -1;
	store.taken[found] = true;
	return SD_LISTEN_FDS_START + found;
}

bool descriptor_store_add(const char *name, int fd)
{
	char text[300];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	return sd_pid_notify_with_fds(0, 0, text, &fd, 1) > 0;
}

void descriptor_store_remove(const char *name)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

void descriptor_store_wait(void)
{
	if (sd_notify_barrier(0, WAIT_US) < 0)
		log_warning("the service manager does not respond");
}

void descriptor_store_clear(void)
{
	bool any = false;

	list();
	for (int i = 0; i < store.count; i++) {
		if (store.taken[i])
			continue;
		log_warning("the service manager stored \"%s\", which is no longer used: closed",
			    store.names[i]);
		descriptor_store_remove(store.names[i]);
		close(SD_LISTEN_FDS_START + i);
		store.taken[i] = true;
		any = true;
	}
	if (any)
		descriptor_store_wait();
}
