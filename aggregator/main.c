/* aggregator - facts in, zones out. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/acks/acks.h"
#include "aggregator/commands/commands.h"
#include "aggregator/config/config.h"
#include "aggregator/publish/publish.h"
#include "aggregator/site/site.h"
#include "aggregator/store/store.h"
#include "common/process/loop.h"
#include "common/mqtt/mqtt.h"
#include "common/mqtt/online_check.h"
#include "common/sqlite/database_file.h"

/* In the order of their turns. The store is no consumer: it comes first, since they need to know
 * what is durable. */
static const struct consumer *const consumers[] = {
	&consumer_acks,
	&consumer_topics,
};

#define CONSUMERS (sizeof(consumers) / sizeof(consumers[0]))

/* A turn takes place at the pace of publishing, at least this often, and after so many records. */
#define TURN_EVERY_MS 500
#define TURN_FACTS    5000

/* Without messages turns are not closer together than this, whatever the pace. */
#define TURN_SHORTEST_MS 50

/* One refused message in this time is logged. */
#define REFUSALS_EVERY_MS MS_PER_MINUTE

struct aggregator {
	struct config config;
	struct loop *loop;
	struct loop_timer *timer; /* of the next turn, if no message causes one */
	struct site *site;
	struct store *store;
	struct mqtt *mqtt;
	struct publisher publisher;
	void *consumers[CONSUMERS]; /* NULL: disabled by the settings */
	char set_topic[TOPIC_SIZE]; /* commands are below it */
	ms_t wall_offset;	    /* wall minus monotonic clock: it jumps when the clock is set */
	ms_t next_turn;		    /* monotonic */
	ms_t refusal_due;	    /* when a refusal may be logged again; monotonic */
	int64_t unlogged;	    /* refusals since the last one that was logged */
};

static void aggregator_publish(void *context, const char *topic, const char *payload, int qos,
			       bool each)
{
	struct aggregator *aggregator = context;

	mqtt_retain(aggregator->mqtt, topic, payload, qos, each ? MQTT_EACH : MQTT_LATEST);
}

/* Small differences are the clock's usual correction. */
static void aggregator_check_clock(struct aggregator *aggregator, ms_t now, ms_t monotonic)
{
	ms_t step = now - monotonic - aggregator->wall_offset;

	aggregator->wall_offset = now - monotonic;
	if (llabs(step) <= MS_PER_SECOND)
		return;
	log_warning("the clock of this machine was set %s by %.1f s", step > 0 ? "forward" : "back",
		    (double)llabs(step) / (double)MS_PER_SECOND);
	site_clock_stepped(aggregator->site);
}

/* Gives the changes of the site to the store, then to the consumers. */
static void aggregator_turn(struct aggregator *aggregator, bool commit_at_once)
{
	ms_t publish_ms = aggregator->config.site.publish_ms;
	ms_t pace = publish_ms < TURN_EVERY_MS ? publish_ms : TURN_EVERY_MS;
	struct turn turn = {
		.site = aggregator->site,
		.now = clock_wall(),
		.monotonic = clock_monotonic(),
	};

	aggregator_check_clock(aggregator, turn.now, turn.monotonic);
	aggregator->next_turn = turn.monotonic + pace;
	turn.changes = site_update(aggregator->site, turn.now, turn.monotonic);
	turn.durable = store_turn(aggregator->store, aggregator->site, turn.changes, turn.monotonic,
				  commit_at_once);
	turn.trouble = store_trouble(aggregator->store);
	aggregator->site->room = store_room(aggregator->store);
	for (size_t i = 0; i < CONSUMERS; i++)
		if (aggregator->consumers[i])
			consumers[i]->turn(aggregator->consumers[i], &turn);
	/* With nothing to commit, the next one is for publishing. */
	if (turn.durable)
		pace = publish_ms;
	loop_timer_set(aggregator->timer, pace > TURN_SHORTEST_MS ? pace : TURN_SHORTEST_MS);
}

static void aggregator_turn_due(void *context)
{
	aggregator_turn(context, false);
}

static void aggregator_commit(void *context)
{
	aggregator_turn(context, true);
}

static void aggregator_command(struct aggregator *aggregator, const struct mqtt_message *message)
{
	const struct commands commands = {
		.site = aggregator->site,
		.store = aggregator->store,
		.mqtt = aggregator->mqtt,
		.commit = aggregator_commit,
		.context = aggregator,
	};

	commands_receive(&commands, message, message->topic + strlen(aggregator->set_topic),
			 clock_wall());
}

static void aggregator_message(void *context, const struct mqtt_message *message)
{
	struct aggregator *aggregator = context;
	struct fail fail = {0};

	if (strncmp(message->topic, aggregator->set_topic, strlen(aggregator->set_topic)) == 0) {
		aggregator_command(aggregator, message);
		return;
	}
	if (message->retained
		    ? site_retained_message(aggregator->site, message->topic, message->payload,
					    message->size, clock_wall(), &fail)
		    : site_message(aggregator->site, message->topic, message->payload,
				   message->size, clock_wall(), &fail))
		return;
	/* A faulty collector sends many a second; they are counted in `health`. */
	aggregator->unlogged++;
	if (clock_monotonic() < aggregator->refusal_due)
		return;
	log_warning("refused: %s (%lld message%s since the last such line)", fail.text,
		    (long long)aggregator->unlogged, aggregator->unlogged == 1 ? "" : "s");
	aggregator->unlogged = 0;
	aggregator->refusal_due = clock_monotonic() + REFUSALS_EVERY_MS;
}

static void aggregator_dispatch(void *context, short events)
{
	struct aggregator *aggregator = context;
	ms_t wait;

	(void)events;
	mqtt_dispatch(aggregator->mqtt);
	wait = aggregator->next_turn - clock_monotonic();
	if (wait <= 0 || site_new_facts(aggregator->site) >= TURN_FACTS)
		aggregator_turn(aggregator, false);
	else
		loop_timer_set(aggregator->timer, wait);
}

static void aggregator_up(void *context)
{
	struct aggregator *aggregator = context;

	loop_status(aggregator->loop, "connected, %zu zone%s", aggregator->site->zones.count,
		    aggregator->site->zones.count == 1 ? "" : "s");
}

static void aggregator_down(void *context)
{
	struct aggregator *aggregator = context;

	loop_status(aggregator->loop, "waiting for the broker");
}

/* ---- opening and closing ---- */

static void loading(void *context, int percent)
{
	struct aggregator *aggregator = context;

	loop_status(aggregator->loop, "reading the books, %d %%", percent);
}

/* A site with all that is in the store. */
static bool site_load(struct aggregator *aggregator, struct fail *fail)
{
	if (aggregator->site)
		site_close(aggregator->site);
	aggregator->site = site_open(&aggregator->config.site, clock_wall());
	return store_load(aggregator->store, aggregator->site, loading, aggregator, fail) ||
	       fail_at(fail, "%s", aggregator->config.store_file);
}

/* Books that turn out to be damaged while they are read are set aside: collectors still have what
 * is not too old. */
static bool books_open(struct aggregator *aggregator, struct fail *fail)
{
	const struct config *config = &aggregator->config;
	struct fail damage = {0};

	aggregator->store = store_open(config->store_file, &config->site.tariff, fail);
	if (!aggregator->store)
		return false;
	if (site_load(aggregator, &damage))
		return true;
	return store_replace(aggregator->store, fail) ? site_load(aggregator, fail)
						      : fail_set(fail, "%s", damage.text);
}

static bool broker_open(struct aggregator *aggregator, struct fail *fail)
{
	const struct site_settings *site = &aggregator->config.site;
	struct mqtt_handler handler = {.context = aggregator,
				       .up = aggregator_up,
				       .down = aggregator_down,
				       .message = aggregator_message};
	char topic[TOPIC_SIZE];
	char client_id[2 * ID_SIZE];

	topic_build(topic, site->base, site->id, "status");
	snprintf(client_id, sizeof(client_id), "%s-aggregator", site->id);
	aggregator->mqtt = mqtt_open(&aggregator->config.broker, client_id, topic, &handler, fail);
	if (!aggregator->mqtt)
		return false;
	topic_build(topic, site->base, site->id, "collector/#");
	mqtt_subscribe(aggregator->mqtt, topic, 1);
	topic_build(aggregator->set_topic, site->base, site->id, "set/");
	topic_build(topic, site->base, site->id, "set/#");
	mqtt_subscribe(aggregator->mqtt, topic, 1);
	return true;
}

static void consumers_open(struct aggregator *aggregator)
{
	const struct consumer_setup setup = {aggregator->site, &aggregator->publisher};

	aggregator->publisher = (struct publisher){aggregator, aggregator_publish};
	for (size_t i = 0; i < CONSUMERS; i++)
		aggregator->consumers[i] = consumers[i]->open(&setup);
}

static void consumers_close(struct aggregator *aggregator)
{
	for (size_t i = 0; i < CONSUMERS; i++)
		if (aggregator->consumers[i])
			consumers[i]->close(aggregator->consumers[i]);
}

static bool aggregator_open(struct aggregator *aggregator, struct fail *fail)
{
	aggregator->wall_offset = clock_wall() - clock_monotonic();
	aggregator->loop = loop_open();
	if (!aggregator->loop)
		return fail_set(fail, "the program cannot start here; see the message above");
	if (!books_open(aggregator, fail) || !broker_open(aggregator, fail))
		return false;
	aggregator->timer = loop_timer_open(aggregator->loop, aggregator_turn_due, aggregator);
	consumers_open(aggregator);
	loop_watch(aggregator->loop, mqtt_fd(aggregator->mqtt), POLLIN, aggregator_dispatch,
		   aggregator);
	aggregator_turn(aggregator, false);
	return true;
}

/* The last records are committed and acknowledged before the connection is closed. */
static void aggregator_close(struct aggregator *aggregator)
{
	if (aggregator->mqtt) {
		aggregator_turn(aggregator, true);
		loop_unwatch(aggregator->loop, mqtt_fd(aggregator->mqtt));
		mqtt_close(aggregator->mqtt, 2000);
	}
	consumers_close(aggregator);
	store_close(aggregator->store);
	if (aggregator->site)
		site_close(aggregator->site);
	if (aggregator->loop)
		loop_close(aggregator->loop);
	config_close(&aggregator->config);
}

static int aggregator_check(const struct config *config, const struct options *options)
{
	const struct online_check check = {
		.broker = &config->broker,
		.site = config->site.id,
		.running = database_file_used(config->store_file),
	};

	return options->online ? options_checked_online(options, online_check(&check))
			       : options_checked(options);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "aggregator",
		.summary =
			"computes zone powers, tariff band and costs from what collectors publish",
	};
	static struct aggregator aggregator;
	struct options options;
	struct fail fail = {0};
	int exit_code;

	if (!options_read(&options, &program, argc, argv, &exit_code))
		return exit_code;
	log_open(program.name, options.verbose);
	if (!config_open(&aggregator.config, options.config, &fail)) {
		log_error("%s", fail.text);
		return EXIT_CONFIGURATION;
	}
	if (aggregator.config.prices_missing)
		log_warning("%s: tariff.prices is missing: costs are at the prices of 2013",
			    options.config);
	if (options.check) {
		exit_code = aggregator_check(&aggregator.config, &options);
		config_close(&aggregator.config);
		return exit_code;
	}
	if (aggregator_open(&aggregator, &fail)) {
		loop_ready(aggregator.loop);
		exit_code = loop_run(aggregator.loop);
	} else {
		log_error("%s", fail.text);
		exit_code = store_newer(aggregator.config.store_file) ? EXIT_CONFIGURATION
								      : EXIT_FAILED;
	}
	aggregator_close(&aggregator);
	return exit_code;
}
