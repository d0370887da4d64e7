/* target.h - the address of a meter on the command line. */
#ifndef COLLECTOR_PAC_PROBE_TARGET_H
#define COLLECTOR_PAC_PROBE_TARGET_H

#include <stdbool.h>

#define MODBUS_PORT 502

struct target {
	char host[256];
	int port; /* default MODBUS_PORT */
};

/* Reads HOST, HOST:PORT, [IPV6], [IPV6]:PORT, or an IPv6 address. */
bool target_read(struct target *target, const char *text);

/* Reads a decimal integer within the limits; nothing may follow it. */
bool number_read(int *number, const char *text, long minimum, long maximum);

#endif
