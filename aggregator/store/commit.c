#include <stdlib.h>
#include <string.h>

#include "aggregator/store/parts.h"
#include "aggregator/tariff/tariff_text.h"
#include "common/base/memory.h"
#include "common/process/log.h"

/* When to commit: soon enough for an operator who watches, seldom enough for a memory card. */
#define COMMIT_AFTER_MS 500
#define COMMIT_FACTS	5000
#define RETRY_AFTER_MS	(5 * MS_PER_SECOND)

struct store *store_open(const char *file, const struct tariff_settings *settings,
			 struct fail *fail)
{
	struct database *database =
		database_open(file, store_migrations, store_migration_count, fail);
	struct store *store;

	if (!database)
		return NULL;
	store = allocate(1, sizeof(*store));
	store->database = database;
	store->tariff = tariff_text(settings);
	return store;
}

bool store_newer(const char *file)
{
	return database_newer(file, store_migration_count);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_forget_rows(store);
	for (size_t i = 0; i < store->zones.count; i++)
		free(store->zones.items[i]);
	named_free(&store->zones);
	changes_free(&store->pending);
	database_close(store->database);
	free(store->tariff);
	free(store);
}

/* What is left to be written afterwards is pending then. */
static bool save(struct store *store, struct site *site)
{
	struct fail *failed = &store->failed;
	struct changes left = {0};
	bool saved = false;

	if (!database_begin(store->database, failed))
		return false;
	if (store_save(store, site, &left))
		saved = database_commit(store->database, failed);
	else
		database_rollback(store->database);
	if (!saved) {
		changes_free(&left);
		store_forget_rows(store);
		return false;
	}
	store->outdated = left.zones.count;
	store->tariff_stored = true;
	changes_free(&store->pending);
	store->pending = left;
	return true;
}

/* A handle is missing if the last attempt to replace the file failed. */
bool store_replace(struct store *store, struct fail *fail)
{
	bool lost = database_damaged(store->database) || !database_handle(store->database);

	if (!lost || !database_replace(store->database, fail))
		return false;
	store_forget_rows(store);
	store->tariff_stored = store->outdated = false;
	return true;
}

/* A file that is damaged is no reason to stop: what it held is in memory. */
static bool save_to_new_file(struct store *store, struct site *site)
{
	if (!store_replace(store, &store->failed))
		return false;
	site_everything(site, &store->pending);
	store->failed.text[0] = '\0';
	return save(store, site);
}

/* Logs trouble when it begins, when it becomes another, and when it is over. */
static void log_trouble(struct store *store, bool saved)
{
	struct fail *trouble = &store->trouble;

	if (saved && trouble->text[0])
		log_info("the books can be written again");
	if (!saved && strcmp(trouble->text, store->failed.text) != 0)
		log_error("%s; nothing is acknowledged until it can be written",
			  store->failed.text);
	*trouble = saved ? (struct fail){0} : store->failed;
}

static bool commit(struct store *store, struct site *site, ms_t monotonic)
{
	bool saved;

	store->failed.text[0] = '\0';
	saved = save(store, site) || save_to_new_file(store, site);
	log_trouble(store, saved);
	store->due = saved ? 0 : monotonic + RETRY_AFTER_MS;
	return saved;
}

bool store_turn(struct store *store, struct site *site, const struct changes *changes,
		ms_t monotonic, bool at_once)
{
	bool trouble = store->trouble.text[0];

	changes_add(&store->pending, changes);
	if (!changes_need_commit(&store->pending))
		return true;
	if (!store->due)
		store->due = monotonic + (store->outdated ? 0 : COMMIT_AFTER_MS);
	if (!at_once && monotonic < store->due &&
	    (trouble || store->pending.facts.count < COMMIT_FACTS))
		return false;
	return commit(store, site, monotonic);
}

struct site_room store_room(const struct store *store)
{
	const struct changes *pending = &store->pending;

	return (struct site_room){
		.facts = pending->facts.count < STORE_FACTS_MAX
				 ? STORE_FACTS_MAX - pending->facts.count
				 : 0,
		.refused = pending->refused.count < STORE_REFUSED_MAX
				   ? STORE_REFUSED_MAX - pending->refused.count
				   : 0,
	};
}

const char *store_trouble(const struct store *store)
{
	return store->trouble.text[0] ? store->trouble.text : NULL;
}
