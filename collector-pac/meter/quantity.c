#include "collector-pac/meter/quantity.h"

#include <stddef.h>
#include <string.h>

static const struct {
	enum quantity quantity;
	const char *unit;
	double base;
} units[] = {
	{QUANTITY_POWER, "", 1},	   {QUANTITY_POWER, "W", 1},
	{QUANTITY_POWER, "kW", 1e3},	   {QUANTITY_POWER, "MW", 1e6},
	{QUANTITY_ENERGY, "", 1},	   {QUANTITY_ENERGY, "Wh", 1},
	{QUANTITY_ENERGY, "kWh", 1e3},	   {QUANTITY_ENERGY, "MWh", 1e6},
	{QUANTITY_ENERGY, "GWh", 1e9},	   {QUANTITY_REACTIVE, "", 1},
	{QUANTITY_REACTIVE, "varh", 1},	   {QUANTITY_REACTIVE, "kvarh", 1e3},
	{QUANTITY_REACTIVE, "Mvarh", 1e6}, {QUANTITY_PULSES, "", 1},
	{QUANTITY_PULSES, "pulses", 1},
};

bool quantity_unit(enum quantity quantity, const char *unit, double *base)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].quantity == quantity && strcmp(units[i].unit, unit) == 0) {
			*base = units[i].base;
			return true;
		}
	}
	return false;
}

const char *quantity_units(enum quantity quantity)
{
	switch (quantity) {
	case QUANTITY_POWER: return "W, kW or MW";
	case QUANTITY_ENERGY: return "Wh, kWh, MWh or GWh";
	case QUANTITY_PULSES: return "pulses or none";
	case QUANTITY_REACTIVE: return "varh, kvarh or Mvarh";
	}
	return "";
}
