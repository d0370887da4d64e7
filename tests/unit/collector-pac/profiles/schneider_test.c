/* Schneider Electric meters: float32 in kW, i64 in Wh, at the register number minus one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case meters[] = {
	{.profile = "iem3155",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678,
	 .varh = 1234567,
	 .registers =
		 {
			 {2999, "428d 0000", "current L1", 70.5},
			 {3027, "4366 3334", "voltage L1-N", 230.2},
			 {3031, "4365 8000", "voltage L3-N", 229.5},
			 {3053, "4184 0000", "active power L1", 16.5},
			 {3057, "be80 0000", "active power L3", -0.25},
			 {3059, "4240 d78d", "active power", 48.2105},
			 {3109, "4248 0000", "frequency", 50},
			 {3203, "0000 0000 306b 694e", "active energy import", 812345678},
			 {3207, "0000 0000 0000 10e1", "active energy export", 4321},
			 {3219, "0000 0000 0012 d687", "reactive energy import", 1234567},
			 {3517, "0000 0000 1017 df80", "active energy import L1", 270000000},
		 }},
	{.profile = "iem3150",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 1.5,
	 .wh = 5000000000,
	 .varh = 0,
	 .registers =
		 {
			 {2999, "3f00 0000", "current L1", 0.5},
			 {3027, "4370 8000", "voltage L1-N", 240.5},
			 {3059, "3ac4 9ba6", "active power", 0.0015},
			 {3109, "4247 cccd", "frequency", 49.95},
			 {3203, "0000 0001 2a05 f200", "active energy import", 5000000000},
		 }},
	{.profile = "pm5110",
	 .longest = 125,
	 .requests = 2,
	 .power_w = -2500,
	 .wh = 812345678,
	 .varh = 1234567,
	 .registers =
		 {
			 {3003, "4060 0000", "current L3", 3.5},
			 {3019, "43c7 4000", "voltage L1-L2", 398.5},
			 {3029, "4366 8000", "voltage L2-N", 230.5},
			 {3055, "bfa0 0000", "active power L2", -1.25},
			 {3059, "c020 0000", "active power", -2.5},
			 {3109, "4249 0000", "frequency", 50.25},
			 {3191, "bf40 0000", "power factor", -0.75},
			 {3203, "0000 0000 306b 694e", "active energy import", 812345678},
			 {3207, "0000 0000 0000 10e1", "active energy export", 4321},
			 {3215, "ffff ffff ffff ffff", "active energy net", -1},
			 {3219, "0000 0000 0012 d687", "reactive energy import", 1234567},
		 }},
};

static void schneider_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schneider_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
