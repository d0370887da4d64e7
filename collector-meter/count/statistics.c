#include "collector-meter/count/statistics.h"

#include "common/json/json.h"

static json_t *line_json(const struct qualifier_counts *counts, const struct counter_notes *notes)
{
	json_t *object = json_object();

	json_object_set_new(object, "edges", json_integer(counts->edges));
	json_object_set_new(object, "too_short", json_integer(counts->rejected));
	json_object_set_new(object, "bounces", json_integer(counts->bounces));
	json_object_set_new(object, "spikes", json_integer(counts->rejected - counts->bounces));
	json_object_set_new(object, "longest_too_short_ms",
			    json_number((double)counts->longest / NS_PER_MS));
	json_object_set_new(object, "repeated", json_integer(counts->repeated));
	json_object_set_new(object, "lost", json_integer(notes->lost));
	json_object_set_new(object, "lost_possible", json_integer(notes->lost_possible));
	json_object_set_new(object, "late", json_integer(notes->late));
	return object;
}

char *statistics_encode(const struct counter *counter)
{
	static const char *const names[LINE_ROLES] = {"pulse", "top", "off_peak", "peak"};
	json_t *object = json_object();

	for (int role = 0; role < LINE_ROLES; role++)
		json_object_set_new(
			object, names[role],
			counter->config.has_line[role]
				? line_json(&counter->lines[role].counts, &counter->notes[role])
				: json_null());
	json_object_set_new(object, "implausible_pulses", json_integer(counter->implausible));
	return json_text(object);
}
