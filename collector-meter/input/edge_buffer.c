#include "collector-meter/input/edge_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC  UINT32_C(0x577a4a31)
#define LAYOUT (UINT32_C(1) << 16 | COUNTER_LAYOUT)

/* 5 minutes at 50 pulses a second. Powers of two: positions go on beyond 2^32. */
#define EDGES	    32768u
#define CHECKPOINTS 64u
#define NEARLY_FULL (EDGES / 4 * 3)

#define ADOPTIONS 20
#define LATEST	  (INT64_MAX / 2) /* time, with room to add to it */

#define STAGING_EVENTS_1 16 /* the kernel keeps no more for a line */
#define STAGING_EVENTS_2 64
#define STAGING_SIZE	 (STAGING_EVENTS_2 * sizeof(struct gpio_v2_line_event))

#define EDGE_ON	  1
#define EDGE_FULL 2

struct stored_edge {
	int64_t t;
	uint32_t sequence; /* of its line; ABI 2 */
	uint8_t role, flags;
	uint16_t unused;
};

/* A record that was told, and what the counter knew then. The first one has a state. */
struct checkpoint {
	uint64_t sum;	 /* of all that follows */
	int64_t t, boot; /* on the clock of the lines, and on CLOCK_BOOTTIME */
	uint32_t mark;
	uint32_t has_state;
	uint32_t position; /* of the next edge that it takes */
	uint32_t sequence[LINE_ROLES];
	struct counter_state state;
};

/* What is in the memory. The thread that reads lines writes `written`, the staging and the edges,
 * the other one the rest.
 *
 * An edge is taken from the kernel's queue by read(2) itself, so that is where it has to be safe:
 * it reads into the staging, which is all zero before, and holds from which line it comes, and
 * behind how many edges. Then what is there is appended, and `written` moves on, which makes that
 * so at once; then the staging is zeroed. Who finds something in the staging that comes behind
 * `written` edges has yet to append it; anything else in it was appended. */
struct memory {
	uint32_t magic, layout, size, abi;
	struct lines_identity identity;
	_Atomic uint32_t written; /* edges so far */
	_Atomic uint32_t kept;	  /* those before it are not needed any more */
	_Atomic uint32_t checkpoint_first, checkpoint_end;
	_Atomic uint32_t adoptions;    /* of processes to go on from it */
	_Atomic uint32_t staging_base; /* `written` before it */
	_Atomic uint32_t staging_role;
	_Alignas(8) unsigned char staging[STAGING_SIZE];
	struct checkpoint marks[CHECKPOINTS];
	struct stored_edge edges[EDGES];
};

struct edge_buffer {
	struct memory *memory;
	int fd;
	/* Of the one that counts. */
	uint32_t position;
	uint32_t sequence[LINE_ROLES];
};

/* Keeps the compiler from moving what follows before the store: a process that is killed has done
 * its stores up to some instruction, and that order is all that counts. */
static void publish(_Atomic uint32_t *place, uint32_t value)
{
	atomic_store(place, value);
	atomic_signal_fence(memory_order_seq_cst);
}

/* -------- reading lines -------- */

static size_t event_size(const struct memory *memory)
{
	return memory->abi == GPIO_ABI_1 ? sizeof(struct gpioevent_data)
					 : sizeof(struct gpio_v2_line_event);
}

static size_t event_count(const struct memory *memory)
{
	return memory->abi == GPIO_ABI_1 ? STAGING_EVENTS_1 : STAGING_EVENTS_2;
}

/* The event number `i` in the staging; false: there is none. */
static bool staged(const struct memory *memory, size_t i, struct stored_edge *edge)
{
	const unsigned char *place = memory->staging + i * event_size(memory);
	struct gpio_v2_line_event event = {0};
	struct gpioevent_data event_1;

	if (memory->abi == GPIO_ABI_1) {
		memcpy(&event_1, place, sizeof(event_1));
		event.timestamp_ns = event_1.timestamp;
		event.id = event_1.id;
	} else {
		memcpy(&event, place, sizeof(event));
	}
	*edge = (struct stored_edge){
		.t = (int64_t)event.timestamp_ns,
		.sequence = event.line_seqno,
		/* Both ABIs number the directions alike. */
		.flags = event.id == GPIO_V2_LINE_EVENT_RISING_EDGE ? EDGE_ON : 0,
	};
	return event.id != 0;
}

static void append_staged(struct memory *memory)
{
	uint32_t base = atomic_load(&memory->staging_base);
	uint32_t role = atomic_load(&memory->staging_role);
	size_t most = event_count(memory);
	struct stored_edge edge;
	size_t count = 0;

	while (count < most && staged(memory, count, &edge)) {
		edge.role = (uint8_t)role;
		if (memory->abi == GPIO_ABI_1 && count == most - 1)
			edge.flags |= EDGE_FULL;
		memory->edges[(base + count) % EDGES] = edge;
		count++;
	}
	publish(&memory->written, base + (uint32_t)count);
	memset(memory->staging, 0, most * event_size(memory));
}

enum edges_read edge_buffer_read(struct edge_buffer *buffer, enum line_role role, int fd)
{
	struct memory *memory = buffer->memory;
	uint32_t written = atomic_load(&memory->written);
	ssize_t size;

	if (EDGES - (written - atomic_load(&memory->kept)) < event_count(memory))
		return EDGES_NO_ROOM;
	/* Nothing is in the staging, or what is was appended: what was said about it may go. */
	publish(&memory->staging_role, role);
	publish(&memory->staging_base, written);
	size = read(fd, memory->staging, event_count(memory) * event_size(memory));
	if (size > 0) {
		append_staged(memory);
		return EDGES_READ;
	}
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return EDGES_NONE;
	return EDGES_GONE;
}

/* -------- taking edges -------- */

uint32_t edge_buffer_waiting(const struct edge_buffer *buffer)
{
	return atomic_load(&buffer->memory->written) - buffer->position;
}

void edge_buffer_confirm(struct edge_buffer *buffer)
{
	atomic_store(&buffer->memory->adoptions, 0);
}

bool edge_buffer_level(const struct edge_buffer *buffer, uint32_t before)
{
	return buffer->memory->edges[(buffer->position + before) % EDGES].flags & EDGE_ON;
}

bool edge_buffer_next(struct edge_buffer *buffer, struct edge *edge)
{
	struct memory *memory = buffer->memory;
	const struct stored_edge *kept = &memory->edges[buffer->position % EDGES];
	bool numbered = memory->abi == GPIO_ABI_2;

	if (!edge_buffer_waiting(buffer))
		return false;
	*edge = (struct edge){
		.role = (enum line_role)kept->role,
		.on = kept->flags & EDGE_ON,
		.t = kept->t,
		.lost = numbered ? (int64_t)(kept->sequence - buffer->sequence[kept->role] - 1) : 0,
		.numbered = numbered,
		.full = kept->flags & EDGE_FULL,
	};
	/* Numbers are 32 bits wide. */
	edge->lost = (int64_t)(uint32_t)edge->lost;
	buffer->sequence[kept->role] = kept->sequence;
	buffer->position++;
	return true;
}

/* -------- what the counter knew -------- */

static struct checkpoint *checkpoint_at(const struct edge_buffer *buffer, uint32_t at)
{
	return &buffer->memory->marks[at % CHECKPOINTS];
}

/* FNV-1a */
static uint64_t checkpoint_sum(const struct checkpoint *kept)
{
	const unsigned char *byte = (const unsigned char *)kept + sizeof(kept->sum);
	const unsigned char *end = (const unsigned char *)(kept + 1);
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	while (byte < end)
		sum = (sum ^ *byte++) * UINT64_C(0x100000001b3);
	return sum;
}

static void release_before(struct edge_buffer *buffer, uint32_t first)
{
	publish(&buffer->memory->checkpoint_first, first);
	publish(&buffer->memory->kept, checkpoint_at(buffer, first)->position);
}

void edge_buffer_checkpoint(struct edge_buffer *buffer, const struct counter *counter,
			    enum mark mark, ms_t t, ms_t offset)
{
	struct memory *memory = buffer->memory;
	uint32_t first = atomic_load(&memory->checkpoint_first);
	uint32_t end = atomic_load(&memory->checkpoint_end);
	struct checkpoint *kept;

	/* Without room the newest one makes way: a successor that misses it goes on from an older
	 * one, and passes over what was told since. */
	if (end - first == CHECKPOINTS)
		publish(&memory->checkpoint_end, --end);
	kept = checkpoint_at(buffer, end);
	memset(kept, 0, sizeof(*kept));
	kept->has_state = counter_save(counter, &kept->state);
	if (!kept->has_state && end == first)
		return;
	kept->t = mark == MARK_NONE ? counter->decided - 1 : t;
	kept->boot = kept->t + offset;
	kept->mark = mark;
	kept->position = buffer->position;
	memcpy(kept->sequence, buffer->sequence, sizeof(kept->sequence));
	kept->sum = checkpoint_sum(kept);
	publish(&memory->checkpoint_end, end + 1);
}

/* The newest one with a state, up to `at`. */
static uint32_t with_state(const struct edge_buffer *buffer, uint32_t at)
{
	while (at != atomic_load(&buffer->memory->checkpoint_first) &&
	       !checkpoint_at(buffer, at)->has_state)
		at--;
	return at;
}

void edge_buffer_release(struct edge_buffer *buffer)
{
	uint32_t first = atomic_load(&buffer->memory->checkpoint_first);
	uint32_t end = atomic_load(&buffer->memory->checkpoint_end);

	if (end - first > 1)
		release_before(buffer, with_state(buffer, end - 1));
}

bool edge_buffer_nearly_full(const struct edge_buffer *buffer)
{
	const struct memory *memory = buffer->memory;

	return atomic_load(&memory->written) - atomic_load(&memory->kept) > NEARLY_FULL;
}

/* -------- going on -------- */

/* What was kept with the newest record on the disk, or the newest before it. False: nothing is as
 * old. */
static bool find_checkpoint(const struct edge_buffer *buffer, const struct resume_point *point,
			    uint32_t *found)
{
	uint32_t first = atomic_load(&buffer->memory->checkpoint_first);
	uint32_t end = atomic_load(&buffer->memory->checkpoint_end);
	bool has_found = false;

	/* The memory itself is of this boot. */
	for (uint32_t at = end; point->this_boot && at != first; at--) {
		const struct checkpoint *kept = checkpoint_at(buffer, at - 1);

		if (kept->boot > point->boot)
			continue;
		if (kept->boot == point->boot && kept->mark == point->mark) {
			*found = at - 1;
			return true;
		}
		if (!has_found)
			*found = at - 1;
		has_found = true;
	}
	return has_found;
}

/* What was kept behind `newest` will be again. */
static void go_on_from(struct edge_buffer *buffer, uint32_t at, uint32_t newest,
		       struct counter *counter)
{
	const struct checkpoint *kept = checkpoint_at(buffer, at);

	counter_restore(counter, &kept->state);
	buffer->position = kept->position;
	memcpy(buffer->sequence, kept->sequence, sizeof(buffer->sequence));
	publish(&buffer->memory->checkpoint_end, newest + 1);
	release_before(buffer, at);
}

/* From there on it tells what was not told yet. */
static void go_on_behind(struct edge_buffer *buffer, uint32_t at, const struct resume_point *point,
			 struct counter *counter)
{
	const struct checkpoint *kept = checkpoint_at(buffer, at);
	bool same = kept->boot == point->boot && kept->mark == point->mark;
	/* The machine may have slept between two of them, so only the same one is certain. */
	ms_t t = same ? kept->t : point->boot - (kept->boot - kept->t);
	uint32_t from = with_state(buffer, at);

	go_on_from(buffer, from, at, counter);
	if (from != at || !same)
		counter_resume(counter, t, point->mark);
	counter->pulses = point->pulses;
}

bool edge_buffer_resume(struct edge_buffer *buffer, const struct resume_point *point,
			struct counter *counter, struct fail *fail)
{
	uint32_t at = atomic_load(&buffer->memory->checkpoint_first);

	if (at == atomic_load(&buffer->memory->checkpoint_end))
		return fail_set(fail, "it holds no count");
	if (point && find_checkpoint(buffer, point, &at)) {
		go_on_behind(buffer, at, point, counter);
		return true;
	}
	/* The outbox is behind, or new: the count is here. */
	if (point && point->pulses > checkpoint_at(buffer, at)->state.counter.pulses)
		return fail_set(fail, "the outbox holds another count");
	go_on_from(buffer, at, at, counter);
	return true;
}

/* -------- opening -------- */

static struct memory *map(int fd)
{
	void *memory = mmap(NULL, sizeof(struct memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* A machine that swaps must not delay an edge; where this is refused it may. */
	mlock(memory, sizeof(struct memory));
	return memory;
}

struct edge_buffer *edge_buffer_new(enum gpio_abi abi, const struct lines_identity *identity,
				    struct fail *fail)
{
	struct edge_buffer *buffer = calloc(1, sizeof(*buffer));
	struct memory *memory;

	if (!buffer) {
		fail_set(fail, "no memory");
		return NULL;
	}
	buffer->fd = memfd_create("edges", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (buffer->fd < 0 || ftruncate(buffer->fd, sizeof(struct memory)) < 0 ||
	    fcntl(buffer->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    !(memory = buffer->memory = map(buffer->fd))) {
		fail_set(fail, "no memory for edges: %s", strerror(errno));
		edge_buffer_close(buffer);
		return NULL;
	}
	memory->layout = LAYOUT;
	memory->size = sizeof(struct memory);
	memory->abi = abi;
	memory->identity = *identity;
	memory->magic = MAGIC;
	return buffer;
}

void edge_buffer_close(struct edge_buffer *buffer)
{
	if (!buffer)
		return;
	if (buffer->memory)
		munmap(buffer->memory, sizeof(struct memory));
	if (buffer->fd >= 0)
		close(buffer->fd);
	free(buffer);
}

int edge_buffer_fd(const struct edge_buffer *buffer)
{
	return buffer->fd;
}

/* A file that can shrink could end the program where it is looked at. */
static bool is_memory(int fd, struct fail *fail)
{
	struct stat info;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &info) < 0)
		return fail_set(fail, "it is no sealed memory");
	if (info.st_size != (off_t)sizeof(struct memory))
		return fail_set(fail, "it is of another version of this program");
	return true;
}

static bool check_header(const struct memory *memory, const struct lines_identity *identity,
			 struct fail *fail)
{
	if (memory->magic != MAGIC)
		return fail_set(fail, "it is no edge buffer");
	if (memory->layout != LAYOUT || memory->size != sizeof(struct memory))
		return fail_set(fail, "it is of another version of this program");
	if (memory->abi != GPIO_ABI_1 && memory->abi != GPIO_ABI_2)
		return fail_set(fail, "it is damaged (ABI %u)", memory->abi);
	if (memcmp(&memory->identity, identity, sizeof(*identity)) != 0)
		return fail_set(fail, "the meter's lines are others now");
	return true;
}

/* What is wrong with it may be beyond what is looked for. */
static bool count_adoption(struct memory *memory, struct fail *fail)
{
	if (atomic_load(&memory->adoptions) >= ADOPTIONS)
		return fail_set(fail, "%d processes ended over it", ADOPTIONS);
	publish(&memory->adoptions, atomic_load(&memory->adoptions) + 1);
	return true;
}

static bool has_line(const struct memory *memory, uint32_t role)
{
	return role < LINE_ROLES && memory->identity.lines[role][0];
}

static uint32_t edges_held(const struct memory *memory)
{
	return atomic_load(&memory->written) - atomic_load(&memory->kept);
}

/* A process was killed between a read(2) and what follows it. */
static bool finish_staging(struct memory *memory, struct fail *fail)
{
	struct stored_edge edge;

	if (edges_held(memory) > EDGES)
		return fail_set(fail, "it is damaged (%u edges)", edges_held(memory));
	if (atomic_load(&memory->staging_base) == atomic_load(&memory->written) &&
	    staged(memory, 0, &edge)) {
		if (EDGES - edges_held(memory) < event_count(memory))
			return fail_set(fail, "it is damaged (staging)");
		append_staged(memory);
	}
	memset(memory->staging, 0, sizeof(memory->staging));
	return true;
}

static bool check_edges(const struct memory *memory, struct fail *fail)
{
	uint32_t end = atomic_load(&memory->written);

	for (uint32_t at = atomic_load(&memory->kept); at != end; at++) {
		const struct stored_edge *edge = &memory->edges[at % EDGES];

		if (!has_line(memory, edge->role) || edge->t < 0 || edge->t > LATEST)
			return fail_set(fail, "it is damaged (edge %u)", at);
	}
	return true;
}

static bool check_marks(const struct edge_buffer *buffer, struct fail *fail)
{
	const struct memory *memory = buffer->memory;
	uint32_t first = atomic_load(&memory->checkpoint_first);
	uint32_t end = atomic_load(&memory->checkpoint_end);
	uint32_t written = atomic_load(&memory->written);

	if (end - first > CHECKPOINTS)
		return fail_set(fail, "it is damaged (%u marks)", end - first);
	for (uint32_t at = first; at != end; at++) {
		const struct checkpoint *kept = checkpoint_at(buffer, at);

		if (kept->sum != checkpoint_sum(kept) || (at == first && !kept->has_state) ||
		    kept->state.counter.change_end > COUNTER_STATE_CHANGES ||
		    kept->position - atomic_load(&memory->kept) >
			    written - atomic_load(&memory->kept))
			return fail_set(fail, "it is damaged (mark %u)", at);
	}
	return true;
}

struct edge_buffer *edge_buffer_adopt(int fd, const struct lines_identity *identity,
				      struct fail *fail)
{
	struct edge_buffer *buffer;

	if (!is_memory(fd, fail))
		return NULL;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer || !(buffer->memory = map(fd))) {
		free(buffer);
		fail_set(fail, "no memory");
		return NULL;
	}
	if (check_header(buffer->memory, identity, fail) && count_adoption(buffer->memory, fail) &&
	    finish_staging(buffer->memory, fail) && check_edges(buffer->memory, fail) &&
	    check_marks(buffer, fail)) {
		buffer->fd = fd;
		buffer->position = atomic_load(&buffer->memory->kept);
		return buffer;
	}
	munmap(buffer->memory, sizeof(struct memory));
	free(buffer);
	return NULL;
}
