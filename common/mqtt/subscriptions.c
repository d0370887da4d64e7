#include "common/mqtt/subscriptions.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/mqtt/mqtt_reason.h"
#include "common/process/log.h"

static_assert(TOKEN_SUBSCRIPTION + SUBSCRIPTIONS <= CONNECTION_TOKENS, "there are too few tokens");

void subscriptions_add(struct subscriptions *subscriptions, const char *filter, int qos)
{
	assert(subscriptions->count < SUBSCRIPTIONS);
	subscriptions->items[subscriptions->count++] =
		(struct subscription){.filter = copy_text(filter), .qos = qos};
}

void subscriptions_send(const struct subscriptions *subscriptions, unsigned first,
			struct connection *connection)
{
	for (unsigned i = first; i < subscriptions->count; i++)
		connection_subscribe(connection, subscriptions->items[i].filter,
				     subscriptions->items[i].qos, TOKEN_SUBSCRIPTION + i);
}

void subscriptions_answered(struct subscriptions *subscriptions, unsigned token, int reason)
{
	struct subscription *subscription = &subscriptions->items[token - TOKEN_SUBSCRIPTION];
	bool refused = reason >= REASON_REFUSED;

	if (refused && !subscription->refused)
		log_warning("%s: the broker refuses the subscription (%s); check its access list",
			    subscription->filter, mqtt_reason_name(reason));
	subscription->refused = refused;
}

void subscriptions_free(struct subscriptions *subscriptions)
{
	for (unsigned i = 0; i < subscriptions->count; i++)
		free(subscriptions->items[i].filter);
	subscriptions->count = 0;
}
