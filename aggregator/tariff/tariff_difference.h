/* tariff_difference.h - since when two tariffs differ. */
#ifndef AGGREGATOR_TARIFF_TARIFF_DIFFERENCE_H
#define AGGREGATOR_TARIFF_TARIFF_DIFFERENCE_H

#include "aggregator/tariff/tariff.h"

/* Returns the first moment from which band, price or the bounds of local days can differ: whatever
 * ends at or before it is the same with both settings. NEVER if they can differ from the beginning,
 * FOREVER if they are equal. Subscribed power takes no part. */
ms_t tariff_differs_from(const struct tariff_settings *old, const struct tariff_settings *new);

#endif
