#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/profiles/profiles.h"

/* A check of the wiring looks for values by their names. */
static const char *const quantities[][2] = {
	{"V", "voltage "},
	{"V", "average voltage "},
	{"A", "current"},
	{"A", "average current"},
	{"W", "active power"},
	{"kW", "active power"},
	{"VA", "apparent power"},
	{"kVA", "apparent power"},
	{"var", "reactive power"},
	{"Hz", "frequency"},
	{"Wh", "active energy "},
	{"kWh", "active energy "},
	{"varh", "reactive energy "},
	{"VAh", "apparent energy"},
	{"kvarh", "reactive energy "},
	{"kVAh", "apparent energy"},
};

static bool name_fits(const struct register_value *value)
{
	bool measured = false;

	for (size_t i = 0; i < sizeof(quantities) / sizeof(quantities[0]); i++) {
		if (strcmp(value->unit, quantities[i][0]) != 0)
			continue;
		measured = true;
		if (strncmp(value->name, quantities[i][1], strlen(quantities[i][1])) == 0)
			return true;
	}
	return !measured;
}

static void a_quantity_has_the_same_name_in_all_built_in_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; profiles_name(i) != NULL; i++) {
		struct profile profile = {0};

		assert_true(profiles_load(&profile, profiles_name(i), NULL));
		for (size_t j = 0; j < profile.blocks.count; j++) {
			const struct register_block *block = profile_block(&profile, j);

			for (size_t k = 0; k < block->values.count; k++) {
				if (!name_fits(block_value(block, k)))
					fail_msg("%s: %s", profile.name,
						 block_value(block, k)->name);
			}
		}
		config_free(profile_keys, &profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quantity_has_the_same_name_in_all_built_in_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
