#include "common/sqlite/database_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/process/log.h"

#define NAME_SIZE (PATH_MAX + 100)

/* Names in the folder of `file` survive a power cut. */
static void folder_sync(const char *file)
{
	char folder[NAME_SIZE];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", file);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static bool folders_make(const char *file, struct fail *fail)
{
	char folder[NAME_SIZE];

	for (const char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file);
		if (access(folder, F_OK) == 0)
			continue;
		if (mkdir(folder, 0750) != 0 && errno != EEXIST)
			return fail_set(fail,
					"%s: the folder %s cannot be made: %s; make it for this "
					"program's user, or choose another file",
					file, folder, strerror(errno));
		folder_sync(folder);
	}
	return true;
}

int database_file_take(const char *file, struct fail *fail)
{
	char name[NAME_SIZE];
	int fd;

	if (!file[0] || !folders_make(file, fail)) {
		fail_set(fail, "the file's name is empty");
		return -1;
	}
	snprintf(name, sizeof(name), "%s.lock", file);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		fail_set(fail, "%s: cannot be opened: %s; check the owner of file and folder", name,
			 strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		fail_set(fail,
			 "%s: another process uses it; end that one, or give this one another file",
			 file);
	else
		fail_set(fail, "%s: cannot be locked: %s", name, strerror(errno));
	close(fd);
	return -1;
}

bool database_file_used(const char *file)
{
	char name[NAME_SIZE];
	bool used;
	int fd;

	snprintf(name, sizeof(name), "%s.lock", file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	used = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return used;
}

static bool is_there(const char *name, const char *tail)
{
	char whole[NAME_SIZE + 4];

	snprintf(whole, sizeof(whole), "%s%s", name, tail);
	return access(whole, F_OK) == 0;
}

/* An unused name in the folder of the file. */
static void name_aside(char name[NAME_SIZE], const char *file)
{
	struct tm utc;
	time_t now = time(NULL);
	size_t length;

	gmtime_r(&now, &utc);
	length = (size_t)snprintf(name, NAME_SIZE, "%s.damaged-", file);
	length += strftime(name + length, NAME_SIZE - length, "%Y%m%dT%H%M%SZ", &utc);
	for (int i = 2; is_there(name, "") || is_there(name, "-wal"); i++)
		snprintf(name + length, NAME_SIZE - length, "-%d", i);
}

bool database_file_set_aside(const char *file, const char *reason, struct fail *fail)
{
	/* The file first: after a power cut in between, the rest is not mistaken for a good file.
	 */
	static const char *const tails[] = {"", "-wal", "-shm"};
	char name[NAME_SIZE], from[NAME_SIZE + 4], to[NAME_SIZE + 4];

	name_aside(name, file);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", file, tails[i]);
		snprintf(to, sizeof(to), "%s%s", name, tails[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return fail_set(fail, "%s, and cannot be renamed: %s", reason,
					strerror(errno));
	}
	folder_sync(name);
	log_error("%s; it is set aside as %s, and a new one is created", reason, name);
	return true;
}

bool database_file_set_log_aside(const char *file, struct fail *fail)
{
	struct fail reason = {0};

	if (is_there(file, "") || !is_there(file, "-wal"))
		return true;
	fail_set(&reason, "%s: missing, but its log exists", file);
	return database_file_set_aside(file, reason.text, fail);
}
