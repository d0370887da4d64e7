/* store.h - the books of the site in a file: what has to outlive the program goes in, in one
 * transaction, and comes back at the next start.
 *
 * A record is in the books, and may be acknowledged to its collector, after the commit that holds
 * it. A commit that fails loses nothing: what it held is pending until one succeeds. */
#ifndef AGGREGATOR_STORE_STORE_H
#define AGGREGATOR_STORE_STORE_H

#include "aggregator/site/site.h"
#include "common/base/fail.h"

/* More than these are never pending: the rest is left to collectors. */
#define STORE_FACTS_MAX	  200000
#define STORE_REFUSED_MAX 1000

struct store;

/* Opens or makes `file` (database.h). NULL, with a reason, on failure. `settings`: if they are not
 * those that the windows in the file were computed with, the windows are computed and written again
 * from the first moment on at which the settings differ, some at each commit. */
struct store *store_open(const char *file, const struct tariff_settings *settings,
			 struct fail *fail);

/* After store_open() failed: whether a newer program wrote the file, so that it is of no use to try
 * again. */
bool store_newer(const char *file);

void store_close(struct store *store); /* NULL is allowed; commits nothing */

/* Gives an empty site all that is in the file. `progress` (may be NULL) is called now and then with
 * the percentage. False, with a reason, if it cannot be read: the site is partly filled then. */
bool store_load(struct store *store, struct site *site,
		void (*progress)(void *context, int percent), void *context, struct fail *fail);

/* After store_load() failed: sets a damaged file aside and begins a new one, to be loaded into a
 * new site. False if the file is not damaged, or that failed. */
bool store_replace(struct store *store, struct fail *fail);

/* Adds the changes of a site that was just updated to those that are pending, and commits them if
 * that is due: soon, when they are many, or `at_once`; after a failure every 5 s, with a line in
 * the log when the trouble begins and ends. Returns whether all records are in the books;
 * store_trouble() is the reason if they cannot be written. */
bool store_turn(struct store *store, struct site *site, const struct changes *changes,
		ms_t monotonic, bool at_once);

/* How much more may become pending. */
struct site_room store_room(const struct store *store);

/* Why nothing can be written now; NULL: it can. */
const char *store_trouble(const struct store *store);

#endif
