/* folder.h - a temporary folder for a test. */
#ifndef TESTS_UNIT_COMMON_FOLDER_H
#define TESTS_UNIT_COMMON_FOLDER_H

#define FOLDER_SIZE	 50
#define FOLDER_NAME_SIZE 500

/* Its path, once it is made: below $TMPDIR or /tmp. */
extern char folder[FOLDER_SIZE];

void folder_make(void);

/* Removes it with all that is in it. */
void folder_remove(void);

/* The number of names in it that contain `part`; copies the path of one of them to `name`, unless
 * that is NULL. */
int folder_find(const char *part, char name[FOLDER_NAME_SIZE]);

#endif
