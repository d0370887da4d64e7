#include "collector-meter/commission/reading_input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"

#define LINE_SIZE 200

struct reading_input {
	const struct meter_settings *settings;
	struct loop *loop;
	void (*taken)(void *context, size_t source, const struct register_reading *reading);
	void (*refused)(void *context, const struct fail *fail);
	void *context;
	bool watching;
	char line[LINE_SIZE];
	size_t size; /* bytes in `line` */
};

static bool find_source(const struct meter_settings *settings, const char *name, size_t *source,
			struct fail *fail)
{
	for (*source = 0; *source < settings->sources.count; ++*source)
		if (strcmp(settings_source(settings, *source)->source, name) == 0)
			return true;
	return fail_set(fail,
			"there is no meter \"%.32s\"; type a meter and what its register "
			"shows, such as: %s 812345.6",
			name, settings_source(settings, 0)->source);
}

/* Parses one or two words. */
static bool read_line(const struct reading_input *input, char *line, size_t *source,
		      struct register_reading *reading, struct fail *fail)
{
	char *rest;
	char *first = strtok_r(line, " \t\r=", &rest);
	char *second = strtok_r(NULL, " \t\r=", &rest);

	*source = 0;
	if (!second && input->settings->sources.count == 1)
		return register_reading_parse(reading, first, fail);
	return find_source(input->settings, first, source, fail) &&
	       register_reading_parse(reading, second ? second : "", fail);
}

static void take_line(struct reading_input *input, char *line)
{
	struct register_reading reading;
	struct fail fail = {0};
	size_t source;

	if (!line[strspn(line, " \t\r=")])
		return;
	if (read_line(input, line, &source, &reading, &fail))
		input->taken(input->context, source, &reading);
	else
		input->refused(input->context, &fail);
}

static void take_lines(struct reading_input *input)
{
	char *end;

	while ((end = memchr(input->line, '\n', input->size)) != NULL) {
		size_t length = (size_t)(end - input->line) + 1;

		*end = '\0';
		take_line(input, input->line);
		input->size -= length;
		memmove(input->line, input->line + length, input->size);
	}
	/* Discard a line that is too long. */
	if (input->size == LINE_SIZE)
		input->size = 0;
}

static void stop_watching(struct reading_input *input)
{
	if (input->watching)
		loop_unwatch(input->loop, STDIN_FILENO);
	input->watching = false;
}

static void input_ready(void *context, short events)
{
	struct reading_input *input = context;
	ssize_t got = read(STDIN_FILENO, input->line + input->size, LINE_SIZE - input->size);

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		stop_watching(input);
		return;
	}
	input->size += (size_t)got;
	take_lines(input);
}

struct reading_input *reading_input_open(const struct meter_settings *settings, struct loop *loop,
					 void (*taken)(void *context, size_t source,
						       const struct register_reading *reading),
					 void (*refused)(void *context, const struct fail *fail),
					 void *context)
{
	struct reading_input *input = allocate(1, sizeof(*input));
	struct stat status;

	*input = (struct reading_input){.settings = settings,
					.loop = loop,
					.taken = taken,
					.refused = refused,
					.context = context};
	/* If it was closed, the descriptor may be another file's. */
	if (strcmp(settings->replay, "-") == 0 || fstat(STDIN_FILENO, &status) != 0 ||
	    !(S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode)))
		return input;
	/* A read in the background must fail, not stop the program. */
	signal(SIGTTIN, SIG_IGN);
	loop_watch(loop, STDIN_FILENO, POLLIN, input_ready, input);
	input->watching = true;
	return input;
}

void reading_input_close(struct reading_input *input)
{
	if (!input)
		return;
	stop_watching(input);
	free(input);
}
