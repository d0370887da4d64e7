#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/process/clock.h"
#include "common/collector/synchronised.h"

/* A machine's files in a folder of its own. */
static char root[64];

static int root_make(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/synchronised-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int root_remove(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

static void make(const char *folder, const char *name, const char *content)
{
	char command[400];

	snprintf(command, sizeof(command), "mkdir -p '%s%s' && cd '%s%s' && printf '%s' >'%s'",
		 root, folder, root, folder, content, name);
	assert_int_equal(system(command), 0);
}

/* -------- what is found -------- */

static void a_machine_without_any_sign_gives_no_evidence(void **state)
{
	struct clock_evidence evidence = clock_evidence_read(root);

	(void)state;
	assert_false(evidence.timesyncd);
	assert_false(evidence.set_by_rtc);
	assert_false(evidence.service);
}

static void a_clock_with_a_battery_is_found_among_others(void **state)
{
	(void)state;
	make("/sys/class/rtc/rtc0", "hctosys", "0\n");
	assert_false(clock_evidence_read(root).set_by_rtc);
	make("/sys/class/rtc/rtc1", "hctosys", "1\n");
	assert_true(clock_evidence_read(root).set_by_rtc);
	make("/sys/class/rtc/rtc1", "hctosys", "0\n");
	assert_false(clock_evidence_read(root).set_by_rtc);
}

static void each_time_service_is_found(void **state)
{
	const struct {
		const char *folder, *file;
	} services[] = {{"/run/systemd/timesync", "dbus"},
			{"/run/chrony", "chronyd.pid"},
			{"/run", "ntpd.pid"}};

	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		make(services[i].folder, services[i].file, "");
		assert_true(clock_evidence_read(root).service);
		assert_false(clock_evidence_read(root).timesyncd);
		root_remove(state);
		assert_int_equal(root_make(state), 0);
	}
}

static void timesyncd_is_evidence_once_it_is_synchronised(void **state)
{
	(void)state;
	make("/run/systemd/timesync", "synchronized", "");
	assert_true(clock_evidence_read(root).timesyncd);
}

static void the_kernel_is_asked(void **state)
{
	(void)state;
	/* Either answer is right: the same twice, and without files. */
	assert_int_equal(clock_evidence_read(root).kernel, clock_evidence_read("/nowhere").kernel);
}

/* -------- what it means -------- */

static void the_evidence_of_the_machine_decides(void **state)
{
	const struct {
		struct clock_evidence evidence;
		enum clock_trust expected[3]; /* auto, synchronised, trusted */
	} cases[] = {
		{{0}, {CLOCK_TRUSTED, CLOCK_UNSURE, CLOCK_PROVEN}},
		{{.service = true}, {CLOCK_UNSURE, CLOCK_UNSURE, CLOCK_PROVEN}},
		{{.set_by_rtc = true}, {CLOCK_TRUSTED, CLOCK_UNSURE, CLOCK_PROVEN}},
		{{.set_by_rtc = true, .service = true},
		 {CLOCK_TRUSTED, CLOCK_UNSURE, CLOCK_PROVEN}},
		{{.service = true, .timesyncd = true}, {CLOCK_PROVEN, CLOCK_PROVEN, CLOCK_PROVEN}},
		{{.service = true, .kernel = true}, {CLOCK_PROVEN, CLOCK_PROVEN, CLOCK_PROVEN}},
		{{.kernel = true}, {CLOCK_PROVEN, CLOCK_PROVEN, CLOCK_PROVEN}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int policy = CLOCK_AUTO; policy <= CLOCK_AT_ONCE; policy++)
			assert_int_equal(clock_trust((enum clock_policy)policy, &cases[i].evidence),
					 cases[i].expected[policy]);
}

static void the_policies_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(clock_policies[CLOCK_AUTO], "auto");
	assert_string_equal(clock_policies[CLOCK_WHEN_SYNCHRONISED], "synchronised");
	assert_string_equal(clock_policies[CLOCK_AT_ONCE], "trusted");
	assert_null(clock_policies[3]);
}

/* -------- the clocks -------- */

static void all_clocks_are_read_at_one_moment(void **state)
{
	(void)state;
	ms_t wall = clock_wall(), monotonic = clock_monotonic(), boot = clock_boot();
	struct clock_moment moment = clock_moment();

	assert_in_range(moment.wall / NS_PER_MS, wall, clock_wall());
	assert_in_range(moment.monotonic / NS_PER_MS, monotonic, clock_monotonic());
	assert_in_range(moment.boot / NS_PER_MS, boot, clock_boot());
	assert_true(moment.boot >= moment.monotonic - NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_machine_without_any_sign_gives_no_evidence,
						root_make, root_remove),
		cmocka_unit_test_setup_teardown(a_clock_with_a_battery_is_found_among_others,
						root_make, root_remove),
		cmocka_unit_test_setup_teardown(each_time_service_is_found, root_make, root_remove),
		cmocka_unit_test_setup_teardown(timesyncd_is_evidence_once_it_is_synchronised,
						root_make, root_remove),
		cmocka_unit_test_setup_teardown(the_kernel_is_asked, root_make, root_remove),
		cmocka_unit_test(the_evidence_of_the_machine_decides),
		cmocka_unit_test(the_policies_have_their_names),
		cmocka_unit_test(all_clocks_are_read_at_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
