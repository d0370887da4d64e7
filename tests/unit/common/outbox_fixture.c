#include "tests/unit/common/outbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <signal.h>

#include <sqlite3.h>

#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"

struct mqtt mqtt;
struct outbox_settings settings;
struct outbox *outbox;
ms_t now;

bool session_send(struct mqtt *session, const char *topic, const char *payload, size_t size,
		  int qos, uint64_t cookie)
{
	int64_t before = session->last.seq;
	struct fail fail = {0};

	assert_int_equal(qos, 1);
	if (!session->up || session->count == 15)
		return false;
	if (!record_decode(&session->last, payload, size, &fail))
		fail_msg("%s", fail.text);
	assert_int_equal(session->last.seq, (int64_t)cookie);
	assert_true(session->last.has_prev);
	session->linked += session->last.prev == before;
	session->flying[session->count++] = (int64_t)cookie;
	session->total++;
	snprintf(session->topic, sizeof(session->topic), "%s", topic);
	return true;
}

/* -------- steps -------- */

void open_outbox(void)
{
	struct fail fail = {0};

	mqtt = (struct mqtt){.up = true};
	outbox = outbox_open(&settings, &fail);
	if (!outbox)
		fail_msg("%s", fail.text);
}

void reopen(void)
{
	outbox_close(outbox);
	open_outbox();
}

void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

int set_up(void **state)
{
	(void)state;
	folder_make();
	logged_begin();
	settings = outbox_defaults;
	snprintf(settings.file, sizeof(settings.file), "%s/cuisine.outbox", folder);
	outbox_resolve(&settings, "wattzone", "school", "cuisine");
	now = 0;
	open_outbox();
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	limit_files(RLIM_INFINITY);
	outbox_close(outbox);
	logged_end();
	folder_remove();
	return 0;
}

void add_at(const char *source, enum mark mark, ms_t t, int64_t pulses)
{
	struct record record = {.t = t, .is_pulse = true, .pulses = pulses, .mark = mark};

	outbox_add(outbox, source, &record, true, t - T0);
}

void add(const char *source, enum mark mark)
{
	static int64_t count;

	count++;
	add_at(source, mark, T0 + count, count);
}

void add_many(int count)
{
	for (int i = 0; i < count; i++)
		add("self", MARK_MINUTE);
}

void pump(void)
{
	outbox_pump(outbox, &mqtt, now);
}

void flush(void)
{
	outbox_flush(outbox);
	pump();
}

void answer(enum mqtt_result result)
{
	int64_t seq = mqtt.flying[0];

	assert_true(mqtt.count > 0);
	memmove(mqtt.flying, mqtt.flying + 1, --mqtt.count * sizeof(mqtt.flying[0]));
	outbox_sent(outbox, (uint64_t)seq, result, now);
}

void answer_all(enum mqtt_result result)
{
	while (mqtt.count)
		answer(result);
}

void drain(void)
{
	for (pump(); mqtt.count; pump())
		answer_all(MQTT_DELIVERED);
}

void ack(int64_t seq)
{
	outbox_ack(outbox, mqtt.last.stream, seq, now);
}

void go_down(void)
{
	mqtt.up = false;
	mqtt.count = 0;
	outbox_down(outbox);
}

void expect_waiting(int64_t waiting)
{
	assert_int_equal(outbox_counts(outbox).waiting, waiting);
}

int64_t sql(const char *text)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *database;
	int64_t answer_column = -1;

	assert_int_equal(sqlite3_open(settings.file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer_column = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	sqlite3_close(database);
	return answer_column;
}

void copy_file(const char *from, const char *to)
{
	char command[2 * sizeof(settings.file) + 20];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}
