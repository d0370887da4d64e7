#include "collector-pac/settings/counted.h"

#include <math.h>
#include <string.h>

#include "common/contract/fact.h"

static bool weights_check(const struct pac_meter_settings *meter, struct fail *fail)
{
	const bool wh = !isnan(meter->wh_per_pulse), m3 = !isnan(meter->m3_per_pulse);

	if (wh == m3)
		return fail_set(
			fail,
			"profile: \"%s\" counts pulses and %s, expected one of wh_per_pulse "
			"and m3_per_pulse (see the plate of the meter that gives them)",
			meter->profile_name,
			wh ? "both weights are given" : "the weight of a pulse is missing");
	if (wh && !isnan(meter->kwh_per_m3))
		return fail_set(fail, "kwh_per_m3: expected together with m3_per_pulse only");
	if (m3 && meter->medium[0] == '\0')
		return fail_set(fail,
				"medium: missing, expected what is counted, such as \"gas\" or "
				"\"water\"");
	return true;
}

static bool pulses_check(const struct pac_meter_settings *meter, struct fail *fail)
{
	if (meter->ratio != 1)
		return fail_set(fail,
				"ratio: profile \"%s\" counts pulses, expected their weight "
				"instead",
				meter->profile_name);
	if (meter->modulus_wh != 0)
		return fail_set(fail,
				"modulus_wh: profile \"%s\" counts pulses, expected the "
				"modulus in the profile",
				meter->profile_name);
	return weights_check(meter, fail);
}

static bool energy_check(const struct pac_meter_settings *meter, struct fail *fail)
{
	const char *key = !isnan(meter->wh_per_pulse)	? "wh_per_pulse"
			  : !isnan(meter->m3_per_pulse) ? "m3_per_pulse"
			  : !isnan(meter->kwh_per_m3)	? "kwh_per_m3"
							: NULL;

	return key == NULL || fail_set(fail,
				       "%s: profile \"%s\" counts energy, expected a profile "
				       "that counts pulses",
				       key, meter->profile_name);
}

static bool reactive_check(struct pac_meter_settings *meter, struct fail *fail)
{
	if (!meter->reactive)
		return strcmp(meter->medium, "reactive") != 0 ||
		       fail_set(fail, "medium: \"reactive\", expected together with \"reactive\": "
				      "true");
	if (!profile_make_reactive(&meter->profile, fail))
		return fail_at(fail, "reactive");
	if (meter->medium[0] == '\0')
		strcpy(meter->medium, "reactive");
	return strcmp(meter->medium, "reactive") == 0 ||
	       fail_set(fail, "medium: \"%s\", expected \"reactive\" or none for reactive energy",
			meter->medium);
}

bool counted_resolve(struct pac_meter_settings *meter, struct fail *fail)
{
	const double max_w = meter->profile.max_w * meter->ratio;
	const bool pulses = profile_counts_pulses(&meter->profile);

	if (!reactive_check(meter, fail))
		return false;
	if (!(pulses ? pulses_check(meter, fail) : energy_check(meter, fail)))
		return false;
	if (meter->medium[0] == '\0')
		strcpy(meter->medium, "electricity");
	if (meter->max_w == 0 && max_w >= 1)
		meter->max_w = llround(fmin(max_w, (double)FACT_W_MAX));
	return true;
}

bool counted_alike(const struct pac_meter_settings *a, const struct pac_meter_settings *b,
		   size_t first, size_t second, struct fail *fail)
{
	return strcmp(a->zone, b->zone) != 0 || strcmp(a->medium, b->medium) == 0 ||
	       fail_set(fail,
			"meters[%zu].zone: \"%s\" has medium \"%s\" in meters[%zu], and \"%s\" "
			"here: "
			"expected a zone of its own",
			second, b->zone, a->medium, first, b->medium);
}
