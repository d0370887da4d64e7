#include "aggregator/publish/board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of windows that closed while nobody told, publish at most a week's. */
#define MEAN10_BACKLOG_MS (7 * MS_PER_DAY)

/* A payload that begins with {"time":…, says the same as another that differs in it only. */
static const char *text_after_time(const char *text)
{
	const char *comma;

	if (strncmp(text, "{\"time\":", 8) != 0)
		return text;
	comma = strchr(text, ',');
	return comma ? comma : text;
}

__attribute__((format(printf, 5, 0))) static void wall_publish(const struct wall *wall,
							       const char *text, int qos, bool each,
							       const char *format,
							       va_list arguments)
{
	char rest[TOPIC_SIZE];
	char topic[TOPIC_SIZE];

	vsnprintf(rest, sizeof(rest), format, arguments);
	topic_build(topic, wall->settings->base, wall->settings->id, "%s", rest);
	wall->publisher.publish(wall->publisher.context, topic, text, qos, each);
}

bool slot_publish(struct slot *slot, const struct wall *wall, int qos, char *text,
		  const char *format, ...)
{
	va_list arguments;

	if (!text)
		return false;
	if (slot->text && strcmp(text_after_time(slot->text), text_after_time(text)) == 0) {
		free(text);
		return false;
	}
	free(slot->text);
	slot->text = text;
	va_start(arguments, format);
	wall_publish(wall, text, qos, false, format, arguments);
	va_end(arguments);
	return true;
}

void slot_free(struct slot *slot)
{
	free(slot->text);
	slot->text = NULL;
}

struct leaf_context {
	struct board *board;
	const struct wall *wall;
	const struct zone *zone;
};

static void board_leaf(void *context, size_t position, const char *name, const char *text)
{
	struct leaf_context *leaf = context;

	slot_publish(&leaf->board->leaves[position], leaf->wall, 0, strdup(text), "zone/%s/%s",
		     leaf->zone->id, name);
}

void board_state(struct board *board, const struct wall *wall, const struct zone *zone,
		 const struct zone_state *state, const struct zone_context *context)
{
	struct leaf_context leaf = {board, wall, zone};
	bool changed;

	slot_publish(&board->status, wall, 1, strdup(zone_status_name(zone_status(zone, context))),
		     "zone/%s/status", zone->id);
	changed = slot_publish(&board->state, wall, 1, report_state(zone, state, context),
			       "zone/%s/state", zone->id);
	if (wall->settings->leaves && changed)
		report_leaves(board->state.text, board_leaf, &leaf);
}

static void mean10_publish(struct board *board, const struct wall *wall, const struct zone *zone,
			   struct window window, bool newest, const struct zone_context *context)
{
	struct reading reading = zone_reading(zone, window, context);
	char topic[TOPIC_SIZE];

	if (!reading.known)
		return;
	if (newest) {
		slot_publish(&board->mean10, wall, 1, report_window(zone, &reading, context),
			     "zone/%s/mean10", zone->id);
		return;
	}
	slot_free(&board->mean10);
	board->mean10.text = report_window(zone, &reading, context);
	topic_build(topic, wall->settings->base, wall->settings->id, "zone/%s/mean10", zone->id);
	wall->publisher.publish(wall->publisher.context, topic, board->mean10.text, 1, true);
}

/* Every window that closed since the last look, oldest first; the newest again where it changed. */
static void board_mean10(struct board *board, const struct wall *wall, const struct zone *zone,
			 const struct zone_context *context)
{
	struct window last, window;
	ms_t from = board->mean10_end;

	if (!zone_last_window(zone, context, &last))
		return;
	if (!from)
		from = balance_domain(&zone->balance).from;
	if (from < last.end - MEAN10_BACKLOG_MS)
		from = last.end - MEAN10_BACKLOG_MS;
	for (; from < last.end; from = window.end) {
		window = grid_window(context->grid, from);
		mean10_publish(board, wall, zone, window, false, context);
	}
	board->mean10_end = last.end;
	mean10_publish(board, wall, zone, last, true, context);
}

void board_books(struct board *board, const struct wall *wall, const struct zone *zone,
		 const struct zone_context *context)
{
	double power_w[HOUR_MINUTES];
	ms_t end;

	board_mean10(board, wall, zone, context);
	if (zone_hour(zone, context, power_w, &end))
		slot_publish(&board->hour, wall, 1, report_hour(zone, power_w, end, context),
			     "zone/%s/hour", zone->id);
	slot_publish(&board->day, wall, 1, report_day(zone, context), "zone/%s/day", zone->id);
}

static void slot_clear(struct slot *slot, const struct wall *wall, const char *zone,
		       const char *name)
{
	char topic[TOPIC_SIZE];

	if (!slot->text)
		return;
	slot_free(slot);
	topic_build(topic, wall->settings->base, wall->settings->id, "zone/%s/%s", zone, name);
	wall->publisher.publish(wall->publisher.context, topic, "", 1, false);
}

struct clear_context {
	struct board *board;
	const struct wall *wall;
	const char *zone;
};

static void leaf_clear(void *context, size_t position, const char *name, const char *text)
{
	struct clear_context *clear = context;

	(void)text;
	slot_clear(&clear->board->leaves[position], clear->wall, clear->zone, name);
}

void board_clear(struct board *board, const struct wall *wall, const char *zone)
{
	struct clear_context clear = {board, wall, zone};

	if (board->state.text)
		report_leaves(board->state.text, leaf_clear, &clear);
	slot_clear(&board->status, wall, zone, "status");
	slot_clear(&board->state, wall, zone, "state");
	slot_clear(&board->mean10, wall, zone, "mean10");
	slot_clear(&board->hour, wall, zone, "hour");
	slot_clear(&board->day, wall, zone, "day");
	board->mean10_end = 0;
}

void board_free(struct board *board)
{
	slot_free(&board->status);
	slot_free(&board->state);
	slot_free(&board->mean10);
	slot_free(&board->hour);
	slot_free(&board->day);
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		slot_free(&board->leaves[i]);
}
