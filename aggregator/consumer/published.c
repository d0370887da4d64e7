#include "aggregator/consumer/published.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

/* `value` NULL deletes the topic. */
__attribute__((format(printf, 5, 0))) static void publish(const struct consumer_setup *to,
							  const json_t *value, int qos, bool each,
							  const char *format, va_list arguments)
{
	const struct site_settings *settings = to->site->settings;
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
	char *json = value && !json_is_string(value) ? allocated(json_dumps(value, flags)) : NULL;
	const char *text = value ? json_string_value(value) : "";
	char below[TOPIC_SIZE];
	char topic[TOPIC_SIZE];

	vsnprintf(below, sizeof(below), format, arguments);
	topic_build(topic, settings->base, settings->id, "%s", below);
	to->publisher->publish(to->publisher->context, topic, json ? json : text, qos, each);
	free(json);
}

/* Takes over the reference. Returns whether the value is another one. */
static bool replace(struct published *published, json_t *value)
{
	bool differs = value && !json_equal(published->value, value);

	if (!differs) {
		json_decref(value);
		return false;
	}
	json_decref(published->value);
	published->value = value;
	return true;
}

bool published_set(struct published *published, const struct consumer_setup *to, json_t *value,
		   int qos, const char *format, ...)
{
	va_list arguments;

	if (!replace(published, value))
		return false;
	va_start(arguments, format);
	publish(to, value, qos, false, format, arguments);
	va_end(arguments);
	return true;
}

bool published_set_at(struct published *published, const struct consumer_setup *to, json_t *value,
		      ms_t now, const char *format, ...)
{
	json_t *last = json_object_get(published->value, "time");
	char time[CIVIL_ISO_SIZE];
	va_list arguments;

	/* The time is not compared. */
	if (last)
		json_object_set(value, "time", last);
	if (!replace(published, value))
		return false;
	civil_iso(time, &to->site->settings->tariff.zone, now);
	json_object_set_new(value, "time", json_string(time));
	va_start(arguments, format);
	publish(to, value, 1, false, format, arguments);
	va_end(arguments);
	return true;
}

void published_each(struct published *published, const struct consumer_setup *to, json_t *value,
		    const char *format, ...)
{
	va_list arguments;

	published_free(published);
	if (!replace(published, value))
		return;
	va_start(arguments, format);
	publish(to, value, 1, true, format, arguments);
	va_end(arguments);
}

void published_clear(struct published *published, const struct consumer_setup *to,
		     const char *format, ...)
{
	va_list arguments;

	if (!published->value)
		return;
	published_free(published);
	va_start(arguments, format);
	publish(to, NULL, 1, false, format, arguments);
	va_end(arguments);
}

void published_free(struct published *published)
{
	json_decref(published->value);
	published->value = NULL;
}
