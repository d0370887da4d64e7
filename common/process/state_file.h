/* state_file.h - where a program keeps what must outlive it, unless its configuration says. */
#ifndef COMMON_PROCESS_STATE_FILE_H
#define COMMON_PROCESS_STATE_FILE_H

#include <stddef.h>

/* <folder>/`name`, where <folder> is that of the service manager (the first of $STATE_DIRECTORY,
 * systemd.exec(5)), else /var/lib/wattzone/`site`. Cut to `size`; 256 bytes are enough for names of
 * ours, and a longer folder gives no file that can be opened. */
void state_file(char *file, size_t size, const char *site, const char *name);

#endif
