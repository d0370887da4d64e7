/* clock.h - the two clocks, read in one place. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/units.h"

ms_t clock_wall(void);	    /* since the Unix epoch */
ms_t clock_monotonic(void); /* since some start; the clock of timers and intervals */

#endif
