#include "collector-meter/input/journal.h"

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
#define EDGES 32768u
#define MARKS 64u
#define TIGHT (EDGES / 4 * 3)

#define TRIES  20
#define LATEST (INT64_MAX / 2) /* time, with room to add to it */

#define LANDING_EVENTS_1 16 /* the kernel keeps no more for a line */
#define LANDING_EVENTS_2 64
#define LANDING_SIZE	 (LANDING_EVENTS_2 * sizeof(struct gpio_v2_line_event))

#define EDGE_ON	  1
#define EDGE_FULL 2

struct kept_edge {
	int64_t t;
	uint32_t sequence; /* of its line; ABI 2 */
	uint8_t role, flags;
	uint16_t unused;
};

/* A record that was told, and what the counter knew then. The first one has a state. */
struct kept_mark {
	uint64_t sum;	 /* of all that follows */
	int64_t t, boot; /* on the clock of the lines, and on CLOCK_BOOTTIME */
	uint32_t mark;
	uint32_t has_state;
	uint32_t position; /* of the next edge that it takes */
	uint32_t sequence[LINE_ROLES];
	struct counter_state state;
};

/* What is in the memory. The thread that reads lines writes `written`, the landing and the edges,
 * the other one the rest.
 *
 * An edge is taken from the kernel's queue by read(2) itself, so that is where it has to be safe:
 * it reads into the landing, which is all zero before, and holds from which line it comes, and
 * behind how many edges. Then what is there is appended, and `written` moves on, which makes that
 * so at once; then the landing is zeroed. Who finds something in the landing that comes behind
 * `written` edges has yet to append it; anything else in it was appended. */
struct memory {
	uint32_t magic, layout, size, abi;
	struct journal_identity identity;
	_Atomic uint32_t written; /* edges so far */
	_Atomic uint32_t kept;	  /* those before it are not needed any more */
	_Atomic uint32_t mark_first, mark_end;
	_Atomic uint32_t tries;	       /* of processes to go on from it */
	_Atomic uint32_t landing_base; /* `written` before it */
	_Atomic uint32_t landing_role;
	_Alignas(8) unsigned char landing[LANDING_SIZE];
	struct kept_mark marks[MARKS];
	struct kept_edge edges[EDGES];
};

struct journal {
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
	return memory->abi == GPIO_ABI_1 ? LANDING_EVENTS_1 : LANDING_EVENTS_2;
}

/* The event number `i` in the landing; false: there is none. */
static bool landed(const struct memory *memory, size_t i, struct kept_edge *edge)
{
	const unsigned char *place = memory->landing + i * event_size(memory);
	struct gpio_v2_line_event event = {0};
	struct gpioevent_data event_1;

	if (memory->abi == GPIO_ABI_1) {
		memcpy(&event_1, place, sizeof(event_1));
		event.timestamp_ns = event_1.timestamp;
		event.id = event_1.id;
	} else {
		memcpy(&event, place, sizeof(event));
	}
	*edge = (struct kept_edge){
		.t = (int64_t)event.timestamp_ns,
		.sequence = event.line_seqno,
		/* Both ABIs number the directions alike. */
		.flags = event.id == GPIO_V2_LINE_EVENT_RISING_EDGE ? EDGE_ON : 0,
	};
	return event.id != 0;
}

static void append_landing(struct memory *memory)
{
	uint32_t base = atomic_load(&memory->landing_base);
	uint32_t role = atomic_load(&memory->landing_role);
	size_t most = event_count(memory);
	struct kept_edge edge;
	size_t count = 0;

	while (count < most && landed(memory, count, &edge)) {
		edge.role = (uint8_t)role;
		if (memory->abi == GPIO_ABI_1 && count == most - 1)
			edge.flags |= EDGE_FULL;
		memory->edges[(base + count) % EDGES] = edge;
		count++;
	}
	publish(&memory->written, base + (uint32_t)count);
	memset(memory->landing, 0, most * event_size(memory));
}

enum journal_read journal_read(struct journal *journal, enum line_role role, int fd)
{
	struct memory *memory = journal->memory;
	uint32_t written = atomic_load(&memory->written);
	ssize_t size;

	if (EDGES - (written - atomic_load(&memory->kept)) < event_count(memory))
		return JOURNAL_FULL;
	/* Nothing is in the landing, or what is was appended: what was said about it may go. */
	publish(&memory->landing_role, role);
	publish(&memory->landing_base, written);
	size = read(fd, memory->landing, event_count(memory) * event_size(memory));
	if (size > 0) {
		append_landing(memory);
		return JOURNAL_READ;
	}
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return JOURNAL_EMPTY;
	return JOURNAL_GONE;
}

/* -------- taking edges -------- */

uint32_t journal_waiting(const struct journal *journal)
{
	return atomic_load(&journal->memory->written) - journal->position;
}

void journal_proved(struct journal *journal)
{
	atomic_store(&journal->memory->tries, 0);
}

bool journal_is_on(const struct journal *journal, uint32_t before)
{
	return journal->memory->edges[(journal->position + before) % EDGES].flags & EDGE_ON;
}

bool journal_next(struct journal *journal, struct edge *edge)
{
	struct memory *memory = journal->memory;
	const struct kept_edge *kept = &memory->edges[journal->position % EDGES];
	bool numbered = memory->abi == GPIO_ABI_2;

	if (!journal_waiting(journal))
		return false;
	*edge = (struct edge){
		.role = (enum line_role)kept->role,
		.on = kept->flags & EDGE_ON,
		.t = kept->t,
		.lost = numbered ? (int64_t)(kept->sequence - journal->sequence[kept->role] - 1)
				 : 0,
		.numbered = numbered,
		.full = kept->flags & EDGE_FULL,
	};
	/* Numbers are 32 bits wide. */
	edge->lost = (int64_t)(uint32_t)edge->lost;
	journal->sequence[kept->role] = kept->sequence;
	journal->position++;
	return true;
}

/* -------- what the counter knew -------- */

static struct kept_mark *mark_at(const struct journal *journal, uint32_t at)
{
	return &journal->memory->marks[at % MARKS];
}

/* FNV-1a */
static uint64_t sum_of(const struct kept_mark *kept)
{
	const unsigned char *byte = (const unsigned char *)kept + sizeof(kept->sum);
	const unsigned char *end = (const unsigned char *)(kept + 1);
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	while (byte < end)
		sum = (sum ^ *byte++) * UINT64_C(0x100000001b3);
	return sum;
}

static void keep_from(struct journal *journal, uint32_t first)
{
	publish(&journal->memory->mark_first, first);
	publish(&journal->memory->kept, mark_at(journal, first)->position);
}

void journal_mark(struct journal *journal, const struct counter *counter, enum mark mark, ms_t t,
		  ms_t offset)
{
	struct memory *memory = journal->memory;
	uint32_t first = atomic_load(&memory->mark_first);
	uint32_t end = atomic_load(&memory->mark_end);
	struct kept_mark *kept;

	/* Without room the newest one makes way: a successor that misses it goes on from an older
	 * one, and passes over what was told since. */
	if (end - first == MARKS)
		publish(&memory->mark_end, --end);
	kept = mark_at(journal, end);
	memset(kept, 0, sizeof(*kept));
	kept->has_state = counter_save(counter, &kept->state);
	if (!kept->has_state && end == first)
		return;
	kept->t = mark == MARK_NONE ? counter->settled - 1 : t;
	kept->boot = kept->t + offset;
	kept->mark = mark;
	kept->position = journal->position;
	memcpy(kept->sequence, journal->sequence, sizeof(kept->sequence));
	kept->sum = sum_of(kept);
	publish(&memory->mark_end, end + 1);
}

/* The newest one with a state, up to `at`. */
static uint32_t with_state(const struct journal *journal, uint32_t at)
{
	while (at != atomic_load(&journal->memory->mark_first) && !mark_at(journal, at)->has_state)
		at--;
	return at;
}

void journal_settled(struct journal *journal)
{
	uint32_t first = atomic_load(&journal->memory->mark_first);
	uint32_t end = atomic_load(&journal->memory->mark_end);

	if (end - first > 1)
		keep_from(journal, with_state(journal, end - 1));
}

bool journal_is_tight(const struct journal *journal)
{
	const struct memory *memory = journal->memory;

	return atomic_load(&memory->written) - atomic_load(&memory->kept) > TIGHT;
}

void journal_relieve(struct journal *journal)
{
	journal_settled(journal);
}

/* -------- going on -------- */

/* What was kept with the newest record on the disk, or the newest before it. False: nothing is as
 * old. */
static bool find_told(const struct journal *journal, const struct told *told, uint32_t *found)
{
	uint32_t first = atomic_load(&journal->memory->mark_first);
	uint32_t end = atomic_load(&journal->memory->mark_end);
	bool has_found = false;

	/* The memory itself is of this boot. */
	for (uint32_t at = end; told->this_boot && at != first; at--) {
		const struct kept_mark *kept = mark_at(journal, at - 1);

		if (kept->boot > told->boot)
			continue;
		if (kept->boot == told->boot && kept->mark == told->last) {
			*found = at - 1;
			return true;
		}
		if (!has_found)
			*found = at - 1;
		has_found = true;
	}
	return has_found;
}

/* What was kept behind `told` will be again. */
static void go_on_from(struct journal *journal, uint32_t at, uint32_t told, struct counter *counter)
{
	const struct kept_mark *kept = mark_at(journal, at);

	counter_restore(counter, &kept->state);
	journal->position = kept->position;
	memcpy(journal->sequence, kept->sequence, sizeof(journal->sequence));
	publish(&journal->memory->mark_end, told + 1);
	keep_from(journal, at);
}

/* From there on it tells what was not told yet. */
static void go_on_behind(struct journal *journal, uint32_t at, const struct told *told,
			 struct counter *counter)
{
	const struct kept_mark *kept = mark_at(journal, at);
	bool same = kept->boot == told->boot && kept->mark == told->last;
	/* The machine may have slept between two of them, so only the same one is certain. */
	ms_t t = same ? kept->t : told->boot - (kept->boot - kept->t);
	uint32_t from = with_state(journal, at);

	go_on_from(journal, from, at, counter);
	if (from != at || !same)
		counter_resume(counter, t, told->last);
	counter->pulses = told->pulses;
}

bool journal_resume(struct journal *journal, const struct told *told, struct counter *counter,
		    struct fail *fail)
{
	uint32_t at = atomic_load(&journal->memory->mark_first);

	if (at == atomic_load(&journal->memory->mark_end))
		return fail_set(fail, "it holds no count");
	if (told && find_told(journal, told, &at)) {
		go_on_behind(journal, at, told, counter);
		return true;
	}
	/* The outbox is behind, or new: the count is here. */
	if (told && told->pulses > mark_at(journal, at)->state.counter.pulses)
		return fail_set(fail, "the outbox holds another count");
	go_on_from(journal, at, at, counter);
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

struct journal *journal_new(enum gpio_abi abi, const struct journal_identity *identity,
			    struct fail *fail)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	struct memory *memory;

	if (!journal) {
		fail_set(fail, "no memory");
		return NULL;
	}
	journal->fd = memfd_create("edges", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (journal->fd < 0 || ftruncate(journal->fd, sizeof(struct memory)) < 0 ||
	    fcntl(journal->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    !(memory = journal->memory = map(journal->fd))) {
		fail_set(fail, "no memory for edges: %s", strerror(errno));
		journal_close(journal);
		return NULL;
	}
	memory->layout = LAYOUT;
	memory->size = sizeof(struct memory);
	memory->abi = abi;
	memory->identity = *identity;
	memory->magic = MAGIC;
	return journal;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->memory)
		munmap(journal->memory, sizeof(struct memory));
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal);
}

int journal_fd(const struct journal *journal)
{
	return journal->fd;
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

static bool check_header(const struct memory *memory, const struct journal_identity *identity,
			 struct fail *fail)
{
	if (memory->magic != MAGIC)
		return fail_set(fail, "it is no journal");
	if (memory->layout != LAYOUT || memory->size != sizeof(struct memory))
		return fail_set(fail, "it is of another version of this program");
	if (memory->abi != GPIO_ABI_1 && memory->abi != GPIO_ABI_2)
		return fail_set(fail, "it is damaged (ABI %u)", memory->abi);
	if (memcmp(&memory->identity, identity, sizeof(*identity)) != 0)
		return fail_set(fail, "the meter's lines are others now");
	return true;
}

/* What is wrong with it may be beyond what is looked for. */
static bool count_tries(struct memory *memory, struct fail *fail)
{
	if (atomic_load(&memory->tries) >= TRIES)
		return fail_set(fail, "%d processes ended over it", TRIES);
	publish(&memory->tries, atomic_load(&memory->tries) + 1);
	return true;
}

static bool has_line(const struct memory *memory, uint32_t role)
{
	return role < LINE_ROLES && memory->identity.lines[role][0];
}

static uint32_t edges_kept(const struct memory *memory)
{
	return atomic_load(&memory->written) - atomic_load(&memory->kept);
}

/* A process was killed between a read(2) and what follows it. */
static bool finish_landing(struct memory *memory, struct fail *fail)
{
	struct kept_edge edge;

	if (edges_kept(memory) > EDGES)
		return fail_set(fail, "it is damaged (%u edges)", edges_kept(memory));
	if (atomic_load(&memory->landing_base) == atomic_load(&memory->written) &&
	    landed(memory, 0, &edge)) {
		if (EDGES - edges_kept(memory) < event_count(memory))
			return fail_set(fail, "it is damaged (landing)");
		append_landing(memory);
	}
	memset(memory->landing, 0, sizeof(memory->landing));
	return true;
}

static bool check_edges(const struct memory *memory, struct fail *fail)
{
	uint32_t end = atomic_load(&memory->written);

	for (uint32_t at = atomic_load(&memory->kept); at != end; at++) {
		const struct kept_edge *edge = &memory->edges[at % EDGES];

		if (!has_line(memory, edge->role) || edge->t < 0 || edge->t > LATEST)
			return fail_set(fail, "it is damaged (edge %u)", at);
	}
	return true;
}

static bool check_marks(const struct journal *journal, struct fail *fail)
{
	const struct memory *memory = journal->memory;
	uint32_t first = atomic_load(&memory->mark_first);
	uint32_t end = atomic_load(&memory->mark_end);
	uint32_t written = atomic_load(&memory->written);

	if (end - first > MARKS)
		return fail_set(fail, "it is damaged (%u marks)", end - first);
	for (uint32_t at = first; at != end; at++) {
		const struct kept_mark *kept = mark_at(journal, at);

		if (kept->sum != sum_of(kept) || (at == first && !kept->has_state) ||
		    kept->state.counter.change_end > COUNTER_STATE_CHANGES ||
		    kept->position - atomic_load(&memory->kept) >
			    written - atomic_load(&memory->kept))
			return fail_set(fail, "it is damaged (mark %u)", at);
	}
	return true;
}

struct journal *journal_adopt(int fd, const struct journal_identity *identity, struct fail *fail)
{
	struct journal *journal;

	if (!is_memory(fd, fail))
		return NULL;
	journal = calloc(1, sizeof(*journal));
	if (!journal || !(journal->memory = map(fd))) {
		free(journal);
		fail_set(fail, "no memory");
		return NULL;
	}
	if (check_header(journal->memory, identity, fail) && count_tries(journal->memory, fail) &&
	    finish_landing(journal->memory, fail) && check_edges(journal->memory, fail) &&
	    check_marks(journal, fail)) {
		journal->fd = fd;
		journal->position = atomic_load(&journal->memory->kept);
		return journal;
	}
	munmap(journal->memory, sizeof(struct memory));
	free(journal);
	return NULL;
}
