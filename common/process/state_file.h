/* state_file.h - where a program stores its state, unless its configuration names a file. */
#ifndef COMMON_PROCESS_STATE_FILE_H
#define COMMON_PROCESS_STATE_FILE_H

#include <stddef.h>

/* <folder>/`name`, where <folder> is that of the service manager (the first of $STATE_DIRECTORY,
 * systemd.exec(5)), else /var/lib/wattzone/`site`. Cut to `size`: 256 bytes are enough for our
 * names, and with a longer folder the file cannot be opened. */
void state_file(char *file, size_t size, const char *site, const char *name);

#endif
