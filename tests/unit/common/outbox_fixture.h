/* outbox_fixture.h - an outbox in a temporary folder, with a session that the test answers for. */
#ifndef TESTS_UNIT_COMMON_OUTBOX_FIXTURE_H
#define TESTS_UNIT_COMMON_OUTBOX_FIXTURE_H

#include <sys/resource.h>

#include "common/collector/outbox.h"

#define T0     INT64_C(1764000000000)
#define SECOND MS_PER_SECOND
#define MINUTE MS_PER_MINUTE

/* The session of these tests: takes 15 messages at a time and answers if asked to. */
struct mqtt {
	bool up;
	int64_t flying[15];
	size_t count;
	int64_t total; /* how many were sent */
	char topic[TOPIC_SIZE];
	struct record last;
	int64_t linked; /* each prev is the seq that was sent before: how often */
};

extern struct mqtt mqtt;
extern struct outbox_settings settings;
extern struct outbox *outbox;
extern ms_t now;

/* What mqtt_send() of the test is to call. */
bool session_send(struct mqtt *session, const char *topic, const char *payload, size_t size,
		  int qos, uint64_t cookie);

void open_outbox(void);
void reopen(void);
/* No file can grow beyond `size`: a full disk. */
void limit_files(rlim_t size);
int set_up(void **state);
int tear_down(void **state);
void add_at(const char *source, enum mark mark, ms_t t, int64_t pulses);
void add(const char *source, enum mark mark);
void add_many(int count);
void pump(void);
void flush(void);
/* The broker's answer to the oldest, or to all, that are in flight. */
void answer(enum mqtt_result result);
void answer_all(enum mqtt_result result);
/* Everything that can be sent now is with the broker. */
void drain(void);
void ack(int64_t seq);
void go_down(void);
void expect_waiting(int64_t waiting);
int64_t sql(const char *text);
void copy_file(const char *from, const char *to);

#define rows() sql("SELECT count(*) FROM record")

#define OUTBOX_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
