/* meter_case.h - registers of a meter with the numbers that its document says they mean. */
#ifndef TESTS_UNIT_COLLECTOR_PAC_METER_CASE_H
#define TESTS_UNIT_COLLECTOR_PAC_METER_CASE_H

#include <stdint.h>

#define CASE_REGISTERS 48

struct case_register {
	int address;
	const char *words; /* hexadecimal, as sent: "4366 3334"; NULL ends the list */
	const char *name;  /* of the value that begins there */
	double number;	   /* its meaning in the profile's unit, NAN if not available */
};

/* Registers that are not listed are 0. */
struct meter_case {
	const char *profile;
	int longest;  /* number of registers that the document allows in a request */
	int requests; /* of a poll */
	double power_w;
	double wh;
	double varh; /* 0: the profile has no reactive index */
	struct case_register registers[CASE_REGISTERS];
};

/* Decodes the registers with the built-in profile. Fails unless each named value, power and index
 * mean the numbers. Values of power and index are only compared as these. */
void meter_case_check(const struct meter_case *meter);

#endif
