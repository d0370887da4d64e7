#include "aggregator/site.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/board.h"
#include "aggregator/named.h"
#include "aggregator/report.h"
#include "aggregator/sequence.h"
#include "aggregator/zone.h"
#include "common/array.h"
#include "common/fact.h"
#include "common/json.h"

/* A fact from further ahead is a clock gone wrong, not a clock that runs a little fast. */
#define FUTURE_MAX_MS MS_PER_DAY

/* Against topics invented by a program gone wild. */
#define SOURCES_MAX 10000
#define STREAMS_MAX 64

/* The zone that is left over: a reserved id. */
#define REST_ID "rest"

/* Also without news, look at the books this often: windows close and days end by time alone. */
#define BOOKS_EVERY_MS (5 * MS_PER_SECOND)

struct collector {
	char name[ID_SIZE];
	bool online;
	struct sequence *streams;
	size_t stream_count, stream_capacity;
};

/* A zone with its topics. */
struct place {
	char name[ID_SIZE];
	struct zone zone;
	struct board board;
	bool changed; /* the books of the zone, since they were published */
};

struct site {
	struct wall wall;
	struct named collectors, sources, places;
	struct place *main; /* of `places`; NULL: none */
	struct place *rest; /* NULL: nothing to take off, or nothing to take it off from */
	bool rest_stale;    /* a zone changed that it follows from */
	struct tariff tariff;
	struct grid grid;
	struct health health;
	struct slot summary, tariff_state, band, band_index, price, demand, health_state;
	bool alarm;
	ms_t next_publish, next_books; /* on the monotonic clock */
};

/* ---- opening and closing ---- */

struct site *site_open(const struct site_settings *settings, struct publisher publisher, ms_t now)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		abort();
	site->wall = (struct wall){settings, publisher};
	site->health.started = now;
	tariff_open(&site->tariff, &settings->tariff);
	return site;
}

static void collector_free(struct collector *collector)
{
	for (size_t i = 0; i < collector->stream_count; i++)
		sequence_free(&collector->streams[i]);
	free(collector->streams);
	free(collector);
}

static void place_free(struct place *place)
{
	zone_free(&place->zone);
	board_free(&place->board);
	free(place);
}

void site_close(struct site *site)
{
	struct slot *slots[] = {&site->summary,	    &site->tariff_state, &site->band,
				&site->band_index,  &site->price,	 &site->demand,
				&site->health_state};

	for (size_t i = 0; i < site->collectors.count; i++)
		collector_free(site->collectors.items[i]);
	for (size_t i = 0; i < site->sources.count; i++) {
		source_close(site->sources.items[i]);
		free(site->sources.items[i]);
	}
	for (size_t i = 0; i < site->places.count; i++)
		place_free(site->places.items[i]);
	if (site->rest)
		place_free(site->rest);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		slot_free(slots[i]);
	named_free(&site->collectors);
	named_free(&site->sources);
	named_free(&site->places);
	grid_free(&site->grid);
	tariff_close(&site->tariff);
	free(site);
}

int site_zone_count(const struct site *site)
{
	return (int)site->places.count;
}

void site_clock_stepped(struct site *site)
{
	site->health.clock_steps++;
}

/* ---- who is who ---- */

static struct collector *site_collector(struct site *site, const char *id)
{
	struct collector *collector = named_find(&site->collectors, id);

	if (!collector) {
		collector = named_add(&site->collectors, id, sizeof(*collector));
		collector->online = true;
	}
	return collector;
}

static struct source *site_source(struct site *site, const struct topic *topic, struct fail *fail)
{
	char name[2 * ID_SIZE];
	struct source *source;

	snprintf(name, sizeof(name), "%s/%s", topic->collector, topic->source);
	source = named_find(&site->sources, name);
	if (source)
		return source;
	if (site->sources.count >= SOURCES_MAX) {
		fail_set(fail, "too many sources, expected at most %d", SOURCES_MAX);
		return NULL;
	}
	source = named_add(&site->sources, name, sizeof(*source));
	source_open(source, topic->collector);
	source->collector_online = site_collector(site, topic->collector)->online;
	return source;
}

static struct place *place_open(struct named *places, const char *id)
{
	struct place *place =
		places ? named_add(places, id, sizeof(*place)) : calloc(1, sizeof(*place));

	if (!place)
		abort();
	strcpy(place->name, id);
	strcpy(place->zone.id, id);
	return place;
}

/* ---- zones are made of sources ---- */

/* What a zone is called and can take: the first source that says so. */
static void zone_describe(struct zone *zone)
{
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
static void site_rest(struct site *site)
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
			board_clear(&site->rest->board, &site->wall, REST_ID);
			place_free(site->rest);
			site->rest = NULL;
		}
		return;
	}
	zone_free(&site->rest->zone);
	site->rest->zone = zone;
	site->rest->changed = true;
}

/* The source belongs to the zone from now on; the first zone it has: from the beginning. */
static void zone_begin_term(struct zone *zone, const struct source *source, bool first, ms_t now)
{
	for (size_t i = 0; i < zone->balance.count; i++) {
		struct term *term = &zone->balance.terms[i];

		/* It was here before and comes back. */
		if (term->curve == &source->energy) {
			term->until = CURVE_ALWAYS;
			return;
		}
	}
	balance_add(&zone->balance, (struct term){.curve = &source->energy,
						  .from = first ? CURVE_NEVER : now,
						  .until = CURVE_ALWAYS,
						  .sign = 1});
}

static bool site_has_term(const struct site *site, const struct source *source)
{
	for (size_t i = 0; i < site->places.count; i++) {
		const struct place *place = site->places.items[i];

		for (size_t j = 0; j < place->zone.balance.count; j++)
			if (place->zone.balance.terms[j].curve == &source->energy)
				return true;
	}
	return false;
}

static void zone_end_term(struct zone *zone, const struct source *source, ms_t now)
{
	for (size_t i = 0; i < zone->balance.count; i++)
		if (zone->balance.terms[i].curve == &source->energy)
			zone->balance.terms[i].until = now;
}

static void place_refresh(struct place *place)
{
	zone_describe(&place->zone);
	ledger_invalidate(&place->zone.ledger, (struct span){CURVE_NEVER, CURVE_ALWAYS});
	place->changed = true;
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
		place->changed = true;
		return;
	}
	if (site->main == place)
		site->main = NULL;
	board_clear(&place->board, &site->wall, place->name);
	named_remove(&site->places, place);
	place_free(place);
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
	    site->main->zone.member_count)
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

/* Tops and contacts count when they are the main meter's. */
static void site_take_early(struct site *site, struct source *source)
{
	if (source->about.role == ROLE_MAIN) {
		for (size_t i = 0; i < source->tops.count; i++)
			grid_add(&site->grid, source->tops.tops[i]);
		for (size_t i = 0; i < source->contacts.count; i++)
			contacts_add(&site->tariff.contacts, &source->contacts.states[i]);
	}
	grid_free(&source->tops);
	contacts_free(&source->contacts);
}

static bool site_announce(struct site *site, struct source *source, const struct about *about,
			  ms_t now, struct fail *fail)
{
	bool first = !site_has_term(site, source);
	bool moves = source->announced && strcmp(source->about.zone, about->zone) != 0;
	struct place *place;

	if (!site_admits(site, source, about, fail) || !source_admits(source, about, fail))
		return false;
	if (moves)
		site_leave(site, source, now);
	place = named_find(&site->places, about->zone);
	if (!place)
		place = place_open(&site->places, about->zone);
	if (moves || !source->announced) {
		zone_add_member(&place->zone, source, 1);
		zone_begin_term(&place->zone, source, first, now);
	}
	source_announce(source, about, now);
	place_refresh(place);
	if (about->role == ROLE_MAIN)
		site->main = place;
	else if (site->main == place)
		site->main = NULL;
	site_take_early(site, source);
	site->rest_stale = true;
	return true;
}

static void site_withdraw(struct site *site, struct source *source, ms_t now)
{
	if (!source->announced)
		return;
	source->announced = false;
	site_leave(site, source, now);
	site->rest_stale = true;
}

/* ---- facts ---- */

static bool fact_time(ms_t t, ms_t now, struct fail *fail)
{
	if (t > now + FUTURE_MAX_MS)
		return fail_set(fail,
				"t: %lld lies more than a day in the future: is the collector's "
				"clock set?",
				(long long)t);
	return true;
}

/* True where the number is new. */
static bool collector_note(struct collector *collector, const struct record *record)
{
	struct sequence *sequence;

	for (size_t i = collector->stream_count; i-- > 0;)
		if (strcmp(collector->streams[i].stream, record->stream) == 0)
			return sequence_note(&collector->streams[i], record->seq);
	if (collector->stream_count >= STREAMS_MAX)
		return true;
	collector->streams = array_grow(collector->streams, collector->stream_count,
					&collector->stream_capacity, sizeof(*collector->streams));
	sequence = &collector->streams[collector->stream_count++];
	*sequence = (struct sequence){0};
	strcpy(sequence->stream, record->stream);
	return sequence_note(sequence, record->seq);
}

static void site_marks(struct site *site, struct source *source, const struct record *record)
{
	struct contact_state state = {
		.t = record->t,
		.off_peak = record->off_peak,
		.peak = record->peak,
		.change = record->mark == MARK_CONTACTS,
		.seq = record->seq,
	};
	bool early = !source->announced;

	if (!early && source->about.role != ROLE_MAIN)
		return;
	if (record->mark == MARK_TOP10)
		grid_add(early ? &source->tops : &site->grid, record->t);
	if (state.off_peak != UNKNOWN || state.peak != UNKNOWN)
		contacts_add(early ? &source->contacts : &site->tariff.contacts, &state);
}

static bool site_record(struct site *site, const struct topic *topic, const char *payload,
			size_t size, ms_t now, struct fail *fail)
{
	struct health *health = &site->health;
	struct record record;
	struct source *source;
	bool late;

	if (!record_decode(&record, payload, size, fail) || !fact_time(record.t, now, fail))
		return false;
	source = site_source(site, topic, fail);
	if (!source)
		return false;
	late = record.t < source->newest;
	if (!source_record(source, &record, now, fail))
		return false;
	if (record.is_pulse)
		site_marks(site, source, &record);
	health->accepted++;
	health->late += late;
	if (collector_note(site_collector(site, topic->collector), &record)) {
		health->edges_lost += record.lost;
		health->blind_ms += record.blind_ms;
	} else {
		health->duplicate++;
	}
	return true;
}

static bool site_live(struct site *site, const struct topic *topic, const char *payload,
		      size_t size, ms_t now, struct fail *fail)
{
	struct source *source;
	struct live live;

	if (!live_decode(&live, payload, size, fail) || !fact_time(live.t, now, fail))
		return false;
	source = site_source(site, topic, fail);
	return source && source_live(source, &live, now, fail);
}

static bool site_source_about(struct site *site, const struct topic *topic, const char *payload,
			      size_t size, ms_t now, struct fail *fail)
{
	struct source *source;
	struct about about;

	if (size == 0) {
		source = site_source(site, topic, fail);
		if (source)
			site_withdraw(site, source, now);
		return source;
	}
	if (!about_decode(&about, payload, size, fail))
		return false;
	source = site_source(site, topic, fail);
	return source && site_announce(site, source, &about, now, fail);
}

static bool site_source_status(struct site *site, const struct topic *topic, const char *payload,
			       size_t size, struct fail *fail)
{
	struct source *source;
	bool online = true;

	if (size && !status_decode(&online, payload, size, fail))
		return false;
	source = site_source(site, topic, fail);
	if (source)
		source->meter_online = online;
	return source;
}

static bool site_collector_status(struct site *site, const struct topic *topic, const char *payload,
				  size_t size, struct fail *fail)
{
	bool online = true;

	if (size && !status_decode(&online, payload, size, fail))
		return false;
	site_collector(site, topic->collector)->online = online;
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		if (strcmp(source->collector, topic->collector) == 0)
			source->collector_online = online;
	}
	return true;
}

static bool site_collector_about(const char *payload, size_t size, struct fail *fail)
{
	json_t *json;

	if (!size)
		return true;
	json = json_object_read(payload, size, fail);
	json_decref(json);
	return json;
}

static bool site_route(struct site *site, const struct topic *topic, const char *payload,
		       size_t size, ms_t now, struct fail *fail)
{
	switch (topic->kind) {
	case TOPIC_SOURCE_RECORD: return site_record(site, topic, payload, size, now, fail);
	case TOPIC_SOURCE_LIVE: return site_live(site, topic, payload, size, now, fail);
	case TOPIC_SOURCE_ABOUT: return site_source_about(site, topic, payload, size, now, fail);
	case TOPIC_SOURCE_STATUS: return site_source_status(site, topic, payload, size, fail);
	case TOPIC_COLLECTOR_STATUS: return site_collector_status(site, topic, payload, size, fail);
	case TOPIC_COLLECTOR_ABOUT: return site_collector_about(payload, size, fail);
	case TOPIC_COLLECTOR_ACK:
	case TOPIC_SITE: return true;
	}
	return true;
}

/* Names and reasons may quote what came: any bytes. */
static void copy_printable(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from[i] && i + 1 < size; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

bool site_message(struct site *site, const char *text, const char *payload, size_t size, ms_t now,
		  struct fail *fail)
{
	const struct site_settings *settings = site->wall.settings;
	struct health *health = &site->health;
	struct fail reason = {0};
	struct topic topic;

	if (topic_parse(&topic, settings->base, settings->id, text, &reason) &&
	    site_route(site, &topic, payload, size, now, &reason))
		return true;
	health->rejected++;
	health->rejected_at = now;
	copy_printable(health->rejected_topic, sizeof(health->rejected_topic), text);
	copy_printable(health->rejected_reason, sizeof(health->rejected_reason), reason.text);
	return fail_set(fail, "%s: %s", health->rejected_topic, health->rejected_reason);
}

/* ---- what follows from the facts ---- */

static void place_settle(struct place *place, struct span bands, bool windows)
{
	struct zone *zone = &place->zone;

	for (size_t i = 0; i < zone->balance.count; i++) {
		const struct curve *curve = zone->balance.terms[i].curve;

		if (span_empty(curve->changed))
			continue;
		ledger_invalidate(&zone->ledger, curve->changed);
		place->changed = true;
	}
	if (!span_empty(bands))
		ledger_invalidate(&zone->ledger, bands);
	place->changed |= windows || !span_empty(bands);
}

static void site_settle(struct site *site)
{
	struct span bands = tariff_settle(&site->tariff);
	bool windows = !span_empty(grid_settle(&site->grid));

	site->health.resets = site->health.glitches = 0;
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		curve_settle(&source->energy);
		curve_settle(&source->volume);
		site->health.resets += source->energy.resets;
		site->health.glitches += source->energy.glitches;
	}
	if (!span_empty(bands))
		site->health.contact_faults = tariff_faults(&site->tariff);
	if (site->rest_stale)
		site_rest(site);
	for (size_t i = 0; i < site->places.count; i++)
		place_settle(site->places.items[i], bands, windows);
	if (site->rest)
		place_settle(site->rest, bands, windows);
}

/* ---- publishing ---- */

static struct zone_state place_publish(struct site *site, struct place *place, bool books,
				       const struct surroundings *around)
{
	struct zone_state state;

	ledger_settle(&place->zone.ledger, &place->zone.balance, &site->tariff);
	state = zone_look(&place->zone, around);
	board_state(&place->board, &site->wall, &place->zone, &state, around);
	if (place->changed || books)
		board_books(&place->board, &site->wall, &place->zone, around);
	place->changed = false;
	return state;
}

static void site_publish_tariff(struct site *site, const struct surroundings *around)
{
	const struct site_settings *settings = site->wall.settings;
	const struct tariff_settings *tariff = &settings->tariff;
	struct tariff_now now = {
		.segment = tariff_at(&site->tariff, around->now),
		.currency = settings->currency,
		.vat_included = settings->vat_included,
	};
	char price[32];

	now.subscribed_w = tariff_subscribed(tariff, around->now, now.segment.band);
	now.next_band = tariff_next(tariff, around->now, now.segment.band, &now.next_change);
	slot_publish(&site->tariff_state, &site->wall, 1, report_tariff(&now, around),
		     "tariff/state");
	snprintf(price, sizeof(price), "%.15g",
		 (double)now.segment.price / (double)PRICES_PER_UNIT);
	slot_publish(&site->band, &site->wall, 0, strdup(band_name(now.segment.band)),
		     "tariff/band");
	slot_publish(&site->price, &site->wall, 0, strdup(price), "tariff/price_kwh");
	snprintf(price, sizeof(price), "%d", now.segment.band);
	slot_publish(&site->band_index, &site->wall, 0, strdup(price), "tariff/band_index");
}

static void site_publish_demand(struct site *site, const struct surroundings *around)
{
	const struct zone *zone = &site->main->zone;
	struct window window = grid_window(&site->grid, around->now);
	struct demand_now now = {.window = window};
	struct segment segment = tariff_at(&site->tariff, around->now);
	double power_w = NAN;
	struct window minute;
	mwh_t energy;

	if (zone_status(zone, around) == ZONE_ONLINE && zone_last_minute(zone, around, &minute))
		power_w = zone_reading(zone, minute, around).power_w;
	now.subscribed_w = tariff_subscribed(around->tariff->settings, around->now, segment.band);
	energy = balance_between(&zone->balance, window.start, window.end).energy +
		 zone_beyond(zone, window.start);
	now.demand = demand_at(energy, around->now - window.start, power_w, now.subscribed_w,
			       site->alarm);
	site->alarm = now.demand.alarm;
	slot_publish(&site->demand, &site->wall, 1, report_demand(&now, around), "demand/state");
}

static void site_publish_health(struct site *site, const struct surroundings *around)
{
	struct health *health = &site->health;

	health->missing = 0;
	for (size_t i = 0; i < site->collectors.count; i++) {
		const struct collector *collector = site->collectors.items[i];

		for (size_t j = 0; j < collector->stream_count; j++)
			health->missing += sequence_missing(&collector->streams[j]);
	}
	health->spurious_tops = site->grid.spurious;
	slot_publish(&site->health_state, &site->wall, 1, report_health(health, around), "health");
}

static void site_publish_zones(struct site *site, bool books, const struct surroundings *around)
{
	struct summary summary = {
		.zones = (int)site->places.count,
		.rest_w = NAN,
		.segment = tariff_at(&site->tariff, around->now),
	};
	struct zone_state main = {0};

	for (size_t i = 0; i < site->places.count; i++) {
		struct place *place = site->places.items[i];
		struct zone_state state = place_publish(site, place, books, around);

		summary.online += zone_status(&place->zone, around) == ZONE_ONLINE;
		if (place != site->main)
			continue;
		main = state;
		summary.main = &main;
	}
	if (site->rest)
		summary.rest_w = place_publish(site, site->rest, books, around).power_w;
	slot_publish(&site->summary, &site->wall, 1, report_summary(&summary, around), "summary");
}

void site_publish(struct site *site, ms_t now, ms_t monotonic)
{
	const struct site_settings *settings = site->wall.settings;
	struct surroundings around = {
		.now = now,
		.limits = settings->limits,
		.tariff = &site->tariff,
		.grid = &site->grid,
		.main = site->main ? &site->main->zone : NULL,
	};
	bool books = monotonic >= site->next_books;

	if (monotonic < site->next_publish)
		return;
	site->next_publish = monotonic + settings->publish_ms;
	if (books)
		site->next_books = monotonic + BOOKS_EVERY_MS;
	site_settle(site);
	site_publish_zones(site, books, &around);
	site_publish_tariff(site, &around);
	if (site->main)
		site_publish_demand(site, &around);
	site_publish_health(site, &around);
}
