/* The books are a function of the set of records, and outlive the program: whatever the order,
 * delay and repetition of records, and however often saving fails or the site is closed and begun
 * again from the file between them, the file ends up the same. SEED=… repeats a run, ITERATIONS=…
 * makes it longer. */
#include "tests/unit/aggregator/random_site.h"
#include "tests/unit/common/seed.h"

#include "aggregator/store/store.h"
#include "common/sqlite/database.h"
#include "tests/unit/common/folder.h"

/* Everything in the file, joined by names: nothing of it depends on the order of arrival. */
static const char *const dumped[] = {
	"SELECT 'zone', name, label, medium, role FROM zones ORDER BY name",
	"SELECT 'source', name, counts, about, announced FROM sources ORDER BY name",
	"SELECT 'weight', name, quantity, position, since, amount, modulus FROM weights"
	" JOIN sources ON id = source ORDER BY 2, 3, 4",
	"SELECT 'assignment', name, zone, position, since, until FROM assignments"
	" JOIN sources ON id = source ORDER BY 2, 4",
	"SELECT 'swap', name, t, final, initial, set_by FROM swaps JOIN sources ON id = source"
	" ORDER BY t, name",
	"SELECT 'fact', name, t, count FROM facts JOIN sources ON id = source ORDER BY t, name",
	"SELECT 'signal', name, t FROM period_signals JOIN sources ON id = source ORDER BY t, name",
	"SELECT 'contacts', name, t, off_peak, peak, change, seq FROM contacts"
	" JOIN sources ON id = source ORDER BY t, name",
	"SELECT 'gap', name, t, blind_ms, lost, lost_possible FROM gaps JOIN sources ON id = source"
	" ORDER BY t, name",
	"SELECT 'run', collector, stream.stream, newest, first, last FROM runs"
	" JOIN streams AS stream ON id = runs.stream ORDER BY 2, 3, 5",
	"SELECT 'window', name, start, \"end\", energy_mwh, cost_units, cost_rest, band, quality,"
	" synchronous FROM windows JOIN zones ON id = zone ORDER BY name, start",
	"SELECT 'event', name, t, kind, before, after FROM events"
	" JOIN sources ON id = source ORDER BY name, t",
};

struct dump {
	char *text;
	size_t size, capacity;
	int lines, windows;
};

static void dump_add(struct dump *dump, const char *text)
{
	size_t size = strlen(text);

	if (dump->size + size + 2 > dump->capacity) {
		dump->capacity = (dump->size + size + 2) * 2;
		dump->text = realloc(dump->text, dump->capacity);
		assert_non_null(dump->text);
	}
	memcpy(dump->text + dump->size, text, size + 1);
	dump->size += size;
}

#define ALL "zo so we as sw fa si co ga ru wi ev"

/* The kinds in `only`, by their first two letters. */
static struct dump dump_file(const char *file, const char *only)
{
	struct dump dump = {0};
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(file, &handle), SQLITE_OK);
	for (size_t i = 0; i < sizeof(dumped) / sizeof(dumped[0]); i++) {
		sqlite3_stmt *rows;

		if (!strstr(only, (char[]){dumped[i][8], dumped[i][9], '\0'}))
			continue;
		if (sqlite3_prepare_v2(handle, dumped[i], -1, &rows, NULL) != SQLITE_OK)
			fail_msg("%s: %s", dumped[i], sqlite3_errmsg(handle));
		while (sqlite3_step(rows) == SQLITE_ROW) {
			for (int column = 0; column < sqlite3_column_count(rows); column++) {
				const char *text = (const char *)sqlite3_column_text(rows, column);

				dump_add(&dump, text ? text : "null");
				dump_add(&dump, "|");
			}
			dump_add(&dump, "\n");
			dump.lines++;
			dump.windows += dumped[i][8] == 'w' && dumped[i][9] == 'i';
		}
		sqlite3_finalize(rows);
	}
	sqlite3_close(handle);
	return dump;
}

static const char *line_end(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end : line + strlen(line);
}

/* Tells the first line in which they differ. */
static void expect_same_dump(const struct dump *one, const struct dump *other)
{
	const char *a = one->text, *b = other->text;

	while (*a && *b && line_end(a) - a == line_end(b) - b &&
	       strncmp(a, b, (size_t)(line_end(a) - a)) == 0) {
		a = line_end(a) + 1;
		b = line_end(b) + 1;
	}
	if (*a || *b)
		fail_msg("%.*s\n%.*s", (int)(line_end(a) - a), a, (int)(line_end(b) - b), b);
}

/* ---- a site with a file ---- */

struct home {
	struct fixture fixture;
	struct store *store;
	char file[FOLDER_NAME_SIZE];
};

static void home_open(struct home *home)
{
	struct fail fail = {0};

	fixture_open(&home->fixture);
	home->store = store_open(home->file, &home->fixture.settings.tariff, &fail);
	if (!home->store || !store_load(home->store, home->fixture.site, NULL, NULL, &fail))
		fail_msg("%s", fail.text);
	fixture_open_consumers(&home->fixture);
}

static void home_close(struct home *home)
{
	store_close(home->store);
	fixture_close(&home->fixture);
}

/* What was not committed is gone, and comes again: nobody acknowledged it. */
static void home_crash(struct home *home)
{
	home_close(home);
	home_open(home);
}

static void home_commit(struct home *home)
{
	struct fixture *fixture = &home->fixture;

	fixture_turn(fixture, false);
	if (!store_turn(home->store, fixture->site, &fixture->pending, fixture->monotonic, true))
		fail_msg("%s", store_trouble(home->store));
	changes_clear(&fixture->pending);
}

/* Up to three times each, in any order, with looks, commits and crashes between; at the end all
 * once more, since a crash may have lost any. */
static void deliver_in_trouble(struct home *home, ms_t now)
{
	int count = (1 + (int)seed_below(2)) * random_site.message_count;
	int *order = calloc((size_t)count, sizeof(*order));
	int crashes = 0;

	assert_non_null(order);
	for (int i = 0; i < count; i++) {
		int other = (int)seed_below(i + 1);

		order[i] = order[other];
		order[other] = i % random_site.message_count;
	}
	/* The first announcement decides what a weight holds for: all time. */
	home->fixture.now = now;
	for (int i = 0; i < count; i++) {
		deliver(&home->fixture, &random_site.messages[order[i]]);
		if (seed_below(300) == 0)
			publish_soon(&home->fixture);
		if (seed_below(300) == 0)
			home_commit(home);
		if (seed_below(2000) == 0) {
			home_crash(home);
			home->fixture.now = now;
			crashes++;
		}
	}
	printf("  %d crashes\n", crashes);
	for (int i = 0; i < random_site.message_count; i++) {
		deliver(&home->fixture, &random_site.messages[i]);
		if (seed_below(500) == 0)
			home_commit(home);
	}
	free(order);
}

static void set_index(ms_t t, int64_t from, int64_t to)
{
	int64_t *prev = &random_site.newest[0];
	int64_t seq = *prev + 1;
	char text[240];

	snprintf(text, sizeof(text),
		 "{\"t\":%lld,\"stream\":\"00000000000000aa\",\"seq\":%lld,\"prev\":%lld,"
		 "\"mark\":\"start\",\"pulses\":%lld,"
		 "\"index_set\":{\"from\":%lld,\"to\":%lld,\"by\":\"anna\"}}",
		 (long long)t, (long long)seq, (long long)*prev, (long long)to, (long long)from,
		 (long long)to);
	*prev = seq;
	random_site_add(random_site_sources[0], "record", text);
}

/* Somebody sets the main meter's index, and a collector gone wild twice in one moment. */
static void set_indices(void)
{
	ms_t t = random_site.from;

	for (int i = 0; i < 4; i++) {
		t += 1 + seed_below((random_site.to - random_site.from) / 4 - 1);
		set_index(t, seed_below(1000000), seed_below(1000000));
	}
	set_index(t, seed_below(1000000), seed_below(1000000));
}

static void world_prepare(struct home *home, const char *name)
{
	folder_make();
	snprintf(home->file, sizeof(home->file), "%s/%s", folder, name);
	fixture_open(&home->fixture);
	random_site_make(&home->fixture.settings.tariff.zone);
	home->fixture.settings.tariff.prices = random_site_prices;
	home->fixture.settings.tariff.prices_count = 2;
	fixture_close(&home->fixture);
}

static void the_file_is_the_same_whatever_happens_on_the_way(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) : 6;
	int windows = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++) {
		uint64_t seed = seed_state;
		struct home calm = {0}, troubled = {0};
		struct dump one, other;

		world_prepare(&calm, "calm.db");
		set_indices();
		snprintf(troubled.file, sizeof(troubled.file), "%s/troubled.db", folder);
		troubled.fixture.settings = calm.fixture.settings;
		printf("  SEED=%llu: %d records\n", (unsigned long long)seed,
		       random_site.fact_count);

		home_open(&calm);
		deliver_in_order(&calm.fixture);
		home_commit(&calm);
		home_open(&troubled);
		deliver_in_trouble(&troubled, random_site.to + 60000);
		publish_books(&troubled.fixture);
		home_commit(&troubled);
		expect_same(&calm.fixture, &troubled.fixture);
		home_close(&calm);
		home_close(&troubled);

		one = dump_file(calm.file, ALL);
		other = dump_file(troubled.file, ALL);
		expect_same_dump(&one, &other);
		windows += one.windows;
		free(one.text);
		free(other.text);
		folder_remove();
	}
	printf("  %d windows compared\n", windows);
	assert_true(windows > 0);
}

/* ---- downsampling ---- */

static int64_t lines_of(const char *file, const char *only)
{
	struct dump dump = dump_file(file, only);

	free(dump.text);
	return dump.lines;
}

/* Time goes by, so that every source has its turn. */
static void age(struct home *home, ms_t by, int looks)
{
	home->fixture.now += by;
	for (int i = 0; i < looks; i++) {
		home->fixture.monotonic += 5 * MS_PER_SECOND;
		fixture_turn(&home->fixture, false);
	}
}

static void downsampled_facts_give_the_same_windows_days_and_events(void **state)
{
	int64_t before = 0, after = 0, contacts = 0, contacts_left = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 4; i++) {
		uint64_t seed = seed_state;
		struct dump whole, facts, downsampled, left, anew;
		struct home home = {0};

		world_prepare(&home, "books.db");
		set_indices();
		printf("  SEED=%llu: %d records\n", (unsigned long long)seed,
		       random_site.fact_count);
		home.fixture.settings.fact_days = 2;
		home_open(&home);
		deliver_in_order(&home.fixture);
		home_commit(&home);
		whole = dump_file(home.file, "wi ev");
		facts = dump_file(home.file, "fa");
		contacts += lines_of(home.file, "co");

		age(&home, 4 * MS_PER_DAY, 10 * SOURCES);
		home_commit(&home);
		downsampled = dump_file(home.file, "wi ev");
		left = dump_file(home.file, "fa");
		expect_same_dump(&whole, &downsampled);
		before += facts.lines;
		after += left.lines;
		contacts_left += lines_of(home.file, "co");

		/* And all that follows from what is left: from the file, and from memory. */
		home_crash(&home);
		site_everything(home.fixture.site, &home.fixture.pending);
		home_commit(&home);
		anew = dump_file(home.file, "wi ev");
		expect_same_dump(&whole, &anew);
		free(anew.text);
		anew = dump_file(home.file, "fa");
		expect_same_dump(&left, &anew);
		home_close(&home);
		free(whole.text), free(facts.text), free(downsampled.text), free(left.text);
		free(anew.text);
		folder_remove();
	}
	printf("  %lld facts, %lld left; %lld states of contacts, %lld left\n", (long long)before,
	       (long long)after, (long long)contacts, (long long)contacts_left);
	assert_true(after < before / 2);
	assert_true(contacts_left < contacts / 2);
}

/* What comes while old facts are being downsampled out was not taken in yet. */
static void facts_are_downsampled_while_others_come(void **state)
{
	struct dump whole, downsampled, facts, left;
	struct home home = {0};
	uint64_t seed;

	(void)state;
	seed_start(__func__);
	seed = seed_state;
	world_prepare(&home, "books.db");
	home_open(&home);
	deliver_in_order(&home.fixture);
	home_commit(&home);
	whole = dump_file(home.file, "wi ev");
	facts = dump_file(home.file, "fa");
	home_close(&home);
	folder_remove();

	seed_state = seed;
	world_prepare(&home, "books.db");
	home.fixture.settings.fact_days = 2;
	home_open(&home);
	home.fixture.now = random_site.to + 40 * MS_PER_DAY;
	for (int i = 0; i < random_site.message_count; i++) {
		deliver(&home.fixture, &random_site.messages[i]);
		age(&home, 0, 1);
	}
	home_commit(&home);
	downsampled = dump_file(home.file, "wi ev");
	left = dump_file(home.file, "fa");
	expect_same_dump(&whole, &downsampled);
	assert_true(left.lines < facts.lines / 2);
	home_close(&home);
	free(whole.text), free(downsampled.text), free(facts.text), free(left.text);
	folder_remove();
}

static void introduce(struct home *home, const char *source, const char *zone)
{
	char below[60], about[200];

	snprintf(below, sizeof(below), "pac/%s/about", source);
	snprintf(about, sizeof(about),
		 "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"%s\","
		 "\"label\":\"%s\",\"nominal_w\":null,\"role\":\"part\"}",
		 zone, zone);
	fixture_send(&home->fixture, below, "%s", about);
	home_commit(home);
}

/* As when a misspelt zone is put right before its meters are there. */
static void a_zone_that_its_sources_left_unused_is_gone_after_a_restart(void **state)
{
	struct home home = {0};
	struct dump dump;

	(void)state;
	folder_make();
	snprintf(home.file, sizeof(home.file), "%s/books.db", folder);
	home_open(&home);
	home.fixture.now = 1358233200000;
	introduce(&home, "one", "typo");
	introduce(&home, "two", "typo");
	home.fixture.now += 1000;
	introduce(&home, "one", "self");
	introduce(&home, "two", "self");
	home_crash(&home);
	assert_int_equal(home.fixture.site->zones.count, 1);
	home_close(&home);
	dump = dump_file(home.file, "zo as");
	assert_null(strstr(dump.text, "typo"));
	free(dump.text);
	folder_remove();
}

/* A collector may send its first live reading long before its first record. */
static void a_source_that_sent_live_first_has_its_records_in_the_books(void **state)
{
	struct home home = {0};
	struct dump dump;

	(void)state;
	folder_make();
	snprintf(home.file, sizeof(home.file), "%s/books.db", folder);
	home_open(&home);
	home.fixture.now = 1358233200000;
	fixture_send(&home.fixture, "pac/self/live",
		     "{\"t\":1358233200000,\"power_w\":100,\"wh\":1000}");
	home_commit(&home);
	fixture_wh(&home.fixture, "self", 1358233200000, 1000);
	home_commit(&home);
	home_close(&home);
	dump = dump_file(home.file, "fa");
	assert_string_equal(dump.text, "fact|pac/self|1358233200000|1000000|\n");
	free(dump.text);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_the_same_whatever_happens_on_the_way),
		cmocka_unit_test(downsampled_facts_give_the_same_windows_days_and_events),
		cmocka_unit_test(facts_are_downsampled_while_others_come),
		cmocka_unit_test(a_zone_that_its_sources_left_unused_is_gone_after_a_restart),
		cmocka_unit_test(a_source_that_sent_live_first_has_its_records_in_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
