#include "aggregator/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/commands/command.h"
#include "common/process/log.h"

static bool agrees(const struct site *site, const struct command *command, struct fail *fail)
{
	const struct source *source = site_find_source(site, command->collector, command->source);
	enum counts counts = command->is_pulse ? COUNTS_PULSES : COUNTS_MWH;

	if (!source)
		return fail_set(fail, "there is no source %s/%s", command->collector,
				command->source);
	if (source->counts != COUNTS_UNKNOWN && source->counts != counts)
		return fail_set(fail, "this source counts %s, found %s",
				command->is_pulse ? "wh" : "pulses",
				command->is_pulse ? "pulses" : "wh");
	return true;
}

static bool carry_out(const struct commands *commands, const struct command *command, ms_t now,
		      struct fail *fail)
{
	struct swap swap = {.t = command->t, .final = command->final, .initial = command->initial};
	const char *trouble = store_trouble(commands->store);

	if (trouble)
		return fail_set(fail, "the books cannot be written: %s", trouble);
	if (!agrees(commands->site, command, fail) ||
	    !site_swap(commands->site, command->collector, command->source, &swap, now, fail))
		return false;
	commands->commit(commands->context);
	trouble = store_trouble(commands->store);
	return !trouble ||
	       fail_set(fail, "noted, and in the books once they can be written: %s", trouble);
}

static void answer(const struct commands *commands, const struct mqtt_message *message,
		   const char *key, const char *error)
{
	const struct site_settings *settings = commands->site->settings;
	char *payload = command_answer(key, error);
	char topic[TOPIC_SIZE];

	if (!payload)
		return;
	topic_build(topic, settings->base, settings->id, "set-result");
	if (!mqtt_send(commands->mqtt, topic, payload, strlen(payload), 1, 0))
		mqtt_send(commands->mqtt, topic, payload, strlen(payload), 0, 0);
	mqtt_respond(commands->mqtt, message, payload);
	free(payload);
}

void commands_receive(const struct commands *commands, const struct mqtt_message *message,
		      const char *key, ms_t now)
{
	struct command command;
	struct fail fail = {0};
	bool done;

	if (message->retained) {
		log_warning("set/%s: ignored, because it is retained; delete it from the broker",
			    key);
		return;
	}
	done = command_decode(&command, key, message->payload, message->size, now, &fail) &&
	       carry_out(commands, &command, now, &fail);
	log_info("set/%s: %s", key, done ? "done" : fail.text);
	answer(commands, message, key, done ? NULL : fail.text);
}
