/* diagnosis.h - why a connection to a broker fails: paho does not report it.
 *
 * A second connection is made up to the end of the TLS handshake, and closed. */
#ifndef COMMON_MQTT_DIAGNOSIS_H
#define COMMON_MQTT_DIAGNOSIS_H

#include "common/mqtt/mqtt_config.h"

#define DIAGNOSIS_SIZE 500

/* Looks for the fault and describes it: an unknown name, a port where nobody listens, a certificate
 * that has expired, is for another name or of an unknown authority, a port without TLS. Returns
 * false, with an empty text, if there is none up to here. Takes up to 5 seconds, and the time that
 * the resolver needs. */
bool diagnosis_find(const struct mqtt_config *config, char text[DIAGNOSIS_SIZE]);

#endif
