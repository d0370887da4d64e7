#include "common/collector/reporter.h"
#include "common/mqtt/online_check.h"
#include "common/sqlite/database_file.h"

int reporter_check(const struct reporter_settings *settings, bool *running)
{
	const struct online_check check = {
		.broker = settings->broker,
		.site = settings->site,
		.collector = settings->collector,
		.needs_aggregator = settings->outbox->ack == OUTBOX_RECEIVER_AGGREGATOR,
		.running = *running = database_file_used(settings->outbox->file),
	};

	return online_check(&check);
}
