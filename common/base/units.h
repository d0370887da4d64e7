/* units.h - the quantities of the books and their exact conversions. */
#ifndef COMMON_BASE_UNITS_H
#define COMMON_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since the Unix epoch, UTC, or a number of milliseconds. */
typedef int64_t ms_t;

/* Nanoseconds, as the kernel gives them: a duration, or a time on one of its clocks. */
typedef int64_t ns_t;

/* Energy in milliwatt-hours: 9.2e9 MWh fit. */
typedef int64_t mwh_t;

/* A price in 1e-8 of the configured currency per kWh: 0.18152888 EUR/kWh is 18152888. */
typedef int64_t price_t;

#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR   INT64_C(3600000)
#define MS_PER_DAY    INT64_C(86400000)

/* Times before and after all others: no time yet, no limit. */
#define NEVER	INT64_MIN
#define FOREVER INT64_MAX

#define MWH_PER_WH  INT64_C(1000)
#define MWH_PER_KWH INT64_C(1000000)

#define ML_PER_M3 1e6

#define PRICES_PER_UNIT INT64_C(100000000)

/* What a stretch of energy cost, exactly: `units` in 1e-8 of the currency, `rest` in millionths
 * of such a unit, 0..999999 (a price times one mWh is a whole number of those). */
struct money {
	int64_t units;
	int32_t rest;
};

/* Exact below 9e10 of the currency: 1e15 mWh at up to 90 a kWh. Larger amounts are limited to it:
 * only faulty meters come near. */
struct money money_of(mwh_t energy, price_t price);
struct money money_add(struct money a, struct money b);
struct money money_subtract(struct money a, struct money b);
bool money_equal(struct money a, struct money b);

/* In the currency, rounded to 1e-8, half away from zero. For output only. */
double money_value(struct money money);

/* Rounds half away from zero. False if `wh` is not a finite index of 0..9e12 Wh. */
bool mwh_from_wh(double wh, mwh_t *mwh);

double kwh_of(mwh_t energy);

/* Mean power in W over a stretch; `duration` is more than 0. */
double power_of(mwh_t energy, ms_t duration);

/* a + b and a - b, or the nearest int64_t: for sums of numbers from outside. */
int64_t add_limited(int64_t a, int64_t b);
int64_t subtract_limited(int64_t a, int64_t b);

/* For int64_t arithmetic on times before 1970 as well: floor division, and the rest in 0..b-1. */
int64_t floor_divide(int64_t a, int64_t b);
int64_t floor_rest(int64_t a, int64_t b);

/* floor(a x b / c) without overflow, for a of any sign, b in 0..c, c in 1..2^62. */
int64_t multiply_divide(int64_t a, int64_t b, int64_t c);

#endif
