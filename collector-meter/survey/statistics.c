#include "collector-meter/survey/statistics.h"

#include <math.h>

#include "collector-meter/survey/filter.h"
#include "common/json/json.h"

/* The width to configure; null: the present one suits, or none can be recommended. */
static json_t *suggestion(const struct survey *survey, bool on)
{
	struct filter_verdict verdict = filter_judge(survey, on);
	bool given = verdict.fault == FILTER_TOO_LONG || verdict.fault == FILTER_TOO_SHORT;

	return json_number(given ? verdict.width.ms : NAN);
}

static json_t *line_json(const struct qualifier_counts *counts, const struct counter_notes *notes,
			 const struct survey *survey)
{
	json_t *object = json_object();

	json_object_set_new(object, "edges", json_integer(counts->edges));
	json_object_set_new(object, "too_short", json_integer(counts->rejected));
	json_object_set_new(object, "bounces", json_integer(counts->bounces));
	json_object_set_new(object, "spikes", json_integer(counts->rejected - counts->bounces));
	json_object_set_new(object, "longest_too_short_ms",
			    json_number((double)counts->longest / NS_PER_MS));
	json_object_set_new(object, "nearly_long_enough",
			    json_integer(survey->nearly[false] + survey->nearly[true]));
	json_object_set_new(object, "suggested_min_on_ms", suggestion(survey, true));
	json_object_set_new(object, "suggested_min_off_ms", suggestion(survey, false));
	json_object_set_new(object, "repeated", json_integer(counts->repeated));
	json_object_set_new(object, "lost", json_integer(notes->lost));
	json_object_set_new(object, "lost_possible", json_integer(notes->lost_possible));
	json_object_set_new(object, "late", json_integer(notes->late));
	return object;
}

char *statistics_encode(const struct counter *counter, const struct survey surveys[LINE_ROLES])
{
	static const char *const names[LINE_ROLES] = {"pulse", "top", "off_peak", "peak"};
	json_t *object = json_object();

	for (int role = 0; role < LINE_ROLES; role++)
		json_object_set_new(object, names[role],
				    counter->config.has_line[role]
					    ? line_json(&counter->lines[role].counts,
							&counter->notes[role], &surveys[role])
					    : json_null());
	json_object_set_new(object, "implausible_pulses", json_integer(counter->implausible));
	return json_text(object);
}
