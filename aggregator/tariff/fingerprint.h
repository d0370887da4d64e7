/* fingerprint.h - a hash of tariff settings, in books that do not have their text (tariff_text.h).
 */
#ifndef AGGREGATOR_TARIFF_FINGERPRINT_H
#define AGGREGATOR_TARIFF_FINGERPRINT_H

#include "aggregator/tariff/tariff.h"

#define FINGERPRINT_SIZE 17 /* 16 hexadecimal digits */

/* Covers everything but the facts that band and cost of a window depend on: local time, hours,
 * prices and TARIFF_RULES. */
void fingerprint_of(char text[FINGERPRINT_SIZE], const struct tariff_settings *settings);

#endif
