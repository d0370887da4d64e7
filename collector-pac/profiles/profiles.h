/* profiles.h - the profiles that are part of the program, and those in files of one's own. */
#ifndef COLLECTOR_PAC_PROFILES_PROFILES_H
#define COLLECTOR_PAC_PROFILES_PROFILES_H

#include "collector-pac/meter/profile.h"

/* Names of the built-in profiles in the order in which they are shown, then NULL. */
const char *profiles_name(size_t index);

/* Loads the built-in profile `name`, or the file of that name where it holds a slash. Give
 * `profile`, zeroed before, to profile_free() in any case. */
bool profiles_load(struct profile *profile, const char *name, struct fail *fail);

#endif
