/* Counters of pulses: the index is the number in the register. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/collector-pac/meter_case.h"

static const struct meter_case meters[] = {
	{.profile = "pac3200-pulses",
	 .longest = 125,
	 .requests = 1,
	 .power_w = NAN,
	 .wh = 999999999,
	 .varh = 0,
	 .registers =
		 {
			 {215, "3b9a c9ff", "universal counter", 999999999},
		 }},
	{.profile = "pac4200-pulses",
	 .longest = 125,
	 .requests = 1,
	 .power_w = NAN,
	 .wh = 999999999,
	 .varh = 0,
	 .registers =
		 {
			 {215, "3b9a c9ff", "universal counter", 999999999},
		 }},
	{.profile = "m4m-pulses",
	 .longest = 125,
	 .requests = 1,
	 .power_w = NAN,
	 .wh = 5000000000,
	 .varh = 0,
	 .registers =
		 {
			 {0x6318, "0000 0001 2a05 f200", "input counter 1", 5000000000},
			 {0x631c, "0000 0000 0000 0002", "input counter 2", 2},
		 }},
};

static void counters_of_pulses_decode_as_their_documents_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++)
		meter_case_check(&meters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_pulses_decode_as_their_documents_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
