#include "common/fact.h"

#include <math.h>
#include <string.h>

#include "common/json.h"

#define PULSES_MAX INT64_C(9000000000000000)
#define WH_MAX	   9e12

static const char *const mark_names[] = {
	[MARK_TOP10] = "top10", [MARK_MINUTE] = "minute", [MARK_CONTACTS] = "contacts",
	[MARK_START] = "start", [MARK_STOP] = "stop",	  [MARK_NONE] = NULL,
};

static const char *const role_names[] = {[ROLE_MAIN] = "main", [ROLE_PART] = "part", NULL};

const char *mark_name(enum mark mark)
{
	return mark_names[mark];
}

bool about_is_pulse(const struct about *about)
{
	return strcmp(about->kind, "pulse") == 0;
}

/* -------- members: each reads one, or names it, what was expected and what was found -------- */

static bool unexpected(const json_t *object, const char *name, const char *expected,
		       struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	return fail_set(fail, "%s: expected %s, found %s", name, expected,
			json_found(found, json_object_get(object, name)));
}

static bool get_whole(int64_t *value, const json_t *object, const char *name, int64_t minimum,
		      int64_t maximum, const char *expected, struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = json_integer_value(json);
	if (json_is_integer(json) && *value >= minimum && *value <= maximum)
		return true;
	return unexpected(object, name, expected, fail);
}

static bool get_time(ms_t *t, const json_t *object, struct fail *fail)
{
	return get_whole(t, object, "t", 0, FACT_TIME_MAX,
			 "whole milliseconds since 1970, up to the year 9999", fail);
}

static bool get_pulses(int64_t *pulses, const json_t *object, struct fail *fail)
{
	return get_whole(pulses, object, "pulses", 0, PULSES_MAX, "a whole number from 0 to 9e15",
			 fail);
}

/* 0 where it is not given. */
static bool get_count(int64_t *count, const json_t *object, const char *name, struct fail *fail)
{
	*count = 0;
	return !json_object_get(object, name) ||
	       get_whole(count, object, name, 0, PULSES_MAX, "a whole number from 0 to 9e15", fail);
}

static bool is_unknown(const json_t *json)
{
	return !json || json_is_null(json);
}

/* NAN where it is null or not given. */
static bool get_positive(double *value, const json_t *object, const char *name, struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = is_unknown(json) ? NAN : json_number_value(json);
	return is_unknown(json) || *value > 0 ||
	       unexpected(object, name, "a number above 0, or null", fail);
}

static bool get_tristate(enum tristate *value, const json_t *object, const char *name,
			 struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = is_unknown(json) ? UNKNOWN : json_is_true(json) ? YES : NO;
	return is_unknown(json) || json_is_boolean(json) ||
	       unexpected(object, name, "true, false or null", fail);
}

/* The position in `names` that ends with NULL; -1 where the text is none of them. */
static int name_index(const json_t *json, const char *const names[])
{
	const char *text = json_string_value(json);

	for (int i = 0; text && names[i]; i++) {
		if (strcmp(names[i], text) == 0)
			return i;
	}
	return -1;
}

static bool get_id(char id[ID_SIZE], const json_t *object, const char *name, struct fail *fail)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || !id_valid(text))
		return unexpected(object, name, ID_EXPECTED, fail);
	memcpy(id, text, strlen(text) + 1);
	return true;
}

/* -------- record -------- */

static bool get_stream(char stream[STREAM_SIZE], const json_t *object, struct fail *fail)
{
	const char *text = json_string_value(json_object_get(object, "stream"));

	if (!text || strlen(text) != STREAM_SIZE - 1 ||
	    strspn(text, "0123456789abcdef") != STREAM_SIZE - 1)
		return unexpected(object, "stream", "16 digits 0-9 and a-f", fail);
	memcpy(stream, text, STREAM_SIZE);
	return true;
}

static bool get_mark(enum mark *mark, const json_t *object, struct fail *fail)
{
	int index = name_index(json_object_get(object, "mark"), mark_names);

	*mark = index < 0 ? MARK_NONE : (enum mark)index;
	return index >= 0 ||
	       unexpected(object, "mark", "top10, minute, contacts, start or stop", fail);
}

static bool get_pulse_record(struct record *record, const json_t *object, struct fail *fail)
{
	record->wh = 0;
	return get_pulses(&record->pulses, object, fail) && get_mark(&record->mark, object, fail) &&
	       get_tristate(&record->off_peak, object, "off_peak", fail) &&
	       get_tristate(&record->peak, object, "peak", fail);
}

static bool get_energy_record(struct record *record, const json_t *object, struct fail *fail)
{
	const json_t *wh = json_object_get(object, "wh");

	record->pulses = 0;
	record->wh = json_number_value(wh);
	record->mark = MARK_NONE;
	record->off_peak = UNKNOWN;
	record->peak = UNKNOWN;
	return (json_is_number(wh) && record->wh >= 0 && record->wh <= WH_MAX) ||
	       unexpected(object, "wh", "a number from 0 to 9e12", fail);
}

static bool get_record(struct record *record, const json_t *object, struct fail *fail)
{
	record->is_pulse = json_object_get(object, "pulses");
	if (record->is_pulse && json_object_get(object, "wh"))
		return fail_set(fail, "expected one of pulses and wh, found both");
	if (!record->is_pulse && !json_object_get(object, "wh"))
		return fail_set(fail, "expected one of pulses and wh, found neither");
	return get_time(&record->t, object, fail) && get_stream(record->stream, object, fail) &&
	       get_whole(&record->seq, object, "seq", 1, INT64_MAX, "a whole number of 1 or more",
			 fail) &&
	       (record->is_pulse ? get_pulse_record(record, object, fail)
				 : get_energy_record(record, object, fail)) &&
	       get_count(&record->blind_ms, object, "blind_ms", fail) &&
	       get_count(&record->lost, object, "lost", fail);
}

bool record_decode(struct record *record, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && get_record(record, object, fail);

	json_decref(object);
	return decoded;
}

static json_t *tristate_json(enum tristate value)
{
	return value == UNKNOWN ? json_null() : json_boolean(value == YES);
}

char *record_encode(const struct record *record)
{
	json_t *object = json_object();

	json_object_set_new(object, "t", json_integer(record->t));
	json_object_set_new(object, "stream", json_string(record->stream));
	json_object_set_new(object, "seq", json_integer(record->seq));
	if (record->is_pulse) {
		json_object_set_new(object, "mark", json_string(mark_name(record->mark)));
		json_object_set_new(object, "pulses", json_integer(record->pulses));
		json_object_set_new(object, "off_peak", tristate_json(record->off_peak));
		json_object_set_new(object, "peak", tristate_json(record->peak));
	} else {
		json_object_set_new(object, "wh", json_number(record->wh));
	}
	if (record->blind_ms)
		json_object_set_new(object, "blind_ms", json_integer(record->blind_ms));
	if (record->lost)
		json_object_set_new(object, "lost", json_integer(record->lost));
	return json_text_exact(object);
}

/* -------- live -------- */

static bool get_live(struct live *live, const json_t *object, struct fail *fail)
{
	const json_t *power = json_object_get(object, "power_w");
	const json_t *wh = json_object_get(object, "wh");

	*live = (struct live){.interval_us = NAN, .power_w = NAN, .wh = NAN};
	live->is_pulse = json_object_get(object, "pulses");
	if (live->is_pulse && (power || wh))
		return fail_set(fail, "expected pulses, or power_w and wh, found both");
	if (!live->is_pulse && !power && !wh)
		return fail_set(fail, "expected pulses, or power_w and wh, found neither");
	if (!get_time(&live->t, object, fail))
		return false;
	if (live->is_pulse)
		return get_pulses(&live->pulses, object, fail) &&
		       get_positive(&live->interval_us, object, "interval_us", fail);
	if (!is_unknown(power)) {
		live->power_w = json_number_value(power);
		if (!json_is_number(power))
			return unexpected(object, "power_w", "a number or null", fail);
	}
	if (!is_unknown(wh)) {
		live->wh = json_number_value(wh);
		if (!json_is_number(wh) || !(live->wh >= 0 && live->wh <= WH_MAX))
			return unexpected(object, "wh", "a number from 0 to 9e12, or null", fail);
	}
	return true;
}

bool live_decode(struct live *live, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && get_live(live, object, fail);

	json_decref(object);
	return decoded;
}

char *live_encode(const struct live *live)
{
	json_t *object = json_object();

	json_object_set_new(object, "t", json_integer(live->t));
	if (live->is_pulse) {
		json_object_set_new(object, "pulses", json_integer(live->pulses));
		json_object_set_new(object, "interval_us", json_number(live->interval_us));
	} else {
		json_object_set_new(object, "power_w", json_number(live->power_w));
		json_object_set_new(object, "wh", json_number(live->wh));
	}
	return json_text(object);
}

/* -------- about -------- */

static bool get_label(struct about *about, const json_t *object, struct fail *fail)
{
	const json_t *label = json_object_get(object, "label");
	const char *text = is_unknown(label) ? about->zone : json_string_value(label);

	if (!text || !label_valid(text))
		return unexpected(object, "label", LABEL_EXPECTED, fail);
	memcpy(about->label, text, strlen(text) + 1);
	return true;
}

static bool get_role(enum role *role, const json_t *object, struct fail *fail)
{
	int index = name_index(json_object_get(object, "role"), role_names);

	*role = index == ROLE_MAIN ? ROLE_MAIN : ROLE_PART;
	return index >= 0 || unexpected(object, "role", "main or part", fail);
}

static bool weights_fit(const struct about *about, struct fail *fail)
{
	bool has_wh = !isnan(about->wh_per_pulse);
	bool has_m3 = !isnan(about->m3_per_pulse);

	if (!about_is_pulse(about) && (has_wh || has_m3))
		return fail_set(fail, "%s: only a source of kind pulse has it, found kind %s",
				has_wh ? "wh_per_pulse" : "m3_per_pulse", about->kind);
	if (about_is_pulse(about) && has_wh == has_m3)
		return fail_set(fail, "expected one of wh_per_pulse and m3_per_pulse, found %s",
				has_wh ? "both" : "neither");
	if (!has_m3 && !isnan(about->kwh_per_m3))
		return fail_set(fail, "kwh_per_m3: expected only together with m3_per_pulse");
	return true;
}

static bool get_about(struct about *about, const json_t *object, struct fail *fail)
{
	return get_id(about->kind, object, "kind", fail) &&
	       get_id(about->medium, object, "medium", fail) &&
	       get_id(about->zone, object, "zone", fail) && get_label(about, object, fail) &&
	       get_positive(&about->nominal_w, object, "nominal_w", fail) &&
	       get_role(&about->role, object, fail) &&
	       get_positive(&about->wh_per_pulse, object, "wh_per_pulse", fail) &&
	       get_positive(&about->m3_per_pulse, object, "m3_per_pulse", fail) &&
	       get_positive(&about->kwh_per_m3, object, "kwh_per_m3", fail) &&
	       get_positive(&about->min_interval_us, object, "min_interval_us", fail) &&
	       weights_fit(about, fail);
}

bool about_decode(struct about *about, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && get_about(about, object, fail);

	json_decref(object);
	return decoded;
}

char *about_encode(const struct about *about)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(about->kind));
	json_object_set_new(object, "medium", json_string(about->medium));
	json_object_set_new(object, "zone", json_string(about->zone));
	json_object_set_new(object, "label", json_string(about->label));
	json_object_set_new(object, "nominal_w", json_number(about->nominal_w));
	json_object_set_new(object, "role", json_string(role_names[about->role]));
	if (!isnan(about->wh_per_pulse))
		json_object_set_new(object, "wh_per_pulse", json_number(about->wh_per_pulse));
	if (!isnan(about->m3_per_pulse)) {
		json_object_set_new(object, "m3_per_pulse", json_number(about->m3_per_pulse));
		json_object_set_new(object, "kwh_per_m3", json_number(about->kwh_per_m3));
	}
	if (!isnan(about->min_interval_us))
		json_object_set_new(object, "min_interval_us", json_number(about->min_interval_us));
	return json_text_exact(object);
}

/* -------- the rest -------- */

bool status_decode(bool *online, const char *payload, size_t size, struct fail *fail)
{
	*online = size == 6 && memcmp(payload, "online", 6) == 0;
	return *online || (size == 7 && memcmp(payload, "offline", 7) == 0) ||
	       fail_set(fail, "expected online or offline, found %zu other bytes", size);
}

char *program_about_encode(const char *program, const char *version, ms_t started)
{
	json_t *object = json_object();

	json_object_set_new(object, "program", json_string(program));
	json_object_set_new(object, "version", json_string(version));
	json_object_set_new(object, "started", json_integer(started));
	return json_text(object);
}
