/* Janitza and Weidmueller meters: float32, high word first, by their address lists. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case
	meters[] =
		{
			{.profile = "umg96",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 48210.5,
			 .wh = 8123456,
			 .varh = 777,
			 .registers =
				 {
					 {19000, "4366 3334", "voltage L1-N", 230.2},
					 {19010, "43c7 4000", "voltage L3-L1", 398.5},
					 {19012, "428d 0000", "current L1", 70.5},
					 {19020, "467a 0200", "active power L1", 16000.5},
					 {19024, "c148 0000", "active power L3", -12.5},
					 {19026, "473c 5280", "active power", 48210.5},
					 {19034, "473f 6880", "apparent power", 49000.5},
					 {19042, "c4bb 9000", "reactive power", -1500.5},
					 {19044, "3f40 0000", "power factor L1", 0.75},
					 {19050, "4248 0000", "frequency", 50},
					 {19060, "c0a0 0000", "active energy net", -5},
					 {19068, "4af7 e880", "active energy import", 8123456},
					 {19076, "449a 4000", "active energy export", 1234},
					 {19100, "4442 4000", "reactive energy import", 777},
				 }},
			{.profile = "umg511",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 48210.5,
			 .wh = 8123456,
			 .varh = 777,
			 .registers =
				 {
					 {19000, "4366 3334", "voltage L1-N", 230.2},
					 {19010, "43c7 4000", "voltage L3-L1", 398.5},
					 {19012, "428d 0000", "current L1", 70.5},
					 {19020, "467a 0200", "active power L1", 16000.5},
					 {19024, "c148 0000", "active power L3", -12.5},
					 {19026, "473c 5280", "active power", 48210.5},
					 {19034, "473f 6880", "apparent power", 49000.5},
					 {19042, "c4bb 9000", "reactive power", -1500.5},
					 {19044, "3f40 0000", "power factor L1", 0.75},
					 {19050, "4248 0000", "frequency", 50},
					 {19060, "c0a0 0000", "active energy net", -5},
					 {19068, "4af7 e880", "active energy import", 8123456},
					 {19076, "449a 4000", "active energy export", 1234},
					 {19100, "4442 4000", "reactive energy import", 777},
				 }},
			{.profile = "em525",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 48210.5,
			 .wh = 8123456,
			 .varh = 777,
			 .registers =
				 {
					 {19000, "4366 3334", "voltage L1-N", 230.2},
					 {19010, "43c7 4000", "voltage L3-L1", 398.5},
					 {19012, "428d 0000", "current L1", 70.5},
					 {19020, "467a 0200", "active power L1", 16000.5},
					 {19024, "c148 0000", "active power L3", -12.5},
					 {19026, "473c 5280", "active power", 48210.5},
					 {19034, "473f 6880", "apparent power", 49000.5},
					 {19042, "c4bb 9000", "reactive power", -1500.5},
					 {19044, "3f40 0000", "power factor L1", 0.75},
					 {19050, "4248 0000", "frequency", 50},
					 {19060, "c0a0 0000", "active energy net", -5},
					 {19068, "4af7 e880", "active energy import", 8123456},
					 {19076, "449a 4000", "active energy export", 1234},
					 {19100, "4442 4000", "reactive energy import", 777},
				 }},
			{.profile = "umg604",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -1234.5,
			 .wh = 812345664,
			 .varh = 99,
			 .registers =
				 {
					 {1317, "4367 8000", "voltage L1-N", 231.5},
					 {1321, "4365 8000", "voltage L3-N", 229.5},
					 {1325, "40a8 0000", "current L1", 5.25},
					 {1333, "c3c8 4000", "active power L1", -400.5},
					 {1337, "c3d8 c000", "active power L3", -433.5},
					 {1369, "c49a 5000", "active power", -1234.5},
					 {1371, "424a 0000", "reactive power", 50.5},
					 {1439, "4247 0000", "frequency", 49.75},
					 {9851, "4e41 ada5", "active energy import", 812345664},
					 {9863, "4140 0000", "active energy export", 12},
					 {9923, "42c6 0000", "reactive energy import", 99},
				 }},
};

static void janitza_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(janitza_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
