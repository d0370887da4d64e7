#include "collector-meter/meters/meters.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/input/lines.h"
#include "collector-meter/meters/timer.h"
#include "common/process/clock.h"
#include "collector-meter/input/descriptor_store.h"

#define RETRY_MS 5000
#define BATCH	 256 /* edges between two looks at what is certain */
#define TURN	 16  /* batches before the loop's others have their turn */

/* One set of lines: those of one source, or a recording of all sources. */
struct input {
	struct meters *meters;
	size_t first, count; /* its sources */
	struct lines *lines; /* NULL: not open */
	bool paused;	     /* until the sink takes more */
	bool ended;	     /* the recording's end was read */
	struct fail trouble; /* the last reason that was logged */
};

struct meters {
	const struct meter_settings *settings;
	struct daemon *daemon;
	struct meter_sink sink;
	struct timer *timer;
	bool replay;
	ms_t boot_offset; /* CLOCK_BOOTTIME less the clock of the lines */
	size_t source_count, input_count;
	struct counter *counters;
	ns_t *seen; /* until when edges of a source were seen; NEVER: not at all */
	struct input *inputs;
};

static ms_t boot_of(const struct meters *meters, ns_t t)
{
	return floor_divide(t, NS_PER_MS) + meters->boot_offset;
}

/* -------- what is certain goes to the sink -------- */

static bool sink_ready(const struct meters *meters)
{
	/* The kernel's queues are short: only a recording can wait. */
	return !meters->replay || meters->sink.ready(meters->sink.context);
}

/* A successor goes on behind what is on the disk, with what the counter knows now. */
static void keep(struct input *input, const struct counter *counter,
		 const struct counter_event *event)
{
	struct edge_buffer *buffer = input->lines->buffer;

	if (buffer && event->kind == COUNTER_RECORD)
		edge_buffer_checkpoint(buffer, counter, event->record.mark,
				       floor_divide(event->t, NS_PER_MS),
				       input->meters->boot_offset);
}

/* Everything was told. */
static void release_edges(struct input *input)
{
	struct meters *meters = input->meters;
	struct edge_buffer *buffer = input->lines->buffer;
	bool (*durable)(void *context) = meters->sink.durable;

	if (!buffer)
		return;
	if (!durable || durable(meters->sink.context))
		edge_buffer_release(buffer);
	if (!edge_buffer_nearly_full(buffer))
		return;
	edge_buffer_checkpoint(buffer, &meters->counters[input->first], MARK_NONE, 0,
			       meters->boot_offset);
	edge_buffer_release(buffer);
}

/* False where the sink takes no more now. */
static bool deliver(struct input *input)
{
	struct meters *meters = input->meters;
	struct counter_event event;

	for (size_t source = input->first; source < input->first + input->count; source++) {
		struct counter *counter = &meters->counters[source];

		while (sink_ready(meters)) {
			ms_t t;

			if (!counter_next(counter, &event))
				break;
			keep(input, counter, &event);
			t = boot_of(meters, event.t);
			event.record.t = t;
			meters->sink.event(meters->sink.context, source, counter, &event, t);
		}
	}
	release_edges(input);
	return sink_ready(meters);
}

static void report_online(struct input *input, bool online)
{
	struct meter_sink *sink = &input->meters->sink;

	for (size_t source = input->first; source < input->first + input->count; source++)
		sink->online(sink->context, source, online);
}

/* -------- what lines say goes to the counters -------- */

static void start(struct input *input, ns_t t)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		ns_t seen = input->meters->seen[source];
		bool blind = seen != NEVER && seen < t;

		counter_start(&input->meters->counters[source], t, blind ? t - seen : 0);
	}
	report_online(input, true);
}

static void stop(struct input *input)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		if (!input->meters->counters[source].running)
			continue;
		input->meters->seen[source] = input->lines->horizon;
		counter_stop(&input->meters->counters[source], input->lines->horizon);
	}
}

/* Before this nothing is told; from here a successor could go on already. */
static void keep_start(struct input *input)
{
	edge_buffer_checkpoint(input->lines->buffer, &input->meters->counters[input->first],
			       MARK_NONE, 0, input->meters->boot_offset);
}

static void take_edge(struct input *input, const struct edge *edge)
{
	struct meters *meters = input->meters;
	struct meter_sink *sink = &meters->sink;

	if (edge->lost)
		log_warning("%s: the kernel dropped %lld edges of line %s: too many at once",
			    settings_source(meters->settings, edge->source)->source,
			    (long long)edge->lost, line_role_name(edge->role));
	if (sink->edge)
		sink->edge(sink->context, edge, boot_of(meters, edge->t));
	counter_edge(&meters->counters[edge->source], edge);
}

/* Reads some edges: one where each is told, so that what follows from it comes behind it. */
static enum lines_event read_batch(struct input *input, struct fail *fail)
{
	int most = input->meters->sink.edge ? 1 : BATCH;
	enum lines_event event = LINES_EDGE;
	struct edge edge;

	for (int i = 0; i < most; i++) {
		event = input->lines->next(input->lines, &edge, fail);
		if (event == LINES_START)
			start(input, edge.t);
		else if (event == LINES_LEVEL)
			counter_level(&input->meters->counters[edge.source], edge.role, edge.on);
		else if (event == LINES_STARTED)
			keep_start(input);
		else if (event == LINES_EDGE)
			take_edge(input, &edge);
		else
			break;
	}
	for (size_t source = input->first; source < input->first + input->count; source++)
		counter_advance(&input->meters->counters[source], input->lines->horizon);
	return event;
}

static void pause_input(struct input *input)
{
	input->paused = true;
	daemon_unwatch(input->meters->daemon, input->lines->fd);
}

static void close_input(struct input *input)
{
	daemon_unwatch(input->meters->daemon, input->lines->fd);
	input->lines->close(input->lines, false);
	input->lines = NULL;
}

static void finish(struct input *input)
{
	struct meter_sink *sink = &input->meters->sink;

	report_online(input, false);
	close_input(input);
	sink->finished(sink->context);
}

static void lines_failed(struct input *input, const struct fail *fail)
{
	log_error("%s", fail->text);
	if (input->meters->replay) {
		daemon_stop(input->meters->daemon, EXIT_FAILED);
		pause_input(input);
		return;
	}
	input->trouble = *fail;
	stop(input);
	deliver(input);
	report_online(input, false);
	close_input(input);
}

/* Reads and tells; true where there is more to do at once. */
static bool work(struct input *input)
{
	struct fail fail = {0};

	for (int batch = 0; batch < TURN; batch++) {
		if (!deliver(input)) {
			pause_input(input);
			return false;
		}
		if (input->ended) {
			finish(input);
			return false;
		}
		switch (read_batch(input, &fail)) {
		case LINES_NOTHING:
			deliver(input);
			if (input->lines->buffer)
				edge_buffer_confirm(input->lines->buffer);
			return false;
		case LINES_FAILED: lines_failed(input, &fail); return false;
		case LINES_END:
			stop(input);
			input->ended = true;
			break;
		default: break;
		}
	}
	return true;
}

/* -------- when -------- */

/* A recording is its own clock. GPIO lines need to be looked at again when a level has held for
 * its width and when a minute is over. */
static void set_alarm(struct meters *meters)
{
	ns_t deadline = INT64_MAX;
	ns_t delay;

	if (meters->replay)
		return;
	for (size_t source = 0; source < meters->source_count; source++) {
		ns_t due = counter_deadline(&meters->counters[source]);

		if (due < deadline)
			deadline = due;
	}
	if (deadline == INT64_MAX)
		return;
	delay = deadline + LINES_DELAY - clock_moment().monotonic;
	timer_set(meters->timer, delay > 0 ? delay / NS_PER_MS + 1 : 1);
}

/* The two differ by how long the machine slept. */
static void read_clocks(struct meters *meters)
{
	struct clock_moment now;
	ns_t error;

	if (meters->replay)
		return;
	now = clock_moment();
	error = now.boot - now.monotonic - meters->boot_offset * NS_PER_MS;
	if (error <= -NS_PER_MS || error >= NS_PER_MS)
		meters->boot_offset =
			floor_divide(now.boot - now.monotonic + NS_PER_MS / 2, NS_PER_MS);
}

static void work_on(struct meters *meters, struct input *inputs, size_t count)
{
	bool more = false;

	read_clocks(meters);
	for (size_t i = 0; i < count; i++)
		if (inputs[i].lines && !inputs[i].paused && work(&inputs[i]))
			more = true;
	if (more)
		timer_set(meters->timer, 0);
	else
		set_alarm(meters);
}

static void input_ready(void *context, short events)
{
	struct input *input = context;

	(void)events;
	work_on(input->meters, input, 1);
}

static void alarm_due(void *context)
{
	struct meters *meters = context;

	work_on(meters, meters->inputs, meters->input_count);
}

void meters_resume(struct meters *meters)
{
	for (size_t i = 0; i < meters->input_count; i++) {
		struct input *input = &meters->inputs[i];

		if (!input->paused)
			continue;
		input->paused = false;
		daemon_watch(meters->daemon, input->lines->fd, POLLIN, input_ready, input);
		timer_set(meters->timer, 0);
	}
}

/* -------- open and close -------- */

static bool open_input(struct input *input, struct fail *fail)
{
	struct meters *meters = input->meters;

	input->lines = meters->replay ? lines_open_replay(meters->settings, fail)
				      : lines_open_gpio(meters->settings, input->first, fail);
	if (!input->lines)
		return false;
	daemon_watch(meters->daemon, input->lines->fd, POLLIN, input_ready, input);
	timer_set(meters->timer, 0);
	return true;
}

static void open_gpio(struct input *input)
{
	const char *name = settings_source(input->meters->settings, input->first)->source;
	struct fail fail = {0};

	if (open_input(input, &fail)) {
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
	/* Whether a chip has gone can only be found out by looking. */
	timer_set(meters->timer, 0);
}

/* What a process before this one left, with what it counted. */
static void inherit(struct input *input)
{
	struct meters *meters = input->meters;
	const struct meter_sink *sink = &meters->sink;
	size_t source = input->first;
	struct resume_point point;
	bool known = sink->resume_point && sink->resume_point(sink->context, source, &point);

	input->lines = lines_inherit_gpio(meters->settings, source, known ? &point : NULL,
					  &meters->counters[source]);
	if (!input->lines)
		return;
	log_info("%s: goes on where the process before this one was, %u edges came since",
		 settings_source(meters->settings, source)->source,
		 edge_buffer_waiting(input->lines->buffer));
	report_online(input, true);
	daemon_watch(meters->daemon, input->lines->fd, POLLIN, input_ready, input);
}

/* For each source its journal and its lines. */
static int descriptors(const struct meters *meters)
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
	descriptor_store_need(descriptors(meters));
	for (size_t i = 0; i < meters->input_count; i++)
		inherit(&meters->inputs[i]);
	/* Lines of meters that there are no longer may be needed for others. */
	descriptor_store_clear();
	retry(meters);
}

static void open_counter(struct meters *meters, size_t source)
{
	const struct meter_sink *sink = &meters->sink;
	struct counter_config config = source_counter(settings_source(meters->settings, source));
	struct resume_point point;
	bool known = sink->resume_point && sink->resume_point(sink->context, source, &point);

	if (known)
		config.initial_pulses = point.pulses;
	counter_init(&meters->counters[source], &config);
	meters->seen[source] = known ? point.until : NEVER;
	if (known && meters->replay)
		counter_resume(&meters->counters[source], point.until / NS_PER_MS, point.mark);
}

static bool allocate(struct meters *meters)
{
	meters->source_count = meters->settings->sources.count;
	meters->input_count = meters->replay ? 1 : meters->source_count;
	meters->counters = calloc(meters->source_count, sizeof(*meters->counters));
	meters->seen = calloc(meters->source_count, sizeof(*meters->seen));
	meters->inputs = calloc(meters->input_count, sizeof(*meters->inputs));
	if (!meters->counters || !meters->seen || !meters->inputs)
		return false;
	for (size_t source = 0; source < meters->source_count; source++)
		open_counter(meters, source);
	for (size_t i = 0; i < meters->input_count; i++)
		meters->inputs[i] = (struct input){
			.meters = meters,
			.first = i,
			.count = meters->replay ? meters->source_count : 1,
		};
	return true;
}

struct meters *meters_open(const struct meter_settings *settings, struct daemon *daemon,
			   const struct meter_sink *sink, struct fail *fail)
{
	struct meters *meters = calloc(1, sizeof(*meters));

	if (!meters)
		goto no_memory;
	meters->settings = settings;
	meters->daemon = daemon;
	meters->sink = *sink;
	meters->replay = settings->replay[0] != '\0';
	if (!allocate(meters))
		goto no_memory;
	meters->timer = timer_open(daemon, alarm_due, meters, fail);
	if (!meters->timer)
		goto failed;
	if (meters->replay && !open_input(&meters->inputs[0], fail))
		goto failed;
	if (!meters->replay) {
		open_all_gpio(meters);
		daemon_every(daemon, RETRY_MS, retry, meters);
	}
	return meters;
no_memory:
	fail_set(fail, "no memory");
failed:
	meters_close(meters);
	return NULL;
}

/* A successor will have the lines, the edges that came meanwhile, and what is not certain yet. */
static void leave(struct input *input)
{
	deliver(input);
	counter_pause(&input->meters->counters[input->first]);
	deliver(input);
	report_online(input, false);
	daemon_unwatch(input->meters->daemon, input->lines->fd);
	input->lines->close(input->lines, true);
	input->lines = NULL;
}

static void end_input(struct input *input)
{
	if (!input->lines)
		return;
	if (input->lines->stored) {
		leave(input);
		return;
	}
	if (!input->lines->repeatable) {
		stop(input);
		deliver(input);
	}
	report_online(input, false);
	close_input(input);
}

void meters_close(struct meters *meters)
{
	if (!meters)
		return;
	for (size_t i = 0; meters->inputs && i < meters->input_count; i++)
		end_input(&meters->inputs[i]);
	for (size_t source = 0; meters->counters && source < meters->source_count; source++)
		counter_free(&meters->counters[source]);
	timer_close(meters->timer);
	free(meters->counters);
	free(meters->seen);
	free(meters->inputs);
	free(meters);
}
