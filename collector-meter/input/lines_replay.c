/* A recording as `lines`. It is its own clock: lines of text `SECONDS[.FRACTION] NAME LEVEL`, or
 * only `SECONDS` for time that passes; `#` begins a comment. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector-meter/input/lines.h"
#include "common/base/memory.h"

#define BUFFER_SIZE 65536

struct replay {
	struct lines lines;
	const struct meter_settings *settings;
	const char *name; /* for messages */
	long line;
	bool started, ended;
	ns_t start;
	bool edge_pending; /* the edge at the start, after LINES_START */
	struct edge edge;
	size_t used, size; /* bytes of `buffer` that were taken, and that are filled */
	char buffer[BUFFER_SIZE];
};

static bool bad_line(const struct replay *replay, struct fail *fail, const char *what)
{
	fail_set(fail, "%s", what);
	return fail_at(fail, "%s:%ld", replay->name, replay->line);
}

/* Parses "1358204400.25" (times from 1970 to 2261) and moves `text` behind it. */
static bool read_time(const char **text, ns_t *t)
{
	const char *at = *text;
	int64_t seconds = 0;
	int64_t unit = NS_PER_SECOND;
	int64_t fraction = 0;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		seconds = seconds * 10 + (*at - '0');
		if (seconds > INT64_C(9200000000))
			return false;
	}
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++) {
			unit /= 10;
			if (!unit)
				return false;
			fraction += (*at - '0') * unit;
		}
	*t = seconds * NS_PER_SECOND + fraction;
	*text = at;
	return true;
}

static bool begins_with(const char **text, size_t *length, const char *word)
{
	size_t size = strlen(word);

	if (*length < size || memcmp(*text, word, size) != 0)
		return false;
	*text += size;
	*length -= size;
	return true;
}

static bool is_line(const struct source_settings *source, enum line_role role, const char *name,
		    size_t length)
{
	return source->lines[role].given && begins_with(&name, &length, source->source) &&
	       begins_with(&name, &length, ".") &&
	       begins_with(&name, &length, line_role_name(role)) && length == 0;
}

static bool find_line(const struct meter_settings *settings, const char *name, size_t length,
		      struct edge *edge)
{
	for (size_t s = 0; s < settings->sources.count; s++)
		for (int role = 0; role < LINE_ROLES; role++)
			if (is_line(settings_source(settings, s), (enum line_role)role, name,
				    length)) {
				edge->source = s;
				edge->role = (enum line_role)role;
				return true;
			}
	return false;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r");
}

static bool unknown_line(const struct replay *replay, const char *name, size_t length,
			 struct fail *fail)
{
	fail_set(fail,
		 "\"%.*s\" is not a line of the configuration, expected SOURCE.pulse, SOURCE.top, "
		 "SOURCE.off-peak or SOURCE.peak, such as %s.pulse",
		 (int)(length < 70 ? length : 70), name,
		 settings_source(replay->settings, 0)->source);
	return fail_at(fail, "%s:%ld", replay->name, replay->line);
}

/* Parses a line of text: nothing, only a time, or an edge. */
static bool read_line(struct replay *replay, const char *text, bool *has_time, bool *has_edge,
		      struct fail *fail)
{
	struct edge *edge = &replay->edge;
	size_t length;

	*has_time = *has_edge = false;
	text = skip_blanks(text);
	if (!*text || *text == '#')
		return true;
	if (!read_time(&text, &edge->t) || !strchr(" \t\r", *text))
		return bad_line(replay, fail,
				"expected a Unix time in seconds with at most 9 decimals, such as "
				"1358204400.25");
	if (replay->started && edge->t < replay->lines.horizon)
		return bad_line(
			replay, fail,
			"the time is before that of the line above, expected ascending times");
	*has_time = true;
	text = skip_blanks(text);
	if (!*text || *text == '#')
		return true;
	length = strcspn(text, " \t\r");
	if (!find_line(replay->settings, text, length, edge))
		return unknown_line(replay, text, length, fail);
	text = skip_blanks(text + length);
	if ((*text != '0' && *text != '1') || !strchr("#", *skip_blanks(text + 1)))
		return bad_line(replay, fail,
				"expected SECONDS SOURCE.LINE LEVEL with the level 0 or 1");
	edge->on = *text == '1';
	/* All lines are off at the start, so a level of 0 is not an edge there. */
	*has_edge = edge->on || (replay->started && edge->t > replay->start);
	return true;
}

/* Returns the next line of text, terminated. NULL if none is complete yet. */
static char *take_line(struct replay *replay)
{
	char *start = replay->buffer + replay->used;
	char *end = memchr(start, '\n', replay->size - replay->used);

	if (!end)
		return NULL;
	*end = '\0';
	replay->used = (size_t)(end + 1 - replay->buffer);
	replay->line++;
	return start;
}

enum filled { FILLED, NOT_NOW, AT_END, BROKEN };

static enum filled fill(struct replay *replay, struct fail *fail)
{
	struct pollfd readable = {.fd = replay->lines.fd, .events = POLLIN};
	ssize_t size;

	replay->size -= replay->used;
	memmove(replay->buffer, replay->buffer + replay->used, replay->size);
	replay->used = 0;
	if (replay->size >= BUFFER_SIZE - 1) {
		replay->line++;
		bad_line(replay, fail, "the line is too long");
		return BROKEN;
	}
	if (poll(&readable, 1, 0) <= 0)
		return NOT_NOW;
	size = read(replay->lines.fd, replay->buffer + replay->size,
		    BUFFER_SIZE - 1 - replay->size);
	if (size < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return NOT_NOW;
		fail_set(fail, "%s: %s", replay->name, strerror(errno));
		return BROKEN;
	}
	replay->size += (size_t)size;
	if (size > 0)
		return FILLED;
	/* The last line may lack its newline. */
	if (replay->size) {
		replay->buffer[replay->size++] = '\n';
		return FILLED;
	}
	return AT_END;
}

static enum lines_event end(struct replay *replay, struct edge *edge, struct fail *fail)
{
	if (!replay->started) {
		fail_set(fail, "%s: contains no time, expected lines TIME NAME LEVEL",
			 replay->name);
		return LINES_FAILED;
	}
	replay->ended = true;
	edge->t = replay->lines.horizon;
	return LINES_END;
}

static enum lines_event replay_next(struct lines *lines, struct edge *edge, struct fail *fail)
{
	struct replay *replay = (struct replay *)lines;
	bool has_time, has_edge;
	char *text;

	if (replay->ended)
		return LINES_NOTHING;
	if (replay->edge_pending) {
		replay->edge_pending = false;
		*edge = replay->edge;
		return LINES_EDGE;
	}
	for (;;) {
		text = take_line(replay);
		if (!text) {
			switch (fill(replay, fail)) {
			case FILLED: continue;
			case NOT_NOW: return LINES_NOTHING;
			case AT_END: return end(replay, edge, fail);
			case BROKEN: return LINES_FAILED;
			}
		}
		if (!read_line(replay, text, &has_time, &has_edge, fail))
			return LINES_FAILED;
		if (!has_time)
			continue;
		lines->horizon = replay->edge.t;
		*edge = replay->edge;
		if (!replay->started) {
			replay->started = true;
			replay->start = edge->t;
			replay->edge_pending = has_edge;
			return LINES_START;
		}
		if (has_edge)
			return LINES_EDGE;
	}
}

static void replay_close(struct lines *lines, bool store)
{
	(void)store;
	if (lines->fd != STDIN_FILENO)
		close(lines->fd);
	free(lines);
}

static bool is_file(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static int open_recording(const char *path, struct fail *fail)
{
	struct stat info;
	int flags = O_RDONLY;
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	/* A FIFO that is also open for writing does not end when its writer closes it. */
	if (stat(path, &info) == 0 && S_ISFIFO(info.st_mode))
		flags = O_RDWR | O_NONBLOCK;
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fail_set(fail, "replay: %s: %s, expected a file of edges or a FIFO", path,
			 strerror(errno));
	return fd;
}

struct lines *lines_open_replay(const struct meter_settings *settings, struct fail *fail)
{
	struct replay *replay = allocate(1, sizeof(*replay));

	replay->lines.next = replay_next;
	replay->lines.close = replay_close;
	replay->settings = settings;
	replay->name = strcmp(settings->replay, "-") == 0 ? "standard input" : settings->replay;
	replay->lines.fd = open_recording(settings->replay, fail);
	if (replay->lines.fd < 0) {
		free(replay);
		return NULL;
	}
	replay->lines.repeatable = replay->lines.fd != STDIN_FILENO && is_file(replay->lines.fd);
	return &replay->lines;
}
