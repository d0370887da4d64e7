#include "collector-meter/meters/station.h"

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
	struct station *station;
	size_t first, count; /* its sources */
	struct lines *lines; /* NULL: not open */
	bool paused;	     /* until the listener takes more */
	bool ended;	     /* the recording's end was read */
	struct fail trouble; /* the last reason that was logged */
};

struct station {
	const struct settings *settings;
	struct daemon *daemon;
	struct listener listener;
	struct timer *timer;
	bool replay;
	ms_t boot_offset; /* CLOCK_BOOTTIME less the clock of the lines */
	size_t source_count, input_count;
	struct counter *counters;
	ns_t *seen; /* until when edges of a source were seen; NEVER: not at all */
	struct input *inputs;
};

static ms_t boot_of(const struct station *station, ns_t t)
{
	return floor_divide(t, NS_PER_MS) + station->boot_offset;
}

/* -------- what is certain goes to the listener -------- */

static bool listener_ready(const struct station *station)
{
	/* The kernel's queues are short: only a recording can wait. */
	return !station->replay || station->listener.ready(station->listener.context);
}

/* A successor goes on behind what is on the disk, with what the counter knows now. */
static void keep(struct input *input, const struct counter *counter,
		 const struct counter_event *event)
{
	struct journal *journal = lines_journal(input->lines);

	if (journal && event->kind == COUNTER_MARK)
		journal_mark(journal, counter, event->record.mark,
			     floor_divide(event->t, NS_PER_MS), input->station->boot_offset);
}

/* Everything was told. */
static void tidy_journal(struct input *input)
{
	struct station *station = input->station;
	struct journal *journal = lines_journal(input->lines);
	bool (*settled)(void *context) = station->listener.settled;

	if (!journal)
		return;
	if (!settled || settled(station->listener.context))
		journal_settled(journal);
	if (!journal_is_tight(journal))
		return;
	journal_mark(journal, &station->counters[input->first], MARK_NONE, 0, station->boot_offset);
	journal_relieve(journal);
}

/* False where the listener takes no more now. */
static bool deliver(struct input *input)
{
	struct station *station = input->station;
	struct counter_event event;

	for (size_t source = input->first; source < input->first + input->count; source++) {
		struct counter *counter = &station->counters[source];

		while (listener_ready(station)) {
			ms_t t;

			if (!counter_next(counter, &event))
				break;
			keep(input, counter, &event);
			t = boot_of(station, event.t);
			event.record.t = t;
			station->listener.event(station->listener.context, source, counter, &event,
						t);
		}
	}
	tidy_journal(input);
	return listener_ready(station);
}

static void tell_online(struct input *input, bool online)
{
	struct listener *listener = &input->station->listener;

	for (size_t source = input->first; source < input->first + input->count; source++)
		listener->online(listener->context, source, online);
}

/* -------- what lines say goes to the counters -------- */

static void start(struct input *input, ns_t t)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		ns_t seen = input->station->seen[source];
		bool blind = seen != NEVER && seen < t;

		counter_start(&input->station->counters[source], t, blind ? t - seen : 0);
	}
	tell_online(input, true);
}

static void stop(struct input *input)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		if (!input->station->counters[source].running)
			continue;
		input->station->seen[source] = lines_horizon(input->lines);
		counter_stop(&input->station->counters[source], lines_horizon(input->lines));
	}
}

/* Before this nothing is told; from here a successor could go on already. */
static void keep_start(struct input *input)
{
	journal_mark(lines_journal(input->lines), &input->station->counters[input->first],
		     MARK_NONE, 0, input->station->boot_offset);
}

static void take_edge(struct input *input, const struct edge *edge)
{
	struct station *station = input->station;
	struct listener *listener = &station->listener;

	if (edge->lost)
		log_warning("%s: the kernel dropped %lld edges of line %s: too many at once",
			    settings_source(station->settings, edge->source)->source,
			    (long long)edge->lost, line_role_name(edge->role));
	if (listener->edge)
		listener->edge(listener->context, edge, boot_of(station, edge->t));
	counter_edge(&station->counters[edge->source], edge);
}

/* Reads some edges: one where each is told, so that what follows from it comes behind it. */
static enum lines_event read_batch(struct input *input, struct fail *fail)
{
	int most = input->station->listener.edge ? 1 : BATCH;
	enum lines_event event = LINES_EDGE;
	struct edge edge;

	for (int i = 0; i < most; i++) {
		event = lines_next(input->lines, &edge, fail);
		if (event == LINES_START)
			start(input, edge.t);
		else if (event == LINES_LEVEL)
			counter_level(&input->station->counters[edge.source], edge.role, edge.on);
		else if (event == LINES_SEEN)
			keep_start(input);
		else if (event == LINES_EDGE)
			take_edge(input, &edge);
		else
			break;
	}
	for (size_t source = input->first; source < input->first + input->count; source++)
		counter_advance(&input->station->counters[source], lines_horizon(input->lines));
	return event;
}

static void pause_input(struct input *input)
{
	input->paused = true;
	daemon_unwatch(input->station->daemon, lines_fd(input->lines));
}

static void close_input(struct input *input)
{
	daemon_unwatch(input->station->daemon, lines_fd(input->lines));
	lines_close(input->lines);
	input->lines = NULL;
}

static void finish(struct input *input)
{
	struct listener *listener = &input->station->listener;

	tell_online(input, false);
	close_input(input);
	listener->finished(listener->context);
}

static void sight_lost(struct input *input, const struct fail *fail)
{
	log_error("%s", fail->text);
	if (input->station->replay) {
		daemon_stop(input->station->daemon, EXIT_FAILED);
		pause_input(input);
		return;
	}
	input->trouble = *fail;
	stop(input);
	deliver(input);
	tell_online(input, false);
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
			if (lines_journal(input->lines))
				journal_proved(lines_journal(input->lines));
			return false;
		case LINES_FAILED: sight_lost(input, &fail); return false;
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
static void set_alarm(struct station *station)
{
	ns_t deadline = INT64_MAX;
	ns_t delay;

	if (station->replay)
		return;
	for (size_t source = 0; source < station->source_count; source++) {
		ns_t due = counter_deadline(&station->counters[source]);

		if (due < deadline)
			deadline = due;
	}
	if (deadline == INT64_MAX)
		return;
	delay = deadline + LINES_DELAY - clock_moment().monotonic;
	timer_set(station->timer, delay > 0 ? delay / NS_PER_MS + 1 : 1);
}

/* The two differ by how long the machine slept. */
static void read_clocks(struct station *station)
{
	struct clock_moment now;
	ns_t error;

	if (station->replay)
		return;
	now = clock_moment();
	error = now.boot - now.monotonic - station->boot_offset * NS_PER_MS;
	if (error <= -NS_PER_MS || error >= NS_PER_MS)
		station->boot_offset =
			floor_divide(now.boot - now.monotonic + NS_PER_MS / 2, NS_PER_MS);
}

static void work_on(struct station *station, struct input *inputs, size_t count)
{
	bool more = false;

	read_clocks(station);
	for (size_t i = 0; i < count; i++)
		if (inputs[i].lines && !inputs[i].paused && work(&inputs[i]))
			more = true;
	if (more)
		timer_set(station->timer, 0);
	else
		set_alarm(station);
}

static void input_ready(void *context, short events)
{
	struct input *input = context;

	(void)events;
	work_on(input->station, input, 1);
}

static void alarm_due(void *context)
{
	struct station *station = context;

	work_on(station, station->inputs, station->input_count);
}

void station_resume(struct station *station)
{
	for (size_t i = 0; i < station->input_count; i++) {
		struct input *input = &station->inputs[i];

		if (!input->paused)
			continue;
		input->paused = false;
		daemon_watch(station->daemon, lines_fd(input->lines), POLLIN, input_ready, input);
		timer_set(station->timer, 0);
	}
}

/* -------- open and close -------- */

static bool open_input(struct input *input, struct fail *fail)
{
	struct station *station = input->station;

	input->lines = station->replay ? lines_open_replay(station->settings, fail)
				       : lines_open_gpio(station->settings, input->first, fail);
	if (!input->lines)
		return false;
	daemon_watch(station->daemon, lines_fd(input->lines), POLLIN, input_ready, input);
	timer_set(station->timer, 0);
	return true;
}

static void open_gpio(struct input *input)
{
	const char *name = settings_source(input->station->settings, input->first)->source;
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
	struct station *station = context;

	for (size_t i = 0; i < station->input_count; i++)
		if (!station->inputs[i].lines)
			open_gpio(&station->inputs[i]);
	/* Whether a chip has gone can only be found out by looking. */
	timer_set(station->timer, 0);
}

/* What a process before this one left, with what it counted. */
static void inherit(struct input *input)
{
	struct station *station = input->station;
	const struct listener *listener = &station->listener;
	size_t source = input->first;
	struct told told;
	bool known = listener->told && listener->told(listener->context, source, &told);

	input->lines = lines_inherit_gpio(station->settings, source, known ? &told : NULL,
					  &station->counters[source]);
	if (!input->lines)
		return;
	log_info("%s: goes on where the process before this one was, %u edges came since",
		 settings_source(station->settings, source)->source,
		 journal_waiting(lines_journal(input->lines)));
	tell_online(input, true);
	daemon_watch(station->daemon, lines_fd(input->lines), POLLIN, input_ready, input);
}

/* For each source its journal and its lines. */
static int descriptors(const struct station *station)
{
	int count = 0;

	for (size_t source = 0; source < station->source_count; source++) {
		const struct source_settings *wanted = settings_source(station->settings, source);

		count++;
		for (int role = 0; role < LINE_ROLES; role++)
			count += wanted->lines[role].given;
	}
	return count;
}

static void open_all_gpio(struct station *station)
{
	descriptor_store_need(descriptors(station));
	for (size_t i = 0; i < station->input_count; i++)
		inherit(&station->inputs[i]);
	/* Lines of meters that there are no longer may be needed for others. */
	descriptor_store_clear();
	retry(station);
}

static void open_counter(struct station *station, size_t source)
{
	const struct listener *listener = &station->listener;
	struct counter_config config = source_counter(settings_source(station->settings, source));
	struct told told;
	bool known = listener->told && listener->told(listener->context, source, &told);

	if (known)
		config.initial_pulses = told.pulses;
	counter_init(&station->counters[source], &config);
	station->seen[source] = known ? told.until : NEVER;
	if (known && station->replay)
		counter_resume(&station->counters[source], told.until / NS_PER_MS, told.last);
}

static bool allocate(struct station *station)
{
	station->source_count = station->settings->sources.count;
	station->input_count = station->replay ? 1 : station->source_count;
	station->counters = calloc(station->source_count, sizeof(*station->counters));
	station->seen = calloc(station->source_count, sizeof(*station->seen));
	station->inputs = calloc(station->input_count, sizeof(*station->inputs));
	if (!station->counters || !station->seen || !station->inputs)
		return false;
	for (size_t source = 0; source < station->source_count; source++)
		open_counter(station, source);
	for (size_t i = 0; i < station->input_count; i++)
		station->inputs[i] = (struct input){
			.station = station,
			.first = i,
			.count = station->replay ? station->source_count : 1,
		};
	return true;
}

struct station *station_open(const struct settings *settings, struct daemon *daemon,
			     const struct listener *listener, struct fail *fail)
{
	struct station *station = calloc(1, sizeof(*station));

	if (!station)
		goto no_memory;
	station->settings = settings;
	station->daemon = daemon;
	station->listener = *listener;
	station->replay = settings->replay[0] != '\0';
	if (!allocate(station))
		goto no_memory;
	station->timer = timer_open(daemon, alarm_due, station, fail);
	if (!station->timer)
		goto failed;
	if (station->replay && !open_input(&station->inputs[0], fail))
		goto failed;
	if (!station->replay) {
		open_all_gpio(station);
		daemon_every(daemon, RETRY_MS, retry, station);
	}
	return station;
no_memory:
	fail_set(fail, "no memory");
failed:
	station_close(station);
	return NULL;
}

/* A successor will have the lines, the edges that came meanwhile, and what is not certain yet. */
static void leave(struct input *input)
{
	deliver(input);
	counter_pause(&input->station->counters[input->first]);
	deliver(input);
	tell_online(input, false);
	daemon_unwatch(input->station->daemon, lines_fd(input->lines));
	lines_leave(input->lines);
	input->lines = NULL;
}

static void close_station_input(struct input *input)
{
	if (!input->lines)
		return;
	if (lines_stay(input->lines)) {
		leave(input);
		return;
	}
	if (!lines_repeat(input->lines)) {
		stop(input);
		deliver(input);
	}
	tell_online(input, false);
	close_input(input);
}

void station_close(struct station *station)
{
	if (!station)
		return;
	for (size_t i = 0; station->inputs && i < station->input_count; i++)
		close_station_input(&station->inputs[i]);
	for (size_t source = 0; station->counters && source < station->source_count; source++)
		counter_free(&station->counters[source]);
	timer_close(station->timer);
	free(station->counters);
	free(station->seen);
	free(station->inputs);
	free(station);
}
