#include "common/contract/fact.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/field.h"

static const char *const mark_names[] = {"top10", "minute", "contacts", "start", "stop", NULL};
static const char *const role_names[] = {"main", "part", NULL};

const char *mark_name(enum mark mark)
{
	return mark_names[mark];
}

bool about_is_pulse(const struct about *about)
{
	return strcmp(about->kind, "pulse") == 0;
}

static bool get_time(ms_t *t, const json_t *object, struct fail *fail)
{
	return field_whole(t, object, "t", 0, FACT_TIME_MAX,
			   "whole milliseconds since 1970, up to the year 9999", fail);
}

static bool get_count(int64_t *count, const json_t *object, const char *name, struct fail *fail)
{
	return field_whole(count, object, name, 0, FACT_COUNT_MAX, "a whole number from 0 to 9e15",
			   fail);
}

/* -------- record -------- */

static bool get_stream(char stream[STREAM_SIZE], const json_t *object, struct fail *fail)
{
	const char *text = json_string_value(json_object_get(object, "stream"));

	if (!text || strspn(text, "0123456789abcdef") != STREAM_SIZE - 1 || text[STREAM_SIZE - 1])
		return field_unexpected(object, "stream", "16 digits 0-9 and a-f", fail);
	memcpy(stream, text, STREAM_SIZE);
	return true;
}

static bool get_numbers(struct record *record, const json_t *object, struct fail *fail)
{
	if (!field_whole(&record->seq, object, "seq", 1, INT64_MAX, "a whole number of 1 or more",
			 fail))
		return false;
	record->has_prev = field_given(object, "prev");
	return !record->has_prev || field_whole(&record->prev, object, "prev", 0, record->seq - 1,
						"a whole number of 0 or more, below seq", fail);
}

static bool get_mark(enum mark *mark, const json_t *object, struct fail *fail)
{
	int choice;
	bool got = field_choice(&choice, object, "mark", mark_names,
				"top10, minute, contacts, start or stop", fail);

	*mark = (enum mark)choice;
	return got;
}

static bool get_tristate(enum tristate *value, const json_t *object, const char *name,
			 struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = json_is_boolean(json) ? (enum tristate)json_is_true(json) : UNKNOWN;
	return json_is_boolean(json) || !field_given(object, name) ||
	       field_unexpected(object, name, "true, false or null", fail);
}

static bool get_lost_possible(bool *possible, const json_t *object, struct fail *fail)
{
	enum tristate value;
	bool got = get_tristate(&value, object, "lost_possible", fail);

	*possible = value == YES;
	return got;
}

static bool get_setting(struct record *record, const json_t *setting, struct fail *fail)
{
	const char *by = json_string_value(json_object_get(setting, "by"));
	int64_t to;

	if (!get_count(&record->index_from, setting, "from", fail) ||
	    !get_count(&to, setting, "to", fail))
		return false;
	if (to != record->pulses)
		return field_unexpected(setting, "to", "the same as pulses", fail);
	if (!by || !label_valid(by))
		return field_unexpected(setting, "by", LABEL_EXPECTED, fail);
	memcpy(record->index_by, by, strlen(by) + 1);
	return true;
}

/* After the pulses. Whoever takes the record without it moves energy that was never used. */
static bool get_index_set(struct record *record, const json_t *object, struct fail *fail)
{
	const json_t *setting = json_object_get(object, "index_set");

	record->index_set = field_given(object, "index_set");
	if (!record->index_set)
		return true;
	if (!record->is_pulse)
		return fail_set(fail, "index_set: expected together with pulses only");
	if (!json_is_object(setting))
		return field_unexpected(object, "index_set", "an object", fail);
	return get_setting(record, setting, fail) || fail_at(fail, "index_set");
}

static bool get_pulse_record(struct record *record, const json_t *object, struct fail *fail)
{
	return get_count(&record->pulses, object, "pulses", fail) &&
	       get_mark(&record->mark, object, fail) &&
	       get_tristate(&record->off_peak, object, "off_peak", fail) &&
	       get_tristate(&record->peak, object, "peak", fail);
}

static bool get_energy_record(struct record *record, const json_t *object, struct fail *fail)
{
	static const char expected[] = "a number from 0 to 9e12";

	return field_number(&record->wh, object, "wh", 0, FACT_WH_MAX, expected, fail) &&
	       (!isnan(record->wh) || field_unexpected(object, "wh", expected, fail));
}

static bool get_record(struct record *record, const json_t *object, struct fail *fail)
{
	bool has_wh = json_object_get(object, "wh");

	*record = (struct record){.mark = MARK_NONE, .off_peak = UNKNOWN, .peak = UNKNOWN};
	record->is_pulse = json_object_get(object, "pulses");
	if (record->is_pulse == has_wh)
		return fail_set(fail, "expected one of pulses and wh, found %s",
				has_wh ? "both" : "neither");
	return get_time(&record->t, object, fail) && get_stream(record->stream, object, fail) &&
	       get_numbers(record, object, fail) &&
	       (record->is_pulse ? get_pulse_record(record, object, fail)
				 : get_energy_record(record, object, fail)) &&
	       (!field_given(object, "blind_ms") ||
		get_count(&record->blind_ms, object, "blind_ms", fail)) &&
	       (!field_given(object, "lost") || get_count(&record->lost, object, "lost", fail)) &&
	       get_lost_possible(&record->lost_possible, object, fail) &&
	       get_index_set(record, object, fail);
}

bool record_decode(struct record *record, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && get_record(record, object, fail);

	json_decref(object);
	return decoded;
}

bool record_decode_number(struct record *record, const char *payload, size_t size)
{
	json_t *object = json_object_read(payload, size, NULL);
	bool decoded;

	*record = (struct record){0};
	decoded = object && get_stream(record->stream, object, NULL);
	/* A wrong prev says nothing; the number stands. */
	if (decoded && !get_numbers(record, object, NULL)) {
		decoded = record->has_prev;
		record->has_prev = false;
	}
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
	if (record->has_prev)
		json_object_set_new(object, "prev", json_integer(record->prev));
	if (record->is_pulse) {
		assert(record->mark != MARK_NONE);
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
	if (record->lost_possible)
		json_object_set_new(object, "lost_possible", json_true());
	if (record->index_set)
		json_object_set_new(object, "index_set",
				    json_pack("{s:I, s:I, s:s}", "from",
					      (json_int_t)record->index_from, "to",
					      (json_int_t)record->pulses, "by", record->index_by));
	return json_text_exact(object);
}

/* -------- live -------- */

static bool get_live(struct live *live, const json_t *object, struct fail *fail)
{
	bool has_reading = json_object_get(object, "power_w") || json_object_get(object, "wh");

	*live = (struct live){.interval_us = NAN, .power_w = NAN, .wh = NAN};
	live->is_pulse = json_object_get(object, "pulses");
	if (live->is_pulse == has_reading)
		return fail_set(fail, "expected either pulses or power_w and wh, found %s",
				has_reading ? "both" : "neither");
	if (!get_time(&live->t, object, fail))
		return false;
	if (live->is_pulse)
		return get_count(&live->pulses, object, "pulses", fail) &&
		       field_positive(&live->interval_us, object, "interval_us", fail);
	return field_number(&live->power_w, object, "power_w", -DBL_MAX, DBL_MAX,
			    "a number or null", fail) &&
	       field_number(&live->wh, object, "wh", 0, FACT_WH_MAX,
			    "a number from 0 to 9e12, or null", fail);
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
	const char *text = json_string_value(json_object_get(object, "label"));

	if (!field_given(object, "label"))
		text = about->zone;
	if (!text || !label_valid(text))
		return field_unexpected(object, "label", LABEL_EXPECTED, fail);
	memcpy(about->label, text, strlen(text) + 1);
	return true;
}

static bool get_role(enum role *role, const json_t *object, struct fail *fail)
{
	int choice;
	bool got = field_choice(&choice, object, "role", role_names, "main or part", fail);

	*role = (enum role)choice;
	return got;
}

static bool weights_fit(const struct about *about, struct fail *fail)
{
	bool has_wh = !isnan(about->wh_per_pulse);
	bool has_m3 = !isnan(about->m3_per_pulse);

	if (!about_is_pulse(about) && (has_wh || has_m3))
		return fail_set(fail, "%s: expected with kind pulse only, found kind %s",
				has_wh ? "wh_per_pulse" : "m3_per_pulse", about->kind);
	if (about_is_pulse(about) && has_wh == has_m3)
		return fail_set(fail, "expected one of wh_per_pulse and m3_per_pulse, found %s",
				has_wh ? "both" : "neither");
	if (!has_m3 && !isnan(about->kwh_per_m3))
		return fail_set(fail, "kwh_per_m3: expected together with m3_per_pulse only");
	return true;
}

static bool get_modulus(struct about *about, const json_t *object, struct fail *fail)
{
	bool pulses = about_is_pulse(about);
	const char *name = pulses ? "modulus_pulses" : "modulus_wh";
	const char *other = pulses ? "modulus_wh" : "modulus_pulses";

	about->modulus_pulses = about->modulus_wh = 0;
	if (field_given(object, other))
		return fail_set(fail, "%s: expected %s with kind %s", other, name, about->kind);
	if (!field_given(object, name))
		return true;
	if (pulses)
		return field_whole(&about->modulus_pulses, object, name, 1, FACT_COUNT_MAX,
				   "a whole number from 1 to 9e15", fail);
	return field_whole(&about->modulus_wh, object, name, 1, (int64_t)FACT_WH_MAX,
			   "a whole number from 1 to 9e12", fail);
}

static bool get_about(struct about *about, const json_t *object, struct fail *fail)
{
	return field_id(about->kind, object, "kind", fail) &&
	       field_id(about->medium, object, "medium", fail) &&
	       field_id(about->zone, object, "zone", fail) && get_label(about, object, fail) &&
	       field_positive(&about->nominal_w, object, "nominal_w", fail) &&
	       get_role(&about->role, object, fail) &&
	       field_positive(&about->wh_per_pulse, object, "wh_per_pulse", fail) &&
	       field_positive(&about->m3_per_pulse, object, "m3_per_pulse", fail) &&
	       field_positive(&about->kwh_per_m3, object, "kwh_per_m3", fail) &&
	       field_positive(&about->min_interval_us, object, "min_interval_us", fail) &&
	       weights_fit(about, fail) && get_modulus(about, object, fail);
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
	if (about->modulus_pulses)
		json_object_set_new(object, "modulus_pulses", json_integer(about->modulus_pulses));
	if (about->modulus_wh)
		json_object_set_new(object, "modulus_wh", json_integer(about->modulus_wh));
	return json_text_exact(object);
}

static bool number_equal(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

bool about_equal(const struct about *a, const struct about *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->medium, b->medium) == 0 &&
	       strcmp(a->zone, b->zone) == 0 && strcmp(a->label, b->label) == 0 &&
	       a->role == b->role && number_equal(a->nominal_w, b->nominal_w) &&
	       number_equal(a->wh_per_pulse, b->wh_per_pulse) &&
	       number_equal(a->m3_per_pulse, b->m3_per_pulse) &&
	       number_equal(a->kwh_per_m3, b->kwh_per_m3) &&
	       number_equal(a->min_interval_us, b->min_interval_us) &&
	       a->modulus_pulses == b->modulus_pulses && a->modulus_wh == b->modulus_wh;
}

/* -------- a collector's own topics -------- */

static bool get_ack(struct ack *ack, const json_t *object, struct fail *fail)
{
	return get_stream(ack->stream, object, fail) &&
	       field_whole(&ack->seq, object, "seq", 0, INT64_MAX, "a whole number of 0 or more",
			   fail);
}

bool ack_decode(struct ack *ack, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && get_ack(ack, object, fail);

	json_decref(object);
	return decoded;
}

char *ack_encode(const struct ack *ack)
{
	json_t *object = json_object();

	json_object_set_new(object, "stream", json_string(ack->stream));
	json_object_set_new(object, "seq", json_integer(ack->seq));
	return json_text(object);
}

bool status_decode(bool *online, const char *payload, size_t size, struct fail *fail)
{
	*online = size == 6 && memcmp(payload, "online", size) == 0;
	return *online || (size == 7 && memcmp(payload, "offline", size) == 0) ||
	       fail_set(fail, "expected online or offline, found another payload of %zu bytes",
			size);
}

char *program_about_encode(const struct program_about *about)
{
	json_t *object = json_object();
	json_t *outbox = json_object();

	json_object_set_new(object, "program", json_string(about->program));
	json_object_set_new(object, "version", json_string(about->version));
	json_object_set_new(object, "started",
			    about->clock_known ? json_integer(about->started) : json_null());
	json_object_set_new(outbox, "waiting", json_integer(about->waiting));
	json_object_set_new(outbox, "thinned", json_integer(about->downsampled));
	json_object_set_new(outbox, "undated", json_integer(about->undated));
	json_object_set_new(outbox, "withheld", json_integer(about->withheld));
	json_object_set_new(outbox, "trouble",
			    about->trouble ? json_string(about->trouble) : json_null());
	json_object_set_new(object, "outbox", outbox);
	return json_text(object);
}
