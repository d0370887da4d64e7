/* Carlo Gavazzi meters: INT32, low word first, weights of the tables 2.4-1 (EM300), 2.3-1 (EM24)
 * and 4.1 (EM100). ffff 7fff is their example of an overflow. */
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
			{.profile = "em340",
			 .longest = 20,
			 .requests = 1,
			 .power_w = -1234.5,
			 .wh = 123456700,
			 .varh = 4567800,
			 .registers =
				 {
					 {0x0000, "08fd 0000", "voltage L1-N", 230.1},
					 {0x0002, "08fe 0000", "voltage L2-N", 230.2},
					 {0x0004, "08ff 0000", "voltage L3-N", 230.3},
					 {0x0006, "0f93 0000", "voltage L1-L2", 398.7},
					 {0x000c, "1538 0000", "current L1", 5.432},
					 {0x0010, "1170 0001", "current L3", 70},
					 {0x0012, "f060 ffff", "active power L1", -400},
					 {0x0014, "efed ffff", "active power L2", -411.5},
					 {0x0016, "ffff 7fff", "active power L3", NAN},
					 {0x0028, "cfc7 ffff", "active power", -1234.5},
					 {0x002a, "32c8 0000", "apparent power", 1300},
					 {0x002c, "028e 0000", "reactive power", 65.4},
					 {0x002e, "fc1a", "power factor L1", -0.998},
					 {0x0031, "fc25", "power factor", -0.987},
					 {0x0032, "ffff", "phase sequence (-1 is L1-L3-L2)", -1},
					 {0x0033, "01f4", "frequency", 50},
					 {0x0034, "d687 0012", "active energy import", 123456.7},
					 {0x0036, "b26e 0000", "reactive energy import", 4567.8},
					 {0x004e, "03e7 0000", "active energy export", 99.9},
					 {0x0050, "0001 0000", "reactive energy export", 0.1},
				 }},
			{.profile = "em530",
			 .longest = 20,
			 .requests = 1,
			 .power_w = -1234.5,
			 .wh = 123456700,
			 .varh = 4567800,
			 .registers =
				 {
					 {0x0000, "08fd 0000", "voltage L1-N", 230.1},
					 {0x0002, "08fe 0000", "voltage L2-N", 230.2},
					 {0x0004, "08ff 0000", "voltage L3-N", 230.3},
					 {0x0006, "0f93 0000", "voltage L1-L2", 398.7},
					 {0x000c, "1538 0000", "current L1", 5.432},
					 {0x0010, "1170 0001", "current L3", 70},
					 {0x0012, "f060 ffff", "active power L1", -400},
					 {0x0014, "efed ffff", "active power L2", -411.5},
					 {0x0016, "ffff 7fff", "active power L3", NAN},
					 {0x0028, "cfc7 ffff", "active power", -1234.5},
					 {0x002a, "32c8 0000", "apparent power", 1300},
					 {0x002c, "028e 0000", "reactive power", 65.4},
					 {0x002e, "fc1a", "power factor L1", -0.998},
					 {0x0031, "fc25", "power factor", -0.987},
					 {0x0032, "ffff", "phase sequence (-1 is L1-L3-L2)", -1},
					 {0x0033, "01f3", "frequency", 49.9},
					 {0x0034, "d687 0012", "active energy import", 123456.7},
					 {0x0036, "b26e 0000", "reactive energy import", 4567.8},
					 {0x004e, "03e7 0000", "active energy export", 99.9},
					 {0x0050, "0001 0000", "reactive energy export", 0.1},
				 }},
			{.profile = "em24-e1",
			 .longest = 20,
			 .requests = 2,
			 .power_w = 48210.5,
			 .wh = 8123456700,
			 .varh = 0,
			 .registers =
				 {
					 {0x0000, "08fd 0000", "voltage L1-N", 230.1},
					 {0x0004, "08f7 0000", "voltage L3-N", 229.5},
					 {0x000e, "fde8 0000", "current L2", 65},
					 {0x0012, "7100 0002", "active power L1", 16000},
					 {0x0016, "fffb ffff", "active power L3", -0.5},
					 {0x0028, "5b39 0007", "active power", 48210.5},
					 {0x0033, "01f4", "frequency", 50},
					 {0x0034, "8a87 04d7", "active energy import", 8123456.7},
					 {0x004e, "000c 0000", "active energy export", 1.2},
				 }},
			{.profile = "em24",
			 .longest = 11,
			 .requests = 2,
			 .power_w = -482.1,
			 .wh = 1234500,
			 .varh = 56700,
			 .registers =
				 {
					 {0x0000, "08fd 0000", "voltage L1-N", 230.1},
					 {0x000a, "0fa1 0000", "voltage L3-L1", 400.1},
					 {0x0010, "04d2 0000", "current L3", 1.234},
					 {0x0012, "f9b9 ffff", "active power L1", -160.7},
					 {0x0016, "ffff 7fff", "active power L3", NAN},
					 {0x0028, "ed2b ffff", "active power", -482.1},
					 {0x002c, "0064 0000", "reactive power", 10},
					 {0x0032, "03b7", "power factor L1", 0.951},
					 {0x0035, "fc49", "power factor", -0.951},
					 {0x0036, "ffff", "phase sequence (-1 is L1-L3-L2)", -1},
					 {0x0037, "01f5", "frequency", 50.1},
					 {0x003e, "3039 0000", "active energy import", 1234.5},
					 {0x0040, "0237 0000", "reactive energy import", 56.7},
					 {0x005c, "004d 0000", "active energy export", 7.7},
				 }},
			{.profile = "em111",
			 .longest = 50,
			 .requests = 1,
			 .power_w = 2345.6,
			 .wh = 1234500,
			 .varh = 56700,
			 .registers =
				 {
					 {0x0000, "08fb 0000", "voltage L1-N", 229.9},
					 {0x0002, "27db 0000", "current L1", 10.203},
					 {0x0004, "5ba0 0000", "active power", 2345.6},
					 {0x0006, "5ba4 0000", "apparent power", 2346},
					 {0x000e, "03e7", "power factor", 0.999},
					 {0x000f, "01f4", "frequency", 50},
					 {0x0010, "3039 0000", "active energy import", 1234.5},
					 {0x0012, "0237 0000", "reactive energy import", 56.7},
					 {0x0020, "ffff 7fff", "active energy export", NAN},
				 }},
};

static void carlo_gavazzi_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carlo_gavazzi_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
