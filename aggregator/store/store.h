/* store.h - the site's books in a file: what the site has to keep goes in, in one transaction, and
 * comes back at the next start.
 *
 * A record counts as stored, and is acknowledged to its collector, after the commit that holds it.
 * A commit that fails loses nothing: the site keeps what it has to, and it is tried again. */
#ifndef AGGREGATOR_STORE_STORE_H
#define AGGREGATOR_STORE_STORE_H

#include "aggregator/site/site.h"
#include "common/base/fail.h"

struct store;

/* Opens or makes `file` (database.h). NULL, with a reason, on failure. `settings`: where they are
 * not those that the windows in the file were computed with, all are computed and written again. */
struct store *store_open(const char *file, const struct tariff_settings *settings,
			 struct fail *fail);
/* After store_open() failed: whether a newer program wrote the file, so that it is of no use to try
 * again. */
bool store_newer(const char *file);

void store_close(struct store *store); /* NULL is allowed; commits nothing */

/* Gives an empty site all that is in the file. `progress` (may be NULL) is told now and then how
 * many percent. False, with a reason, where it cannot be read: the site is partly filled then. */
bool store_load(struct store *store, struct site *site,
		void (*progress)(void *context, int percent), void *context, struct fail *fail);

/* After store_load() failed: sets a damaged file aside and begins a new one, to be loaded into a
 * new site. False where the file is not damaged, or that failed. */
bool store_replace(struct store *store, struct fail *fail);

/* Keeps what the site has to keep, when it is due: a second after the first news of it, or when it
 * is much; after a failure every 5 s, with a line in the log when the trouble begins and ends.
 * Call it often. */
void store_keep(struct store *store, struct site *site, ms_t monotonic);

/* The same at once. False where it failed: store_trouble() says why. */
bool store_commit(struct store *store, struct site *site, ms_t monotonic);

/* Why nothing can be kept now; NULL: it can. */
const char *store_trouble(const struct store *store);

#endif
