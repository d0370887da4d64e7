#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/site_parts.h"
#include "common/base/array.h"

void place_free(struct place *place)
{
	zone_free(&place->zone);
	board_free(&place->board);
	free(place);
}

static struct place *place_open(struct named *places, const char *id)
{
	struct place *place =
		places ? named_add(places, id, sizeof(*place)) : calloc(1, sizeof(*place));

	if (!place)
		abort();
	strcpy(place->name, id);
	strcpy(place->zone.id, id);
	place->zone.nominal_w = NAN;
	place->described = true;
	place->stored = CURVE_NEVER;
	return place;
}

struct place *site_place_open(struct site *site, const char *id)
{
	struct place *place = named_find(&site->places, id);

	return place ? place : place_open(&site->places, id);
}

static void place_dirty_all(struct place *place)
{
	spans_add(&place->dirty, SPAN_ALL);
	place->described = true;
	place->changed = true;
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
	if (zone->member_count)
		zone->nominal_w = NAN;
	for (size_t i = zone->member_count; i-- > 0;) {
		const struct about *about = &zone->members[i].source->about;

		strcpy(zone->label, about->label);
		strcpy(zone->medium, about->medium);
		zone->role = about->role;
		if (!isnan(about->nominal_w))
			zone->nominal_w = about->nominal_w;
	}
}

static void zone_add_member(struct zone *zone, struct source *source, int sign)
{
	size_t i = zone->member_count;

	zone->members = array_grow(zone->members, zone->member_count, &zone->member_capacity,
				   sizeof(*zone->members));
	/* In the order of topics, whatever the order of announcements; taken off: last. */
	for (; i > 0 && zone->members[i - 1].sign == sign &&
	       strcmp(zone->members[i - 1].source->name, source->name) > 0;
	     i--)
		zone->members[i] = zone->members[i - 1];
	zone->members[i] = (struct member){source, sign};
	zone->member_count++;
}

static void zone_remove_member(struct zone *zone, const struct source *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < zone->member_count; i++)
		if (zone->members[i].source != source)
			zone->members[kept++] = zone->members[i];
	zone->member_count = kept;
}

static bool place_is_part(const struct site *site, const struct place *place)
{
	return place != site->main && strcmp(place->zone.medium, site->main->zone.medium) == 0;
}

static void rest_take(struct zone *rest, const struct zone *zone, int sign)
{
	for (size_t i = 0; i < zone->member_count; i++)
		zone_add_member(rest, zone->members[i].source, sign);
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
		for (size_t i = 0; i < site->places.count; i++) {
			struct place *place = site->places.items[i];

			if (!place_is_part(site, place))
				continue;
			rest_take(&zone, &place->zone, -1);
			parts++;
		}
	}
	if (parts && !site->rest)
		site->rest = place_open(NULL, REST_ID);
	if (!parts) {
		zone_free(&zone);
		if (site->rest) {
			keep_zone_gone(site, REST_ID);
			board_clear(&site->rest->board, &site->wall, REST_ID);
			place_free(site->rest);
			site->rest = NULL;
		}
		return;
	}
	zone_free(&site->rest->zone);
	site->rest->zone = zone;
	place_dirty_all(site->rest);
}

/* The newest stay of the source in a zone; NULL: it has been in none. */
static struct term *site_newest_term(const struct site *site, const struct source *source)
{
	struct term *newest = NULL;

	for (size_t i = 0; i < site->places.count; i++) {
		const struct place *place = site->places.items[i];

		for (size_t j = 0; j < place->zone.balance.count; j++) {
			struct term *term = &place->zone.balance.terms[j];

			if (term->curve == &source->energy &&
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
	ms_t from = newest ? now : CURVE_NEVER;

	if (newest && zone_holds_term(zone, newest)) {
		newest->until = CURVE_ALWAYS;
		return;
	}
	/* Our clock may have been set back: no moment counts twice. */
	if (newest && from < newest->until)
		from = newest->until;
	balance_add(&zone->balance, (struct term){.curve = &source->energy,
						  .from = from,
						  .until = CURVE_ALWAYS,
						  .sign = 1});
}

static void zone_end_term(struct zone *zone, const struct source *source, ms_t now)
{
	for (size_t i = 0; i < zone->balance.count; i++) {
		struct term *term = &zone->balance.terms[i];

		if (term->curve == &source->energy && term->until == CURVE_ALWAYS)
			term->until = now > term->from ? now : term->from;
	}
}

static void place_refresh(struct place *place)
{
	zone_describe(&place->zone);
	ledger_invalidate(&place->zone.ledger, SPAN_ALL);
	place_dirty_all(place);
}

void place_add_source(struct place *place, struct source *source)
{
	zone_add_member(&place->zone, source, 1);
	place_refresh(place);
}

void place_restored(struct place *place, const struct grid *grid, bool recompute)
{
	struct span domain = balance_domain(&place->zone.balance);

	/* Some may not have got out before the program ended; a week of them certainly did. */
	if (!span_empty(domain))
		place->board.mean10_end = grid_window(grid, domain.to - MS_PER_HOUR).start;
	/* What the store has, nobody says: windows up to any time. */
	place->stored = CURVE_ALWAYS;
	place->described = false;
	place->dirty.count = 0;
	if (recompute)
		spans_add(&place->dirty, SPAN_ALL);
}

/* Those that belonged to the zone once are to be stored without it. */
static void place_forget_stays(const struct site *site, const struct place *place)
{
	const struct balance *balance = &place->zone.balance;

	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		for (size_t j = 0; j < balance->count; j++)
			source->changed |= balance->terms[j].curve == &source->energy;
	}
}

/* A zone that never used anything and has no source any more was a mistake: it disappears. */
static void site_leave(struct site *site, struct source *source, ms_t now)
{
	struct place *place = named_find(&site->places, source->about.zone);
	bool used = false;

	if (!place)
		return;
	zone_remove_member(&place->zone, source);
	zone_end_term(&place->zone, source, now);
	for (size_t i = 0; i < place->zone.balance.count; i++)
		used = used || place->zone.balance.terms[i].curve->count;
	if (place->zone.member_count) {
		place_refresh(place);
		return;
	}
	if (used) {
		place_dirty_all(place);
		return;
	}
	keep_zone_gone(site, place->name);
	place_forget_stays(site, place);
	if (site->main == place)
		site->main = NULL;
	board_clear(&place->board, &site->wall, place->name);
	named_remove(&site->places, place);
	place_free(place);
}

static bool zone_has_others(const struct zone *zone, const struct source *source)
{
	for (size_t i = 0; i < zone->member_count; i++)
		if (zone->members[i].source != source)
			return true;
	return false;
}

/* May the source announce itself so? */
static bool site_admits(const struct site *site, const struct source *source,
			const struct about *about, struct fail *fail)
{
	const struct place *place = named_find(&site->places, about->zone);

	if (strcmp(about->zone, REST_ID) == 0)
		return fail_set(fail, "zone: \"%s\" is what main leaves over, expected another id",
				REST_ID);
	if (about->role == ROLE_MAIN && site->main && site->main != place &&
	    zone_has_others(&site->main->zone, source))
		return fail_set(fail, "role: zone %s is the main zone already, expected \"part\"",
				site->main->name);
	if (!place)
		return true;
	for (size_t i = 0; i < place->zone.member_count; i++) {
		const struct source *other = place->zone.members[i].source;

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
	if (source_is_main(source) != was_main && (source->tops.count || source->contacts.count))
		site->regrid = true;
}

bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail)
{
	bool moves = source->announced && strcmp(source->about.zone, about->zone) != 0;
	bool was_main = source_is_main(source);
	struct place *place;

	/* Retained: it comes again and again. */
	if (source->announced && about_equal(&source->about, about))
		return true;
	if (!site_admits(site, source, about, fail) || !source_admits(source, about, fail))
		return false;
	if (moves)
		site_leave(site, source, now);
	place = site_place_open(site, about->zone);
	if (moves || !source->announced) {
		zone_add_member(&place->zone, source, 1);
		site_begin_term(site, &place->zone, source, now);
	}
	source_announce(source, about, now);
	place_refresh(place);
	if (about->role == ROLE_MAIN)
		site->main = place;
	else if (site->main == place)
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
