/* The edge buffer: a process may be killed between any two instructions, and its successor counts
 * and reports as if nothing had happened. Lines are pipes here, into which the kernel's own
 * structures are written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tests/unit/common/seed.h"

#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/input/edge_memory.h"

#define MS NS_PER_MS
#define S  NS_PER_SECOND

static const struct lines_identity identity = {.lines = {"pulse", "top", "off-peak", "peak"}};

static const struct counter_config config = {
	.has_line = {true, true, true, true}, .min_on = 30 * MS, .min_off = 30 * MS};

/* -------- lines -------- */

struct wire {
	int ends[2];
	uint32_t sequence;
};

static void wire_open(struct wire *wire)
{
	wire->sequence = 0;
	assert_int_equal(pipe2(wire->ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(fcntl(wire->ends[0], F_SETPIPE_SZ, 1 << 20) > 0);
}

static void wire_close(struct wire *wire)
{
	close(wire->ends[0]);
	if (wire->ends[1] >= 0)
		close(wire->ends[1]);
}

static void wire_edge(struct wire *wire, enum gpio_abi abi, bool on, ns_t t)
{
	uint32_t id = on ? 1 : 2;
	struct gpioevent_data one = {.timestamp = (uint64_t)t, .id = id};
	struct gpio_v2_line_event two = {
		.timestamp_ns = (uint64_t)t, .id = id, .line_seqno = ++wire->sequence};

	if (abi == GPIO_ABI_1)
		assert_int_equal(write(wire->ends[1], &one, sizeof(one)), sizeof(one));
	else
		assert_int_equal(write(wire->ends[1], &two, sizeof(two)), sizeof(two));
}

static struct edge_buffer *open_buffer(enum gpio_abi abi)
{
	struct fail fail = {0};
	struct edge_buffer *buffer = edge_buffer_new(abi, &identity, &fail);

	if (!buffer)
		fail_msg("%s", fail.text);
	return buffer;
}

/* As a successor gets it; the one before is closed, or was killed. */
static struct edge_buffer *adopt(int fd)
{
	struct fail fail = {0};
	struct edge_buffer *buffer = edge_buffer_adopt(fd, &identity, &fail);

	if (!buffer)
		fail_msg("%s", fail.text);
	return buffer;
}

/* -------- reading -------- */

static void edges_come_as_the_kernel_gave_them(void **state)
{
	(void)state;
	for (enum gpio_abi abi = GPIO_ABI_1; abi <= GPIO_ABI_2; abi++) {
		struct edge_buffer *buffer = open_buffer(abi);
		struct edge edge;
		struct wire wire;

		wire_open(&wire);
		assert_int_equal(edge_buffer_read(buffer, LINE_SIGNAL, wire.ends[0]), EDGES_NONE);
		wire_edge(&wire, abi, true, 5 * S);
		wire_edge(&wire, abi, false, 6 * S + 1);
		assert_int_equal(edge_buffer_read(buffer, LINE_SIGNAL, wire.ends[0]), EDGES_READ);
		assert_int_equal(edge_buffer_read(buffer, LINE_SIGNAL, wire.ends[0]), EDGES_NONE);
		assert_int_equal(edge_buffer_waiting(buffer), 2);
		assert_true(edge_buffer_level(buffer, 0));
		assert_false(edge_buffer_level(buffer, 1));
		assert_true(edge_buffer_next(buffer, &edge));
		assert_true(edge.on);
		assert_int_equal(edge.t, 5 * S);
		assert_int_equal(edge.numbered, abi == GPIO_ABI_2);
		assert_true(edge_buffer_next(buffer, &edge));
		assert_int_equal(edge.role, LINE_SIGNAL);
		assert_false(edge.on);
		assert_int_equal(edge.t, 6 * S + 1);
		assert_int_equal(edge.lost, 0);
		assert_false(edge_buffer_next(buffer, &edge));
		/* The kernel dropped 7. */
		wire.sequence += 7;
		wire_edge(&wire, abi, true, 7 * S);
		edge_buffer_read(buffer, LINE_SIGNAL, wire.ends[0]);
		assert_true(edge_buffer_next(buffer, &edge));
		assert_int_equal(edge.lost, abi == GPIO_ABI_2 ? 7 : 0);
		close(wire.ends[1]);
		wire.ends[1] = -1;
		assert_int_equal(edge_buffer_read(buffer, LINE_SIGNAL, wire.ends[0]), EDGES_GONE);
		wire_close(&wire);
		edge_buffer_close(buffer);
	}
}

static void a_read_that_empties_a_full_queue_is_marked(void **state)
{
	struct edge_buffer *buffer = open_buffer(GPIO_ABI_1);
	struct edge edge;
	struct wire wire;

	(void)state;
	wire_open(&wire);
	for (int i = 0; i < 16 + 15; i++)
		wire_edge(&wire, GPIO_ABI_1, i % 2, i);
	while (edge_buffer_read(buffer, LINE_PULSE, wire.ends[0]) == EDGES_READ)
		;
	for (int i = 0; i < 16 + 15; i++) {
		assert_true(edge_buffer_next(buffer, &edge));
		assert_int_equal(edge.full, i == 15);
	}
	wire_close(&wire);
	edge_buffer_close(buffer);
}

/* -------- killed at any instruction -------- */

/* In a process that is single-stepped. */
static void read_once(struct edge_buffer *buffer, int fd)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(1);
	raise(SIGSTOP);
	edge_buffer_read(buffer, LINE_PEAK, fd);
	_exit(0);
}

struct snapshot {
	unsigned char head[offsetof(struct edge_memory, checkpoints)];
	struct stored_edge edges[8];
};

static void take(struct snapshot *snapshot, const struct edge_memory *memory)
{
	memcpy(snapshot->head, memory, sizeof(snapshot->head));
	memcpy(snapshot->edges, memory->edges, sizeof(snapshot->edges));
}

/* A successor has each of the `count` edges once: those that it finds, and those that are still in
 * the kernel. */
static void succeed(int fd, struct edge_memory *memory, const struct snapshot *snapshot,
		    int waiting, int count)
{
	struct edge_buffer *buffer;
	struct edge edge;
	int found = 0;

	memcpy(memory, snapshot->head, sizeof(snapshot->head));
	memcpy(memory->edges, snapshot->edges, sizeof(snapshot->edges));
	buffer = adopt(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	while (edge_buffer_next(buffer, &edge)) {
		found++;
		assert_int_equal(edge.role, LINE_PEAK);
		assert_int_equal(edge.t, found * S);
		assert_int_equal(edge.on, found % 2);
		assert_int_equal(edge.lost, 0);
	}
	assert_int_equal(found + waiting, count);
	for (size_t i = 0; i < STAGING_SIZE; i++)
		assert_int_equal(buffer->memory->staging[i], 0);
	edge_buffer_close(buffer);
}

static void killed_at_any_instruction_it_loses_and_doubles_nothing(void **state)
{
	static struct snapshot before, now;
	int steps = 0, kills = 0, status, unread;

	(void)state;
	for (enum gpio_abi abi = GPIO_ABI_1; abi <= GPIO_ABI_2; abi++) {
		struct edge_buffer *buffer = open_buffer(abi), *other = open_buffer(abi);
		int size = abi == GPIO_ABI_1 ? sizeof(struct gpioevent_data)
					     : sizeof(struct gpio_v2_line_event);
		struct wire wire;
		pid_t child;

		wire_open(&wire);
		/* Two that are there, two that are about to be. */
		wire_edge(&wire, abi, true, 1 * S);
		wire_edge(&wire, abi, false, 2 * S);
		edge_buffer_read(buffer, LINE_PEAK, wire.ends[0]);
		wire_edge(&wire, abi, true, 3 * S);
		wire_edge(&wire, abi, false, 4 * S);
		fflush(stdout);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			read_once(buffer, wire.ends[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			print_message("no process can be stepped through here\n");
			skip();
		}
		for (;;) {
			assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
			assert_int_equal(waitpid(child, &status, 0), child);
			if (!WIFSTOPPED(status))
				break;
			steps++;
			take(&now, buffer->memory);
			if (memcmp(&now, &before, sizeof(now)) == 0)
				continue;
			before = now;
			assert_int_equal(ioctl(wire.ends[0], FIONREAD, &unread), 0);
			succeed(edge_buffer_fd(other), other->memory, &now, unread / size, 4);
			kills++;
		}
		assert_int_equal(WEXITSTATUS(status), 0);
		assert_int_equal(atomic_load(&buffer->memory->written), 4);
		wire_close(&wire);
		edge_buffer_close(buffer);
		edge_buffer_close(other);
	}
	print_message("%d instructions, %d states\n", steps, kills);
	assert_true(kills > 10);
}

/* -------- killed at any moment, with anything on the disk -------- */

struct story {
	size_t count, given;
	struct edge edges[40000]; /* in the order of their times */
};

static int by_time(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->t < y->t ? -1 : x->t > y->t;
}

static void add_edge(struct story *story, enum line_role role, bool on, ns_t t)
{
	assert_true(story->count < 40000);
	story->edges[story->count++] = (struct edge){.role = role, .on = on, .t = t};
}

static void add_line(struct story *story, enum line_role role, ns_t longest, ns_t end)
{
	ns_t t = 1 * S;

	while ((t += 31 * MS + seed_below(longest)) < end - S) {
		for (int64_t bounces = seed_below(3); bounces > 0; bounces--) {
			add_edge(story, role, true, t);
			add_edge(story, role, false, t + 1 + seed_below(4 * MS));
			t += 5 * MS;
		}
		add_edge(story, role, true, t);
		add_edge(story, role, false, t += 31 * MS + seed_below(100 * MS));
	}
}

static void make_story(struct story *story, ns_t end)
{
	story->count = story->given = 0;
	add_line(story, LINE_PULSE, 400 * MS, end);
	add_line(story, LINE_SIGNAL, 100 * S, end);
	add_line(story, LINE_OFF_PEAK, 40 * S, end);
	add_line(story, LINE_PEAK, 40 * S, end);
	/* Edges of a line have times of their own. */
	qsort(story->edges, story->count, sizeof(*story->edges), by_time);
}

/* A collector: what it counts, what it reported, and how much of that is on the disk. */
struct life {
	enum gpio_abi abi;
	struct wire wires[LINE_ROLES];
	struct edge_buffer *buffer;
	struct counter counter;
	ms_t offset;		/* CLOCK_BOOTTIME less the clock of the lines */
	struct record *records; /* with their time on CLOCK_BOOTTIME as blind_ms */
	size_t count, durable, room;
	int64_t patience; /* one of so many turns brings something to the disk */
	bool sleeps;
};

static void life_report(struct life *life)
{
	struct counter_event event;

	while (counter_next(&life->counter, &event)) {
		if (event.kind != COUNTER_RECORD)
			continue;
		if (life->buffer)
			edge_buffer_checkpoint(life->buffer, &life->counter, event.record.mark,
					       event.record.t, life->offset);
		assert_true(life->count < life->room);
		event.record.blind_ms = event.record.t + life->offset;
		life->records[life->count++] = event.record;
	}
}

static void life_begin(struct life *life, enum gpio_abi abi)
{
	life->abi = abi;
	life->offset = 77;
	life->room = 20000;
	life->records = calloc(life->room, sizeof(*life->records));
	life->buffer = open_buffer(abi);
	for (int role = 0; role < LINE_ROLES; role++)
		wire_open(&life->wires[role]);
	counter_init(&life->counter, &config);
	counter_start(&life->counter, 0, 0);
	edge_buffer_checkpoint(life->buffer, &life->counter, MARK_NONE, 0, life->offset);
}

static void life_end(struct life *life)
{
	counter_free(&life->counter);
	edge_buffer_close(life->buffer);
	for (int role = 0; role < LINE_ROLES; role++)
		wire_close(&life->wires[role]);
	free(life->records);
}

/* Reads what there is of all lines, or only some of it; true where it was all. */
static bool life_read(struct life *life, bool all)
{
	bool empty = true;

	for (int i = 0; i < LINE_ROLES; i++) {
		int role = (int)seed_below(LINE_ROLES);

		if (all)
			role = i;
		else
			empty = false;
		while (edge_buffer_read(life->buffer, (enum line_role)role,
					life->wires[role].ends[0]) == EDGES_READ &&
		       (all || seed_below(3)))
			;
	}
	return empty;
}

static void life_take(struct life *life, int64_t most)
{
	struct edge edge;

	while (most-- > 0 && edge_buffer_next(life->buffer, &edge)) {
		assert_int_equal(edge.lost, 0);
		counter_edge(&life->counter, &edge);
	}
}

/* The next process; only the records on the disk are left. */
static void life_succeed(struct life *life)
{
	struct resume_point point = {.this_boot = true};
	struct fail fail = {0};
	int fd = fcntl(edge_buffer_fd(life->buffer), F_DUPFD_CLOEXEC, 3);

	counter_free(&life->counter);
	edge_buffer_close(life->buffer);
	life->buffer = adopt(fd);
	edge_buffer_confirm(life->buffer);
	life->count = life->durable;
	counter_init(&life->counter, &config);
	if (life->count) {
		const struct record *last = &life->records[life->count - 1];

		point.pulses = life->counter.pulses = last->pulses;
		point.boot = last->blind_ms;
		point.mark = last->mark;
	}
	if (!edge_buffer_resume(life->buffer, life->count ? &point : NULL, &life->counter, &fail))
		fail_msg("%s", fail.text);
	/* The machine has slept. */
	if (life->sleeps && seed_below(2))
		life->offset += seed_below(100000);
}

static void undisturbed(struct life *life, const struct story *story, ns_t end)
{
	*life = (struct life){.room = 20000};
	life->records = calloc(life->room, sizeof(*life->records));
	counter_init(&life->counter, &config);
	counter_start(&life->counter, 0, 0);
	for (size_t i = 0; i < story->count; i++) {
		const struct edge *edge = &story->edges[i];

		counter_edge(&life->counter, edge);
	}
	counter_advance(&life->counter, end);
	life_report(life);
}

static void assert_same_records(const struct life *a, const struct life *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->records[i].t, b->records[i].t);
		assert_int_equal(a->records[i].mark, b->records[i].mark);
		assert_int_equal(a->records[i].pulses, b->records[i].pulses);
		assert_int_equal(a->records[i].off_peak, b->records[i].off_peak);
		assert_int_equal(a->records[i].peak, b->records[i].peak);
	}
}

/* What reaches the disk, and when: most at once, some later, and the last of it together. */
static void life_write(struct life *life)
{
	if (seed_below(life->patience))
		return;
	life->durable += (size_t)seed_below((int64_t)(life->count - life->durable) + 1);
	if (!seed_below(3))
		life->durable = life->count;
	if (life->durable == life->count)
		edge_buffer_release(life->buffer);
}

static void killed_at_any_moment_it_reports_as_if_nothing_had_happened(void **state)
{
	static struct story story;
	const ns_t end = 900 * S;
	int kills = 0;

	(void)state;
	seed_start("killed_at_any_moment_it_reports_as_if_nothing_had_happened");
	for (int round = 0; round < 20; round++) {
		struct life expected, life = {0};
		ns_t until = 0;

		make_story(&story, end);
		undisturbed(&expected, &story, end);
		life_begin(&life, round % 2 ? GPIO_ABI_1 : GPIO_ABI_2);
		/* In some lives so little is written that not all can be kept. */
		life.sleeps = round % 5;
		life.patience = round % 5 ? 2 : 400;
		while (until < end) {
			until += 1 + seed_below(seed_below(4) ? S : 20 * S);
			if (until > end)
				until = end;
			for (; story.given < story.count && story.edges[story.given].t < until;
			     story.given++) {
				const struct edge *edge = &story.edges[story.given];

				wire_edge(&life.wires[edge->role], life.abi, edge->on, edge->t);
			}
			for (int i = 0; i < 3; i++) {
				bool all = life_read(&life, seed_below(2));

				life_take(&life, all ? INT64_MAX : seed_below(50));
				if (all)
					counter_advance(&life.counter, until);
				if (seed_below(2))
					life_report(&life);
				life_write(&life);
				if (!seed_below(12)) {
					life_succeed(&life);
					kills++;
				}
			}
		}
		life_read(&life, true);
		life_take(&life, INT64_MAX);
		counter_advance(&life.counter, end);
		life_report(&life);
		assert_same_records(&life, &expected);
		life_end(&life);
		counter_free(&expected.counter);
		free(expected.records);
	}
	print_message("%d kills\n", kills);
	assert_true(kills > 200);
}

/* -------- a pause -------- */

static void a_pause_stops_before_what_is_not_certain_and_a_successor_goes_on_behind_it(void **state)
{
	struct life life = {0};

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, 5 * S);
	wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, false, 5 * S + 50 * MS);
	wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, 7 * S + 300);
	life_read(&life, true);
	life_take(&life, INT64_MAX);
	counter_advance(&life.counter, 7 * S + 20 * MS);
	life_report(&life);
	counter_pause(&life.counter);
	life_report(&life);
	assert_int_equal(life.count, 2);
	assert_int_equal(life.records[1].mark, MARK_STOP);
	assert_int_equal(life.records[1].t, 6999);
	assert_int_equal(life.records[1].pulses, 1);
	life.durable = life.count;
	/* A second one in the same millisecond is the same. */
	life_succeed(&life);
	counter_pause(&life.counter);
	life_report(&life);
	assert_int_equal(life.count, 2);
	wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, false, 7 * S + 60 * MS);
	wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, 9 * S);
	life_succeed(&life);
	life_read(&life, true);
	life_take(&life, INT64_MAX);
	counter_advance(&life.counter, 61 * S);
	life_report(&life);
	/* No start: nothing was missed. */
	assert_int_equal(life.count, 3);
	assert_int_equal(life.records[2].mark, MARK_MINUTE);
	assert_int_equal(life.records[2].t, 60000);
	assert_int_equal(life.records[2].pulses, 3);
	life_end(&life);
}

static void a_pause_before_the_start_is_certain_reports_nothing(void **state)
{
	struct life life = {0};

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	life_report(&life);
	counter_pause(&life.counter);
	life_report(&life);
	assert_int_equal(life.count, 0);
	life_succeed(&life);
	counter_advance(&life.counter, 1 * S);
	life_report(&life);
	assert_int_equal(life.count, 1);
	assert_int_equal(life.records[0].mark, MARK_START);
	life_end(&life);
}

/* -------- nothing reaches the disk for long -------- */

static void without_a_disk_its_room_is_used_again_and_the_count_is_kept(void **state)
{
	const size_t pulses = 2 * EDGES;
	struct life life = {0};
	ns_t t = 1 * S;

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	life.durable = 0;
	for (size_t i = 0; i < pulses; i++, t += 100 * MS) {
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, t);
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, false, t + 50 * MS);
		assert_int_equal(
			edge_buffer_read(life.buffer, LINE_PULSE, life.wires[LINE_PULSE].ends[0]),
			EDGES_READ);
		life_take(&life, INT64_MAX);
		counter_advance(&life.counter, t + 90 * MS);
		life_report(&life);
		if (!life.durable && life.count)
			life.durable = 1;
		if (!edge_buffer_nearly_full(life.buffer))
			continue;
		edge_buffer_checkpoint(life.buffer, &life.counter, MARK_NONE, 0, life.offset);
		edge_buffer_release(life.buffer);
		assert_false(edge_buffer_nearly_full(life.buffer));
	}
	assert_int_equal(life.count, 1 + (size_t)((t - 10 * MS) / (60 * S)));
	life_succeed(&life);
	life_take(&life, INT64_MAX);
	counter_advance(&life.counter, t);
	life_report(&life);
	assert_int_equal(life.counter.pulses, pulses);
	life_end(&life);
}

static void a_buffer_that_is_full_leaves_edges_in_the_kernel(void **state)
{
	struct edge_buffer *buffer = open_buffer(GPIO_ABI_2);
	enum edges_read result = EDGES_READ;
	struct counter counter;
	struct edge edge;
	struct wire wire;
	ns_t t = 0;

	(void)state;
	wire_open(&wire);
	counter_init(&counter, &config);
	counter_start(&counter, 0, 0);
	edge_buffer_checkpoint(buffer, &counter, MARK_NONE, 0, 0);
	while (result == EDGES_READ) {
		for (int i = 0; i < STAGED_EVENTS_2; i++)
			wire_edge(&wire, GPIO_ABI_2, i % 2, t++);
		result = edge_buffer_read(buffer, LINE_PULSE, wire.ends[0]);
	}
	assert_int_equal(result, EDGES_NO_ROOM);
	assert_int_equal(edge_buffer_waiting(buffer), EDGES);
	for (ns_t i = 0; edge_buffer_next(buffer, &edge); i++)
		assert_int_equal(edge.t, i);
	edge_buffer_checkpoint(buffer, &counter, MARK_NONE, 0, 0);
	edge_buffer_release(buffer);
	assert_int_equal(edge_buffer_read(buffer, LINE_PULSE, wire.ends[0]), EDGES_READ);
	assert_true(edge_buffer_next(buffer, &edge));
	assert_int_equal(edge.t, EDGES);
	counter_free(&counter);
	wire_close(&wire);
	edge_buffer_close(buffer);
}

/* -------- an outbox that is another one -------- */

static void resume(struct life *life, const struct resume_point *point, const char *refused)
{
	struct edge_buffer *buffer = adopt(fcntl(edge_buffer_fd(life->buffer), F_DUPFD_CLOEXEC, 3));
	struct fail fail = {0};

	counter_free(&life->counter);
	counter_init(&life->counter, &config);
	assert_int_equal(edge_buffer_resume(buffer, point, &life->counter, &fail), !refused);
	if (refused)
		assert_non_null(strstr(fail.text, refused));
	edge_buffer_close(life->buffer);
	life->buffer = buffer;
}

static void an_outbox_that_is_behind_takes_the_count_and_another_one_does_not(void **state)
{
	struct life life = {0};
	struct resume_point point = {
		.pulses = 0, .boot = 1, .mark = MARK_MINUTE, .this_boot = true};

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	for (int i = 1; i < 5; i++) {
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, i * S);
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, false, i * S + 50 * MS);
	}
	life_read(&life, true);
	life_take(&life, INT64_MAX);
	counter_advance(&life.counter, 100 * S);
	life_report(&life);
	edge_buffer_release(life.buffer);
	resume(&life, &point, NULL);
	assert_int_equal(life.counter.pulses, 4);
	/* Of a boot before. */
	point.this_boot = false;
	point.boot = 200000;
	resume(&life, &point, NULL);
	assert_int_equal(life.counter.pulses, 4);
	resume(&life, NULL, NULL);
	assert_int_equal(life.counter.pulses, 4);
	point.pulses = 5;
	resume(&life, &point, "another count");
	/* The index was set, later than the record. */
	point = (struct resume_point){
		.pulses = 1000, .boot = 90000, .mark = MARK_STOP, .this_boot = true};
	resume(&life, &point, NULL);
	assert_int_equal(life.counter.pulses, 1000);
	life_end(&life);
}

/* -------- what is no buffer -------- */

static void assert_refused(int fd, const char *reason)
{
	struct fail fail = {0};

	assert_null(edge_buffer_adopt(fd, &identity, &fail));
	if (!strstr(fail.text, reason))
		fail_msg("%s", fail.text);
}

static void what_is_not_an_edge_buffer_of_these_lines_is_refused(void **state)
{
	struct lines_identity other = identity;
	struct edge_buffer *buffer = open_buffer(GPIO_ABI_2);
	int fd = edge_buffer_fd(buffer);
	struct fail fail = {0};
	struct wire wire;
	int file;

	(void)state;
	wire_open(&wire);
	assert_refused(wire.ends[0], "not sealed memory");
	wire_close(&wire);
	assert_refused(-1, "not sealed memory");
	file = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(file, sizeof(struct edge_memory)), 0);
	assert_refused(file, "not sealed memory");
	assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_refused(file, "not an edge buffer");
	assert_int_equal(ftruncate(file, sizeof(struct edge_memory) + 1), 0);
	assert_refused(file, "another version");
	close(file);
	strcpy(other.lines[LINE_SIGNAL], "top, the other way round");
	assert_null(edge_buffer_adopt(fd, &other, &fail));
	assert_string_equal(fail.text, "the meter's lines have changed");
	buffer->memory->layout++;
	assert_refused(fd, "another version");
	buffer->memory->layout--;
	buffer->memory->abi = 3;
	assert_refused(fd, "ABI 3");
	edge_buffer_close(buffer);
}

static void a_buffer_that_ends_one_process_after_the_other_is_given_up(void **state)
{
	struct edge_buffer *buffer = open_buffer(GPIO_ABI_2);
	int fd = fcntl(edge_buffer_fd(buffer), F_DUPFD_CLOEXEC, 3);

	(void)state;
	for (int life = 0; life < 3 * ADOPTIONS; life++) {
		struct edge_buffer *next = adopt(fcntl(fd, F_DUPFD_CLOEXEC, 3));

		if (life % ADOPTIONS == ADOPTIONS - 1)
			edge_buffer_confirm(next);
		edge_buffer_close(next);
	}
	for (int life = 0; life < ADOPTIONS; life++)
		edge_buffer_close(adopt(fcntl(fd, F_DUPFD_CLOEXEC, 3)));
	assert_refused(fd, "20 processes failed to use it");
	close(fd);
	edge_buffer_close(buffer);
}

/* The newest checkpoint, changed and with a sum that is right again. */
static void assert_checkpoint_refused(struct life *life, const struct checkpoint *changed)
{
	struct checkpoint *checkpoint = checkpoint_at(life->buffer, 0);
	struct checkpoint before = *checkpoint;

	*checkpoint = *changed;
	checkpoint->sum = checkpoint_sum(checkpoint);
	assert_refused(edge_buffer_fd(life->buffer), "damaged (checkpoint 0)");
	*checkpoint = before;
}

static void a_checkpoint_with_a_number_out_of_range_is_refused(void **state)
{
	struct life life = {0};
	struct checkpoint good, bad;

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	good = *checkpoint_at(life.buffer, 0);
	bad = good;
	bad.mark = MARK_NONE + 1;
	assert_checkpoint_refused(&life, &bad);
	bad = good;
	bad.state.counter.marks = 1u << 20;
	assert_checkpoint_refused(&life, &bad);
	bad = good;
	bad.state.counter.changes.end = COUNTER_STATE_CHANGES + 1;
	assert_checkpoint_refused(&life, &bad);
	bad = good;
	bad.state.counter.changes.end = 1;
	bad.state.changes[0].role = (enum line_role)LINE_ROLES;
	assert_checkpoint_refused(&life, &bad);
	bad = good;
	bad.state.counter.running = false;
	assert_checkpoint_refused(&life, &bad);
	edge_buffer_close(adopt(fcntl(edge_buffer_fd(life.buffer), F_DUPFD_CLOEXEC, 3)));
	life_end(&life);
}

static void a_counter_that_was_stopped_leaves_no_state(void **state)
{
	struct counter_state saved;
	struct life life = {0};

	(void)state;
	life_begin(&life, GPIO_ABI_2);
	assert_true(counter_save(&life.counter, &saved));
	counter_stop(&life.counter, 5 * S);
	life_report(&life);
	assert_int_equal(life.records[life.count - 1].mark, MARK_STOP);
	assert_false(counter_save(&life.counter, &saved));
	/* A successor goes on from before the stop, which it does not report again. */
	life.durable = life.count;
	life_succeed(&life);
	assert_true(life.counter.running);
	counter_stop(&life.counter, 5 * S);
	life_report(&life);
	assert_int_equal(life.count, life.durable);
	life_end(&life);
}

/* Takes it over and uses it, if that is let happen. */
static bool use_garbage(int fd)
{
	struct resume_point point = {
		.pulses = 3, .boot = 60077, .mark = MARK_MINUTE, .this_boot = true};
	struct edge_buffer *buffer = edge_buffer_adopt(fd, &identity, NULL);
	struct counter counter;
	struct counter_event event;
	struct edge edge;
	bool used;

	if (!buffer)
		return false;
	counter_init(&counter, &config);
	used = edge_buffer_resume(buffer, &point, &counter, NULL);
	while (used && edge_buffer_next(buffer, &edge)) {
		counter_edge(&counter, &edge);
		counter_advance(&counter, edge.t);
		/* A damaged time may be that of many minutes. */
		for (int i = 0; i < 1000 && counter_next(&counter, &event); i++)
			if (event.kind == COUNTER_RECORD)
				edge_buffer_checkpoint(buffer, &counter, event.record.mark,
						       event.record.t, 77);
	}
	counter_free(&counter);
	munmap(buffer->memory, sizeof(struct edge_memory));
	free(buffer);
	return used;
}

static void no_garbage_ends_the_program(void **state)
{
	struct life life = {0};
	struct edge_memory *good = malloc(sizeof(*good));
	int used = 0, refused = 0;

	(void)state;
	seed_start("no_garbage_ends_the_program");
	life_begin(&life, GPIO_ABI_2);
	for (int i = 1; i < 200; i++) {
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, true, i * S);
		wire_edge(&life.wires[LINE_PULSE], GPIO_ABI_2, false, i * S + 50 * MS);
	}
	life_read(&life, true);
	life_take(&life, 300);
	counter_advance(&life.counter, 150 * S);
	life_report(&life);
	memcpy(good, life.buffer->memory, sizeof(*good));
	for (int i = 0; i < 3000; i++) {
		unsigned char *bytes = (unsigned char *)life.buffer->memory;
		size_t spread =
			i % 3 ? offsetof(struct edge_memory, checkpoints[4]) : sizeof(*good);

		memcpy(bytes, good, sizeof(*good));
		for (int64_t n = 1 + seed_below(8); n > 0; n--) {
			size_t at = (size_t)seed_below((int64_t)spread);

			/* Most of it are names of lines. */
			if (i % 2)
				at = offsetof(struct edge_memory, written) + at % 64;
			bytes[at] = (unsigned char)seed_next();
		}
		if (use_garbage(edge_buffer_fd(life.buffer)))
			used++;
		else
			refused++;
	}
	print_message("%d refused, %d used\n", refused, used);
	assert_true(refused > 500);
	memcpy(life.buffer->memory, good, sizeof(*good));
	free(good);
	life_end(&life);
}

#define test(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(edges_come_as_the_kernel_gave_them),
		test(a_read_that_empties_a_full_queue_is_marked),
		test(killed_at_any_instruction_it_loses_and_doubles_nothing),
		test(killed_at_any_moment_it_reports_as_if_nothing_had_happened),
		test(a_pause_stops_before_what_is_not_certain_and_a_successor_goes_on_behind_it),
		test(a_pause_before_the_start_is_certain_reports_nothing),
		test(without_a_disk_its_room_is_used_again_and_the_count_is_kept),
		test(a_buffer_that_is_full_leaves_edges_in_the_kernel),
		test(an_outbox_that_is_behind_takes_the_count_and_another_one_does_not),
		test(what_is_not_an_edge_buffer_of_these_lines_is_refused),
		test(a_buffer_that_ends_one_process_after_the_other_is_given_up),
		test(a_checkpoint_with_a_number_out_of_range_is_refused),
		test(a_counter_that_was_stopped_leaves_no_state),
		test(no_garbage_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
