/* What follows from the records goes into the file: windows, some at each commit, and events. */
#include <math.h>

#include "aggregator/store/parts.h"

static bool drop_windows(struct store *store, const char *zone, struct time_range starts)
{
	return STORE_RUN(store,
			 "DELETE FROM windows WHERE zone = (SELECT id FROM zones WHERE name = ?)"
			 " AND start >= ? AND start < ?",
			 sql_text(zone), sql_number(starts.from), sql_number(starts.to));
}

static bool save_window(struct store *store, struct sql_value zone,
			const struct window_energy *reading)
{
	bool energy = !isnan(reading->power_w);

	return STORE_RUN(
		store,
		"INSERT OR REPLACE INTO windows (zone, start, \"end\", energy_mwh, cost_units,"
		" cost_rest, band, quality, synchronous) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		zone, sql_number(reading->window.start), sql_number(reading->window.end),
		energy ? sql_number(reading->energy) : sql_text(NULL),
		sql_number(reading->cost.units), sql_number(reading->cost.rest),
		sql_number(reading->band), sql_number(reading->quality),
		sql_number(window_synchronous(reading->window)));
}

/* The closed windows of a zone that touch `range`, at most *room of them. *range: what is left. */
static bool save_range(struct store *store, struct site *site, const struct zone *zone,
		       struct time_range *range, int64_t *room)
{
	const struct zone_context context = site_context(site, NEVER);
	struct time_range domain = balance_domain(&zone->balance);
	struct stored_zone *stored = store_zone(store, zone->id);
	struct time_range starts = *range;
	ms_t until = range->to;
	struct window window;

	if (!stored)
		return false;
	*range = TIME_RANGE_EMPTY;
	if (time_range_empty(domain))
		return stored->windows_end == NEVER ||
		       drop_windows(store, zone->id, TIME_RANGE_ALL);
	window = signals_window(&site->signals,
				starts.from < domain.from ? domain.from : starts.from);
	if (starts.from != NEVER && window.start < starts.from)
		starts.from = window.start;
	if (window.end > domain.to && starts.from >= stored->windows_end)
		return true;
	if (domain.to - window.start > *room * WINDOW_MS &&
	    until > window.start + *room * WINDOW_MS) {
		starts.to = window.start + *room * WINDOW_MS;
		*range = (struct time_range){starts.to, until};
	}
	if (!drop_windows(store, zone->id, starts))
		return false;
	while (window.end <= domain.to && window.start < starts.to) {
		struct window_energy reading = zone_window_energy(zone, window, &context);

		if (!save_window(store, sql_number(stored->row), &reading))
			return false;
		if (window.end > stored->windows_end)
			stored->windows_end = window.end;
		window = signals_window(&site->signals, window.end);
		*room -= *room > 0;
	}
	return true;
}

static bool save_ranges(struct store *store, struct site *site, struct changes *left)
{
	int64_t room = STORE_WINDOWS_A_COMMIT;

	for (size_t i = 0; i < store->pending.zones.count; i++) {
		const struct changed_zone *changed = store->pending.zones.items[i];
		const struct zone *zone = site_find_zone(site, changed->id);

		for (size_t j = 0; zone && j < changed->windows.count; j++) {
			struct time_range range = changed->windows.items[j];

			if (room > 0 && !save_range(store, site, zone, &range, &room))
				return false;
			if (!time_range_empty(range))
				time_ranges_add(&changes_zone(left, changed->id)->windows, range);
		}
	}
	return true;
}

/* The energy that a zone published, while it is more than is in the books. It is in the file
 * together with the record that shows that less was used. */
static bool save_published(struct store *store, struct site *site)
{
	for (size_t i = 0; i < store->pending.zones.count; i++) {
		const struct changed_zone *changed = store->pending.zones.items[i];
		struct zone *zone = site_find_zone(site, changed->id);
		struct stored_zone *stored;
		mwh_t published = 0;

		if (!zone || zone == site->rest)
			continue;
		stored = store_zone(store, zone->id);
		if (!stored)
			return false;
		ledger_update(&zone->ledger, &zone->balance, &site->tariff);
		if (zone->published > zone->ledger.total.energy)
			published = zone->published;
		if (stored->published == published)
			continue;
		if (!STORE_RUN(store, "UPDATE zones SET published_mwh = ? WHERE id = ?",
			       published ? sql_number(published) : sql_null(),
			       sql_number(stored->row)))
			return false;
		stored->published = published;
	}
	return true;
}

/* Windows that are left for the next commit: also after a crash. */
static bool save_outdated(struct store *store, const struct changes *left)
{
	if (!store->outdated && !left->zones.count)
		return true;
	if (!STORE_RUN(store, "DELETE FROM outdated_windows WHERE ?", sql_number(1)))
		return false;
	for (size_t i = 0; i < left->zones.count; i++) {
		const struct changed_zone *changed = left->zones.items[i];

		for (size_t j = 0; j < changed->windows.count; j++)
			if (!STORE_RUN(store,
				       "INSERT INTO outdated_windows (zone, since, until)"
				       " VALUES (?, ?, ?)",
				       sql_text(changed->id),
				       value_moment(changed->windows.items[j].from),
				       value_moment(changed->windows.items[j].to)))
				return false;
	}
	return true;
}

/* ---- events ---- */

static bool save_event(struct store *store, const struct source *source,
		       const struct index_event *event)
{
	return STORE_RUN(store,
			 "INSERT OR REPLACE INTO events (source, t, kind, before, after)"
			 " VALUES (?, ?, ?, ?, ?)",
			 store_source(store, source), sql_number(event->t),
			 sql_text(index_event_name(event->kind)), sql_number(event->before),
			 sql_number(event->after));
}

static bool save_events_within(struct store *store, const struct source *source,
			       struct time_range range)
{
	const struct index_series *series = &source->energy;
	struct index_event event;

	if (!STORE_RUN(store, "DELETE FROM events WHERE source = ? AND t >= ? AND t < ?",
		       store_source(store, source), sql_number(range.from), sql_number(range.to)))
		return false;
	for (size_t i = series_find(series, range.from);
	     i < series->classified && series->points[i].t < range.to; i++)
		if (series_event(series, i, &event) && !save_event(store, source, &event))
			return false;
	return true;
}

static bool save_events(struct store *store)
{
	const struct named *sources = &store->pending.sources;

	for (size_t i = 0; i < sources->count; i++) {
		const struct changed_source *changed = sources->items[i];

		for (size_t j = 0; j < changed->events.count; j++)
			if (!save_events_within(store, changed->source, changed->events.items[j]))
				return false;
	}
	return true;
}

bool store_save_derived(struct store *store, struct site *site, struct changes *left)
{
	return save_ranges(store, site, left) && save_published(store, site) &&
	       save_outdated(store, left) && save_events(store);
}
