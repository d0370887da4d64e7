/* patience.h - time-outs are PATIENCE times as long (environment, default 1), as in patience.py. */
#ifndef TESTS_SYSTEM_MQTT_PATIENCE_H
#define TESTS_SYSTEM_MQTT_PATIENCE_H

#include <stdlib.h>

#include "common/base/units.h"

static inline ms_t patience(ms_t timeout)
{
	const char *given = getenv("PATIENCE");

	return given ? (ms_t)((double)timeout * atof(given)) : timeout;
}

#endif
