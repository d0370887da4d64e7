/* pac_model.h - a Siemens PAC3200 as a Modbus TCP client sees it, and its faults on command.
 *
 * Like the real one it answers unit 1 only and is silent on every other id, speaks functions 3 and
 * 4 alike, big-endian with the high word first, and refuses (exception 2) a read that starts or
 * ends inside a value or touches an offset that holds none. A meter is a listener on 127.0.0.1 and
 * a thread of its own, so a slow or dead one holds up no other. */
#ifndef SIM_PAC_MODEL_H
#define SIM_PAC_MODEL_H

#include "common/base/fail.h"
#include "common/base/units.h"

/* What the meter measures at a time. */
struct pac_reading {
	double power_w; /* total active power, at 65 as float32 */
	double wh;	/* the energy index, told as tariff 1 (801) + tariff 2 (805), exact */
};

/* Called in the meter's thread for every request; `t` is the time of day now. Power and index are
 * to belong together: wh is the integral of power_w. */
typedef struct pac_reading pac_read(void *context, ms_t t);

enum pac_fault {
	PAC_HEALTHY,
	PAC_DEAD,	/* accepts connections, never answers */
	PAC_SLOW,	/* answers after `parameter` ms */
	PAC_REFUSING,	/* no listener: connections are refused, those that were open are closed */
	PAC_GARBAGE,	/* answers with bytes that are no Modbus */
	PAC_EXCEPTION,	/* answers every read with exception `parameter` (2 where it is 0) */
	PAC_NAN,	/* power is NaN, the index is good */
	PAC_WRONG_UNIT, /* answers in the name of unit 7 */
	PAC_TRICKLE,	/* one byte of the answer a second */
	PAC_HALF_CLOSE, /* sends half of the answer, then closes the connection */
	PAC_FAULTS,	/* their number */
};

/* "healthy", "dead", "slow", … as the command line of pac-sim has them; NULL out of range. */
const char *pac_fault_name(enum pac_fault fault);

struct pac_model;

/* Starts a meter on `port` of 127.0.0.1 (0: a free one). `context` belongs to the caller and is to
 * outlive the meter. NULL on failure, with a reason. */
struct pac_model *pac_model_open(int port, pac_read *read, void *context, struct fail *fail);
void pac_model_close(struct pac_model *model);

int pac_model_port(const struct pac_model *model);

/* Takes effect before the next answer; any thread may call it. PAC_REFUSING keeps the port in mind
 * and listens there again afterwards. */
void pac_model_fault(struct pac_model *model, enum pac_fault fault, int parameter);

/* Requests seen so far (any unit, any fault). */
long pac_model_requests(struct pac_model *model);

/* -------- a load that keeps its power until told otherwise; usable from any thread -------- */

struct pac_load;

struct pac_load *pac_load_open(double power_w, double wh);
void pac_load_close(struct pac_load *load);
void pac_load_power(struct pac_load *load, double power_w);

/* Shifts the index by `wh`; a negative number lets it fall. */
void pac_load_step(struct pac_load *load, double wh);

/* The callback: `context` is the load. The index is exactly the sum of power x time so far, on the
 * monotonic clock. */
struct pac_reading pac_load_read(void *context, ms_t t);

#endif
