#include "aggregator/acks/acks.h"
#include "common/base/memory.h"

#include <stdlib.h>

struct acks {
	struct consumer_setup setup;
	struct changes due; /* collectors that wait for an acknowledgement */
};

static void *acks_open(const struct consumer_setup *setup)
{
	struct acks *acks = allocate(1, sizeof(*acks));

	acks->setup = *setup;
	return acks;
}

static void acks_close(void *consumer)
{
	struct acks *acks = consumer;

	changes_free(&acks->due);
	free(acks);
}

static void acknowledge(const struct acks *acks, const struct collector *collector)
{
	const struct site_settings *settings = acks->setup.site->settings;
	const struct publisher *publisher = acks->setup.publisher;
	char topic[TOPIC_SIZE];
	struct ack ack;
	char *payload;

	if (!collector_ack(collector, &ack))
		return;
	payload = ack_encode(&ack);
	topic_build(topic, settings->base, settings->id, "collector/%s/ack", collector->name);
	if (payload)
		publisher->publish(publisher->context, topic, payload, 1, false);
	free(payload);
}

static void acks_turn(void *consumer, const struct turn *turn)
{
	const struct named *waiting = &turn->changes->collectors;
	struct acks *acks = consumer;

	for (size_t i = 0; i < waiting->count; i++)
		changes_collector(&acks->due, ((struct change_name *)waiting->items[i])->name);
	if (!turn->durable)
		return;
	for (size_t i = 0; i < acks->due.collectors.count; i++)
		acknowledge(
			acks,
			named_find(&turn->site->collectors,
				   ((struct change_name *)acks->due.collectors.items[i])->name));
	changes_clear(&acks->due);
}

const struct consumer consumer_acks = {acks_open, acks_turn, acks_close};
