/* What the site counts of the messages themselves. */
#include "tests/unit/aggregator/site_fixture.h"

static void record(struct fixture *fixture, int stream, int seq)
{
	fixture_send(fixture, "pac/self/record",
		     "{\"t\":%lld,\"stream\":\"%016x\",\"seq\":%d,\"wh\":1}",
		     (long long)fixture->now, (unsigned)stream, seq);
}

static void a_collector_that_started_anew_many_times_is_still_watched_for_gaps(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, "2013-01-15");
	for (int stream = 1; stream <= 70; stream++) {
		record(fixture, stream, 1);
		record(fixture, stream, 4);
	}
	record(fixture, 70, 4);
	fixture_look(fixture, fixture->now);
	assert_member(fixture, "health", "sequence_gaps", "140");
	assert_member(fixture, "health", "duplicate", "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(a_collector_that_started_anew_many_times_is_still_watched_for_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
