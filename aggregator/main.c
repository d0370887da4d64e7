/* aggregator - facts in, zones out. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/books.h"
#include "aggregator/config/config.h"
#include "aggregator/commands/desk.h"
#include "aggregator/site/site.h"
#include "aggregator/store/store.h"
#include "common/process/daemon.h"
#include "common/mqtt/mqtt.h"

/* How often the site looks whether something is due; it publishes at its own pace. */
#define LOOK_EVERY_MS 50

/* The log tells of one refused message in this time. */
#define REFUSALS_EVERY_MS MS_PER_MINUTE

struct aggregator {
	struct config config;
	struct daemon *daemon;
	struct site *site;
	struct store *store;
	struct mqtt *mqtt;
	char set_topic[TOPIC_SIZE]; /* commands are below it */
	ms_t wall_offset;	    /* wall minus monotonic clock: it jumps when the clock is set */
	ms_t refusal_due;	    /* when the log may tell of a refusal again; monotonic */
	int64_t untold;		    /* refusals since the last one it told of */
};

static void aggregator_publish(void *context, const char *topic, const char *payload, int qos,
			       bool each)
{
	struct aggregator *aggregator = context;

	mqtt_retain(aggregator->mqtt, topic, payload, qos, each ? MQTT_EACH : MQTT_LATEST);
}

static void aggregator_look(void *context)
{
	struct aggregator *aggregator = context;
	ms_t now = clock_wall();
	ms_t monotonic = clock_monotonic();
	ms_t step = now - monotonic - aggregator->wall_offset;

	if (llabs(step) > MS_PER_SECOND) {
		log_warning("the clock of this machine was set %s by %.1f s",
			    step > 0 ? "forward" : "back",
			    (double)llabs(step) / (double)MS_PER_SECOND);
		site_clock_stepped(aggregator->site);
	}
	/* Small differences are the clock's usual correction. */
	aggregator->wall_offset = now - monotonic;
	site_publish(aggregator->site, now, monotonic);
	store_keep(aggregator->store, aggregator->site, monotonic);
}

static void aggregator_command(struct aggregator *aggregator, const struct mqtt_message *message)
{
	const struct desk desk = {
		.settings = &aggregator->config.site,
		.site = aggregator->site,
		.store = aggregator->store,
		.mqtt = aggregator->mqtt,
	};
	const char *key = message->topic + strlen(aggregator->set_topic);

	desk_take(&desk, message, key, clock_wall(), clock_monotonic());
}

static void aggregator_message(void *context, const struct mqtt_message *message)
{
	struct aggregator *aggregator = context;
	struct fail fail = {0};

	if (strncmp(message->topic, aggregator->set_topic, strlen(aggregator->set_topic)) == 0) {
		aggregator_command(aggregator, message);
		return;
	}
	if (site_message(aggregator->site, message->topic, message->payload, message->size,
			 clock_wall(), &fail))
		return;
	/* A collector gone wrong sends many a second; the counters in `health` tell how many. */
	aggregator->untold++;
	if (clock_monotonic() < aggregator->refusal_due)
		return;
	log_warning("refused: %s (%lld message%s since the last such line)", fail.text,
		    (long long)aggregator->untold, aggregator->untold == 1 ? "" : "s");
	aggregator->untold = 0;
	aggregator->refusal_due = clock_monotonic() + REFUSALS_EVERY_MS;
}

static void aggregator_dispatch(void *context, short events)
{
	struct aggregator *aggregator = context;

	(void)events;
	mqtt_dispatch(aggregator->mqtt);
	aggregator_look(aggregator);
}

static void aggregator_up(void *context)
{
	struct aggregator *aggregator = context;

	daemon_status(aggregator->daemon, "connected, %d zones", site_zone_count(aggregator->site));
}

static void aggregator_down(void *context)
{
	struct aggregator *aggregator = context;

	daemon_status(aggregator->daemon, "waiting for the broker");
}

/* ---- opening and closing ---- */

static void loading(void *context, int percent)
{
	struct aggregator *aggregator = context;

	daemon_status(aggregator->daemon, "reading the books, %d %%", percent);
}

/* A site with all that is in the store. */
static bool site_load(struct aggregator *aggregator, struct fail *fail)
{
	struct publisher publisher = {aggregator, aggregator_publish};

	if (aggregator->site)
		site_close(aggregator->site);
	aggregator->site = site_open(&aggregator->config.site, publisher, clock_wall());
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

static bool aggregator_open(struct aggregator *aggregator, struct fail *fail)
{
	aggregator->wall_offset = clock_wall() - clock_monotonic();
	aggregator->daemon = daemon_open();
	if (!aggregator->daemon)
		return fail_set(fail, "the program cannot start here; see the message above");
	if (!books_open(aggregator, fail) || !broker_open(aggregator, fail))
		return false;
	daemon_watch(aggregator->daemon, mqtt_fd(aggregator->mqtt), POLLIN, aggregator_dispatch,
		     aggregator);
	daemon_every(aggregator->daemon, LOOK_EVERY_MS, aggregator_look, aggregator);
	return true;
}

/* What came last goes into the books, and its acks out, before the broker is left. */
static void aggregator_close(struct aggregator *aggregator)
{
	if (aggregator->mqtt) {
		if (site_dirty(aggregator->site))
			store_commit(aggregator->store, aggregator->site, clock_monotonic());
		mqtt_close(aggregator->mqtt, 2000);
	}
	store_close(aggregator->store);
	if (aggregator->site)
		site_close(aggregator->site);
	if (aggregator->daemon)
		daemon_close(aggregator->daemon);
	config_close(&aggregator->config);
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
		config_close(&aggregator.config);
		return options_checked(&options);
	}
	if (aggregator_open(&aggregator, &fail)) {
		daemon_ready(aggregator.daemon);
		exit_code = daemon_run(aggregator.daemon);
	} else {
		log_error("%s", fail.text);
		exit_code = store_newer(aggregator.config.store_file) ? EXIT_CONFIGURATION
								      : EXIT_FAILED;
	}
	aggregator_close(&aggregator);
	return exit_code;
}
