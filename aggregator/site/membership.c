#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/parts.h"
#include "common/base/array.h"
#include "common/base/memory.h"

static struct zone *zone_open(struct named *zones, const char *id)
{
	struct zone *zone =
		zones ? named_add(zones, id, sizeof(*zone)) : allocate(1, sizeof(*zone));

	strcpy(zone->id, id);
	zone->nominal_w = NAN;
	return zone;
}

struct zone *site_open_zone(struct site *site, const char *id)
{
	struct zone *zone = named_find(&site->zones, id);

	return zone ? zone : zone_open(&site->zones, id);
}

/* All of the zone is to be stored and published again. */
static void site_zone_changed(struct site *site, const struct zone *zone)
{
	struct changed_zone *changed = changes_zone(&site->changes, zone->id);

	time_ranges_add(&changed->windows, TIME_RANGE_ALL);
	changed->description_changed = true;
	changed->amounts_changed = true;
}

/* Label, medium and role are those of the first source, nominal power that of the first one that
 * has any. */
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
	/* In the order of topics, whatever the order of announcements; those to subtract are last.
	 */
	for (; i > 0 && zone->sources[i - 1].sign == sign &&
	       strcmp(zone->sources[i - 1].source->name, source->name) > 0;
	     i--)
		zone->sources[i] = zone->sources[i - 1];
	zone->sources[i] = (struct zone_source){source, sign};
	zone->source_count++;
}

static void zone_remove_source(struct zone *zone, const struct source *source)
{
	size_t count = 0;

	for (size_t i = 0; i < zone->source_count; i++)
		if (zone->sources[i].source != source)
			zone->sources[count++] = zone->sources[i];
	zone->source_count = count;
}

static bool zone_is_part(const struct site *site, const struct zone *zone)
{
	return zone != site->main && strcmp(zone->medium, site->main->medium) == 0;
}

static void rest_add(struct zone *rest, const struct zone *zone, int sign)
{
	for (size_t i = 0; i < zone->source_count; i++)
		zone_add_source(rest, zone->sources[i].source, sign);
	for (size_t i = 0; i < zone->balance.count; i++) {
		struct term term = zone->balance.terms[i];

		term.sign = sign;
		balance_add(&rest->balance, term);
	}
}

/* The rest follows from the other zones, and is computed again whenever one of them changes. */
void site_make_rest(struct site *site)
{
	struct zone zone = {.nominal_w = NAN, .role = ROLE_PART};
	size_t parts = 0;

	site->rest_outdated = false;
	if (site->main) {
		strcpy(zone.id, REST_ID);
		strcpy(zone.label, site->settings->rest_label);
		strcpy(zone.medium, site->main->medium);
		rest_add(&zone, site->main, 1);
		for (size_t i = 0; i < site->zones.count; i++) {
			const struct zone *part = site->zones.items[i];

			if (!zone_is_part(site, part))
				continue;
			rest_add(&zone, part, -1);
			parts++;
		}
	}
	if (site->rest)
		zone_free(site->rest);
	if (!parts) {
		zone_free(&zone);
		if (site->rest)
			changes_zone_removed(&site->changes, REST_ID);
		free(site->rest);
		site->rest = NULL;
		return;
	}
	if (!site->rest)
		site->rest = zone_open(NULL, REST_ID);
	*site->rest = zone;
	site_zone_changed(site, site->rest);
}

/* The newest assignment of the source to a zone; NULL: there was none. */
static struct term *site_newest_term(const struct site *site, const struct source *source)
{
	struct term *newest = NULL;

	for (size_t i = 0; i < site->zones.count; i++) {
		const struct zone *zone = site->zones.items[i];

		for (size_t j = 0; j < zone->balance.count; j++) {
			struct term *term = &zone->balance.terms[j];

			if (term->series == &source->energy &&
			    (!newest || term->from >= newest->from))
				newest = term;
		}
	}
	return newest;
}

const struct term *site_next_assignment(const struct site *site, const struct source *source,
					const struct term *after, const struct zone **zone)
{
	const struct term *next = NULL;

	for (size_t i = 0; i < site->zones.count; i++) {
		const struct zone *other = site->zones.items[i];

		for (size_t j = 0; j < other->balance.count; j++) {
			const struct term *term = &other->balance.terms[j];

			if (term->series != &source->energy ||
			    (after && term->from <= after->from) ||
			    (next && next->from <= term->from))
				continue;
			next = term;
			*zone = other;
		}
	}
	return next;
}

static bool zone_holds_term(const struct zone *zone, const struct term *term)
{
	for (size_t i = 0; i < zone->balance.count; i++)
		if (&zone->balance.terms[i] == term)
			return true;
	return false;
}

/* Assigns the source to the zone from now on; its first zone from the beginning. If it was last in
 * this zone, that assignment continues, as if it had not been withdrawn. */
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

static void site_refresh_zone(struct site *site, struct zone *zone)
{
	zone_describe(zone);
	ledger_invalidate(&zone->ledger, TIME_RANGE_ALL);
	site_zone_changed(site, zone);
}

void site_add_source(struct site *site, struct zone *zone, struct source *source)
{
	zone_add_source(zone, source, 1);
	site_refresh_zone(site, zone);
}

/* Sources that once belonged to the zone are to be stored without it. */
static void site_forget_assignments(struct site *site, const struct zone *zone)
{
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		for (size_t j = 0; j < zone->balance.count; j++)
			if (zone->balance.terms[j].series == &source->energy)
				changes_source(&site->changes, source)->description_changed = true;
	}
}

/* A zone without records and without sources was a mistake, and is removed. */
static void site_leave(struct site *site, struct source *source, ms_t now)
{
	struct zone *zone = named_find(&site->zones, source->about.zone);
	bool used = false;

	if (!zone)
		return;
	zone_remove_source(zone, source);
	zone_end_term(zone, source, now);
	for (size_t i = 0; i < zone->balance.count; i++)
		used = used || zone->balance.terms[i].series->count;
	if (zone->source_count) {
		site_refresh_zone(site, zone);
		return;
	}
	if (used) {
		site_zone_changed(site, zone);
		return;
	}
	changes_zone_removed(&site->changes, zone->id);
	site_forget_assignments(site, zone);
	if (site->main == zone)
		site->main = NULL;
	named_remove(&site->zones, zone);
	zone_free(zone);
	free(zone);
}

static bool zone_has_others(const struct zone *zone, const struct source *source)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (zone->sources[i].source != source)
			return true;
	return false;
}

/* Whether the announcement agrees with those of others. */
static bool site_admits(const struct site *site, const struct source *source,
			const struct about *about, struct fail *fail)
{
	const struct zone *zone = named_find(&site->zones, about->zone);

	if (strcmp(about->zone, REST_ID) == 0)
		return fail_set(
			fail,
			"zone: \"%s\" is reserved for main minus the parts, expected another id",
			REST_ID);
	if (about->role == ROLE_MAIN && site->main && site->main != zone &&
	    zone_has_others(site->main, source))
		return fail_set(fail, "role: zone %s is the main zone already, expected \"part\"",
				site->main->id);
	if (!zone)
		return true;
	for (size_t i = 0; i < zone->source_count; i++) {
		const struct source *other = zone->sources[i].source;

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

/* Period signals and contacts count while they are the main meter's. */
static void site_signals_moved(struct site *site, const struct source *source, bool was_main)
{
	if (source_is_main(source) != was_main && (source->signals.count || source->contacts.count))
		site->signals_outdated = true;
}

bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail)
{
	bool moves = source->announced && strcmp(source->about.zone, about->zone) != 0;
	bool was_main = source_is_main(source);
	struct zone *zone;

	/* Retained: it comes again and again. */
	if (source->announced && about_equal(&source->about, about))
		return true;
	if (!site_admits(site, source, about, fail) || !source_admits(source, about, fail))
		return false;
	if (moves)
		site_leave(site, source, now);
	zone = site_open_zone(site, about->zone);
	if (moves || !source->announced) {
		zone_add_source(zone, source, 1);
		site_begin_term(site, zone, source, now);
	}
	source_announce(source, about, now);
	site_refresh_zone(site, zone);
	if (about->role == ROLE_MAIN)
		site->main = zone;
	else if (site->main == zone)
		site->main = NULL;
	site_signals_moved(site, source, was_main);
	changes_source(&site->changes, source)->description_changed = true;
	site->rest_outdated = true;
	return true;
}

void site_withdraw(struct site *site, struct source *source, ms_t now)
{
	bool was_main;

	if (!source->announced)
		return;
	was_main = source_is_main(source);
	source->announced = false;
	site_leave(site, source, now);
	site_signals_moved(site, source, was_main);
	changes_source(&site->changes, source)->description_changed = true;
	site->rest_outdated = true;
}
