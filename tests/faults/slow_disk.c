/* slow_disk.c - a slow disk, for a program, by LD_PRELOAD: a sync takes $SLOW_DISK_MS longer,
 * as on the card of a small machine. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The function that is replaced here. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "slow_disk: %s not found\n", name);
		abort();
	}
	return function;
}

/* Not by nanosleep(): clocks.c would make it faster. */
static void wait_for_disk(void)
{
	const char *text = getenv("SLOW_DISK_MS");
	long ms = text ? atol(text) : 0;
	struct timespec length = {ms / 1000, ms % 1000 * 1000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
}

int fsync(int fd)
{
	wait_for_disk();
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	wait_for_disk();
	return REAL(fdatasync)(fd);
}
