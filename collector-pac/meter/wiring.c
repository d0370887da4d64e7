#include "collector-pac/meter/wiring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Below this a phase has too little load to tell. */
#define LOAD_VA	   20
#define LOAD_SHARE 0.02 /* of the largest phase */

/* A phase without voltage has less than this share of the largest. */
#define VOLTAGE_SHARE 0.5

/* Loads have a power factor of more than this. */
#define FACTOR_LOAD 0.6
#define FACTOR_ZERO 0.2

/* -------- values -------- */

struct wiring wiring_start(void)
{
	struct wiring wiring = {.total_w = NAN, .factor = NAN, .sequence = NAN};

	for (int i = 0; i < PHASES; i++)
		wiring.power_w[i] = wiring.current_a[i] = wiring.voltage_v[i] = NAN;
	return wiring;
}

/* Returns where the value belongs, or NULL. */
static double *value_slot(struct wiring *wiring, const char *name)
{
	char phase[32];

	if (strcmp(name, "active power") == 0)
		return &wiring->total_w;
	if (strcmp(name, "power factor") == 0)
		return &wiring->factor;
	if (strncmp(name, "phase sequence (-1 is", 21) == 0)
		return &wiring->sequence;
	for (int i = 0; i < PHASES; i++) {
		snprintf(phase, sizeof(phase), "active power L%d", i + 1);
		if (strcmp(name, phase) == 0)
			return &wiring->power_w[i];
		snprintf(phase, sizeof(phase), "current L%d", i + 1);
		if (strcmp(name, phase) == 0)
			return &wiring->current_a[i];
		snprintf(phase, sizeof(phase), "voltage L%d-N", i + 1);
		if (strcmp(name, phase) == 0)
			return &wiring->voltage_v[i];
	}
	return NULL;
}

static double unit_factor(const char *unit)
{
	if (strcmp(unit, "kW") == 0)
		return 1e3;
	if (strcmp(unit, "MW") == 0)
		return 1e6;
	return strcmp(unit, "mA") == 0 ? 1e-3 : 1;
}

void wiring_add(struct wiring *wiring, const struct register_block *block,
		const uint16_t *registers)
{
	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);
		double *slot = value_slot(wiring, value->name);

		if (slot != NULL)
			*slot = block_decode(block, value, registers) * unit_factor(value->unit);
	}
}

bool wiring_needs(const struct register_block *block)
{
	struct wiring none;

	for (size_t i = 0; i < block->values.count; i++)
		if (value_slot(&none, block_value(block, i)->name) != NULL)
			return true;
	return false;
}

/* -------- faults -------- */

static double largest(const double values[PHASES])
{
	double most = 0;

	for (int i = 0; i < PHASES; i++)
		most = fmax(most, fabs(values[i])); /* ignores NAN */
	return most;
}

/* The power factor of each phase; NAN if it has too little load. */
static void phase_factors(const struct wiring *wiring, double factors[PHASES])
{
	double va[PHASES];
	double most;

	for (int i = 0; i < PHASES; i++)
		va[i] = wiring->current_a[i] * wiring->voltage_v[i];
	most = largest(va);
	for (int i = 0; i < PHASES; i++)
		factors[i] = va[i] >= LOAD_VA && va[i] >= LOAD_SHARE * most
				     ? wiring->power_w[i] / va[i]
				     : NAN;
}

/* Where currents and voltages of two phases are exchanged, their factors are cos(120 - phi) and
 * cos(120 + phi): they add up to -cos(phi). Two reversed transformers make twice that. */
static bool exchanged(double a, double b)
{
	return a < FACTOR_LOAD / 2 && b < FACTOR_LOAD / 2 && a + b > -1.1 && a + b < -FACTOR_LOAD;
}

static bool exchanged_explain(const double factors[PHASES], char text[WIRING_TEXT_SIZE])
{
	for (int i = 0; i < PHASES; i++) {
		int a = (i + 1) % PHASES, b = (i + 2) % PHASES;

		if (!(factors[i] > FACTOR_LOAD) || !exchanged(factors[a], factors[b]))
			continue;
		snprintf(
			text, WIRING_TEXT_SIZE,
			"phases L%d and L%d seem exchanged: their power factors are %.2f and %.2f, "
			"that of L%d is %.2f; exchange their current transformers, or their "
			"voltage "
			"wires",
			a < b ? a + 1 : b + 1, a < b ? b + 1 : a + 1, factors[a < b ? a : b],
			factors[a < b ? b : a], i + 1, factors[i]);
		return true;
	}
	return false;
}

/* Whether a phase has a power that is not noise. */
static bool phase_loaded(const struct wiring *wiring, int phase)
{
	double power_w = fabs(wiring->power_w[phase]);

	return power_w >= LOAD_VA && power_w >= LOAD_SHARE * largest(wiring->power_w);
}

static bool reversed_explain(const struct wiring *wiring, char text[WIRING_TEXT_SIZE])
{
	int negative = 0, positive = 0;
	size_t length = 0;
	char list[80] = "";

	for (int i = 0; i < PHASES; i++) {
		if (!phase_loaded(wiring, i))
			continue;
		positive += wiring->power_w[i] > 0;
		if (wiring->power_w[i] > 0)
			continue;
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%sL%d (%.0f W)",
					   negative++ ? ", " : "", i + 1, wiring->power_w[i]);
	}
	if (negative == 0)
		return false;
	if (positive == 0)
		snprintf(text, WIRING_TEXT_SIZE,
			 "the power is negative on %s: unless the site feeds in, every current "
			 "transformer is reversed, or the meter is connected from load to supply",
			 list);
	else
		snprintf(text, WIRING_TEXT_SIZE,
			 "the power is negative on %s only: unless a generator feeds in there, its "
			 "current transformer is reversed (turn it, or exchange S1 and S2)",
			 list);
	return true;
}

static bool voltage_explain(const struct wiring *wiring, char text[WIRING_TEXT_SIZE])
{
	double most = largest(wiring->voltage_v);

	for (int i = 0; i < PHASES; i++) {
		if (!(wiring->voltage_v[i] < VOLTAGE_SHARE * most) || !(wiring->current_a[i] > 0))
			continue;
		snprintf(text, WIRING_TEXT_SIZE,
			 "L%d has current but only %.0f V: check the fuse and the wire of its "
			 "voltage input; its energy is missing",
			 i + 1, wiring->voltage_v[i]);
		return true;
	}
	return false;
}

static bool factor_explain(const struct wiring *wiring, char text[WIRING_TEXT_SIZE])
{
	double va = 0;

	for (int i = 0; i < PHASES; i++)
		va += wiring->current_a[i] * wiring->voltage_v[i];
	if (!(va >= LOAD_VA) || !(fabs(wiring->total_w) < FACTOR_ZERO * va))
		return false;
	snprintf(text, WIRING_TEXT_SIZE,
		 "current flows (%.0f VA) but hardly any power (%.0f W): currents and voltages may "
		 "be "
		 "of different phases, unless the load is reactive, such as capacitors",
		 va, wiring->total_w);
	return true;
}

size_t wiring_faults(const struct wiring *wiring, char texts[WIRING_FAULTS][WIRING_TEXT_SIZE])
{
	double factors[PHASES];
	size_t count = 0;

	phase_factors(wiring, factors);
	if (exchanged_explain(factors, texts[count]) || reversed_explain(wiring, texts[count]))
		count++;
	count += voltage_explain(wiring, texts[count]);
	if (count == 0)
		count += factor_explain(wiring, texts[count]);
	if (wiring->sequence == -1) {
		snprintf(
			texts[count], WIRING_TEXT_SIZE,
			"the phase sequence is L1-L3-L2: two voltage wires are exchanged; exchange "
			"them and check that each current transformer is on the phase of its "
			"voltage");
		count++;
	}
	return count;
}
