/* published.h - the last value of a retained topic: what does not differ from it is not published.
 */
#ifndef AGGREGATOR_CONSUMER_PUBLISHED_H
#define AGGREGATOR_CONSUMER_PUBLISHED_H

#include "aggregator/consumer/consumer.h"
#include "common/json/json.h"

/* All zero: nothing was published yet. */
struct published {
	json_t *value;
};

/* Sets the topic below the site to `value`, a new reference that it takes over (NULL is allowed:
 * nothing happens). A string is published as bare text. Returns whether it differs from the last
 * value, and so was published. */
bool published_set(struct published *published, const struct consumer_setup *to, json_t *value,
		   int qos, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for an object that is true at the moment `now`: its field "time" is set to it, and is
 * not compared. */
bool published_set_at(struct published *published, const struct consumer_setup *to, json_t *value,
		      ms_t now, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Publishes `value` in any case, so that no value is left out. */
void published_each(struct published *published, const struct consumer_setup *to, json_t *value,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Deletes the topic if it was published. */
void published_clear(struct published *published, const struct consumer_setup *to,
		     const char *format, ...) __attribute__((format(printf, 3, 4)));

void published_free(struct published *published);

#endif
