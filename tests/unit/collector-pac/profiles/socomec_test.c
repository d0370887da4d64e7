/* Socomec meters: "V / 100" is hundredths of a volt, "W / 0.1" tens of watts, "Wh / 0.001" kWh. */
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
			{.profile = "countis-e24",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -48210,
			 .wh = 812345670,
			 .varh = 1234560,
			 .registers =
				 {
					 {50514, "0000 9baa", "voltage L1-L2", 398.5},
					 {50520, "0000 59e7", "voltage L1-N", 230.15},
					 {50524, "0000 59d7", "voltage L3-N", 229.99},
					 {50526, "0000 c35a", "frequency", 50.01},
					 {50528, "0001 1364", "current L1", 70.5},
					 {50534, "0000 0005", "current N", 0.005},
					 {50536, "ffff ed2b", "active power", -48210},
					 {50538, "0000 000c", "reactive power", 120},
					 {50542, "ffff fc25", "power factor", -0.987},
					 {50544, "ffff f9b9", "active power L1", -16070},
					 {50548, "0000 0003", "active power L3", 30},
					 {50946, "04d7 8a87", "active energy import", 812345670},
					 {50948, "0001 e240", "reactive energy import", 1234560},
					 {50952, "0000 0004", "active energy export", 40},
				 }},
			{.profile = "countis-e34",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -48210,
			 .wh = 812345670,
			 .varh = 1234560,
			 .registers =
				 {
					 {50514, "0000 9baa", "voltage L1-L2", 398.5},
					 {50520, "0000 59e7", "voltage L1-N", 230.15},
					 {50524, "0000 59d7", "voltage L3-N", 229.99},
					 {50526, "0000 1389", "frequency", 50.01},
					 {50528, "0001 1364", "current L1", 70.5},
					 {50534, "0000 0005", "current N", 0.005},
					 {50536, "ffff ed2b", "active power", -48210},
					 {50538, "0000 000c", "reactive power", 120},
					 {50542, "ffff fc25", "power factor", -0.987},
					 {50544, "ffff f9b9", "active power L1", -16070},
					 {50548, "0000 0003", "active power L3", 30},
					 {50946, "04d7 8a87", "active energy import", 812345670},
					 {50948, "0001 e240", "reactive energy import", 1234560},
					 {50952, "0000 0004", "active energy export", 40},
				 }},
			{.profile = "diris-a14",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -48210,
			 .wh = 812345670,
			 .varh = 1234560,
			 .registers =
				 {
					 {50514, "0000 9baa", "voltage L1-L2", 398.5},
					 {50520, "0000 59e7", "voltage L1-N", 230.15},
					 {50524, "0000 59d7", "voltage L3-N", 229.99},
					 {50526, "0000 1389", "frequency", 50.01},
					 {50528, "0001 1364", "current L1", 70.5},
					 {50534, "0000 0005", "current N", 0.005},
					 {50536, "ffff ed2b", "active power", -48210},
					 {50538, "0000 000c", "reactive power", 120},
					 {50542, "ffff fc25", "power factor", -0.987},
					 {50544, "ffff f9b9", "active power L1", -16070},
					 {50548, "0000 0003", "active power L3", 30},
					 {50946, "04d7 8a87", "active energy import", 812345670},
					 {50948, "0001 e240", "reactive energy import", 1234560},
					 {50952, "0000 0004", "active energy export", 40},
				 }},
			{.profile = "diris-a10",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -48210,
			 .wh = 812345000,
			 .varh = 1234000,
			 .registers =
				 {
					 {50514, "0000 9baa", "voltage L1-L2", 398.5},
					 {50520, "0000 59e7", "voltage L1-N", 230.15},
					 {50524, "0000 59d7", "voltage L3-N", 229.99},
					 {50526, "0000 1389", "frequency", 50.01},
					 {50528, "0001 1364", "current L1", 70.5},
					 {50534, "0000 0005", "current N", 0.005},
					 {50536, "ffff ed2b", "active power", -48210},
					 {50538, "0000 000c", "reactive power", 120},
					 {50542, "ffff fc25", "power factor", -0.987},
					 {50544, "ffff f9b9", "active power L1", -16070},
					 {50548, "0000 0003", "active power L3", 30},
					 {50780, "000c 6539", "active energy import", 812345},
					 {50782, "0000 04d2", "reactive energy import", 1234},
					 {50786, "0000 002b", "active energy export", 43},
				 }},
			{.profile = "countis-e14",
			 .longest = 125,
			 .requests = 2,
			 .power_w = 2340,
			 .wh = 812345670,
			 .varh = 1230,
			 .registers =
				 {
					 {50520, "0000 59e7", "voltage L1-N", 230.15},
					 {50526, "0000 c346", "frequency", 49.99},
					 {50528, "0000 27db", "current L1", 10.203},
					 {50536, "0000 00ea", "active power", 2340},
					 {50542, "0000 03e6", "power factor", 0.998},
					 {50946, "04d7 8a87", "active energy import", 812345670},
					 {50948, "0000 007b", "reactive energy import", 1230},
					 {50952, "0000 0001", "active energy export", 10},
				 }},
			{.profile = "diris-b30",
			 .longest = 125,
			 .requests = 2,
			 .power_w = -48210,
			 .wh = 812345678.9,
			 .varh = 12000.5,
			 .registers =
				 {
					 {18442, "0000 c35a", "frequency", 50.01},
					 {18444, "0000 59e7", "voltage L1-N", 230.15},
					 {18452, "0000 9baa", "voltage L1-L2", 398.5},
					 {18458, "0001 1364", "current L1", 70.5},
					 {18464, "0000 0005", "current N", 0.005},
					 {18476, "ffff 43ae", "active power", -48210},
					 {18478, "0000 0021", "reactive power", 33},
					 {18488, "ffff c13a", "active power L1", -16070},
					 {18492, "0000 0003", "active power L3", 3},
					 {19843, "000c 6539", "active energy import", 812345},
					 {19845, "1a85", "active energy import, residual", 678.9},
					 {19846, "0000 002b", "active energy export", 43},
					 {19849, "0000 000c", "reactive energy import", 12},
					 {19851, "0005", "reactive energy import, residual", 0.5},
				 }},
};

static void socomec_meters_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socomec_meters_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
