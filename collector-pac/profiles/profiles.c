#include "collector-pac/profiles/profiles.h"
#include "common/process/config_file.h"

#include <string.h>

/* Paths are relative to the top of the source tree, where make runs the compiler. */
#define PROFILE(identifier, file)                                                                  \
	extern const char profile_##identifier[], profile_##identifier##_end[];                    \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden profile_" #identifier "\n.globl profile_" #identifier                     \
		"\nprofile_" #identifier ":\n.incbin \"collector-pac/profiles/" file               \
		".json\"\n.hidden profile_" #identifier "_end\n.globl profile_" #identifier        \
		"_end\nprofile_" #identifier "_end:\n.byte 0\n"                                    \
		".popsection\n");
#include "collector-pac/profiles/list.h"
#undef PROFILE

#define PROFILE(identifier, file) {file, profile_##identifier, profile_##identifier##_end},

static const struct {
	const char *name, *text, *end;
} built_in[] = {
#include "collector-pac/profiles/list.h"
};

#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

const char *profiles_name(size_t index)
{
	return index < BUILT_IN ? built_in[index].name : NULL;
}

static bool profile_missing(const char *name, struct fail *fail)
{
	return fail_set(
		fail,
		"no profile \"%s\", expected one of --profiles, or a file name with a slash "
		"in it",
		name);
}

bool profiles_load(struct profile *profile, const char *name, struct fail *fail)
{
	*profile = profile_defaults;
	if (strchr(name, '/') != NULL)
		return config_load(profile_keys, profile, name, fail) &&
		       profile_resolve(profile, name, fail);
	for (size_t i = 0; i < BUILT_IN; i++) {
		if (strcmp(name, built_in[i].name) == 0)
			return config_read(profile_keys, profile, name, built_in[i].text,
					   (size_t)(built_in[i].end - built_in[i].text), fail) &&
			       profile_resolve(profile, name, fail);
	}
	return profile_missing(name, fail);
}
