/* Meters by Hager, Inepro, Lovato and Shelly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case meters[] = {
	{.profile = "ecr",
	 .longest = 125,
	 .requests = 2,
	 .power_w = -48210,
	 .wh = 812345000,
	 .varh = 1234000,
	 .registers =
		 {
			 {0xb000, "59e7", "voltage L1-N", 230.15},
			 {0xb002, "ffff", "voltage L3-N", NAN},
			 {0xb006, "1389", "frequency", 50.01},
			 {0xb009, "0001 1364", "current L1", 70.5},
			 {0xb011, "ffff ed2b", "active power", -48.21},
			 {0xb019, "ffff f9b9", "active power L1", -16.07},
			 {0xb01d, "0000 0003", "active power L3", 0.03},
			 {0xb060, "000c 6539", "active energy import", 812345},
			 {0xb062, "0000 04d2", "reactive energy import", 1234},
			 {0xb064, "0000 002b", "active energy export", 43},
		 }},
	{.profile = "dmg",
	 .longest = 80,
	 .requests = 2,
	 .power_w = -48210.5,
	 .wh = 8123456780,
	 .varh = 12340,
	 .registers =
		 {
			 {0x0001, "0000 59e7", "voltage L1-N", 230.15},
			 {0x0007, "000a c1e8", "current L1", 70.5},
			 {0x0013, "ffe7 95ce", "active power L1", -16000.5},
			 {0x0017, "0000 0005", "active power L3", 0.05},
			 {0x0039, "ffb6 6fc6", "active power", -48210.5},
			 {0x003b, "0000 04e2", "reactive power", 12.5},
			 {0x1b1f, "0000 0000 306b 694e", "active energy import", 8123456.78},
			 {0x1b23, "0000 0000 0000 0037", "active energy export", 0.55},
			 {0x1b27, "0000 0000 0000 04d2", "reactive energy import", 12.34},
		 }},
	{.profile = "shelly-pro-3em",
	 .longest = 125,
	 .requests = 2,
	 .power_w = -4821.5,
	 .wh = 8123456,
	 .varh = 0,
	 .registers =
		 {
			 {1013, "ac00 c596", "active power", -4821.5},
			 {1015, "2400 4599", "apparent power", 4900.5},
			 {1020, "3334 4366", "voltage L1-N", 230.2},
			 {1022, "0000 40f0", "current L1", 7.5},
			 {1024, "1000 c4c8", "active power L1", -1600.5},
			 {1028, "0000 3f40", "power factor L1", 0.75},
			 {1033, "0000 4248", "frequency", 50},
			 {1040, "8000 4367", "voltage L2-N", 231.5},
			 {1064, "0000 4050", "active power L3", 3.25},
			 {1162, "e880 4af7", "active energy import", 8123456},
			 {1164, "0000 422c", "active energy export", 43},
		 }},
	{.profile = "pro380",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345687.5,
	 .varh = 0,
	 .registers =
		 {
			 {0x5002, "4366 3334", "voltage L1-N", 230.2},
			 {0x5006, "4365 8000", "voltage L3-N", 229.5},
			 {0x5008, "4248 0000", "frequency", 50},
			 {0x500c, "428d 0000", "current L1", 70.5},
			 {0x5012, "4240 d78d", "active power", 48.2105},
			 {0x5014, "4184 0000", "active power L1", 16.5},
			 {0x5018, "bf00 0000", "active power L3", -0.5},
			 {0x600c, "4946 539b", "active energy import", 812345.6875},
			 {0x6018, "422e 0000", "active energy export", 43.5},
		 }},
};

static void other_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
