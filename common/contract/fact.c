#include "common/contract/fact.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/contract/fact_names.h"
#include "common/json/json.h"

const char *const mark_names[] = {"top10", "minute", "contacts", "start", "stop", NULL};
const char *const role_names[] = {"main", "part", NULL};

const char *mark_name(enum mark mark)
{
	return mark_names[mark];
}

bool about_is_pulse(const struct about *about)
{
	return strcmp(about->kind, "pulse") == 0;
}

/* -------- encoding -------- */

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
	if (about->interval_ms)
		json_object_set_new(object, "interval_ms", json_integer(about->interval_ms));
	if (about->max_w)
		json_object_set_new(object, "max_w", json_integer(about->max_w));
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
	       a->modulus_pulses == b->modulus_pulses && a->modulus_wh == b->modulus_wh &&
	       a->interval_ms == b->interval_ms && a->max_w == b->max_w;
}

char *ack_encode(const struct ack *ack)
{
	json_t *object = json_object();

	json_object_set_new(object, "stream", json_string(ack->stream));
	json_object_set_new(object, "seq", json_integer(ack->seq));
	return json_text(object);
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
