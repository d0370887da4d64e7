/* ABB meters: integers, high word first, resolutions of their mapping tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case meters[] = {
	{.profile = "b23",
	 .longest = 125,
	 .requests = 2,
	 .power_w = -20123.45,
	 .wh = 8123456780,
	 .varh = 12340,
	 .registers =
		 {
			 {0x5000, "0000 0000 306b 694e", "active energy import", 8123456.78},
			 {0x5004, "ffff ffff ffff ffff", "active energy export", NAN},
			 {0x5008, "ffff ffff ffff ffff", "active energy net", -0.01},
			 {0x500c, "0000 0000 0000 04d2", "reactive energy import", 12.34},
			 {0x5b00, "0000 08fd", "voltage L1-N", 230.1},
			 {0x5b04, "ffff ffff", "voltage L3-N", NAN},
			 {0x5b0c, "0000 223d", "current L1", 87.65},
			 {0x5b14, "ffe1 4b47", "active power", -20123.45},
			 {0x5b16, "fff5 c6d0", "active power L1", -6700},
			 {0x5b1a, "7fff ffff", "active power L3", NAN},
			 {0x5b2c, "1389", "frequency", 50.01},
			 {0x5b3a, "fc4a", "power factor", -0.95},
			 {0x5b3d, "7fff", "power factor L3", NAN},
		 }},
	{.profile = "b21",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 2345.67,
	 .wh = 123450,
	 .varh = 0,
	 .registers =
		 {
			 {0x5000, "0000 0000 0000 3039", "active energy import", 123.45},
			 {0x5b00, "0000 0901", "voltage L1-N", 230.5},
			 {0x5b0c, "0000 03fc", "current L1", 10.2},
			 {0x5b14, "0003 9447", "active power", 2345.67},
			 {0x5b2c, "1387", "frequency", 49.99},
			 {0x5b3a, "03e6", "power factor", 0.998},
		 }},
	{.profile = "m4m",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 8123456780,
	 .varh = 990,
	 .registers =
		 {
			 {0x5000, "0000 0000 306b 694e", "active energy import", 8123456.78},
			 {0x5004, "0000 0000 0000 0037", "active energy export", 0.55},
			 {0x500c, "0000 0000 0000 0063", "reactive energy import", 0.99},
			 {0x5b02, "0000 08fd", "voltage L1-N", 230.1},
			 {0x5b06, "0000 08fb", "voltage L3-N", 229.9},
			 {0x5b10, "0000 1b59", "current L1", 70.01},
			 {0x5b16, "0000 0005", "current N", 0.05},
			 {0x5b1a, "0049 903a", "active power", 48210.5},
			 {0x5b1c, "0018 6a00", "active power L1", 16000},
			 {0x5b20, "ffff ffff", "active power L3", -0.01},
			 {0x5b22, "ffff f830", "reactive power", -20},
			 {0x5b32, "138a", "frequency", 50.02},
			 {0x5b40, "03db", "power factor", 0.987},
			 {0x5b43, "7fff", "power factor L3", NAN},
		 }},
};

static void abb_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abb_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
