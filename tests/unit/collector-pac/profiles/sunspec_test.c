/* SunSpec models: integers with powers of ten in other registers, and float32. */
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
			{.profile = "sunspec-inverter",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 48210,
			 .wh = 812345670,
			 .varh = 0,
			 .registers =
				 {
					 {40071, "02c1", "current", 70.5},
					 {40072, "00eb", "current L1", 23.5},
					 {40074, "ffff", "current L3", NAN},
					 {40075, "ffff", "current scale factor", -1},
					 {40076, "0f91", "voltage L1-L2", 398.5},
					 {40079, "08fe", "voltage L1-N", 230.2},
					 {40082, "ffff", "voltage scale factor", -1},
					 {40083, "12d5", "active power", 48210},
					 {40084, "0001", "active power scale factor", 1},
					 {40085, "1389", "frequency", 50.01},
					 {40086, "fffe", "frequency scale factor", -2},
					 {40089, "ff83", "reactive power", NAN},
					 {40090, "8000", "reactive power scale factor", NAN},
					 {40091, "03db", "power factor", 98.7},
					 {40092, "ffff", "power factor scale factor", -1},
					 {40093, "04d7 8a87", "active energy generated", 812345670},
					 {40095, "0001", "active energy scale factor", 1},
				 }},
			/* at night */
			{.profile = "sunspec-inverter",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 0,
			 .wh = NAN,
			 .varh = 0,
			 .registers =
				 {
					 {40083, "0000", "active power", 0},
					 {40093, "ffff ffff", "active energy generated", NAN},
				 }},
			{.profile = "sunspec-inverter-float",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 48210.5,
			 .wh = 812345664,
			 .varh = 0,
			 .registers =
				 {
					 {40071, "428d 0000", "current", 70.5},
					 {40077, "7fc0 0000", "current L3", NAN},
					 {40085, "4366 3334", "voltage L1-N", 230.2},
					 {40091, "473c 5280", "active power", 48210.5},
					 {40093, "4248 0000", "frequency", 50},
					 {40099, "42c5 0000", "power factor", 98.5},
					 {40101, "4e41 ada5", "active energy generated", 812345664},
				 }},
			{.profile = "sunspec-meter",
			 .longest = 125,
			 .requests = 1,
			 .power_w = -482.1,
			 .wh = 812345670,
			 .varh = 12350,
			 .registers =
				 {
					 {40141, "0000 04d2", "reactive energy import Q1", 12340},
					 {40149, "0000 0001", "reactive energy import Q2", 10},
					 {40165, "0000 0007", "reactive energy export Q4", 70},
					 {40173, "0001", "reactive energy scale factor", 1},
					 {40072, "02c1", "current L1", 7.05},
					 {40075, "fffe", "current scale factor", -2},
					 {40077, "59e7", "voltage L1-N", 230.15},
					 {40079, "8000", "voltage L3-N", NAN},
					 {40084, "fffe", "voltage scale factor", -2},
					 {40085, "1389", "frequency", 50.01},
					 {40086, "fffe", "frequency scale factor", -2},
					 {40087, "ed2b", "active power", -482.1},
					 {40088, "f9b9", "active power L1", -160.7},
					 {40090, "0003", "active power L3", 0.3},
					 {40091, "ffff", "active power scale factor", -1},
					 {40102, "fc25", "power factor", -98.7},
					 {40106, "ffff", "power factor scale factor", -1},
					 {40107, "0000 10e1", "active energy export", 43210},
					 {40115, "04d7 8a87", "active energy import", 812345670},
					 {40117, "0000 0000", "active energy import L1", NAN},
					 {40123, "0001", "active energy scale factor", 1},
				 }},
			{.profile = "sunspec-meter-float",
			 .longest = 125,
			 .requests = 1,
			 .power_w = -482.125,
			 .wh = 812345664,
			 .varh = 12.75,
			 .registers =
				 {
					 {40161, "4148 0000", "reactive energy import Q1", 12.5},
					 {40169, "3e80 0000", "reactive energy import Q2", 0.25},
					 {40185, "40e0 0000", "reactive energy export Q4", 7},
					 {40073, "40f0 0000", "current L1", 7.5},
					 {40081, "4366 3334", "voltage L1-N", 230.2},
					 {40085, "7fc0 0000", "voltage L3-N", NAN},
					 {40095, "4248 0000", "frequency", 50},
					 {40097, "c3f1 1000", "active power", -482.125},
					 {40099, "c320 8000", "active power L1", -160.5},
					 {40121, "bf40 0000", "power factor", -0.75},
					 {40129, "422c 0000", "active energy export", 43},
					 {40137, "4e41 ada5", "active energy import", 812345664},
				 }},
			{.profile = "sunspec-meter-40188",
			 .longest = 125,
			 .requests = 1,
			 .power_w = 482.1,
			 .wh = 812345670,
			 .varh = NAN,
			 .registers =
				 {
					 {40196, "59e7", "voltage L1-N", 230.15},
					 {40203, "fffe", "voltage scale factor", -2},
					 {40206, "ed2b", "active power", 482.1},
					 {40207, "f9b9", "active power L1", 160.7},
					 {40210, "ffff", "active power scale factor", -1},
					 {40226, "0000 10e1", "active energy export", 43210},
					 {40234, "04d7 8a87", "active energy import", 812345670},
					 {40242, "0001", "active energy scale factor", 1},
				 }},
};

static void sunspec_devices_decode_as_the_models_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sunspec_devices_decode_as_the_models_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
