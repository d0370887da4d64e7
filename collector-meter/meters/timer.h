/* timer.h - one alarm in the loop. */
#ifndef COLLECTOR_METER_METERS_TIMER_H
#define COLLECTOR_METER_METERS_TIMER_H

#include "common/process/loop.h"
#include "common/base/fail.h"

struct timer;

struct timer *timer_open(struct loop *loop, void (*due)(void *context), void *context,
			 struct fail *fail);
void timer_close(struct timer *timer);

/* Calls `due` once, in `delay` ms (0: on the next turn of the loop). Replaces an earlier call. */
void timer_set(struct timer *timer, ms_t delay);

#endif
