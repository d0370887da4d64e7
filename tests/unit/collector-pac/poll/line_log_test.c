#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/poll/line_log.h"

#define PERIOD_MS 100

static char host[] = "10.0.0.5";

/* What is logged while the meter's turns last so long, one after the other: its lines. */
static int lines_logged(const ms_t *lasts_ms, size_t count)
{
	struct poll_turn turn = {.schedule.period_ms = PERIOD_MS};
	struct line line = {
		.peer.port = 502,
		.host = host,
		.turns = {.count = 1, .turns = &turn},
	};
	FILE *logged = tmpfile();
	int standard = dup(STDERR_FILENO), lines = 0;

	assert_non_null(logged);
	dup2(fileno(logged), STDERR_FILENO);
	for (size_t i = 0; i < count; i++) {
		turn.lasts_ms = lasts_ms[i];
		line_log_pace(&line);
	}
	fflush(stderr);
	dup2(standard, STDERR_FILENO);
	close(standard);
	rewind(logged);
	for (int byte = fgetc(logged); byte != EOF; byte = fgetc(logged))
		lines += byte == '\n';
	fclose(logged);
	return lines;
}

static void a_period_that_stretches_is_logged(void **state)
{
	static const ms_t lasts_ms[] = {10, 50, 101, 400, 400};

	(void)state;
	assert_int_equal(lines_logged(lasts_ms, 2), 0);
	assert_int_equal(lines_logged(lasts_ms, 5), 1);
}

static void a_device_that_is_slow_now_and_then_does_not_fill_the_log(void **state)
{
	static const ms_t lasts_ms[] = {10, 400, 10, 400, 10, 400, 10, 400, 10, 400};

	(void)state;
	assert_int_equal(lines_logged(lasts_ms, 10), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_period_that_stretches_is_logged),
		cmocka_unit_test(a_device_that_is_slow_now_and_then_does_not_fill_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
