#include "collector-pac/profiles/profiles.h"
#include "common/process/config_file.h"

#include <string.h>

/* Paths are relative to the top of the source tree, where make runs the compiler. */
#define EMBED(name)                                                                                \
	extern const char profile_##name[], profile_##name##_end[];                                \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden profile_" #name "\n.globl profile_" #name "\nprofile_" #name ":\n"        \
		".incbin \"collector-pac/profiles/" #name ".json\"\n"                              \
		".hidden profile_" #name "_end\n.globl profile_" #name "_end\n"                    \
		"profile_" #name "_end:\n.byte 0\n"                                                \
		".popsection\n")

EMBED(pac3200);
EMBED(pac2200);
EMBED(pac3220);
EMBED(pac4200);
EMBED(generic);

static const struct {
	const char *name, *text, *end;
} built_in[] = {
	{"pac3200", profile_pac3200, profile_pac3200_end},
	{"pac2200", profile_pac2200, profile_pac2200_end},
	{"pac3220", profile_pac3220, profile_pac3220_end},
	{"pac4200", profile_pac4200, profile_pac4200_end},
	{"generic", profile_generic, profile_generic_end},
};

#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

const char *profiles_name(size_t index)
{
	return index < BUILT_IN ? built_in[index].name : NULL;
}

static bool profile_missing(const char *name, struct fail *fail)
{
	char names[200] = "";

	for (size_t i = 0; i < BUILT_IN; i++) {
		strcat(names, i == 0 ? "" : ", ");
		strcat(names, built_in[i].name);
	}
	return fail_set(fail,
			"no profile \"%s\", expected one of %s, or a file name with a slash in it",
			name, names);
}

bool profiles_load(struct profile *profile, const char *name, struct fail *fail)
{
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
