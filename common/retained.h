/* retained.h - the values of a session's retained topics, and the order in which they go out. */
#ifndef COMMON_RETAINED_H
#define COMMON_RETAINED_H

#include <stdbool.h>
#include <stddef.h>

struct value {
	char *payload;
	struct value *next;
};

struct retained_topic {
	char *name;
	int qos;
	char *payload;	      /* the newest value */
	struct value *unsent; /* older values that are to go out before it */
	struct value **unsent_end;
	bool queued;
	bool fresh; /* the newest value was not sent yet */
	struct retained_topic *next_queued;
	bool refused; /* said so in the log */
};

struct retained {
	struct retained_topic **table; /* open addressing; a power of two */
	size_t size, count;
	struct retained_topic **order; /* as they were first set */
	size_t order_capacity;
	struct retained_topic *first, **last; /* queue of those that have something to send */
};

void retained_open(struct retained *retained);
void retained_close(struct retained *retained);

/* Sets a value; `each`: keeps an unsent older one as well. */
void retained_set(struct retained *retained, const char *name, const char *payload, int qos,
		  bool each);

/* All newest values are to be sent again, older ones are dropped. */
void retained_restart(struct retained *retained);

/* The next value to send: the topic it belongs to, and a payload to free(). NULL: nothing. */
struct retained_topic *retained_next(struct retained *retained, char **payload);

#endif
