/* disk_faults.c - a disk that fails once, for a program, by LD_PRELOAD.
 *
 * $DISK_FAULTS names a file with a struct disk_faults. Calls that change
 * files whose name begins with $DISK_FAULTS_BELOW are counted in `seen`, from 1 on, and by kind of
 * call in `calls`; number `at` fails in the way `kind`. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXIT_CODE 137

enum kind {
	INPUT_OUTPUT, /* does nothing and fails with EIO */
	NO_SPACE,     /* the same with ENOSPC */
	LAST,	      /* succeeds, and the program ends at once */
	TORN,	      /* half of it is written, and the program ends at once */
};

enum call { WRITE, SYNC, TRUNCATE, RENAME, UNLINK, CALLS };

struct disk_faults {
	int64_t at, kind, seen, calls[CALLS];
};

static struct disk_faults *faults;
static const char *below;

/* The function that is replaced here. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "disk_faults: %s not found\n", name);
		abort();
	}
	return function;
}

__attribute__((constructor)) static void faults_start(void)
{
	const char *file = getenv("DISK_FAULTS");
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	below = getenv("DISK_FAULTS_BELOW");
	if (mapped == MAP_FAILED || !below) {
		fprintf(stderr, "disk_faults: DISK_FAULTS or DISK_FAULTS_BELOW: not usable\n");
		abort();
	}
	close(fd);
	faults = mapped;
}

/* Counts the call; returns true if it is to fail. */
static bool name_fails(enum call call, const char *name)
{
	if (!faults || strncmp(name, below, strlen(below)) != 0)
		return false;
	__atomic_add_fetch(&faults->calls[call], 1, __ATOMIC_RELAXED);
	return __atomic_add_fetch(&faults->seen, 1, __ATOMIC_RELAXED) == faults->at;
}

static bool file_fails(enum call call, int fd)
{
	char link[64], name[PATH_MAX];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, name, sizeof(name) - 1);
	if (size < 0)
		return false;
	name[size] = '\0';
	return name_fails(call, name);
}

/* Returns true if the failing call is carried out; else sets errno. */
static bool goes_on(void)
{
	if (faults->kind == LAST || faults->kind == TORN)
		return true;
	errno = faults->kind == NO_SPACE ? ENOSPC : EIO;
	return false;
}

static size_t part(size_t size)
{
	return faults->kind == TORN ? size / 2 : size;
}

/* -------- what the programs and their libraries call -------- */

/* Returns `call`, or if it fails -1, or does `call_in_part` and ends the program. */
#define SPOILT(fails, call, call_in_part)                                                          \
	do {                                                                                       \
		if (!(fails))                                                                      \
			return call;                                                               \
		if (!goes_on())                                                                    \
			return -1;                                                                 \
		(void)!call_in_part;                                                               \
		_exit(EXIT_CODE);                                                                  \
	} while (0)

ssize_t write(int fd, const void *bytes, size_t size)
{
	SPOILT(file_fails(WRITE, fd), REAL(write)(fd, bytes, size),
	       REAL(write)(fd, bytes, part(size)));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	SPOILT(file_fails(WRITE, fd), REAL(pwrite64)(fd, bytes, size, offset),
	       REAL(pwrite64)(fd, bytes, part(size), offset));
}

int fsync(int fd)
{
	SPOILT(file_fails(SYNC, fd), REAL(fsync)(fd), REAL(fsync)(fd));
}

int fdatasync(int fd)
{
	SPOILT(file_fails(SYNC, fd), REAL(fdatasync)(fd), REAL(fdatasync)(fd));
}

int ftruncate64(int fd, off64_t size)
{
	SPOILT(file_fails(TRUNCATE, fd), REAL(ftruncate64)(fd, size), REAL(ftruncate64)(fd, size));
}

int rename(const char *old, const char *new)
{
	SPOILT(name_fails(RENAME, old), REAL(rename)(old, new), REAL(rename)(old, new));
}

int unlink(const char *name)
{
	SPOILT(name_fails(UNLINK, name), REAL(unlink)(name), REAL(unlink)(name));
}
