/* Siemens meters: float32 and float64, high word first; PAC1600: integers in hundredths. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case meters[] = {
	{.profile = "pac2200",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678.75,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {7, "43c7 4000", "voltage L1-L2", 398.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {25, "467a 0200", "active power L1", 16000.5},
			 {27, "7fc0 0000", "active power L2", NAN},
			 {29, "c148 0000", "active power L3", -12.5},
			 {41, "3f00 0000", "power factor L3", 0.5},
			 {55, "4248 0000", "frequency", 50},
			 {65, "473c 5280", "active power", 48210.5},
			 {67, "c37a 8000", "reactive power", -250.5},
			 {69, "3f40 0000", "power factor", 0.75},
			 {801, "41c8 35b4 a720 0000", "active energy import, tariff 1",
			  812345678.25},
			 {805, "3fe0 0000 0000 0000", "active energy import, tariff 2", 0.5},
			 {809, "4029 0000 0000 0000", "active energy export, tariff 1", 12.5},
			 {817, "408f 4400 0000 0000", "reactive energy import, tariff 1", 1000.5},
			 {821, "3fd0 0000 0000 0000", "reactive energy import, tariff 2", 0.25},
			 {833, "4058 e000 0000 0000", "apparent energy, tariff 1", 99.5},
		 }},
	{.profile = "pac3200",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678.75,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {7, "43c7 4000", "voltage L1-L2", 398.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {25, "467a 0200", "active power L1", 16000.5},
			 {27, "7fc0 0000", "active power L2", NAN},
			 {29, "c148 0000", "active power L3", -12.5},
			 {41, "3f00 0000", "power factor L3", 0.5},
			 {55, "4248 0000", "frequency", 50},
			 {65, "473c 5280", "active power", 48210.5},
			 {67, "c37a 8000", "reactive power", -250.5},
			 {69, "3f40 0000", "power factor", 0.75},
			 {801, "41c8 35b4 a720 0000", "active energy import, tariff 1",
			  812345678.25},
			 {805, "3fe0 0000 0000 0000", "active energy import, tariff 2", 0.5},
			 {809, "4029 0000 0000 0000", "active energy export, tariff 1", 12.5},
			 {817, "408f 4400 0000 0000", "reactive energy import, tariff 1", 1000.5},
			 {821, "3fd0 0000 0000 0000", "reactive energy import, tariff 2", 0.25},
			 {833, "4058 e000 0000 0000", "apparent energy, tariff 1", 99.5},
		 }},
	{.profile = "pac3220",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678.75,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {7, "43c7 4000", "voltage L1-L2", 398.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {25, "467a 0200", "active power L1", 16000.5},
			 {27, "7fc0 0000", "active power L2", NAN},
			 {29, "c148 0000", "active power L3", -12.5},
			 {41, "3f00 0000", "power factor L3", 0.5},
			 {55, "4248 0000", "frequency", 50},
			 {65, "473c 5280", "active power", 48210.5},
			 {67, "c37a 8000", "reactive power", -250.5},
			 {69, "3f40 0000", "power factor", 0.75},
			 {801, "41c8 35b4 a720 0000", "active energy import, tariff 1",
			  812345678.25},
			 {805, "3fe0 0000 0000 0000", "active energy import, tariff 2", 0.5},
			 {809, "4029 0000 0000 0000", "active energy export, tariff 1", 12.5},
			 {817, "408f 4400 0000 0000", "reactive energy import, tariff 1", 1000.5},
			 {821, "3fd0 0000 0000 0000", "reactive energy import, tariff 2", 0.25},
			 {833, "4058 e000 0000 0000", "apparent energy, tariff 1", 99.5},
		 }},
	{.profile = "pac4200",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678.75,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {7, "43c7 4000", "voltage L1-L2", 398.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {25, "467a 0200", "active power L1", 16000.5},
			 {27, "7fc0 0000", "active power L2", NAN},
			 {29, "c148 0000", "active power L3", -12.5},
			 {41, "3f00 0000", "power factor L3", 0.5},
			 {55, "4248 0000", "frequency", 50},
			 {65, "473c 5280", "active power", 48210.5},
			 {67, "c37a 8000", "reactive power", -250.5},
			 {69, "3f40 0000", "power factor", 0.75},
			 {801, "41c8 35b4 a720 0000", "active energy import, tariff 1",
			  812345678.25},
			 {805, "3fe0 0000 0000 0000", "active energy import, tariff 2", 0.5},
			 {809, "4029 0000 0000 0000", "active energy export, tariff 1", 12.5},
			 {817, "408f 4400 0000 0000", "reactive energy import, tariff 1", 1000.5},
			 {821, "3fd0 0000 0000 0000", "reactive energy import, tariff 2", 0.25},
			 {833, "4058 e000 0000 0000", "apparent energy, tariff 1", 99.5},
		 }},
	{.profile = "pac4220",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48210.5,
	 .wh = 812345678.75,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {7, "43c7 4000", "voltage L1-L2", 398.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {25, "467a 0200", "active power L1", 16000.5},
			 {27, "7fc0 0000", "active power L2", NAN},
			 {29, "c148 0000", "active power L3", -12.5},
			 {41, "3f00 0000", "power factor L3", 0.5},
			 {55, "4248 0000", "frequency", 50},
			 {65, "473c 5280", "active power", 48210.5},
			 {67, "c37a 8000", "reactive power", -250.5},
			 {69, "3f40 0000", "power factor", 0.75},
			 {801, "41c8 35b4 a720 0000", "active energy import, tariff 1",
			  812345678.25},
			 {805, "3fe0 0000 0000 0000", "active energy import, tariff 2", 0.5},
			 {809, "4029 0000 0000 0000", "active energy export, tariff 1", 12.5},
			 {817, "408f 4400 0000 0000", "reactive energy import, tariff 1", 1000.5},
			 {821, "3fd0 0000 0000 0000", "reactive energy import, tariff 2", 0.25},
			 {833, "4058 e000 0000 0000", "apparent energy, tariff 1", 99.5},
		 }},
	{.profile = "pac3100",
	 .longest = 125,
	 .requests = 2,
	 .power_w = -48210.5,
	 .wh = 812345678.25,

	 .registers =
		 {
			 {1, "4367 8000", "voltage L1-N", 231.5},
			 {11, "43c8 c000", "voltage L3-L1", 401.5},
			 {17, "4060 0000", "current L3", 3.5},
			 {25, "c320 8000", "active power L1", -160.5},
			 {37, "3e80 0000", "current N", 0.25},
			 {39, "4246 0000", "frequency", 49.5},
			 {47, "473f 6800", "apparent power", 49000},
			 {49, "c73c 5280", "active power", -48210.5},
			 {51, "4148 0000", "reactive power", 12.5},
			 {53, "bf00 0000", "power factor", -0.5},
			 {801, "41c8 35b4 a720 0000", "active energy import", 812345678.25},
			 {805, "4053 6000 0000 0000", "reactive energy import", 77.5},
		 }},
	{.profile = "pac1020",
	 .longest = 125,
	 .requests = 2,
	 .power_w = 48500.5,
	 .wh = 812345664,

	 .registers =
		 {
			 {1, "4366 3334", "voltage L1-N", 230.2},
			 {11, "43c8 c000", "voltage L3-L1", 401.5},
			 {13, "428d 0000", "current L1", 70.5},
			 {19, "4680 e900", "active power L1", 16500.5},
			 {23, "c148 0000", "active power L3", -12.5},
			 {29, "4060 0000", "reactive power L3", 3.5},
			 {31, "3f40 0000", "power factor L1", 0.75},
			 {37, "3f00 0000", "current N", 0.5},
			 {39, "4248 0000", "frequency", 50},
			 {41, "473d 7480", "active power", 48500.5},
			 {43, "c37a 8000", "reactive power", -250.5},
			 {45, "3f00 0000", "power factor", 0.5},
			 {2803, "4e41 ada5", "active energy import", 812345664},
			 {2805, "429b 0000", "reactive energy import", 77.5},
		 }},
	{.profile = "pac1600",
	 .longest = 30,
	 .requests = 2,
	 .power_w = -4821.05,
	 .wh = 812345678,

	 .registers =
		 {
			 {1, "0000 59e7", "voltage L1-N", 230.15},
			 {5, "0000 59d7", "voltage L3-N", 229.99},
			 {7, "000a c1e8", "current L1", 70.5},
			 {13, "0000 9baa", "voltage L1-L2", 398.5},
			 {19, "fffd 8ece", "active power L1", -1600.5},
			 {23, "0000 0005", "active power L3", 0.05},
			 {29, "ffff fffb", "reactive power L3", -0.05},
			 {49, "0000 1389", "frequency", 50.01},
			 {57, "fff8 a4c7", "active power", -4821.05},
			 {59, "0000 04e2", "reactive power", 12.5},
			 {61, "0007 7a10", "apparent power", 4900},
			 {6687, "306b 694e", "active energy import", 812345678},
			 {6689, "0000 10e1", "active energy export", 4321},
			 {6691, "0012 d687", "reactive energy import", 1234567},
		 }},
};

static void siemens_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siemens_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
