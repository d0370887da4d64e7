/* fingerprint.h - tells whether stored windows still say what the settings say. */
#ifndef AGGREGATOR_TARIFF_FINGERPRINT_H
#define AGGREGATOR_TARIFF_FINGERPRINT_H

#include "aggregator/tariff/tariff.h"

#define FINGERPRINT_SIZE 17 /* 16 hexadecimal digits */

/* Of all that band and cost of a window follow from beside the facts: local time, hours, prices,
 * and the rules of this program. */
void fingerprint_of(char text[FINGERPRINT_SIZE], const struct tariff_settings *settings);

#endif
