#include <stdlib.h>
#include <string.h>

#include "aggregator/store/store_parts.h"
#include "common/process/log.h"

/* When to commit: soon enough for an operator who watches, seldom enough for a memory card. */
#define COMMIT_AFTER_MS (1 * MS_PER_SECOND)
#define COMMIT_FACTS	5000
#define RETRY_AFTER_MS	(5 * MS_PER_SECOND)

struct store *store_open(const char *file, const struct tariff_settings *settings,
			 struct fail *fail)
{
	struct database *database =
		database_open(file, store_migrations, store_migration_count, fail);
	struct store *store = database ? calloc(1, sizeof(*store)) : NULL;

	if (database && !store)
		abort();
	if (!store)
		return NULL;
	store->database = database;
	fingerprint_of(store->settings, settings);
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
	store_forget_numbers(store);
	database_close(store->database);
	free(store);
}

static bool save(struct store *store, struct site *site)
{
	struct books books = store_books(store);
	struct fail *failed = &store->failed;

	if (!database_begin(store->database, failed))
		return false;
	if (site_save(site, &books) &&
	    (store->marked || store_save_meta(store, "settings", store->settings)) &&
	    !failed->text[0])
		return database_commit(store->database, failed);
	database_rollback(store->database);
	return false;
}

/* A handle is missing where the last attempt to replace the file failed. */
bool store_replace(struct store *store, struct fail *fail)
{
	bool lost = database_damaged(store->database) || !database_handle(store->database);

	if (!lost || !database_replace(store->database, fail))
		return false;
	store_forget_numbers(store);
	store->marked = false;
	return true;
}

/* A file that is damaged is no reason to stop: what it held is in memory. */
static bool save_anew(struct store *store, struct site *site)
{
	store_forget_numbers(store);
	if (!store_replace(store, &store->failed))
		return false;
	site_store_anew(site);
	store->failed.text[0] = '\0';
	return save(store, site);
}

/* What is wrong is told when it begins, when it is something else, and when it is over. */
static void tell(struct store *store, struct site *site, bool saved)
{
	struct fail *trouble = &store->trouble;

	if (saved && trouble->text[0])
		log_info("the books can be written again");
	if (!saved && strcmp(trouble->text, store->failed.text) != 0)
		log_error("%s; nothing is acknowledged until it can be written",
			  store->failed.text);
	*trouble = saved ? (struct fail){0} : store->failed;
	site_trouble(site, store_trouble(store));
}

bool store_commit(struct store *store, struct site *site, ms_t monotonic)
{
	bool saved;

	store->failed.text[0] = '\0';
	saved = save(store, site) || save_anew(store, site);
	store->due = saved ? 0 : monotonic + RETRY_AFTER_MS;
	tell(store, site, saved);
	if (!saved)
		return false;
	store->marked = true;
	site_saved(site);
	return true;
}

void store_keep(struct store *store, struct site *site, ms_t monotonic)
{
	bool trouble = store->trouble.text[0];

	if (!site_dirty(site))
		return;
	if (!store->due)
		store->due = monotonic + COMMIT_AFTER_MS;
	if (monotonic >= store->due || (!trouble && site_pending(site) >= COMMIT_FACTS))
		store_commit(store, site, monotonic);
}

const char *store_trouble(const struct store *store)
{
	return store->trouble.text[0] ? store->trouble.text : NULL;
}
