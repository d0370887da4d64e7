#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/poll/link.h"
#include "common/process/clock.h"
#include "tests/sim/pac_model.h"

#define TIMEOUT_MS 300

struct fixture {
	struct pac_load *load;
	struct pac_model *model;
	struct link_peer peer;
	struct link *link;
	uint16_t registers[125];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct fail fail = {0};

	fixture.load = pac_load_open(48000, 1000000);
	fixture.model = pac_model_open(0, pac_load_read, fixture.load, &fail);
	if (fixture.model == NULL)
		fail_msg("%s", fail.text);
	fixture.peer = (struct link_peer){
		.host = "127.0.0.1",
		.port = pac_model_port(fixture.model),
		.unit = 1,
		.timeout_ms = TIMEOUT_MS,
	};
	fixture.link = link_open(&fixture.peer);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	link_close(fixture->link);
	pac_model_close(fixture->model);
	pac_load_close(fixture->load);
	return 0;
}

static struct link_result ask(struct fixture *fixture, int address, int count)
{
	return link_read(fixture->link, 3, address, count, fixture->registers);
}

/* After a fault the link must recover by itself; a late answer must not be taken for another one.
 */
static void expect_recovery(struct fixture *fixture)
{
	pac_model_fault(fixture->model, PAC_HEALTHY, 0);
	assert_int_equal(ask(fixture, 55, 2).outcome, LINK_DONE);
	assert_int_equal(fixture->registers[0], 0x4248); /* 50.0 */
	assert_int_equal(ask(fixture, 65, 2).outcome, LINK_DONE);
	assert_int_equal(fixture->registers[0], 0x473b); /* 48000.0 */
	assert_int_equal(fixture->registers[1], 0x8000);
}

static void both_functions_read_the_same_registers(void **state)
{
	struct fixture *fixture = *state;
	uint16_t holding[42], input[42];

	assert_int_equal(link_read(fixture->link, 3, 1, 42, holding).outcome, LINK_DONE);
	assert_int_equal(link_read(fixture->link, 4, 1, 42, input).outcome, LINK_DONE);
	assert_memory_equal(holding, input, sizeof(holding));
	assert_int_equal(holding[0], 0x4366); /* 230.0 */
}

static void a_read_inside_a_value_is_an_exception_and_keeps_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct link_result result = ask(fixture, 66, 2);
	char text[200];

	assert_int_equal(result.outcome, LINK_EXCEPTION);
	assert_int_equal(result.detail, 2);
	link_explain(text, &result, &fixture->peer);
	assert_string_equal(text, "refuses registers 66 to 67 by function 3: exception 2, illegal "
				  "data address");
	/* The connection is still the first one. */
	assert_int_equal(ask(fixture, 65, 1).outcome, LINK_EXCEPTION);
	assert_int_equal(ask(fixture, 840, 4).outcome, LINK_EXCEPTION);
	expect_recovery(fixture);
}

static void a_silent_meter_costs_one_timeout(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = clock_monotonic();

	pac_model_fault(fixture->model, PAC_DEAD, 0);
	assert_int_equal(ask(fixture, 65, 2).outcome, LINK_SILENT);
	assert_true(clock_monotonic() - start >= TIMEOUT_MS - 1);
	expect_recovery(fixture);
}

static void a_late_answer_is_not_taken_for_the_next_one(void **state)
{
	struct fixture *fixture = *state;

	pac_model_fault(fixture->model, PAC_SLOW, TIMEOUT_MS + 100);
	assert_int_equal(ask(fixture, 1, 2).outcome, LINK_SILENT);
	expect_recovery(fixture);
}

static void a_trickling_meter_cannot_hold_the_link_beyond_one_timeout(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = clock_monotonic();

	pac_model_fault(fixture->model, PAC_TRICKLE, 0);
	assert_int_equal(ask(fixture, 801, 8).outcome, LINK_SLOW);
	/* The complete answer would take 25 s. */
	assert_true(clock_monotonic() - start < 10 * TIMEOUT_MS);
	expect_recovery(fixture);
}

static void garbage_is_not_taken_for_modbus(void **state)
{
	struct fixture *fixture = *state;

	pac_model_fault(fixture->model, PAC_GARBAGE, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ask(fixture, 65, 2).outcome, LINK_NOT_MODBUS);
	expect_recovery(fixture);
}

static void an_answer_in_the_name_of_another_unit_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct link_result result;

	pac_model_fault(fixture->model, PAC_WRONG_UNIT, 0);
	result = ask(fixture, 65, 2);
	assert_int_equal(result.outcome, LINK_WRONG_UNIT);
	assert_int_equal(result.detail, 7);
	expect_recovery(fixture);
}

static void half_an_answer_is_a_lost_connection(void **state)
{
	struct fixture *fixture = *state;

	pac_model_fault(fixture->model, PAC_HALF_CLOSE, 0);
	assert_int_equal(ask(fixture, 65, 2).outcome, LINK_BROKEN);
	expect_recovery(fixture);
}

static void a_closed_port_is_refused_and_found_again(void **state)
{
	struct fixture *fixture = *state;
	struct link_result result;

	pac_model_fault(fixture->model, PAC_REFUSING, 0);
	do
		result = ask(fixture, 65, 2);
	while (result.outcome == LINK_DONE);
	if (result.outcome == LINK_BROKEN)
		result = ask(fixture, 65, 2);
	assert_int_equal(result.outcome, LINK_REFUSED);
	pac_model_fault(fixture->model, PAC_HEALTHY, 0);
	do
		result = ask(fixture, 65, 2);
	while (result.outcome == LINK_REFUSED);
	assert_int_equal(result.outcome, LINK_DONE);
}

static void another_unit_id_gets_no_answer(void **state)
{
	struct fixture *fixture = *state;
	struct link_peer peer = fixture->peer;
	struct link *link;

	peer.unit = 255;
	link = link_open(&peer);
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_SILENT);
	link_close(link);
}

static void names_are_looked_up(void **state)
{
	struct fixture *fixture = *state;
	struct link_peer peer = fixture->peer;
	struct addrinfo *found = NULL;
	struct link *link;

	/* Minimal systems have no /etc/hosts. */
	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		skip();
	freeaddrinfo(found);
	peer.host = "localhost";
	link = link_open(&peer);
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_DONE);
	link_close(link);
	peer.host = "no such name";
	link = link_open(&peer);
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_NAME_UNKNOWN);
	link_close(link);
}

/* A listening socket whose queue is full does not answer a connection attempt. */
static void a_connection_that_does_not_come_costs_one_timeout(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM, 0), queued[3];
	struct link_peer peer = fixture->peer;
	struct link *link;
	ms_t start;

	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 0), 0);
	getsockname(listening, (struct sockaddr *)&address, &size);
	for (int i = 0; i < 3; i++) {
		queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(queued[i], (struct sockaddr *)&address, size);
	}
	peer.port = ntohs(address.sin_port);
	link = link_open(&peer);
	start = clock_monotonic();
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_UNREACHABLE);
	assert_true(clock_monotonic() - start >= TIMEOUT_MS - 1);
	assert_true(clock_monotonic() - start < 10 * TIMEOUT_MS);
	link_close(link);
	for (int i = 0; i < 3; i++)
		close(queued[i]);
	close(listening);
}

/* Accepts two connections, one after the other, and closes each at once. */
static void *accept_and_close(void *listening)
{
	for (int i = 0; i < 2; i++) {
		int fd = accept(*(int *)listening, NULL, NULL);

		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

/* Like a gateway that has a connection already. The pause after connecting is not over then. */
static void a_connection_that_is_closed_before_the_request_is_a_lost_one(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM, 0);
	struct link_peer peer = fixture->peer;
	struct link *link;
	pthread_t server;

	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	getsockname(listening, (struct sockaddr *)&address, &size);
	assert_int_equal(pthread_create(&server, NULL, accept_and_close, &listening), 0);
	peer.port = ntohs(address.sin_port);
	peer.connect_delay_ms = 60000;
	link = link_open(&peer);
	alarm(30); /* a link that waits for ever */
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_BROKEN);
	assert_int_equal(link_read(link, 3, 65, 2, fixture->registers).outcome, LINK_BROKEN);
	alarm(0);
	link_close(link);
	pthread_join(server, NULL);
	close(listening);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(both_functions_read_the_same_registers),
		TEST(a_read_inside_a_value_is_an_exception_and_keeps_the_connection),
		TEST(a_silent_meter_costs_one_timeout),
		TEST(a_late_answer_is_not_taken_for_the_next_one),
		TEST(a_trickling_meter_cannot_hold_the_link_beyond_one_timeout),
		TEST(garbage_is_not_taken_for_modbus),
		TEST(an_answer_in_the_name_of_another_unit_is_refused),
		TEST(half_an_answer_is_a_lost_connection),
		TEST(a_closed_port_is_refused_and_found_again),
		TEST(another_unit_id_gets_no_answer),
		TEST(names_are_looked_up),
		TEST(a_connection_that_does_not_come_costs_one_timeout),
		TEST(a_connection_that_is_closed_before_the_request_is_a_lost_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
