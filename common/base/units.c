#include "common/base/units.h"

#include <math.h>

int64_t floor_divide(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return q * b > a ? q - 1 : q;
}

int64_t floor_rest(int64_t a, int64_t b)
{
	int64_t rest = a % b;

	return rest < 0 ? rest + b : rest;
}

/* Long multiplication in base 2^32 would do as well; doubling needs no 128-bit type, which 32-bit
 * machines do not have, and the common case does not come here. */
static int64_t multiply_divide_slowly(int64_t a, int64_t b, int64_t c)
{
	/* After each bit, `quotient` and `rest` are those of a times the bits of b so far. */
	int64_t quotient = 0;
	int64_t rest = 0;
	int64_t whole = floor_divide(a, c);
	int64_t part = floor_rest(a, c);

	for (int bit = 62; bit >= 0; bit--) {
		quotient *= 2;
		rest *= 2;
		if (rest >= c) {
			rest -= c;
			quotient++;
		}
		if (b >> bit & 1) {
			quotient += whole;
			rest += part;
			if (rest >= c) {
				rest -= c;
				quotient++;
			}
		}
	}
	return quotient;
}

int64_t multiply_divide(int64_t a, int64_t b, int64_t c)
{
	int64_t product;

	if (!__builtin_mul_overflow(a, b, &product))
		return floor_divide(product, c);
	return multiply_divide_slowly(a, b, c);
}

int64_t add_limited(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t subtract_limited(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return difference;
}

static int64_t multiply_limited(int64_t a, int64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
	return product;
}

static struct money money_normal(int64_t units, int64_t rest)
{
	return (struct money){
		.units = add_limited(units, floor_divide(rest, MWH_PER_KWH)),
		.rest = (int32_t)floor_rest(rest, MWH_PER_KWH),
	};
}

struct money money_of(mwh_t energy, price_t price)
{
	int64_t kwh = floor_divide(energy, MWH_PER_KWH);

	return money_normal(multiply_limited(kwh, price), floor_rest(energy, MWH_PER_KWH) * price);
}

struct money money_add(struct money a, struct money b)
{
	return money_normal(add_limited(a.units, b.units), (int64_t)a.rest + b.rest);
}

struct money money_subtract(struct money a, struct money b)
{
	return money_normal(subtract_limited(a.units, b.units), (int64_t)a.rest - b.rest);
}

bool money_equal(struct money a, struct money b)
{
	return a.units == b.units && a.rest == b.rest;
}

double money_value(struct money money)
{
	int64_t half = MWH_PER_KWH / 2;
	bool up = money.units < 0 ? money.rest > half : money.rest >= half;

	return (double)add_limited(money.units, up) / (double)PRICES_PER_UNIT;
}

bool mwh_from_wh(double wh, mwh_t *mwh)
{
	if (!(wh >= 0 && wh <= 9e12))
		return false;
	*mwh = (mwh_t)llround(wh * (double)MWH_PER_WH);
	return true;
}

double kwh_of(mwh_t energy)
{
	return (double)energy / (double)MWH_PER_KWH;
}

double power_of(mwh_t energy, ms_t duration)
{
	/* 1 mWh is 3.6 J. */
	return (double)energy * 3600 / (double)duration;
}
