/* diagnosis.h - why a meter cannot be read, and what to try. */
#ifndef COLLECTOR_PAC_PROBE_DIAGNOSIS_H
#define COLLECTOR_PAC_PROBE_DIAGNOSIS_H

#include "collector-pac/poll/outcome.h"

/* Prints reason and remedy. Unit ids are only mentioned for the port of Modbus TCP, since on other
 * ports it is less likely that the device is a meter at all. */
void diagnosis_print(const struct link_peer *peer, const struct link_result *result);

#endif
