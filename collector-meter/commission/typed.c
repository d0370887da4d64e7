#include "collector-meter/commission/typed.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE 200

struct typed {
	const struct settings *settings;
	struct daemon *daemon;
	void (*taken)(void *context, size_t source, const struct reading *reading);
	void (*refused)(void *context, const struct fail *fail);
	void *context;
	bool watching;
	char line[LINE_SIZE];
	size_t size; /* of what is there of the line */
};

static bool find_source(const struct settings *settings, const char *name, size_t *source,
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

/* One or two words. */
static bool read_line(const struct typed *typed, char *line, size_t *source,
		      struct reading *reading, struct fail *fail)
{
	char *rest;
	char *first = strtok_r(line, " \t\r=", &rest);
	char *second = strtok_r(NULL, " \t\r=", &rest);

	*source = 0;
	if (!second && typed->settings->sources.count == 1)
		return reading_parse(reading, first, fail);
	return find_source(typed->settings, first, source, fail) &&
	       reading_parse(reading, second ? second : "", fail);
}

static void take_line(struct typed *typed, char *line)
{
	struct reading reading;
	struct fail fail = {0};
	size_t source;

	if (!line[strspn(line, " \t\r=")])
		return;
	if (read_line(typed, line, &source, &reading, &fail))
		typed->taken(typed->context, source, &reading);
	else
		typed->refused(typed->context, &fail);
}

static void take_lines(struct typed *typed)
{
	char *end;

	while ((end = memchr(typed->line, '\n', typed->size)) != NULL) {
		size_t length = (size_t)(end - typed->line) + 1;

		*end = '\0';
		take_line(typed, typed->line);
		typed->size -= length;
		memmove(typed->line, typed->line + length, typed->size);
	}
	/* Nobody types such a line. */
	if (typed->size == LINE_SIZE)
		typed->size = 0;
}

static void stop_watching(struct typed *typed)
{
	if (typed->watching)
		daemon_unwatch(typed->daemon, STDIN_FILENO);
	typed->watching = false;
}

static void input_ready(void *context, short events)
{
	struct typed *typed = context;
	ssize_t got = read(STDIN_FILENO, typed->line + typed->size, LINE_SIZE - typed->size);

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		stop_watching(typed);
		return;
	}
	typed->size += (size_t)got;
	take_lines(typed);
}

struct typed *typed_open(const struct settings *settings, struct daemon *daemon,
			 void (*taken)(void *context, size_t source, const struct reading *reading),
			 void (*refused)(void *context, const struct fail *fail), void *context,
			 struct fail *fail)
{
	struct typed *typed = calloc(1, sizeof(*typed));
	struct stat status;

	if (!typed) {
		fail_set(fail, "no memory");
		return NULL;
	}
	*typed = (struct typed){.settings = settings,
				.daemon = daemon,
				.taken = taken,
				.refused = refused,
				.context = context};
	/* Where it is closed the number may belong to something else by now. */
	if (strcmp(settings->replay, "-") == 0 || fstat(STDIN_FILENO, &status) != 0 ||
	    !(S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode)))
		return typed;
	/* In the background it cannot be read; that must not stop the program. */
	signal(SIGTTIN, SIG_IGN);
	daemon_watch(daemon, STDIN_FILENO, POLLIN, input_ready, typed);
	typed->watching = true;
	return typed;
}

void typed_close(struct typed *typed)
{
	if (!typed)
		return;
	stop_watching(typed);
	free(typed);
}
