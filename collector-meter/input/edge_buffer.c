#include "collector-meter/input/edge_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector-meter/input/edge_memory.h"
#include "common/base/memory.h"

#define LATEST (INT64_MAX / 2) /* time, with room for additions */

static struct edge_memory *map(int fd)
{
	void *memory =
		mmap(NULL, sizeof(struct edge_memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Swapping must not delay an edge; without the permission it may. */
	mlock(memory, sizeof(struct edge_memory));
	return memory;
}

struct edge_buffer *edge_buffer_new(enum gpio_abi abi, const struct lines_identity *identity,
				    struct fail *fail)
{
	struct edge_buffer *buffer = allocate(1, sizeof(*buffer));
	struct edge_memory *memory;

	buffer->fd = memfd_create("edges", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (buffer->fd < 0 || ftruncate(buffer->fd, sizeof(struct edge_memory)) < 0 ||
	    fcntl(buffer->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    !(memory = buffer->memory = map(buffer->fd))) {
		fail_set(fail, "cannot allocate the edge buffer: %s", strerror(errno));
		edge_buffer_close(buffer);
		return NULL;
	}
	memory->layout = EDGE_MEMORY_LAYOUT;
	memory->size = sizeof(struct edge_memory);
	memory->abi = abi;
	memory->identity = *identity;
	memory->magic = EDGE_MEMORY_MAGIC;
	return buffer;
}

void edge_buffer_close(struct edge_buffer *buffer)
{
	if (!buffer)
		return;
	if (buffer->memory)
		munmap(buffer->memory, sizeof(struct edge_memory));
	if (buffer->fd >= 0)
		close(buffer->fd);
	free(buffer);
}

int edge_buffer_fd(const struct edge_buffer *buffer)
{
	return buffer->fd;
}

/* -------- another process's buffer -------- */

/* Access to a file that shrinks would kill this process (SIGBUS). */
static bool check_file(int fd, struct fail *fail)
{
	struct stat info;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &info) < 0)
		return fail_set(fail, "it is not sealed memory");
	if (info.st_size != (off_t)sizeof(struct edge_memory))
		return fail_set(fail, "it is of another version of this program");
	return true;
}

static bool check_header(const struct edge_memory *memory, const struct lines_identity *identity,
			 struct fail *fail)
{
	if (memory->magic != EDGE_MEMORY_MAGIC)
		return fail_set(fail, "it is not an edge buffer");
	if (memory->layout != EDGE_MEMORY_LAYOUT || memory->size != sizeof(struct edge_memory))
		return fail_set(fail, "it is of another version of this program");
	if (memory->abi != GPIO_ABI_1 && memory->abi != GPIO_ABI_2)
		return fail_set(fail, "it is damaged (ABI %u)", memory->abi);
	if (memcmp(&memory->identity, identity, sizeof(*identity)) != 0)
		return fail_set(fail, "the meter's lines have changed");
	return true;
}

/* Its contents may be wrong in a way that the checks do not detect. */
static bool count_adoption(struct edge_memory *memory, struct fail *fail)
{
	if (atomic_load(&memory->adoptions) >= ADOPTIONS)
		return fail_set(fail, "%d processes failed to use it", ADOPTIONS);
	store_ordered(&memory->adoptions, atomic_load(&memory->adoptions) + 1);
	return true;
}

static bool check_edges(const struct edge_memory *memory, struct fail *fail)
{
	uint32_t end = atomic_load(&memory->written);

	for (uint32_t at = atomic_load(&memory->released); at != end; at++) {
		const struct stored_edge *edge = &memory->edges[at % EDGES];

		if (edge->role >= LINE_ROLES || !memory->identity.lines[edge->role][0] ||
		    edge->t < 0 || edge->t > LATEST)
			return fail_set(fail, "it is damaged (edge %u)", at);
	}
	return true;
}

static bool check_checkpoints(const struct edge_buffer *buffer, struct fail *fail)
{
	const struct edge_memory *memory = buffer->memory;
	uint32_t first = atomic_load(&memory->checkpoint_first);
	uint32_t end = atomic_load(&memory->checkpoint_end);

	if (end - first > CHECKPOINTS)
		return fail_set(fail, "it is damaged (%u checkpoints)", end - first);
	for (uint32_t at = first; at != end; at++) {
		const struct checkpoint *checkpoint = checkpoint_at(buffer, at);
		uint32_t ahead = checkpoint->position - atomic_load(&memory->released);

		if (checkpoint->sum != checkpoint_sum(checkpoint) || checkpoint->mark > MARK_NONE ||
		    ahead > edges_held(memory) || (at == first && !checkpoint->has_state) ||
		    (checkpoint->has_state && !counter_state_valid(&checkpoint->state)))
			return fail_set(fail, "it is damaged (checkpoint %u)", at);
	}
	return true;
}

struct edge_buffer *edge_buffer_adopt(int fd, const struct lines_identity *identity,
				      struct fail *fail)
{
	struct edge_buffer *buffer;

	if (!check_file(fd, fail))
		return NULL;
	buffer = allocate(1, sizeof(*buffer));
	buffer->memory = map(fd);
	if (!buffer->memory) {
		fail_set(fail, "it cannot be mapped: %s", strerror(errno));
		free(buffer);
		return NULL;
	}
	if (check_header(buffer->memory, identity, fail) && count_adoption(buffer->memory, fail) &&
	    edge_memory_finish_read(buffer->memory, fail) && check_edges(buffer->memory, fail) &&
	    check_checkpoints(buffer, fail)) {
		buffer->fd = fd;
		buffer->position = atomic_load(&buffer->memory->released);
		return buffer;
	}
	munmap(buffer->memory, sizeof(struct edge_memory));
	free(buffer);
	return NULL;
}
