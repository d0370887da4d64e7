/* Decoding of facts: the fields by tables, then the rules between fields. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "common/contract/fact.h"
#include "common/contract/fact_names.h"
#include "common/json/field.h"
#include "common/json/json.h"

/* -------- values that several facts have -------- */

/* What a collector publishes beyond this version of the contract is ignored. */
#define OTHERS_IGNORED                                                                             \
	{                                                                                          \
		.type = FIELD_END, .open = true                                                    \
	}

#define A_TIME                                                                                     \
	.type = FIELD_INT, .required = true, .maximum = (double)FACT_TIME_MAX,                     \
	.expected = "whole milliseconds since 1970, up to the year 9999"

#define A_COUNT                                                                                    \
	.type = FIELD_INT, .maximum = (double)FACT_COUNT_MAX,                                      \
	.expected = "a whole number from 0 to 9e15"

#define A_STREAM                                                                                   \
	.type = FIELD_HEX, .required = true, .size = STREAM_SIZE,                                  \
	.expected = "16 digits 0-9 and a-f"

#define POSITIVE                                                                                   \
	.type = FIELD_NUMBER, .nullable = true, .minimum = DBL_TRUE_MIN, .maximum = DBL_MAX,       \
	.expected = "a number above 0, or null"

#define YES_NO_NULL .nullable = true, .expected = "true, false or null"

/* -------- record -------- */

/* A record with what only its decoding needs. */
struct record_payload {
	struct record record;
	int64_t prev;	  /* -1: none */
	int64_t index_to; /* has to be the pulses */
};

#define RECORD(name) offsetof(struct record_payload, record.name)

static const struct json_field number_fields[] = {
	{"stream", .offset = RECORD(stream), A_STREAM},
	{"seq", FIELD_INT, RECORD(seq), .required = true, .minimum = 1,
	 .maximum = (double)INT64_MAX, .expected = "a whole number of 1 or more"},
	OTHERS_IGNORED,
};

#define PREV_EXPECTED "a whole number of 0 or more, below seq"

static const struct json_field prev_fields[] = {
	{"prev", FIELD_INT, offsetof(struct record_payload, prev), .nullable = true,
	 .maximum = (double)INT64_MAX, .expected = PREV_EXPECTED},
	OTHERS_IGNORED,
};

static const struct json_field index_set_fields[] = {
	{"from", .offset = RECORD(index_from), A_COUNT, .required = true},
	{"to", .offset = offsetof(struct record_payload, index_to), A_COUNT, .required = true},
	{"by", FIELD_LABEL, RECORD(index_by), .required = true, .expected = LABEL_EXPECTED},
	OTHERS_IGNORED,
};

static const struct json_field record_fields[] = {
	{"t", .offset = RECORD(t), A_TIME},
	{"blind_ms", .offset = RECORD(blind_ms), A_COUNT, .nullable = true},
	{"lost", .offset = RECORD(lost), A_COUNT, .nullable = true},
	{"lost_possible", FIELD_BOOL, RECORD(lost_possible), YES_NO_NULL},
	{"index_set", FIELD_OBJECT, 0, .nullable = true, .fields = index_set_fields},
	OTHERS_IGNORED,
};

static const struct json_field pulse_fields[] = {
	{"pulses", .offset = RECORD(pulses), A_COUNT, .required = true},
	{"mark", FIELD_CHOICE, RECORD(mark), .required = true, .choices = mark_names,
	 .expected = "top10, minute, contacts, start or stop"},
	{"off_peak", FIELD_YES_NO, RECORD(off_peak), YES_NO_NULL},
	{"peak", FIELD_YES_NO, RECORD(peak), YES_NO_NULL},
	OTHERS_IGNORED,
};

static const struct json_field energy_fields[] = {
	{"wh", FIELD_NUMBER, RECORD(wh), .required = true, .maximum = FACT_WH_MAX,
	 .expected = "a number from 0 to 9e12"},
	OTHERS_IGNORED,
};

static bool read_prev(struct record_payload *payload, json_t *object, struct fail *fail)
{
	payload->prev = -1;
	if (!fields_read(prev_fields, payload, object, fail))
		return false;
	if (payload->prev >= payload->record.seq)
		return fail_set(fail, "prev: expected " PREV_EXPECTED ", found %" PRId64,
				payload->prev);
	payload->record.has_prev = payload->prev >= 0;
	payload->record.prev = payload->record.has_prev ? payload->prev : 0;
	return true;
}

/* Whoever takes the record without it moves energy that was never used. */
static bool check_index_set(struct record_payload *payload, const json_t *object, struct fail *fail)
{
	payload->record.index_set = field_given(object, "index_set");
	if (!payload->record.index_set)
		return true;
	if (!payload->record.is_pulse)
		return fail_set(fail, "index_set: expected together with pulses only");
	return payload->index_to == payload->record.pulses ||
	       fail_set(fail, "index_set.to: expected the same as pulses, found %" PRId64,
			payload->index_to);
}

static bool read_record(struct record_payload *payload, json_t *object, struct fail *fail)
{
	bool is_pulse = json_object_get(object, "pulses");
	bool has_wh = json_object_get(object, "wh");

	payload->record.is_pulse = is_pulse;
	if (is_pulse == has_wh)
		return fail_set(fail, "expected one of pulses and wh, found %s",
				has_wh ? "both" : "neither");
	return fields_read(record_fields, payload, object, fail) &&
	       fields_read(number_fields, payload, object, fail) &&
	       read_prev(payload, object, fail) &&
	       fields_read(is_pulse ? pulse_fields : energy_fields, payload, object, fail) &&
	       check_index_set(payload, object, fail);
}

bool record_decode(struct record *record, const char *payload, size_t size, struct fail *fail)
{
	struct record_payload read = {
		.record = {.mark = MARK_NONE, .off_peak = UNKNOWN, .peak = UNKNOWN},
	};
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && read_record(&read, object, fail);

	json_decref(object);
	*record = read.record;
	return decoded;
}

bool record_decode_number(struct record *record, const char *payload, size_t size)
{
	struct record_payload read = {0};
	json_t *object = json_object_read(payload, size, NULL);
	bool decoded = object && fields_read(number_fields, &read, object, NULL);

	/* If prev is wrong, the number stands. */
	if (decoded)
		read_prev(&read, object, NULL);
	json_decref(object);
	*record = read.record;
	return decoded;
}

/* -------- live -------- */

static const struct json_field live_fields[] = {
	{"t", .offset = offsetof(struct live, t), A_TIME},
	OTHERS_IGNORED,
};

static const struct json_field live_pulse_fields[] = {
	{"pulses", .offset = offsetof(struct live, pulses), A_COUNT, .required = true},
	{"interval_us", .offset = offsetof(struct live, interval_us), POSITIVE},
	OTHERS_IGNORED,
};

static const struct json_field live_energy_fields[] = {
	{"power_w", FIELD_NUMBER, offsetof(struct live, power_w), .nullable = true,
	 .expected = "a number or null"},
	{"wh", FIELD_NUMBER, offsetof(struct live, wh), .nullable = true, .maximum = FACT_WH_MAX,
	 .expected = "a number from 0 to 9e12, or null"},
	OTHERS_IGNORED,
};

static bool read_live(struct live *live, json_t *object, struct fail *fail)
{
	bool has_reading = json_object_get(object, "power_w") || json_object_get(object, "wh");

	*live = (struct live){.interval_us = NAN, .power_w = NAN, .wh = NAN};
	live->is_pulse = json_object_get(object, "pulses");
	if (live->is_pulse == has_reading)
		return fail_set(fail, "expected either pulses or power_w and wh, found %s",
				has_reading ? "both" : "neither");
	return fields_read(live_fields, live, object, fail) &&
	       fields_read(live->is_pulse ? live_pulse_fields : live_energy_fields, live, object,
			   fail);
}

bool live_decode(struct live *live, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && read_live(live, object, fail);

	json_decref(object);
	return decoded;
}

/* -------- about -------- */

#define ABOUT(field) .name = #field, .offset = offsetof(struct about, field)
#define AN_ID	     .type = FIELD_ID, .required = true, .expected = ID_EXPECTED

static const struct json_field about_fields[] = {
	{ABOUT(kind), AN_ID},
	{ABOUT(medium), AN_ID},
	{ABOUT(zone), AN_ID},
	{ABOUT(label), .type = FIELD_LABEL, .nullable = true},
	{ABOUT(nominal_w), POSITIVE},
	{ABOUT(role), .type = FIELD_CHOICE, .required = true, .choices = role_names,
	 .expected = "main or part"},
	{ABOUT(wh_per_pulse), POSITIVE},
	{ABOUT(m3_per_pulse), POSITIVE},
	{ABOUT(kwh_per_m3), POSITIVE},
	{ABOUT(min_interval_us), POSITIVE},
	{ABOUT(interval_ms), .type = FIELD_INT, .nullable = true, .minimum = 1,
	 .maximum = (double)FACT_INTERVAL_MS_MAX,
	 .expected = "whole milliseconds from 1 to 86400000 (a day)"},
	{ABOUT(max_w), .type = FIELD_INT, .nullable = true, .minimum = 1,
	 .maximum = (double)FACT_W_MAX, .expected = "a whole number from 1 to 1e15"},
	OTHERS_IGNORED,
};

static const struct json_field modulus_pulses_fields[] = {
	{ABOUT(modulus_pulses), .type = FIELD_INT, .nullable = true, .minimum = 1,
	 .maximum = (double)FACT_COUNT_MAX, .expected = "a whole number from 1 to 9e15"},
	OTHERS_IGNORED,
};

static const struct json_field modulus_wh_fields[] = {
	{ABOUT(modulus_wh), .type = FIELD_INT, .nullable = true, .minimum = 1,
	 .maximum = FACT_WH_MAX, .expected = "a whole number from 1 to 9e12"},
	OTHERS_IGNORED,
};

static bool check_weights(const struct about *about, struct fail *fail)
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

static bool read_modulus(struct about *about, json_t *object, struct fail *fail)
{
	bool pulses = about_is_pulse(about);
	const char *other = pulses ? "modulus_wh" : "modulus_pulses";

	if (field_given(object, other))
		return fail_set(fail, "%s: expected %s with kind %s", other,
				pulses ? "modulus_pulses" : "modulus_wh", about->kind);
	return fields_read(pulses ? modulus_pulses_fields : modulus_wh_fields, about, object, fail);
}

static bool read_about(struct about *about, json_t *object, struct fail *fail)
{
	*about = (struct about){
		.nominal_w = NAN,
		.wh_per_pulse = NAN,
		.m3_per_pulse = NAN,
		.kwh_per_m3 = NAN,
		.min_interval_us = NAN,
	};
	if (!fields_read(about_fields, about, object, fail))
		return false;
	if (!about->label[0])
		memcpy(about->label, about->zone, sizeof(about->zone));
	return check_weights(about, fail) && read_modulus(about, object, fail);
}

bool about_decode(struct about *about, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && read_about(about, object, fail);

	json_decref(object);
	return decoded;
}

/* -------- a collector's own topics -------- */

static const struct json_field ack_fields[] = {
	{"stream", .offset = offsetof(struct ack, stream), A_STREAM},
	{"seq", FIELD_INT, offsetof(struct ack, seq), .required = true,
	 .maximum = (double)INT64_MAX, .expected = "a whole number of 0 or more"},
	OTHERS_IGNORED,
};

bool ack_decode(struct ack *ack, const char *payload, size_t size, struct fail *fail)
{
	json_t *object = json_object_read(payload, size, fail);
	bool decoded = object && fields_read(ack_fields, ack, object, fail);

	json_decref(object);
	return decoded;
}

bool status_decode(bool *online, const char *payload, size_t size, struct fail *fail)
{
	*online = size == 6 && memcmp(payload, "online", size) == 0;
	return *online || (size == 7 && memcmp(payload, "offline", size) == 0) ||
	       fail_set(fail, "expected online or offline, found another payload of %zu bytes",
			size);
}
