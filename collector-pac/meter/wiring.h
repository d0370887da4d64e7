/* wiring.h - faults of a meter's wiring, seen in the values of its phases.
 *
 * A technician exchanges two wires easily: then a phase counts backwards, or the current of one
 * phase is multiplied by the voltage of another. Values are found by their names in the profile:
 * "active power L1", "current L1", "voltage L1-N" and so on. */
#ifndef COLLECTOR_PAC_METER_WIRING_H
#define COLLECTOR_PAC_METER_WIRING_H

#include "collector-pac/meter/profile.h"

#define PHASES 3

/* NAN: unknown. */
struct wiring {
	double power_w[PHASES];
	double current_a[PHASES];
	double voltage_v[PHASES];
	double total_w;
	double factor;	 /* power factor of all phases */
	double sequence; /* -1: L1-L3-L2 */
};

struct wiring wiring_start(void);

/* Takes the values of a block that concern the wiring. */
void wiring_add(struct wiring *wiring, const struct register_block *block,
		const uint16_t *registers);

/* Returns whether the block has such values. */
bool wiring_needs(const struct register_block *block);

#define WIRING_FAULTS	 4
#define WIRING_TEXT_SIZE 240

/* Writes what is wrong, a sentence for each fault. Returns their number; 0: nothing, or too little
 * current to tell. */
size_t wiring_faults(const struct wiring *wiring, char texts[WIRING_FAULTS][WIRING_TEXT_SIZE]);

#endif
