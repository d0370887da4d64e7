/* frozen_disk.c - a disk that does not answer for a while, for a program, by LD_PRELOAD.
 *
 * While the file $FROZEN_DISK exists, syncs of files whose name begins with $FROZEN_DISK_BELOW do
 * not return. The first one makes the file $FROZEN_DISK.met. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The function that is replaced here. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void leave_note(const char *frozen)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s.met", frozen);
	close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void wait_for_thaw(int fd)
{
	static const struct timespec turn = {.tv_nsec = 50000000};
	const char *frozen = getenv("FROZEN_DISK"), *below = getenv("FROZEN_DISK_BELOW");
	char link[64], name[PATH_MAX];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, name, sizeof(name) - 1);
	if (size < 0 || !frozen || !below)
		return;
	name[size] = '\0';
	if (strncmp(name, below, strlen(below)) != 0)
		return;
	while (access(frozen, F_OK) == 0) {
		leave_note(frozen);
		nanosleep(&turn, NULL);
	}
}

int fsync(int fd)
{
	wait_for_thaw(fd);
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	wait_for_thaw(fd);
	return REAL(fdatasync)(fd);
}
