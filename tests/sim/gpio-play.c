/* gpio-play - plays a recording on the lines of simulated GPIO chips (gpio-sim of the kernel).
 *
 *     gpio-play [--now] NAME=FILE... <RECORDING
 *
 * A recording has lines "SECONDS[.FRACTION] NAME LEVEL" (see collector-meter(8)); FILE is the
 * attribute `pull` of the GPIO line of NAME. Times are of the wall clock; with --now the first line
 * is played at once, and the others relative to it. They are converted to CLOCK_MONOTONIC at the
 * start, so that later steps of the wall clock do not matter.
 *
 * The program sleeps until each time and never polls: simulated time passes only while everything
 * sleeps. At the end it prints how late edges were: on a busy machine they are. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "common/base/fail.h"
#include "common/base/units.h"

#define LINES_MAX 16
#define NAME_SIZE 64

struct line {
	char name[NAME_SIZE];
	int pull;
};

struct player {
	int line_count;
	struct line lines[LINES_MAX];
	bool begun; /* `base` is set */
	ns_t base;  /* time of the recording minus CLOCK_MONOTONIC */
	int64_t edges;
	ns_t latest; /* greatest delay of an edge */
};

static ns_t now_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static bool line_open(struct player *player, const char *argument, struct fail *fail)
{
	struct line *line = &player->lines[player->line_count];
	const char *file = strchr(argument, '=');

	if (!file || file == argument || file - argument >= NAME_SIZE)
		return fail_set(fail, "\"%s\": expected NAME=FILE", argument);
	if (player->line_count == LINES_MAX)
		return fail_set(fail, "more than %d lines", LINES_MAX);
	memcpy(line->name, argument, (size_t)(file - argument));
	line->pull = open(file + 1, O_WRONLY | O_CLOEXEC);
	if (line->pull < 0)
		return fail_set(fail, "%s: %s", file + 1, strerror(errno));
	player->line_count++;
	return true;
}

/* Converts "1358204400.25" to ns. Returns false if it is not a time. */
static bool time_read(const char *text, ns_t *t)
{
	char digits[10] = "000000000";
	char *end;

	*t = strtoll(text, &end, 10) * NS_PER_SECOND;
	if (end == text)
		return false;
	if (*end == '.') {
		size_t length = strspn(++end, "0123456789");

		if (length > 9)
			return false;
		memcpy(digits, end, length);
		*t += strtoll(digits, NULL, 10);
		end += length;
	}
	return *end == '\0';
}

static bool level_set(struct player *player, const char *name, bool level, struct fail *fail)
{
	const char *pull = level ? "pull-up" : "pull-down";

	for (int i = 0; i < player->line_count; i++) {
		struct line *line = &player->lines[i];

		if (strcmp(line->name, name) != 0)
			continue;
		if (pwrite(line->pull, pull, strlen(pull), 0) < 0)
			return fail_set(fail, "%s: %s", name, strerror(errno));
		player->edges++;
		return true;
	}
	return fail_set(fail, "there is no line \"%s\"", name);
}

static void wait_until(ns_t t)
{
	struct timespec until = {.tv_sec = t / NS_PER_SECOND, .tv_nsec = t % NS_PER_SECOND};

	if (t <= 0)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void begin(struct player *player, bool now, ns_t first)
{
	ns_t monotonic = now_of(CLOCK_MONOTONIC);

	player->base = (now ? first : now_of(CLOCK_REALTIME)) - monotonic;
	player->begun = true;
}

static bool text_play(struct player *player, char *text, bool now, struct fail *fail)
{
	char time[32], name[NAME_SIZE];
	int level;
	int words = sscanf(text, "%31s %63s %d", time, name, &level);
	ns_t t, late;

	if (words < 1 || time[0] == '#')
		return true;
	if (words == 2 || !time_read(time, &t))
		return fail_set(fail, "not understood: %s", text);
	if (!player->begun)
		begin(player, now, t);
	wait_until(t - player->base);
	if (words == 1)
		return true;
	late = now_of(CLOCK_MONOTONIC) - (t - player->base);
	if (late > player->latest)
		player->latest = late;
	return level_set(player, name, level, fail);
}

static bool play(struct player *player, bool now, struct fail *fail)
{
	char text[256];

	/* The kernel must not delay wake-ups to batch them. */
	prctl(PR_SET_TIMERSLACK, 1);
	while (fgets(text, sizeof(text), stdin))
		if (!text_play(player, text, now, fail))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct player player;
	struct fail fail = {0};
	bool now = argc > 1 && strcmp(argv[1], "--now") == 0;
	bool done = true;

	if (argc < 2 + now) {
		fputs("usage: gpio-play [--now] NAME=FILE... <RECORDING\n", stderr);
		return 64;
	}
	for (int i = 1 + now; i < argc && done; i++)
		done = line_open(&player, argv[i], &fail);
	done = done && play(&player, now, &fail);
	if (!done)
		fprintf(stderr, "gpio-play: %s\n", fail.text);
	printf("%" PRId64 " edges, at most %" PRId64 " us late\n", player.edges,
	       player.latest / 1000);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
