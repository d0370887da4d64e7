#include "collector-meter/meters/meters.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/input/descriptor_store.h"
#include "collector-meter/meters/meter_input.h"
#include "common/base/memory.h"
#include "common/process/clock.h"
#include "common/process/log.h"

#define RETRY_MS 5000

/* -------- when there is work -------- */

/* A recording is its own clock. GPIO lines have to be read again when a level has held for its
 * width, and when a minute is over. */
static void set_alarm(struct meters *meters)
{
	ns_t deadline = FOREVER;
	ns_t delay;

	if (meters->replay)
		return;
	for (size_t source = 0; source < meters->source_count; source++) {
		ns_t due = counter_deadline(&meters->counters[source]);

		if (due < deadline)
			deadline = due;
	}
	if (deadline == FOREVER)
		return;
	delay = deadline + LINES_DELAY - clock_moment().monotonic;
	loop_timer_set(meters->timer, delay > 0 ? delay / NS_PER_MS + 1 : 1);
}

/* CLOCK_BOOTTIME and CLOCK_MONOTONIC differ by the time that the machine has slept. */
static void read_clocks(struct meters *meters)
{
	struct clock_moment now;
	ns_t error;

	if (meters->replay)
		return;
	now = clock_moment();
	error = now.boot - now.monotonic - meters->boot_offset * NS_PER_MS;
	if (error <= -NS_PER_MS || error >= NS_PER_MS)
		meters->boot_offset = ms_of_ns(now.boot - now.monotonic + NS_PER_MS / 2);
}

static void work(struct meters *meters, struct meter_input *inputs, size_t count)
{
	bool more = false;

	read_clocks(meters);
	for (size_t i = 0; i < count; i++)
		if (inputs[i].lines && !inputs[i].paused && meter_input_work(&inputs[i]))
			more = true;
	if (more)
		loop_timer_set(meters->timer, 0);
	else
		set_alarm(meters);
}

static void input_ready(void *context, short events)
{
	struct meter_input *input = context;

	(void)events;
	work(input->meters, input, 1);
}

static void alarm_due(void *context)
{
	struct meters *meters = context;

	work(meters, meters->inputs, meters->input_count);
}

static void watch(struct meter_input *input)
{
	loop_watch(input->meters->loop, input->lines->fd, POLLIN, input_ready, input);
}

void meters_resume(struct meters *meters)
{
	for (size_t i = 0; i < meters->input_count; i++) {
		struct meter_input *input = &meters->inputs[i];

		if (!input->paused)
			continue;
		input->paused = false;
		watch(input);
		loop_timer_set(meters->timer, 0);
	}
}

/* -------- lines -------- */

static bool open_lines(struct meter_input *input, struct fail *fail)
{
	struct meters *meters = input->meters;

	input->lines = meters->replay ? lines_open_replay(meters->settings, fail)
				      : lines_open_gpio(meters->settings, input->first, fail);
	if (!input->lines)
		return false;
	watch(input);
	loop_timer_set(meters->timer, 0);
	return true;
}

static void open_gpio(struct meter_input *input)
{
	const char *name = settings_source(input->meters->settings, input->first)->source;
	struct fail fail = {0};

	if (open_lines(input, &fail)) {
		log_info("%s: lines are open", name);
		input->trouble = (struct fail){0};
		return;
	}
	if (strcmp(fail.text, input->trouble.text) != 0)
		log_error("%s; tried again every %d s", fail.text, RETRY_MS / 1000);
	input->trouble = fail;
}

static void retry(void *context)
{
	struct meters *meters = context;

	for (size_t i = 0; i < meters->input_count; i++)
		if (!meters->inputs[i].lines)
			open_gpio(&meters->inputs[i]);
	/* Only reading shows whether a chip has gone. */
	loop_timer_set(meters->timer, 0);
}

static bool resume_point(const struct meters *meters, size_t source, struct resume_point *point)
{
	const struct meter_sink *sink = &meters->sink;

	return sink->resume_point && sink->resume_point(sink->context, source, point);
}

static void inherit(struct meter_input *input)
{
	struct meters *meters = input->meters;
	size_t source = input->first;
	struct resume_point point;
	bool known = resume_point(meters, source, &point);

	input->lines = lines_inherit_gpio(meters->settings, source, known ? &point : NULL,
					  &meters->counters[source]);
	if (!input->lines)
		return;
	log_info("%s: goes on from the previous process, edges since then: %u",
		 settings_source(meters->settings, source)->source,
		 edge_buffer_waiting(input->lines->buffer));
	meter_input_set_online(input, true);
	watch(input);
}

/* The lines of each source, and its edge buffer. */
static int count_descriptors(const struct meters *meters)
{
	int count = 0;

	for (size_t source = 0; source < meters->source_count; source++) {
		const struct source_settings *wanted = settings_source(meters->settings, source);

		count++;
		for (int role = 0; role < LINE_ROLES; role++)
			count += wanted->lines[role].given;
	}
	return count;
}

static void open_all_gpio(struct meters *meters)
{
	descriptor_store_expect(count_descriptors(meters));
	for (size_t i = 0; i < meters->input_count; i++)
		inherit(&meters->inputs[i]);
	/* Lines of meters that were removed may be those of other meters now. */
	descriptor_store_clear();
	retry(meters);
	loop_every(meters->loop, RETRY_MS, retry, meters);
}

/* -------- open and close -------- */

static void open_counter(struct meters *meters, size_t source)
{
	struct counter_config config = source_counter(settings_source(meters->settings, source));
	struct resume_point point;
	bool known = resume_point(meters, source, &point);

	if (known)
		config.initial_pulses = point.pulses;
	counter_init(&meters->counters[source], &config);
	meters->seen_until[source] = known ? point.until : NEVER;
	if (known && meters->replay)
		counter_resume(&meters->counters[source], point.until / NS_PER_MS, point.mark);
}

static void open_counters(struct meters *meters)
{
	meters->source_count = meters->settings->sources.count;
	meters->input_count = meters->replay ? 1 : meters->source_count;
	meters->counters = allocate(meters->source_count, sizeof(*meters->counters));
	meters->seen_until = allocate(meters->source_count, sizeof(*meters->seen_until));
	meters->inputs = allocate(meters->input_count, sizeof(*meters->inputs));
	for (size_t source = 0; source < meters->source_count; source++)
		open_counter(meters, source);
	for (size_t i = 0; i < meters->input_count; i++)
		meters->inputs[i] = (struct meter_input){
			.meters = meters,
			.first = i,
			.count = meters->replay ? meters->source_count : 1,
		};
}

struct meters *meters_open(const struct meter_settings *settings, struct loop *loop,
			   const struct meter_sink *sink, struct fail *fail)
{
	struct meters *meters = allocate(1, sizeof(*meters));

	meters->settings = settings;
	meters->loop = loop;
	meters->sink = *sink;
	meters->replay = settings->replay[0] != '\0';
	open_counters(meters);
	meters->timer = loop_timer_open(loop, alarm_due, meters);
	if (!meters->replay) {
		open_all_gpio(meters);
	} else if (!open_lines(&meters->inputs[0], fail)) {
		meters_close(meters);
		return NULL;
	}
	return meters;
}

void meters_close(struct meters *meters)
{
	if (!meters)
		return;
	for (size_t i = 0; i < meters->input_count; i++)
		meter_input_end(&meters->inputs[i]);
	for (size_t source = 0; source < meters->source_count; source++)
		counter_free(&meters->counters[source]);
	loop_timer_close(meters->timer);
	free(meters->counters);
	free(meters->seen_until);
	free(meters->inputs);
	free(meters);
}
