/* config_file.h - a configuration from a file. */
#ifndef COMMON_PROCESS_CONFIG_FILE_H
#define COMMON_PROCESS_CONFIG_FILE_H

#include "common/json/config.h"

/* config_read() of a file of at most 4 MiB. */
bool config_load(const struct json_field *fields, void *into, const char *file, struct fail *fail);

#endif
