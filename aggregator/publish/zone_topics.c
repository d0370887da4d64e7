#include "aggregator/publish/zone_topics.h"

/* Of windows that closed while nothing could be published, at most a week's are. */
#define MEAN10_BACKLOG_MS (7 * MS_PER_DAY)

void zone_topics_restored(struct zone_topics *topics, const struct zone *zone,
			  const struct zone_context *context)
{
	struct time_range domain = balance_domain(&zone->balance);

	if (!time_range_empty(domain))
		topics->mean10_end =
			signals_window(context->signals, domain.to - MS_PER_HOUR).start;
}

void zone_topics_state(struct zone_topics *topics, const struct consumer_setup *to,
		       const struct zone *zone, const struct zone_context *context)
{
	published_set(&topics->status, to, json_string(zone_status_name(zone->state.status)), 1,
		      "zone/%s/status", zone->id);
	/* State and leaves together: while a state waits for its acknowledgement, leaves are sent.
	 */
	if (published_set_at(&topics->state, to, report_state(zone, context), context->now,
			     "zone/%s/state", zone->id) &&
	    to->site->settings->leaves)
		zone_leaves_publish(&topics->leaves, to, zone->id, topics->state.value);
}

/* Every window that closed since the last call, oldest first; the newest again if it changed. */
static void publish_mean10(struct zone_topics *topics, const struct consumer_setup *to,
			   const struct zone *zone, const struct zone_context *context)
{
	struct window_energy of_window;
	struct window last, window;
	ms_t from = topics->mean10_end;

	if (!zone_last_window(zone, context, &last))
		return;
	if (!from)
		from = balance_domain(&zone->balance).from;
	if (from < last.end - MEAN10_BACKLOG_MS)
		from = last.end - MEAN10_BACKLOG_MS;
	for (; from < last.end; from = window.end) {
		window = signals_window(context->signals, from);
		of_window = zone_window_energy(zone, window, context);
		if (of_window.known)
			published_each(&topics->mean10, to,
				       report_window(zone, &of_window, context), "zone/%s/mean10",
				       zone->id);
	}
	topics->mean10_end = last.end;
	of_window = zone_window_energy(zone, last, context);
	if (of_window.known)
		published_set(&topics->mean10, to, report_window(zone, &of_window, context), 1,
			      "zone/%s/mean10", zone->id);
}

void zone_topics_books(struct zone_topics *topics, const struct consumer_setup *to,
		       const struct zone *zone, const struct zone_context *context)
{
	double power_w[HOUR_MINUTES];
	ms_t end;

	publish_mean10(topics, to, zone, context);
	if (zone_hour(zone, context, power_w, &end))
		published_set(&topics->hour, to, report_hour(zone, power_w, end, context), 1,
			      "zone/%s/hour", zone->id);
	published_set(&topics->day, to, report_day(zone, context), 1, "zone/%s/day", zone->id);
}

void zone_topics_clear(struct zone_topics *topics, const struct consumer_setup *to)
{
	published_clear(&topics->status, to, "zone/%s/status", topics->id);
	published_clear(&topics->state, to, "zone/%s/state", topics->id);
	zone_leaves_clear(&topics->leaves, to, topics->id);
	published_clear(&topics->mean10, to, "zone/%s/mean10", topics->id);
	published_clear(&topics->hour, to, "zone/%s/hour", topics->id);
	published_clear(&topics->day, to, "zone/%s/day", topics->id);
}

void zone_topics_free(struct zone_topics *topics)
{
	published_free(&topics->status);
	published_free(&topics->state);
	zone_leaves_free(&topics->leaves);
	published_free(&topics->mean10);
	published_free(&topics->hour);
	published_free(&topics->day);
}
