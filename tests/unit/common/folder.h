/* folder.h - an empty folder for a test, gone with all that is in it after. */
#ifndef TESTS_UNIT_COMMON_FOLDER_H
#define TESTS_UNIT_COMMON_FOLDER_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_NAME_SIZE 500

static char folder[40];

static inline void folder_make(void)
{
	strcpy(folder, "/tmp/unit-test-XXXXXX");
	if (!mkdtemp(folder))
		abort();
}

static inline int folder_remove_one(const char *name, const struct stat *status, int type,
				    struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(name);
}

static inline void folder_remove(void)
{
	nftw(folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* How many names in it contain `part`; copies one of them, with the folder before it. */
static inline int folder_find(const char *part, char name[FOLDER_NAME_SIZE])
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

#endif
