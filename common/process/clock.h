/* clock.h - the machine's clocks, read in one place. */
#ifndef COMMON_PROCESS_CLOCK_H
#define COMMON_PROCESS_CLOCK_H

#include "common/base/units.h"

ms_t clock_wall(void);	    /* since the Unix epoch */
ms_t clock_monotonic(void); /* since some start; the clock of timers and intervals */
ms_t clock_boot(void);	    /* the same, but continues while the machine sleeps: of events */

/* All clocks at one moment. */
struct clock_moment {
	ns_t wall, monotonic, boot;
};

struct clock_moment clock_moment(void);

#endif
