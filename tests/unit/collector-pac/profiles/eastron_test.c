/* Eastron meters: float32, high word first, by the tables of their protocol documents. 4366 3334 is
 * the example of the SDM120 (230.2), 4370 8000 that of the SDM230 (240.5). */
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
			{.profile = "sdm120",
			 .longest = 60,
			 .requests = 2,
			 .power_w = 1234.5,
			 .wh = 12345670,
			 .varh = 1234500,
			 .registers =
				 {
					 {0x0000, "4366 3334", "voltage L1-N", 230.2},
					 {0x0006, "40b0 0000", "current L1", 5.5},
					 {0x000c, "449a 5000", "active power", 1234.5},
					 {0x0012, "44a2 8800", "apparent power", 1300.25},
					 {0x0018, "c3cc 2000", "reactive power", -408.25},
					 {0x001e, "3f73 3333", "power factor", 0.95},
					 {0x0046, "4248 0000", "frequency", 50},
					 {0x0048, "4640 e6ae", "active energy import", 12345.67},
					 {0x004a, "4148 0000", "active energy export", 12.5},
					 {0x004c, "449a 5000", "reactive energy import", 1234.5},
					 {0x004e, "4050 0000", "reactive energy export", 3.25},
				 }},
			{.profile = "sdm220",
			 .longest = 60,
			 .requests = 2,
			 .power_w = 1234.5,
			 .wh = 12345670,
			 .varh = 1234500,
			 .registers =
				 {
					 {0x0000, "4366 3334", "voltage L1-N", 230.2},
					 {0x0006, "40b0 0000", "current L1", 5.5},
					 {0x000c, "449a 5000", "active power", 1234.5},
					 {0x0012, "44a2 8800", "apparent power", 1300.25},
					 {0x0018, "c3cc 2000", "reactive power", -408.25},
					 {0x001e, "3f73 3333", "power factor", 0.95},
					 {0x0046, "4248 0000", "frequency", 50},
					 {0x0048, "4640 e6ae", "active energy import", 12345.67},
					 {0x004a, "4148 0000", "active energy export", 12.5},
					 {0x004c, "449a 5000", "reactive energy import", 1234.5},
					 {0x004e, "4050 0000", "reactive energy export", 3.25},
				 }},
			{.profile = "sdm230",
			 .longest = 60,
			 .requests = 2,
			 .power_w = 1234.5,
			 .wh = 12345670,
			 .varh = 1234500,
			 .registers =
				 {
					 {0x0000, "4366 3334", "voltage L1-N", 230.2},
					 {0x0006, "40b0 0000", "current L1", 5.5},
					 {0x000c, "449a 5000", "active power", 1234.5},
					 {0x0012, "44a2 8800", "apparent power", 1300.25},
					 {0x0018, "c3cc 2000", "reactive power", -408.25},
					 {0x001e, "3f73 3333", "power factor", 0.95},
					 {0x0046, "4248 0000", "frequency", 50},
					 {0x0048, "4640 e6ae", "active energy import", 12345.67},
					 {0x004a, "4148 0000", "active energy export", 12.5},
					 {0x004c, "449a 5000", "reactive energy import", 1234.5},
					 {0x004e, "4050 0000", "reactive energy export", 3.25},
				 }},
			{.profile = "sdm630",
			 .longest = 80,
			 .requests = 2,
			 .power_w = -2750.5,
			 .wh = 98765430,
			 .varh = 2500,
			 .registers =
				 {
					 {0x0000, "4370 8000", "voltage L1-N", 240.5},
					 {0x0002, "4366 3334", "voltage L2-N", 230.2},
					 {0x0004, "4365 c000", "voltage L3-N", 229.75},
					 {0x0006, "3fc0 0000", "current L1", 1.5},
					 {0x0008, "4020 0000", "current L2", 2.5},
					 {0x000a, "4104 0000", "current L3", 8.25},
					 {0x000c, "c3b4 4000", "active power L1", -360.5},
					 {0x000e, "c3fa 2000", "active power L2", -500.25},
					 {0x0010, "c4ec 3800", "active power L3", -1889.75},
					 {0x0022, "bf7a e148", "power factor L3", -0.98},
					 {0x0034, "c52b e800", "active power", -2750.5},
					 {0x0038, "452f 0000", "apparent power", 2800},
					 {0x003c, "4148 0000", "reactive power", 12.5},
					 {0x003e, "bf7a e148", "power factor", -0.98},
					 {0x0046, "4247 eb85", "frequency", 49.98},
					 {0x0048, "47c0 e6b7", "active energy import", 98765.43},
					 {0x004a, "3f00 0000", "active energy export", 0.5},
					 {0x004c, "4020 0000", "reactive energy import", 2.5},
					 {0x00c8, "43c8 4000", "voltage L1-L2", 400.5},
					 {0x00cc, "43c7 c000", "voltage L3-L1", 399.5},
				 }},
			{.profile = "sdm72",
			 .longest = 60,
			 .requests = 2,
			 .power_w = 875.25,
			 .wh = 4321500,
			 .varh = 0,
			 .registers =
				 {
					 {0x0034, "445a d000", "active power", 875.25},
					 {0x0048, "4587 0c00", "active energy import", 4321.5},
					 {0x004a, "40f0 0000", "active energy export", 7.5},
					 {0x0500, "445a d000", "active power import", 875.25},
					 {0x0502, "0000 0000", "active power export", 0},
				 }},
			{.profile = "sdm72v2",
			 .longest = 60,
			 .requests = 2,
			 .power_w = -2750.5,
			 .wh = 98765430,
			 .varh = 0,
			 .registers =
				 {
					 {0x0000, "4370 8000", "voltage L1-N", 240.5},
					 {0x0004, "4365 c000", "voltage L3-N", 229.75},
					 {0x000a, "4104 0000", "current L3", 8.25},
					 {0x000c, "c3b4 4000", "active power L1", -360.5},
					 {0x0010, "c4ec 3800", "active power L3", -1889.75},
					 {0x0022, "bf7a e148", "power factor L3", -0.98},
					 {0x0034, "c52b e800", "active power", -2750.5},
					 {0x003c, "4148 0000", "reactive power", 12.5},
					 {0x003e, "bf7a e148", "power factor", -0.98},
					 {0x0046, "4247 eb85", "frequency", 49.98},
					 {0x0048, "47c0 e6b7", "active energy import", 98765.43},
					 {0x004a, "3f00 0000", "active energy export", 0.5},
					 {0x00c8, "43c8 4000", "voltage L1-L2", 400.5},
				 }},
};

static void eastron_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eastron_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
