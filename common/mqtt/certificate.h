/* certificate.h - what is wrong with a broker's certificate, for a technician. */
#ifndef COMMON_MQTT_CERTIFICATE_H
#define COMMON_MQTT_CERTIFICATE_H

#include <openssl/x509.h>
#include <stddef.h>

/* Describes the error `code` (X509_V_ERR_...), found at `certificate` (may be NULL): the broker's
 * own at depth 0, else one of the authorities above it. `host` is the name that was expected. */
void certificate_describe(char *text, size_t size, int code, int depth, X509 *certificate,
			  const char *host);

#endif
