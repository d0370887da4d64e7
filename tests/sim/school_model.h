/* school_model.h - the zones of a simulated lycée: powers, exact energies, tariff contacts.
 *
 * Each zone has a load that is linear between full hours of local time, for days of school and for
 * weekends, and machines that switch on and off in cycles that divide the hour. So energy has a
 * closed form: any program can compute it for any time, to the last digit. The global zone is the
 * whole site, metered or not. */
#ifndef SIM_SCHOOL_MODEL_H
#define SIM_SCHOOL_MODEL_H

#include "aggregator/time/civil.h"
#include "common/base/id.h"

/* Energy in millijoules, that is watts times milliseconds. */
typedef int64_t mj_t;

#define MJ_PER_MWH   INT64_C(3600)
#define MJ_PER_PULSE (80 * MWH_PER_WH * MJ_PER_MWH) /* the main meter: 80 Wh a pulse */

enum school_zone {
	SCHOOL_ELECTROTECHNIQUE, /* these have PAC meters */
	SCHOOL_SELF,
	SCHOOL_CUISINE_3,
	SCHOOL_STI_NORD,
	SCHOOL_ATELIER, /* a fifth meter, for tests that add one */
	SCHOOL_METERS,
	SCHOOL_REST = SCHOOL_METERS, /* heating, light, … */
	SCHOOL_GLOBAL,		     /* all of the above */
};

extern const char *const school_names[SCHOOL_METERS];

/* Returns SCHOOL_METERS if there is no zone of this name. */
enum school_zone school_find(const char *name);

/* A site that runs since a full hour. */
struct school {
	const struct civil_zone *zone;
	ms_t since;
};

/* In W; `t` is not before `since`. */
int64_t school_power(const struct school *school, enum school_zone zone, ms_t t);

/* Energy since `since`. */
mj_t school_energy(const struct school *school, enum school_zone zone, ms_t t);

/* Index of a PAC meter: the initial index and the energy since `since`, rounded down. */
mwh_t school_index(const struct school *school, enum school_zone zone, ms_t t);

/* -------- pulses of the main meter -------- */

struct school_pulses {
	const struct school *school;
	ms_t hour;   /* hour of the last pulse */
	mj_t before; /* energy at the begin of that hour */
	mj_t next;   /* energy at the next pulse */
};

void school_pulses_start(struct school_pulses *pulses, const struct school *school);

/* Returns the time at which the energy of one more pulse is complete. */
ms_t school_pulses_next(struct school_pulses *pulses);

/* -------- the tariff contacts -------- */

struct school_contacts {
	bool off_peak, peak;
};

/* Off-peak 22:00-06:00 and on Sundays; peak 08:00-10:00 and 18:00-20:00 from December to February
 * on other days. They change at full hours only. */
struct school_contacts school_contacts(const struct civil_zone *zone, ms_t t);

#endif
