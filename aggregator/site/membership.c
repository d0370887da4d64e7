#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/site_parts.h"
#include "common/base/array.h"

void entry_free(struct zone_entry *entry)
{
	zone_free(&entry->zone);
	board_free(&entry->board);
	free(entry);
}

static struct zone_entry *entry_open(struct named *entries, const char *id)
{
	struct zone_entry *entry =
		entries ? named_add(entries, id, sizeof(*entry)) : calloc(1, sizeof(*entry));

	if (!entry)
		abort();
	strcpy(entry->name, id);
	strcpy(entry->zone.id, id);
	entry->zone.nominal_w = NAN;
	entry->described = true;
	entry->stored = NEVER;
	return entry;
}

struct zone_entry *site_entry_open(struct site *site, const char *id)
{
	struct zone_entry *entry = named_find(&site->entries, id);

	return entry ? entry : entry_open(&site->entries, id);
}

static void entry_dirty_all(struct zone_entry *entry)
{
	time_ranges_add(&entry->dirty, TIME_RANGE_ALL);
	entry->described = true;
	entry->changed = true;
}

static void keep_zone_gone(struct site *site, const char *id)
{
	struct kept_name gone;

	strcpy(gone.name, id);
	keep(&site->keeping.zones_gone, gone);
	site->keeping.dirty = true;
}

/* What a zone is called and can take: the first source that says so. */
static void zone_describe(struct zone *zone)
{
	if (zone->source_count)
		zone->nominal_w = NAN;
	for (size_t i = zone->source_count; i-- > 0;) {
		const struct about *about = &zone->sources[i].source->about;

		strcpy(zone->label, about->label);
		strcpy(zone->medium, about->medium);
		zone->role = about->role;
		if (!isnan(about->nominal_w))
			zone->nominal_w = about->nominal_w;
	}
}

static void zone_add_source(struct zone *zone, struct source *source, int sign)
{
	size_t i = zone->source_count;

	zone->sources = array_grow(zone->sources, zone->source_count, &zone->source_capacity,
				   sizeof(*zone->sources));
	/* In the order of topics, whatever the order of announcements; taken off: last. */
	for (; i > 0 && zone->sources[i - 1].sign == sign &&
	       strcmp(zone->sources[i - 1].source->name, source->name) > 0;
	     i--)
		zone->sources[i] = zone->sources[i - 1];
	zone->sources[i] = (struct zone_source){source, sign};
	zone->source_count++;
}

static void zone_remove_source(struct zone *zone, const struct source *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < zone->source_count; i++)
		if (zone->sources[i].source != source)
			zone->sources[kept++] = zone->sources[i];
	zone->source_count = kept;
}

static bool entry_is_part(const struct site *site, const struct zone_entry *entry)
{
	return entry != site->main && strcmp(entry->zone.medium, site->main->zone.medium) == 0;
}

static void rest_take(struct zone *rest, const struct zone *zone, int sign)
{
	for (size_t i = 0; i < zone->source_count; i++)
		zone_add_source(rest, zone->sources[i].source, sign);
	for (size_t i = 0; i < zone->balance.count; i++) {
		struct term term = zone->balance.terms[i];

		term.sign = sign;
		balance_add(&rest->balance, term);
	}
}

/* The rest follows from the other zones: made anew whenever one of them changes. */
void site_rest(struct site *site)
{
	struct zone zone = {.nominal_w = NAN, .role = ROLE_PART};
	size_t parts = 0;

	site->rest_stale = false;
	if (site->main) {
		strcpy(zone.id, REST_ID);
		strcpy(zone.label, site->wall.settings->rest_label);
		strcpy(zone.medium, site->main->zone.medium);
		rest_take(&zone, &site->main->zone, 1);
		for (size_t i = 0; i < site->entries.count; i++) {
			struct zone_entry *entry = site->entries.items[i];

			if (!entry_is_part(site, entry))
				continue;
			rest_take(&zone, &entry->zone, -1);
			parts++;
		}
	}
	if (parts && !site->rest)
		site->rest = entry_open(NULL, REST_ID);
	if (!parts) {
		zone_free(&zone);
		if (site->rest) {
			keep_zone_gone(site, REST_ID);
			board_clear(&site->rest->board, &site->wall, REST_ID);
			entry_free(site->rest);
			site->rest = NULL;
		}
		return;
	}
	zone_free(&site->rest->zone);
	site->rest->zone = zone;
	entry_dirty_all(site->rest);
}

/* The newest assignment of the source in a zone; NULL: it has been in none. */
static struct term *site_newest_term(const struct site *site, const struct source *source)
{
	struct term *newest = NULL;

	for (size_t i = 0; i < site->entries.count; i++) {
		const struct zone_entry *entry = site->entries.items[i];

		for (size_t j = 0; j < entry->zone.balance.count; j++) {
			struct term *term = &entry->zone.balance.terms[j];

			if (term->series == &source->energy &&
			    (!newest || term->from >= newest->from))
				newest = term;
		}
	}
	return newest;
}

static bool zone_holds_term(const struct zone *zone, const struct term *term)
{
	for (size_t i = 0; i < zone->balance.count; i++)
		if (&zone->balance.terms[i] == term)
			return true;
	return false;
}

/* The source belongs to the zone from now on; its first zone: from the beginning. One that comes
 * back without having been elsewhere was never away. */
static void site_begin_term(const struct site *site, struct zone *zone, const struct source *source,
			    ms_t now)
{
	struct term *newest = site_newest_term(site, source);
	ms_t from = newest ? now : NEVER;

	if (newest && zone_holds_term(zone, newest)) {
		newest->until = FOREVER;
		return;
	}
	/* Our clock may have been set back: no moment counts twice. */
	if (newest && from < newest->until)
		from = newest->until;
	balance_add(&zone->balance,
		    (struct term){
			    .series = &source->energy, .from = from, .until = FOREVER, .sign = 1});
}

static void zone_end_term(struct zone *zone, const struct source *source, ms_t now)
{
	for (size_t i = 0; i < zone->balance.count; i++) {
		struct term *term = &zone->balance.terms[i];

		if (term->series == &source->energy && term->until == FOREVER)
			term->until = now > term->from ? now : term->from;
	}
}

static void entry_refresh(struct zone_entry *entry)
{
	zone_describe(&entry->zone);
	ledger_invalidate(&entry->zone.ledger, TIME_RANGE_ALL);
	entry_dirty_all(entry);
}

void entry_add_source(struct zone_entry *entry, struct source *source)
{
	zone_add_source(&entry->zone, source, 1);
	entry_refresh(entry);
}

void entry_restored(struct zone_entry *entry, const struct grid *grid, bool recompute)
{
	struct time_range domain = balance_domain(&entry->zone.balance);

	/* Some may not have got out before the program ended; a week of them certainly did. */
	if (!time_range_empty(domain))
		entry->board.mean10_end = grid_window(grid, domain.to - MS_PER_HOUR).start;
	/* What the store has, nobody says: windows up to any time. */
	entry->stored = FOREVER;
	entry->described = false;
	entry->dirty.count = 0;
	if (recompute)
		time_ranges_add(&entry->dirty, TIME_RANGE_ALL);
}

/* Those that belonged to the zone once are to be stored without it. */
static void entry_forget_stays(const struct site *site, const struct zone_entry *entry)
{
	const struct balance *balance = &entry->zone.balance;

	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		for (size_t j = 0; j < balance->count; j++)
			source->changed |= balance->terms[j].series == &source->energy;
	}
}

/* A zone that never used anything and has no source any more was a mistake: it disappears. */
static void site_leave(struct site *site, struct source *source, ms_t now)
{
	struct zone_entry *entry = named_find(&site->entries, source->about.zone);
	bool used = false;

	if (!entry)
		return;
	zone_remove_source(&entry->zone, source);
	zone_end_term(&entry->zone, source, now);
	for (size_t i = 0; i < entry->zone.balance.count; i++)
		used = used || entry->zone.balance.terms[i].series->count;
	if (entry->zone.source_count) {
		entry_refresh(entry);
		return;
	}
	if (used) {
		entry_dirty_all(entry);
		return;
	}
	keep_zone_gone(site, entry->name);
	entry_forget_stays(site, entry);
	if (site->main == entry)
		site->main = NULL;
	board_clear(&entry->board, &site->wall, entry->name);
	named_remove(&site->entries, entry);
	entry_free(entry);
}

static bool zone_has_others(const struct zone *zone, const struct source *source)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (zone->sources[i].source != source)
			return true;
	return false;
}

/* May the source announce itself so? */
static bool site_admits(const struct site *site, const struct source *source,
			const struct about *about, struct fail *fail)
{
	const struct zone_entry *entry = named_find(&site->entries, about->zone);

	if (strcmp(about->zone, REST_ID) == 0)
		return fail_set(fail, "zone: \"%s\" is what main leaves over, expected another id",
				REST_ID);
	if (about->role == ROLE_MAIN && site->main && site->main != entry &&
	    zone_has_others(&site->main->zone, source))
		return fail_set(fail, "role: zone %s is the main zone already, expected \"part\"",
				site->main->name);
	if (!entry)
		return true;
	for (size_t i = 0; i < entry->zone.source_count; i++) {
		const struct source *other = entry->zone.sources[i].source;

		if (other == source)
			continue;
		if (other->about.role != about->role)
			return fail_set(fail, "role: expected that of %s in the same zone",
					other->name);
		if (strcmp(other->about.medium, about->medium) != 0)
			return fail_set(fail, "medium: expected \"%s\" as of %s in the same zone",
					other->about.medium, other->name);
	}
	return true;
}

static bool source_is_main(const struct source *source)
{
	return source->announced && source->about.role == ROLE_MAIN;
}

/* Tops and contacts count while they are the main meter's. */
static void site_marks_moved(struct site *site, const struct source *source, bool was_main)
{
	if (source_is_main(source) != was_main && (source->signals.count || source->contacts.count))
		site->regrid = true;
}

bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail)
{
	bool moves = source->announced && strcmp(source->about.zone, about->zone) != 0;
	bool was_main = source_is_main(source);
	struct zone_entry *entry;

	/* Retained: it comes again and again. */
	if (source->announced && about_equal(&source->about, about))
		return true;
	if (!site_admits(site, source, about, fail) || !source_admits(source, about, fail))
		return false;
	if (moves)
		site_leave(site, source, now);
	entry = site_entry_open(site, about->zone);
	if (moves || !source->announced) {
		zone_add_source(&entry->zone, source, 1);
		site_begin_term(site, &entry->zone, source, now);
	}
	source_announce(source, about, now);
	entry_refresh(entry);
	if (about->role == ROLE_MAIN)
		site->main = entry;
	else if (site->main == entry)
		site->main = NULL;
	site_marks_moved(site, source, was_main);
	site->rest_stale = site->keeping.dirty = true;
	return true;
}

void site_withdraw(struct site *site, struct source *source, ms_t now)
{
	bool was_main;

	if (!source->announced)
		return;
	was_main = source_is_main(source);
	source->announced = false;
	source->changed = true;
	site_leave(site, source, now);
	site_marks_moved(site, source, was_main);
	site->rest_stale = site->keeping.dirty = true;
}
