#include "collector-meter/meters/meter_input.h"

#include "common/process/log.h"

#define BATCH 256 /* edges before events are taken from the counters */
#define TURN  16  /* batches before the loop's other callbacks have their turn */

static ms_t boot_time(const struct meters *meters, ns_t t)
{
	return ms_of_ns(t) + meters->boot_offset;
}

/* -------- from the counters to the sink -------- */

static bool sink_ready(const struct meters *meters)
{
	/* The kernel's queues are short: only a recording can wait. */
	return !meters->replay || !meters->sink.ready || meters->sink.ready(meters->sink.context);
}

void meter_input_set_online(struct meter_input *input, bool online)
{
	const struct meter_sink *sink = &input->meters->sink;

	if (input->online == online)
		return;
	input->online = online;
	for (size_t source = input->first; source < input->first + input->count; source++)
		sink->online(sink->context, source, online);
}

/* A successor can continue from here. */
static void add_checkpoint(struct meter_input *input, enum mark mark, ns_t t)
{
	if (input->lines->buffer)
		edge_buffer_checkpoint(input->lines->buffer, &input->meters->counters[input->first],
				       mark, ms_of_ns(t), input->meters->boot_offset);
}

/* All events have been given to the sink. */
static void release_edges(struct meter_input *input)
{
	struct edge_buffer *buffer = input->lines->buffer;
	const struct meter_sink *sink = &input->meters->sink;

	if (!buffer)
		return;
	if (!sink->durable || sink->durable(sink->context))
		edge_buffer_release(buffer);
	if (!edge_buffer_nearly_full(buffer))
		return;
	add_checkpoint(input, MARK_NONE, 0);
	edge_buffer_release(buffer);
}

/* Gives the sink all events that are certain. Returns false if it takes no more at present. */
static bool deliver(struct meter_input *input)
{
	struct meters *meters = input->meters;
	struct counter_event event;

	for (size_t source = input->first; source < input->first + input->count; source++) {
		struct counter *counter = &meters->counters[source];

		while (sink_ready(meters) && counter_next(counter, &event)) {
			if (event.kind == COUNTER_RECORD)
				add_checkpoint(input, event.record.mark, event.t);
			event.record.t = boot_time(meters, event.t);
			meters->sink.event(meters->sink.context, source, counter, &event,
					   event.record.t);
		}
	}
	release_edges(input);
	return sink_ready(meters);
}

/* -------- from the lines to the counters -------- */

static void start_counters(struct meter_input *input, ns_t t)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		ns_t seen = input->meters->seen_until[source];
		bool blind = seen != NEVER && seen < t;

		counter_start(&input->meters->counters[source], t, blind ? t - seen : 0);
	}
	meter_input_set_online(input, true);
}

static void stop_counters(struct meter_input *input)
{
	for (size_t source = input->first; source < input->first + input->count; source++) {
		if (!input->meters->counters[source].running)
			continue;
		input->meters->seen_until[source] = input->lines->horizon;
		counter_stop(&input->meters->counters[source], input->lines->horizon);
	}
}

static void count_edge(struct meters *meters, const struct edge *edge)
{
	if (edge->lost)
		log_warning("%s: the kernel dropped %lld edges of line %s: too many at once",
			    settings_source(meters->settings, edge->source)->source,
			    (long long)edge->lost, line_role_name(edge->role));
	if (meters->sink.edge)
		meters->sink.edge(meters->sink.context, edge, boot_time(meters, edge->t));
	counter_edge(&meters->counters[edge->source], edge);
}

/* Reads some edges; a single one if the events that it causes are to follow it. */
static enum lines_event read_batch(struct meter_input *input, struct fail *fail)
{
	struct meters *meters = input->meters;
	int most = meters->sink.stepwise ? 1 : BATCH;
	enum lines_event event = LINES_EDGE;
	struct edge edge;

	for (int i = 0; i < most; i++) {
		event = input->lines->next(input->lines, &edge, fail);
		if (event == LINES_START)
			start_counters(input, edge.t);
		else if (event == LINES_LEVEL)
			counter_level(&meters->counters[edge.source], edge.role, edge.on);
		else if (event == LINES_STARTED)
			add_checkpoint(input, MARK_NONE, 0);
		else if (event == LINES_EDGE)
			count_edge(meters, &edge);
		else
			break;
	}
	for (size_t source = input->first; source < input->first + input->count; source++)
		counter_advance(&meters->counters[source], input->lines->horizon);
	return event;
}

/* -------- pause and close -------- */

static void pause_input(struct meter_input *input)
{
	input->paused = true;
	loop_unwatch(input->meters->loop, input->lines->fd);
}

static void close_lines(struct meter_input *input, bool store)
{
	meter_input_set_online(input, false);
	loop_unwatch(input->meters->loop, input->lines->fd);
	input->lines->close(input->lines, store);
	input->lines = NULL;
}

static void lines_failed(struct meter_input *input, const struct fail *fail)
{
	log_error("%s", fail->text);
	if (input->meters->replay) {
		loop_stop(input->meters->loop, EXIT_FAILED);
		pause_input(input);
		return;
	}
	input->trouble = *fail;
	stop_counters(input);
	deliver(input);
	close_lines(input, false);
}

void meter_input_end(struct meter_input *input)
{
	bool store;

	if (!input->lines)
		return;
	/* Before the start there is nothing to deliver, and nothing for a successor. */
	store = input->online && input->lines->stored;
	if (store) {
		deliver(input);
		counter_pause(&input->meters->counters[input->first]);
		deliver(input);
	} else if (!input->lines->repeatable) {
		stop_counters(input);
		deliver(input);
	}
	close_lines(input, store);
}

/* -------- all of it -------- */

bool meter_input_work(struct meter_input *input)
{
	const struct meter_sink *sink = &input->meters->sink;
	struct fail fail = {0};

	for (int batch = 0; batch < TURN; batch++) {
		if (!deliver(input)) {
			pause_input(input);
			return false;
		}
		if (input->ended) {
			close_lines(input, false);
			sink->finished(sink->context);
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
			stop_counters(input);
			input->ended = true;
			break;
		default: break;
		}
	}
	return true;
}
