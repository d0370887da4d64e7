/* pac_model.h - a simulated Siemens PAC3200 with a Modbus TCP server, and its faults.
 *
 * Like the real meter it answers unit 1 only, answers functions 3 and 4 alike, big-endian with the
 * high word first, and refuses (exception 2) a read that starts or ends inside a value or includes
 * an offset without a value. Each meter has a port of 127.0.0.1 and a thread of its own, so a slow
 * or dead one does not delay others. */
#ifndef SIM_PAC_MODEL_H
#define SIM_PAC_MODEL_H

#include "common/base/fail.h"
#include "common/base/units.h"

/* The measured values at one time. */
struct pac_reading {
	double power_w; /* total active power, at 65 as float32 */
	double wh;	/* energy index: the exact sum of tariff 1 (801) and tariff 2 (805) */
	int64_t pulses; /* of the digital input, by the universal counter (215), which wraps */
};

/* Called in the thread of the meter for every request; `t` is the time of day. Power and index must
 * be consistent: wh is the integral of power_w. */
typedef struct pac_reading pac_read(void *context, ms_t t);

enum pac_fault {
	PAC_HEALTHY,
	PAC_DEAD,	/* accepts connections, never answers */
	PAC_SLOW,	/* answers after `parameter` ms */
	PAC_REFUSING,	/* no listener: connections are refused, those that were open are closed */
	PAC_GARBAGE,	/* answers with bytes that are not Modbus */
	PAC_EXCEPTION,	/* answers every read with exception `parameter` (0: exception 2) */
	PAC_NAN,	/* power is NaN, the index is good */
	PAC_WRONG_UNIT, /* answers as unit 7 */
	PAC_TRICKLE,	/* one byte of the answer a second */
	PAC_HALF_CLOSE, /* sends half of the answer, then closes the connection */
	PAC_FAULTS,	/* their number */
};

/* Returns the name for the command line of pac-sim ("dead"); NULL if out of range. */
const char *pac_fault_name(enum pac_fault fault);

struct pac_model;

/* Starts a meter on `port` of 127.0.0.1 (0: a free one). `context` belongs to the caller and must
 * outlive the meter. Returns NULL on failure, with a reason. */
struct pac_model *pac_model_open(int port, pac_read *read, void *context, struct fail *fail);
void pac_model_close(struct pac_model *model);

int pac_model_port(const struct pac_model *model);

/* Takes effect before the next answer. Any thread may call it. After PAC_REFUSING the meter listens
 * on the same port again. */
void pac_model_fault(struct pac_model *model, enum pac_fault fault, int parameter);

/* Returns the number of requests received so far, for any unit and under any fault. */
long pac_model_requests(struct pac_model *model);

/* -------- a constant load that can be changed; usable from any thread -------- */

struct pac_load;

struct pac_load *pac_load_open(double power_w, double wh);
void pac_load_close(struct pac_load *load);
void pac_load_power(struct pac_load *load, double power_w);

/* Adds `wh`, which may be negative, to the index. */
void pac_load_step(struct pac_load *load, double wh);

/* Adds pulses of the digital input. */
void pac_load_pulses(struct pac_load *load, int64_t pulses);

/* The callback: `context` is the load. The index is exactly the sum of power x time on the
 * monotonic clock. */
struct pac_reading pac_load_read(void *context, ms_t t);

#endif
