#include "common/timebase/record_order.h"

struct record_order record_order_start(ms_t newest)
{
	return (struct record_order){.newest = newest, .newest_undated = NEVER};
}

void record_order_add_undated(struct record_order *order, ms_t boot)
{
	order->newest_undated = boot;
}

void record_order_date(struct record_order *order, ms_t offset)
{
	if (order->newest_undated != NEVER)
		order->newest = order->newest_undated + offset;
	order->newest_undated = NEVER;
}

bool record_order_admit(struct record_order *order, ms_t *t)
{
	ms_t behind = subtract_limited(order->newest, *t);

	if (behind > RECORD_ORDER_SAME_MS && behind <= RECORD_ORDER_LONGEST_MS)
		return false;
	if (behind > 0 && behind <= RECORD_ORDER_SAME_MS)
		*t = order->newest;
	order->newest = *t;
	return true;
}
