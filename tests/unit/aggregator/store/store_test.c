/* The store with a site that hands over what a test wants, and tells what it is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/store/store_parts.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"

/* ---- the site ---- */

struct site {
	bool (*hand_over)(const struct books *books); /* NULL: nothing is new */
	size_t pending;
	int attempts, saved, anew;
	bool troubled, recompute;
	struct source sources[3];
	size_t source_count;
	char told[8192]; /* what was put back, a line each */
};

static struct site site;

bool site_dirty(const struct site *of)
{
	return of->hand_over;
}

size_t site_pending(const struct site *of)
{
	return of->pending;
}

bool site_save(struct site *of, const struct books *books)
{
	of->attempts++;
	return of->hand_over(books);
}

void site_saved(struct site *of)
{
	of->saved++;
	of->hand_over = NULL;
}

void site_store_anew(struct site *of)
{
	of->anew++;
}

void site_trouble(struct site *of, const char *reason)
{
	of->troubled = reason;
}

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	size_t length = strlen(site.told);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(site.told + length, sizeof(site.told) - length, format, arguments);
	va_end(arguments);
}

bool site_restore_zone(struct site *of, const char *zone, const char *label, const char *medium,
		       enum role role, struct fail *fail)
{
	(void)of;
	(void)fail;
	tell("zone %s \"%s\" %s %s\n", zone, label, medium, role == ROLE_MAIN ? "main" : "part");
	return true;
}

struct source *site_restore_source(struct site *of, const char *collector, const char *source,
				   enum counts counts, const struct about *about, bool announced,
				   struct fail *fail)
{
	struct source *put_back = &of->sources[of->source_count++];

	(void)fail;
	snprintf(put_back->name, sizeof(put_back->name), "%s/%s", collector, source);
	tell("source %s %d %s %d\n", put_back->name, counts, about ? about->zone : "-", announced);
	return put_back;
}

void site_restore_energy_weight(struct source *source, const struct weight *weight)
{
	tell("%s energy %lld %lld %lld\n", source->name, (long long)weight->from,
	     (long long)weight->amount, (long long)weight->modulus);
}

void site_restore_volume_weight(struct source *source, const struct weight *weight)
{
	tell("%s volume %lld %lld\n", source->name, (long long)weight->from,
	     (long long)weight->amount);
}

void site_restore_swap(struct source *source, const struct swap *swap)
{
	tell("%s swap %lld %lld %lld %s\n", source->name, (long long)swap->t,
	     (long long)swap->final, (long long)swap->initial, swap->by);
}

bool site_restore_assignment(struct site *of, struct source *source, const char *zone, ms_t from,
			     ms_t until, struct fail *fail)
{
	(void)of;
	(void)fail;
	tell("%s in %s %lld %lld\n", source->name, zone, (long long)from, (long long)until);
	return true;
}

void site_restore_fact(struct source *source, ms_t t, int64_t count)
{
	tell("%s at %lld: %lld\n", source->name, (long long)t, (long long)count);
}

void site_restore_top(struct source *source, ms_t t)
{
	tell("%s top %lld\n", source->name, (long long)t);
}

void site_restore_contacts(struct source *source, const struct contact_state *state)
{
	tell("%s contacts %lld %d %d %d %lld\n", source->name, (long long)state->t, state->off_peak,
	     state->peak, state->change, (long long)state->seq);
}

void site_restore_gap(struct site *of, const struct gap *gap)
{
	(void)of;
	tell("gap %lld %lld %lld %d\n", (long long)gap->t, (long long)gap->blind_ms,
	     (long long)gap->lost, gap->lost_possible);
}

bool site_restore_stream(struct site *of, const char *collector, const struct sequence *sequence,
			 bool newest, struct fail *fail)
{
	(void)of;
	(void)fail;
	tell("stream %s %s %d", collector, sequence->stream, newest);
	for (size_t i = 0; i < sequence->count; i++)
		tell(" %lld-%lld", (long long)sequence->runs[i].from,
		     (long long)sequence->runs[i].to);
	tell("\n");
	return true;
}

void site_restored(struct site *of, bool recompute)
{
	of->recompute = recompute;
	tell("restored\n");
}

/* ---- the store ---- */

static struct calendar calendar = {.off_peak = {{1320, 360}}, .off_peak_count = 1};
static struct prices prices = {.of = {0, 18152888, 9222356, 5826912, 5081804, 3168204}};
static struct tariff_settings settings = {
	.calendars = &calendar,
	.calendar_count = 1,
	.prices = &prices,
	.prices_count = 1,
};

static struct store *store;
static char file[60];

static struct source meter = {.name = "poste/global", .counts = COUNTS_PULSES};
static struct source other = {.name = "pac/self", .counts = COUNTS_MWH};

static void assert_opens(void)
{
	struct fail fail = {0};

	store = store_open(file, &settings, &fail);
	if (!store)
		fail_msg("%s", fail.text);
}

static void assert_loads(const char *expected)
{
	struct fail fail = {0};

	site = (struct site){0};
	if (!store_load(store, &site, NULL, NULL, &fail))
		fail_msg("%s", fail.text);
	assert_string_equal(site.told, expected);
}

static void reopen(void)
{
	store_close(store);
	assert_opens();
}

static void assert_commits(bool (*hand_over)(const struct books *books))
{
	site.hand_over = hand_over;
	if (!store_commit(store, &site, 0))
		fail_msg("%s", store_trouble(store));
}

static int64_t count_of(const char *sql)
{
	sqlite3_stmt *statement;
	int64_t count;

	assert_int_equal(
		sqlite3_prepare_v2(database_handle(store->database), sql, -1, &statement, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

static void execute(const char *sql)
{
	assert_int_equal(sqlite3_exec(database_handle(store->database), sql, NULL, NULL, NULL),
			 SQLITE_OK);
}

static int set_up(void **state)
{
	(void)state;
	folder_make();
	snprintf(file, sizeof(file), "%s/books.db", folder);
	logged_begin();
	site = (struct site){0};
	assert_opens();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(store);
	logged_end();
	folder_remove();
	return 0;
}

/* ---- what is handed over ---- */

static bool sources(const struct books *books)
{
	static struct weight energy[] = {{7, 80000000000, 1000}, {5000, 40000000000, 0}};
	static struct weight volume[] = {{7, 3, 0}};

	meter.about = (struct about){.kind = "pulse",
				     .medium = "electricity",
				     .zone = "global",
				     .label = "Global",
				     .nominal_w = NAN,
				     .role = ROLE_MAIN,
				     .wh_per_pulse = 80,
				     .m3_per_pulse = NAN,
				     .kwh_per_m3 = NAN,
				     .min_interval_us = NAN};
	meter.announced = true;
	meter.energy.weights = energy;
	meter.energy.weight_count = 2;
	meter.volume.weights = volume;
	meter.volume.weight_count = 1;
	return books->source(books->context, &meter) &&
	       books->assignment(books->context, &meter, "global", NEVER, 2000) &&
	       books->assignment(books->context, &meter, "self", 2000, FOREVER) &&
	       books->source(books->context, &other);
}

static bool everything(const struct books *books)
{
	void *to = books->context;
	struct zone zone = {
		.id = "global", .label = "Le réseau", .medium = "electricity", .role = ROLE_MAIN};
	struct run runs[] = {{1, 5}, {8, 9}};
	struct sequence old = {.stream = "aaaaaaaaaaaaaaaa", .runs = runs, .count = 1};
	struct sequence now = {.stream = "0123456789abcdef", .runs = runs, .count = 2};
	struct contact_state contact = {1000, YES, UNKNOWN, true, 4};
	struct swap swap = {3000, 900, 12, "Anna"};
	struct event event = {3000, EVENT_SWAP, 900, 12};
	struct reading reading = {.window = {0, 600000, EDGE_SIGNAL, EDGE_SIGNAL},
				  .known = true,
				  .energy = 48000000,
				  .power_w = 288000,
				  .cost = {871338624, 5},
				  .band = BAND_P};

	return books->zone(to, &zone) && sources(books) && books->swap(to, &meter, &swap) &&
	       books->fact(to, &meter, 1000, 17) && books->fact(to, &meter, 2000, 18) &&
	       books->fact(to, &other, 1000, 5) && books->signal(to, &meter, 1000) &&
	       books->contacts(to, &meter, &contact) &&
	       books->gap(to, &meter, &(struct gap){1000, 5320, 3, false}) &&
	       books->refused(to, "a/record", "\0\377{", 3, "no", 77) &&
	       books->stream(to, "poste", &old, true) && books->stream(to, "poste", &now, true) &&
	       books->windows_drop(to, "global", (struct time_range){NEVER, FOREVER}) &&
	       books->window(to, "global", &reading) &&
	       books->events_drop(to, &meter, (struct time_range){0, 5000}) &&
	       books->event(to, &meter, &event);
}

/* clang-format off */
static const char everything_back[] =
	"zone global \"Le réseau\" electricity main\n"
	"source poste/global 1 global 1\n"
	"source pac/self 2 - 0\n"
	"poste/global energy -9223372036854775808 80000000000 1000\n"
	"poste/global energy 5000 40000000000 0\n"
	"poste/global volume -9223372036854775808 3\n"
	"poste/global swap 3000 900 12 Anna\n"
	"poste/global in global -9223372036854775808 2000\n"
	"poste/global in self 2000 9223372036854775807\n"
	"poste/global at 1000: 17\n"
	"pac/self at 1000: 5\n"
	"poste/global at 2000: 18\n"
	"poste/global top 1000\n"
	"poste/global contacts 1000 1 2 1 4\n"
	"gap 1000 5320 3 0\n"
	"stream poste aaaaaaaaaaaaaaaa 0 1-5\n"
	"stream poste 0123456789abcdef 1 1-5 8-9\n"
	"restored\n";
/* clang-format on */

static void what_was_committed_comes_back(void **state)
{
	(void)state;
	assert_loads("restored\n");
	assert_commits(everything);
	assert_int_equal(site.saved, 1);
	reopen();
	assert_loads(everything_back);
}

static void saying_it_twice_changes_nothing(void **state)
{
	(void)state;
	assert_commits(everything);
	assert_commits(everything);
	reopen();
	assert_loads(everything_back);
	assert_int_equal(count_of("SELECT count(*) FROM refused"), 1);
	assert_int_equal(count_of("SELECT count(*) FROM windows"), 1);
	assert_int_equal(count_of("SELECT count(*) FROM events"), 1);
}

static bool corrections(const struct books *books)
{
	void *to = books->context;
	struct contact_state contact = {1000, NO, NO, false, 6};

	return books->source(to, &other) && books->fact(to, &meter, 1000, 16) &&
	       books->fact(to, &meter, 2000, 19) && books->fact_gone(to, &other, 1000) &&
	       books->fact_gone(to, &other, 1001) && books->contacts(to, &meter, &contact) &&
	       books->gap(to, &meter, &(struct gap){1000, 10, 4, true}) &&
	       books->zone_gone(to, "global") && books->zone_gone(to, "never");
}

static void corrections_replace_what_was_there(void **state)
{
	(void)state;
	assert_commits(everything);
	assert_commits(corrections);
	assert_int_equal(count_of("SELECT count FROM facts WHERE t = 1000"), 17);
	assert_int_equal(count_of("SELECT count FROM facts WHERE t = 2000"), 19);
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 2);
	assert_int_equal(count_of("SELECT off_peak FROM contacts"), 0);
	assert_int_equal(count_of("SELECT blind_ms * 100 + lost * 10 + lost_possible FROM gaps"),
			 532041);
	assert_int_equal(count_of("SELECT count(*) FROM zones"), 0);
	assert_int_equal(count_of("SELECT count(*) FROM windows"), 0);
}

static bool more_numbers(const struct books *books)
{
	struct run runs[] = {{1, 5}, {8, 11}, {13, 13}};
	struct sequence now = {.stream = "0123456789abcdef", .runs = runs, .count = 3, .stored = 8};

	return books->stream(books->context, "poste", &now, true);
}

static void of_what_came_only_news_are_written(void **state)
{
	(void)state;
	assert_commits(everything);
	execute("UPDATE runs SET last = 4 WHERE first = 1");
	assert_commits(more_numbers);
	assert_int_equal(count_of("SELECT sum(first * 100 + last) FROM runs WHERE first > 1"),
			 811 + 1313);
	assert_int_equal(count_of("SELECT max(last) FROM runs WHERE first = 1"), 4);
}

static void people_can_read_it(void **state)
{
	(void)state;
	assert_commits(everything);
	assert_int_equal(
		count_of("SELECT count(*) FROM consumption WHERE zone = 'global'"
			 " AND kwh = 48 AND power_w = 288000 AND band = 'P'"
			 " AND cost = 8.71338624 AND quality = 'measured' AND sync = 'top'"),
		1);
	assert_int_equal(count_of("SELECT count(*) FROM readings WHERE source = 'poste/global'"
				  " AND pulses = 17 AND kwh IS NULL"),
			 1);
	assert_int_equal(count_of("SELECT count(*) FROM readings WHERE source = 'pac/self'"
				  " AND kwh = 0.000005 AND pulses IS NULL"),
			 1);
	assert_int_equal(count_of("SELECT count(*) FROM incidents WHERE kind = 'swap'"), 1);
	assert_int_equal(count_of("SELECT count(*) FROM refusals WHERE reason = 'no'"), 1);
}

static bool refusals(const struct books *books)
{
	char payload[20];

	for (int i = 0; i < 10003; i++) {
		int length = snprintf(payload, sizeof(payload), "%d", i);

		if (!books->refused(books->context, "a", payload, (size_t)length, "no", i))
			return false;
	}
	return true;
}

static void the_newest_refusals_are_kept(void **state)
{
	(void)state;
	assert_commits(refusals);
	assert_int_equal(count_of("SELECT count(*) FROM refused"), 10000);
	assert_int_equal(count_of("SELECT min(at) FROM refused"), 3);
}

static void news_are_committed_after_a_second(void **state)
{
	(void)state;
	store_keep(store, &site, 500);
	site.hand_over = sources;
	store_keep(store, &site, 1000);
	store_keep(store, &site, 1999);
	assert_int_equal(site.attempts, 0);
	store_keep(store, &site, 2000);
	assert_int_equal(site.saved, 1);
	/* The next second begins with the next news. */
	store_keep(store, &site, 5000);
	site.hand_over = sources;
	store_keep(store, &site, 6000);
	assert_int_equal(site.attempts, 1);
	store_keep(store, &site, 7000);
	assert_int_equal(site.saved, 2);
}

static void much_news_is_committed_at_once(void **state)
{
	(void)state;
	site.hand_over = sources;
	site.pending = 4999;
	store_keep(store, &site, 1000);
	assert_int_equal(site.attempts, 0);
	site.pending = 5000;
	store_keep(store, &site, 1000);
	assert_int_equal(site.saved, 1);
}

static bool many_facts(const struct books *books)
{
	if (!sources(books))
		return false;
	for (int i = 0; i < 20000; i++)
		if (!books->fact(books->context, &meter, i, i))
			return false;
	return true;
}

static void a_full_disk_keeps_nothing_and_is_over_by_itself(void **state)
{
	(void)state;
	execute("PRAGMA max_page_count = 40");
	site.hand_over = many_facts;
	site.pending = 20000;
	store_keep(store, &site, 1000);
	assert_int_equal(site.attempts, 1);
	assert_int_equal(site.saved, 0);
	assert_true(site.troubled);
	assert_non_null(strstr(store_trouble(store), "the disk is full"));
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 0);
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 0);
	store_keep(store, &site, 5999);
	assert_int_equal(site.attempts, 1);
	store_keep(store, &site, 6000);
	assert_int_equal(site.attempts, 2);
	execute("PRAGMA max_page_count = 100000");
	store_keep(store, &site, 11000);
	assert_int_equal(site.saved, 1);
	assert_false(site.troubled);
	assert_null(store_trouble(store));
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 20000);
	/* The trouble is told when it begins and when it is over, not each time. */
	assert_int_equal(logged("nothing is acknowledged"), 1);
	assert_true(logged("the books can be written again"));
}

static bool half(const struct books *books)
{
	return books->source(books->context, &other) && books->fact(books->context, &other, 1, 1) &&
	       false;
}

static void what_was_undone_leaves_no_trace(void **state)
{
	(void)state;
	site.hand_over = half;
	assert_false(store_commit(store, &site, 0));
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 0);
	/* The number that the source had is another's now. */
	assert_commits(sources);
	assert_commits(everything);
	assert_int_equal(count_of("SELECT count FROM facts JOIN sources ON id = source"
				  " WHERE name = 'pac/self'"),
			 5);
}

static bool orphan(const struct books *books)
{
	return books->signal(books->context, &meter, 1);
}

static void what_belongs_to_nothing_is_not_kept(void **state)
{
	(void)state;
	site.hand_over = orphan;
	assert_false(store_commit(store, &site, 0));
	assert_non_null(strstr(store_trouble(store), "poste/global"));
}

/* As a disk that lost what it had. */
static void damage(void)
{
	char garbage[4096];
	struct stat status;
	int fd = open(file, O_WRONLY);

	memset(garbage, 0xa5, sizeof(garbage));
	assert_int_equal(fstat(fd, &status), 0);
	for (off_t at = 0; at < status.st_size; at += (off_t)sizeof(garbage))
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), at), sizeof(garbage));
	close(fd);
}

static void a_file_that_breaks_is_set_aside_and_filled_anew(void **state)
{
	(void)state;
	assert_commits(many_facts);
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
	damage();
	sqlite3_db_release_memory(database_handle(store->database));
	assert_commits(everything);
	assert_int_equal(site.anew, 1);
	assert_int_equal(folder_find(".damaged-", NULL) > 0, 1);
	reopen();
	assert_loads(everything_back);
	assert_false(site.recompute);
}

static void a_file_that_is_damaged_at_the_start_is_set_aside(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_commits(many_facts);
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
	store_close(store);
	/* Its head is whole: it opens. */
	int fd = open(file, O_WRONLY);
	static char garbage[65536];

	memset(garbage, 0xa5, sizeof(garbage));
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 25 * 4096), sizeof(garbage));
	close(fd);
	assert_opens();
	site = (struct site){0};
	assert_false(store_load(store, &site, NULL, NULL, &fail));
	assert_true(store_replace(store, &fail));
	assert_int_equal(folder_find(".damaged-", NULL) > 0, 1);
	assert_loads("restored\n");
}

static void a_file_that_is_whole_is_not_replaced(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_commits(everything);
	assert_false(store_replace(store, &fail));
	assert_int_equal(folder_find(".damaged-", NULL), 0);
}

static void other_settings_ask_for_other_windows(void **state)
{
	(void)state;
	assert_loads("restored\n");
	/* Nothing was computed yet with any. */
	assert_commits(everything);
	reopen();
	assert_loads(everything_back);
	assert_false(site.recompute);
	prices.of[BAND_P]++;
	reopen();
	assert_loads(everything_back);
	assert_true(site.recompute);
	/* Until they are committed. */
	reopen();
	assert_loads(everything_back);
	assert_true(site.recompute);
	assert_commits(sources);
	reopen();
	assert_loads(everything_back);
	assert_false(site.recompute);
	prices.of[BAND_P]--;
}

static void a_newer_file_is_left_alone(void **state)
{
	struct fail fail = {0};

	(void)state;
	execute("PRAGMA user_version = 99");
	store_close(store);
	store = store_open(file, &settings, &fail);
	assert_null(store);
	assert_non_null(strstr(fail.text, "version 99"));
	assert_true(store_newer(file));
}

static void a_file_of_the_first_version_keeps_what_it_holds(void **state)
{
	struct database *first;

	(void)state;
	store_close(store);
	assert_int_equal(unlink(file), 0);
	first = database_open(file, store_migrations, 1, NULL);
	assert_non_null(first);
	assert_int_equal(
		sqlite3_exec(database_handle(first),
			     "INSERT INTO sources VALUES (1, 'poste/global', 'pulses', NULL, 0);"
			     "INSERT INTO swaps VALUES (1, 3000, 900, 12);"
			     "INSERT INTO facts VALUES (1000, 1, 17);"
			     "INSERT INTO gaps VALUES (1000, 1, 5320, 3);"
			     "INSERT INTO events VALUES (1, 3000, 'swap', 900, 12);",
			     NULL, NULL, NULL),
		SQLITE_OK);
	database_close(first);
	assert_opens();
	assert_loads("source poste/global 1 - 0\n"
		     "poste/global swap 3000 900 12 \n"
		     "poste/global at 1000: 17\n"
		     "gap 1000 5320 3 0\n"
		     "restored\n");
	assert_int_equal(count_of("SELECT count(*) FROM incidents WHERE kind = 'swap'"), 1);
	assert_int_equal(count_of("PRAGMA user_version"), (int64_t)store_migration_count);
}

static void a_file_has_one_user(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_null(store_open(file, &settings, &fail));
	assert_non_null(strstr(fail.text, "another process uses it"));
	assert_false(store_newer(file));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_comes_back),
		TEST(saying_it_twice_changes_nothing),
		TEST(corrections_replace_what_was_there),
		TEST(of_what_came_only_news_are_written),
		TEST(people_can_read_it),
		TEST(the_newest_refusals_are_kept),
		TEST(news_are_committed_after_a_second),
		TEST(much_news_is_committed_at_once),
		TEST(a_full_disk_keeps_nothing_and_is_over_by_itself),
		TEST(what_was_undone_leaves_no_trace),
		TEST(what_belongs_to_nothing_is_not_kept),
		TEST(a_file_that_breaks_is_set_aside_and_filled_anew),
		TEST(a_file_that_is_damaged_at_the_start_is_set_aside),
		TEST(a_file_that_is_whole_is_not_replaced),
		TEST(other_settings_ask_for_other_windows),
		TEST(a_newer_file_is_left_alone),
		TEST(a_file_of_the_first_version_keeps_what_it_holds),
		TEST(a_file_has_one_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
