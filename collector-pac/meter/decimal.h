/* decimal.h - scales such as 0.01, which binary numbers cannot represent. */
#ifndef COLLECTOR_PAC_METER_DECIMAL_H
#define COLLECTOR_PAC_METER_DECIMAL_H

/* Multiplication by `multiply`, then division by `divide`. One of them is 1. */
struct decimal {
	double multiply, divide;
};

/* Returns a division by 100 for 0.01: 12345 x 0.01 has a rounding error, 12345 / 100 has none that
 * the result could do without. `scale` is not 0. */
struct decimal decimal_of(double scale);

double decimal_apply(struct decimal decimal, double number);

#endif
