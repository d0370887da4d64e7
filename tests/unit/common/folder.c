#include "tests/unit/common/folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder[FOLDER_SIZE];

void folder_make(void)
{
	const char *base = getenv("TMPDIR");
	int size = snprintf(folder, sizeof(folder), "%s/test-XXXXXX", base ? base : "/tmp");

	if (size >= (int)sizeof(folder) || !mkdtemp(folder))
		abort();
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(name);
}

void folder_remove(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int folder_find(const char *part, char name[FOLDER_NAME_SIZE])
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	int found = 0;

	while (directory && (entry = readdir(directory))) {
		if (!strstr(entry->d_name, part))
			continue;
		found++;
		if (name)
			snprintf(name, FOLDER_NAME_SIZE, "%s/%s", folder, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return found;
}
