#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "collector-meter/survey/statistics.h"

static void a_line_has_its_counts_and_one_that_does_not_exist_is_null(void **state)
{
	const struct counter_config config = {
		.has_line = {true, false, false, true},
		.min_on = 30 * NS_PER_MS,
		.min_off = 30 * NS_PER_MS,
		.min_interval = 300 * NS_PER_MS,
	};
	/* Times of the edges of the pulse line, in ms: a bounce, a pulse, a spike, a pulse too soon
	 * after the first. */
	const int64_t times[] = {1000, 1002, 1003, 1060, 1150, 1152, 1200, 1260};
	static struct survey surveys[LINE_ROLES];
	struct counter counter;
	struct counter_event event;
	char *text;

	(void)state;
	counter_init(&counter, &config);
	counter_start(&counter, 0, 0);
	for (int role = 0; role < LINE_ROLES; role++)
		survey_open(&surveys[role], &config);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		counter_edge(&counter, &(struct edge){.on = i % 2 == 0, .t = times[i] * NS_PER_MS});
	/* 25 levels that look like pulses, and are too short. */
	for (int i = 0; i < 50; i++)
		survey_edge(&surveys[LINE_PULSE], i % 2 == 0,
			    (i / 2 * 500 + i % 2 * 28) * NS_PER_MS);
	counter_edge(&counter,
		     &(struct edge){.role = LINE_PEAK, .t = 1300 * NS_PER_MS, .full = true});
	counter_edge(&counter, &(struct edge){.role = LINE_PEAK,
					      .on = false,
					      .t = 1400 * NS_PER_MS,
					      .lost = 7,
					      .numbered = true});
	counter_stop(&counter, 2 * NS_PER_SECOND);
	while (counter_next(&counter, &event))
		;
	text = statistics_encode(&counter, surveys);
	assert_string_equal(text,
			    "{\"pulse\":{\"edges\":8,\"too_short\":2,\"bounces\":1,\"spikes\":1,"
			    "\"longest_too_short_ms\":2,\"nearly_long_enough\":25,"
			    "\"suggested_min_on_ms\":14,\"suggested_min_off_ms\":null,\"repeated\":"
			    "0,\"lost\":0,\"lost_possible\":0,"
			    "\"late\":0},\"top\":null,\"off_peak\":null,"
			    "\"peak\":{\"edges\":3,\"too_short\":1,\"bounces\":0,\"spikes\":1,"
			    "\"longest_too_short_ms\":0,\"nearly_long_enough\":0,"
			    "\"suggested_min_on_ms\":null,\"suggested_min_off_ms\":null,"
			    "\"repeated\":1,\"lost\":7,"
			    "\"lost_possible\":1,\"late\":0},\"implausible_pulses\":1}");
	free(text);
	counter_free(&counter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_counts_and_one_that_does_not_exist_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
