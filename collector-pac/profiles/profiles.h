/* profiles.h - loads profiles, built into the program or from a file. */
#ifndef COLLECTOR_PAC_PROFILES_PROFILES_H
#define COLLECTOR_PAC_PROFILES_PROFILES_H

#include "collector-pac/meter/profile.h"

/* Returns the name of a built-in profile, in the order of --profiles; NULL after the last. */
const char *profiles_name(size_t index);

/* Loads the built-in profile `name`, or the file `name` if it contains a slash. Call
 * config_free() even on failure. */
bool profiles_load(struct profile *profile, const char *name, struct fail *fail);

#endif
