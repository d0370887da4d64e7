/* What the file does not have as it follows from its records and the settings of today. */
#include <string.h>

#include "aggregator/store/load_parts.h"
#include "aggregator/tariff/fingerprint.h"
#include "aggregator/tariff/tariff_difference.h"
#include "aggregator/tariff/tariff_text.h"

static bool load_outdated_windows(struct loader *loader, sqlite3_stmt *row)
{
	struct time_range range = {row_number_or(row, 1, NEVER), row_number_or(row, 2, FOREVER)};

	if (!site_find_zone(loader->site, row_text(row, 0)))
		return true;
	time_ranges_add(&changes_zone(&loader->store->pending, row_text(row, 0))->windows, range);
	loader->store->outdated = true;
	return true;
}

/* Books of version 3 have a hash of the settings: equal hashes mean equal settings. */
static bool load_fingerprint(struct loader *loader, sqlite3_stmt *row)
{
	char fingerprint[FINGERPRINT_SIZE];

	fingerprint_of(fingerprint, &loader->site->settings->tariff);
	if (strcmp(row_text(row, 0), fingerprint) == 0)
		loader->differs_from = FOREVER;
	return true;
}

/* Records are evaluated in another way since the events were written. */
static bool load_outdated_events(struct loader *loader, sqlite3_stmt *row)
{
	const struct site *site = loader->site;

	(void)row;
	for (size_t i = 0; i < site->sources.count; i++)
		time_ranges_add(
			&changes_source(&loader->store->pending, site->sources.items[i])->events,
			TIME_RANGE_ALL);
	return true;
}

static bool load_tariff(struct loader *loader, sqlite3_stmt *row)
{
	struct tariff_settings old;

	loader->store->tariff_stored = strcmp(row_text(row, 0), loader->store->tariff) == 0;
	if (loader->store->tariff_stored) {
		loader->differs_from = FOREVER;
	} else if (tariff_text_parse(&old, row_text(row, 0))) {
		loader->differs_from = tariff_differs_from(&old, &loader->site->settings->tariff);
		tariff_settings_free(&old);
	}
	return true;
}

bool load_settings(struct loader *loader)
{
	return load_each(loader, "SELECT value FROM meta WHERE key = 'settings'",
			 load_fingerprint) &&
	       load_each(loader, "SELECT value FROM meta WHERE key = 'tariff'", load_tariff);
}

/* Windows that the file does not have as they follow from its records and the settings. */
bool load_outdated(struct loader *loader)
{
	struct store *store = loader->store;

	/* For example `rest`, if another zone is main after the restart. */
	for (size_t i = 0; i < site_zone_count(loader->site); i++) {
		const struct zone *zone = site_zone(loader->site, i);
		struct changed_zone *changed;

		if (named_find(&store->zones, zone->id))
			continue;
		changed = changes_zone(&store->pending, zone->id);
		changed->description_changed = true;
		time_ranges_add(&changed->windows, TIME_RANGE_ALL);
	}
	for (size_t i = 0; loader->differs_from != FOREVER && i < site_zone_count(loader->site);
	     i++) {
		const struct zone *zone = site_zone(loader->site, i);

		time_ranges_add(&changes_zone(&store->pending, zone->id)->windows,
				(struct time_range){loader->differs_from, FOREVER});
	}
	return load_each(loader, "SELECT value FROM meta WHERE key = 'events'",
			 load_outdated_events) &&
	       load_each(loader, "SELECT zone, since, until FROM outdated_windows",
			 load_outdated_windows);
}
