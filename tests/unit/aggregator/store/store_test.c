/* The store: what changed in a site goes into the file, and comes back. */
#include "tests/unit/aggregator/site_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/site/restore.h"
#include "aggregator/store/parts.h"
#include "common/base/array.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"

static struct calendar calendar = {.off_peak = {{1320, 360}}, .off_peak_count = 1};
static struct prices prices = {.of = {0, 18152888, 9222356, 5826912, 5081804, 3168204}};
static struct site_settings settings = {
	.base = "wattzone",
	.id = "lycee",
	.rest_label = "Reste",
	.tariff = {.zone = {.count = 1, .offsets = {{NEVER, 0}}},
		   .calendars = &calendar,
		   .calendar_count = 1,
		   .prices = &prices,
		   .prices_count = 1},
};

static struct store *store;
static struct site *site;
static struct changes changes; /* what the test gives to the store */
static char file[60];

/* ---- a site, and all that there is to store of it ---- */

/* A window of 600 pulses of 80 Wh at peak price, with a swap of the meter in it; the collector has
 * two streams. */
static void fill(void)
{
	static const struct about about = {.kind = "pulse",
					   .medium = "electricity",
					   .zone = "global",
					   .label = "Le réseau",
					   .nominal_w = NAN,
					   .role = ROLE_MAIN,
					   .wh_per_pulse = 80,
					   .m3_per_pulse = NAN,
					   .kwh_per_m3 = NAN,
					   .min_interval_us = NAN};
	struct run runs[] = {{1, 5}, {8, 9}};
	struct sequence old = {.stream = "aaaaaaaaaaaaaaaa", .runs = runs, .count = 1};
	struct sequence now = {.stream = "0123456789abcdef", .runs = runs, .count = 2};
	struct source *meter, *other;
	struct fail fail = {0};

	site_close(site);
	site = site_open(&settings, 0);
	site_restore_zone(site, "global", "Le réseau", "electricity", ROLE_MAIN, &fail);
	site_restore_zone(site, "self", "Self", "electricity", ROLE_PART, &fail);
	meter = site_restore_source(site, "poste", "global", COUNTS_PULSES, &about, true, &fail);
	other = site_restore_source(site, "pac", "self", COUNTS_MWH, NULL, false, &fail);
	site_restore_energy_weight(meter, &(struct weight){7, 80000 * WEIGHT_ONE, 1000, 500000000});
	site_restore_energy_weight(meter, &(struct weight){900000, 40000 * WEIGHT_ONE, 0, 0});
	site_restore_volume_weight(meter, &(struct weight){7, 3, 0, 0});
	site_restore_swap(meter, &(struct swap){3000, 500, 12, "Anna"});
	site_restore_assignment(site, meter, "global", NEVER, 900000, &fail);
	site_restore_assignment(site, meter, "self", 900000, FOREVER, &fail);
	site_restore_fact(meter, 0, 0, false);
	site_restore_confirmed(meter, 1000, 17, false, POINT_COUNTED);
	site_restore_fact(other, 1000, 5, false);
	site_restore_fact(meter, 600000, 112, true);
	site_restore_signal(meter, 0);
	site_restore_signal(meter, 600000);
	site_restore_contacts(meter, &(struct contact_state){0, NO, YES, true, 4});
	site_restore_stream(site, "poste", &old, false, &fail);
	site_restore_stream(site, "poste", &now, true, &fail);
	site_restored(site);
	assert_string_equal(fail.text, "");
}

static struct source *meter_of(void)
{
	return site_find_source(site, "poste", "global");
}

static struct source *other_of(void)
{
	return site_find_source(site, "pac", "self");
}

static void add_refused(const char *payload, size_t size, ms_t at)
{
	struct refused_record refused = {
		.topic = "a/record", .reason = "no", .size = size, .at = at};

	refused.payload = calloc(1, size + 1);
	memcpy(refused.payload, payload, size);
	changes_append(&changes.refused, refused);
}

static void give_everything(void)
{
	struct source_gap gap = {meter_of(), {1000, 5320, 3, false}};

	site_everything(site, &changes);
	changes_append(&changes.gaps, gap);
	add_refused("\0\377{", 3, 77);
}

/* ---- what came back ---- */

static char text[8192];

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, sizeof(text) - length, format, arguments);
	va_end(arguments);
}

static void describe_point(const struct point *point)
{
	static const char *const kinds[] = {"counted", "glitch", "reset", "rollover", "jump"};

	add("  at %lld: %lld%s%s%s\n", (long long)point->t, (long long)point->count,
	    point->start ? " start" : "", point->confirmed ? " " : "",
	    point->confirmed ? kinds[point->kind] : "");
}

static void describe_source(const struct source *source)
{
	const struct term *term = NULL;
	const struct zone *zone = NULL;

	add("source %s %d %s %d\n", source->name, source->counts,
	    source->about.zone[0] ? source->about.zone : "-", source->announced);
	for (size_t i = 0; i < source->energy.weight_count; i++)
		add("  energy %lld %lld %lld %lld\n", (long long)source->energy.weights[i].from,
		    (long long)source->energy.weights[i].amount,
		    (long long)source->energy.weights[i].modulus,
		    (long long)source->energy.weights[i].max_w);
	for (size_t i = 0; i < source->volume.weight_count; i++)
		add("  volume %lld %lld\n", (long long)source->volume.weights[i].from,
		    (long long)source->volume.weights[i].amount);
	for (size_t i = 0; i < source->energy.swap_count; i++)
		add("  swap %lld %lld %lld %s\n", (long long)source->energy.swaps[i].t,
		    (long long)source->energy.swaps[i].final,
		    (long long)source->energy.swaps[i].initial, source->energy.swaps[i].by);
	while ((term = site_next_assignment(site, source, term, &zone)))
		add("  in %s %lld %lld\n", zone->id, (long long)term->from, (long long)term->until);
	for (size_t i = 0; i < source->energy.classified; i++)
		describe_point(&source->energy.points[i]);
	for (size_t i = 0; i < source->signals.sorted; i++)
		add("  signal %lld\n", (long long)source->signals.times[i]);
	for (size_t i = 0; i < source->contacts.sorted; i++)
		add("  contacts %lld %d %d %d %lld\n", (long long)source->contacts.states[i].t,
		    source->contacts.states[i].off_peak, source->contacts.states[i].peak,
		    source->contacts.states[i].change, (long long)source->contacts.states[i].seq);
}

static void describe_stream(const struct collector *collector, size_t i)
{
	const struct sequence *stream = &collector->streams[i];

	add("stream %s %s %d", collector->name, stream->stream, i == collector->newest);
	for (size_t j = 0; j < stream->count; j++)
		add(" %lld-%lld", (long long)stream->runs[j].from, (long long)stream->runs[j].to);
	add("\n");
}

static const char *describe(void)
{
	text[0] = '\0';
	for (size_t i = 0; i < site->zones.count; i++) {
		const struct zone *zone = site->zones.items[i];

		add("zone %s \"%s\" %s %s\n", zone->id, zone->label, zone->medium,
		    zone->role == ROLE_MAIN ? "main" : "part");
	}
	for (size_t i = 0; i < site->sources.count; i++)
		describe_source(site->sources.items[i]);
	for (size_t i = 0; i < site->collectors.count; i++) {
		const struct collector *collector = site->collectors.items[i];

		for (size_t j = 0; j < collector->stream_count; j++)
			describe_stream(collector, j);
	}
	if (site->health.blind_ms)
		add("gap %lld %lld %lld\n", (long long)site->health.blind_ms,
		    (long long)site->health.edges_lost, (long long)site->health.lost_possible);
	return text;
}

/* clang-format off */
static const char everything_back[] =
	"zone global \"Le réseau\" electricity main\n"
	"zone self \"Self\" electricity part\n"
	"source pac/self 2 - 0\n"
	"  at 1000: 5\n"
	"source poste/global 1 global 1\n"
	"  energy -9223372036854775808 80000000000 1000 500000000\n"
	"  energy 900000 40000000000 0 0\n"
	"  volume -9223372036854775808 3\n"
	"  swap 3000 500 12 Anna\n"
	"  in global -9223372036854775808 900000\n"
	"  in self 900000 9223372036854775807\n"
	"  at 0: 0\n"
	"  at 1000: 17 counted\n"
	"  at 3000: 500\n"
	"  at 3000: 12\n"
	"  at 600000: 112 start\n"
	"  signal 0\n"
	"  signal 600000\n"
	"  contacts 0 0 1 1 4\n"
	"stream poste 0123456789abcdef 1 1-5 8-9\n"
	"stream poste aaaaaaaaaaaaaaaa 0 1-5\n"
	"gap 5320 3 0\n";
/* clang-format on */

/* ---- the store ---- */

static void assert_opens(void)
{
	struct fail fail = {0};

	store = store_open(file, &settings.tariff, &fail);
	if (!store)
		fail_msg("%s", fail.text);
}

static void assert_loads(const char *expected)
{
	struct fail fail = {0};

	site_close(site);
	site = site_open(&settings, 0);
	if (!store_load(store, site, NULL, NULL, &fail))
		fail_msg("%s", fail.text);
	/* It is put back, not new. */
	assert_false(changes_need_commit(&site->changes));
	assert_string_equal(describe(), expected);
}

/* Windows are to be computed again. */
static bool recomputes(void)
{
	return changes_need_commit(&store->pending);
}

static void reopen(void)
{
	store_close(store);
	assert_opens();
}

/* Gives `changes` to the store, and what it has given before. */
static bool turn(ms_t monotonic)
{
	bool durable = store_turn(store, site, &changes, monotonic, false);

	changes_clear(&changes);
	return durable;
}

static bool commits(void)
{
	bool durable = store_turn(store, site, &changes, 0, true);

	changes_clear(&changes);
	return durable;
}

static void assert_commits(void)
{
	if (!commits())
		fail_msg("%s", store_trouble(store));
}

#define MAIN_WINDOWS "SELECT count(*) FROM windows JOIN zones ON id = zone WHERE name = 'global'"

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
	site = site_open(&settings, 0);
	assert_opens();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(store);
	site_close(site);
	changes_free(&changes);
	logged_end();
	folder_remove();
	return 0;
}

static void what_was_committed_comes_back(void **state)
{
	(void)state;
	assert_loads("");
	fill();
	give_everything();
	assert_commits();
	assert_false(changes_need_commit(&store->pending));
	reopen();
	assert_loads(everything_back);
}

static void giving_it_twice_changes_nothing(void **state)
{
	(void)state;
	fill();
	give_everything();
	assert_commits();
	give_everything();
	assert_commits();
	reopen();
	assert_loads(everything_back);
	assert_int_equal(count_of("SELECT count(*) FROM refused"), 1);
	assert_int_equal(count_of(MAIN_WINDOWS), 1);
	assert_int_equal(count_of("SELECT count(*) FROM events"), 1);
}

static void give_fact(const struct source *source, ms_t t, int64_t count)
{
	changes_append(&changes.facts, ((struct new_fact){source, t, count, false}));
}

static void corrections_replace_what_was_there(void **state)
{
	struct contact_state contact = {0, NO, NO, true, 6};
	struct source *meter, *other;
	struct source_gap gap;

	(void)state;
	fill();
	give_everything();
	assert_commits();
	meter = meter_of(), other = other_of();
	give_fact(meter, 1000, 16);
	give_fact(meter, 600000, 113);
	changes_append(&changes.facts_removed, ((struct source_moment){other, 2000}));
	changes_append(&changes.facts_removed, ((struct source_moment){other, 1001}));
	contacts_add(&meter->contacts, &contact);
	contacts_update(&meter->contacts);
	changes_append(&changes.contacts, ((struct source_moment){meter, 0}));
	gap = (struct source_gap){meter, {1000, 10, 4, true}};
	changes_append(&changes.gaps, gap);
	changes_zone_removed(&changes, "global");
	changes_zone_removed(&changes, "never");
	execute("INSERT INTO facts (t, source, count) VALUES (2000, (SELECT id FROM sources WHERE "
		"name = 'pac/self'), "
		"6)");
	assert_commits();
	assert_int_equal(count_of("SELECT count FROM facts WHERE t = 1000 AND count > 5"), 17);
	assert_int_equal(count_of("SELECT count FROM facts WHERE t = 600000"), 113);
	assert_int_equal(count_of("SELECT count(*) FROM facts WHERE t = 2000"), 0);
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 4);
	assert_int_equal(count_of("SELECT peak FROM contacts"), 0);
	assert_int_equal(count_of("SELECT blind_ms * 100 + lost * 10 + lost_possible FROM gaps"),
			 532041);
	assert_int_equal(count_of("SELECT count(*) FROM zones WHERE name = 'global'"), 0);
	assert_int_equal(count_of(MAIN_WINDOWS), 0);
}

static void of_what_came_only_news_are_written(void **state)
{
	struct collector *collector;
	int64_t first;

	(void)state;
	fill();
	give_everything();
	assert_commits();
	execute("UPDATE runs SET last = 4 WHERE first = 1");
	collector = named_find(&site->collectors, "poste");
	sequence_note(&collector->streams[1], 10, 11, &first);
	changes_stream(&changes, collector, "0123456789abcdef", first);
	sequence_note(&collector->streams[1], 13, 13, &first);
	changes_stream(&changes, collector, "0123456789abcdef", first);
	assert_commits();
	assert_int_equal(count_of("SELECT sum(first * 100 + last) FROM runs WHERE first > 1"),
			 811 + 1313);
	assert_int_equal(count_of("SELECT max(last) FROM runs WHERE first = 1"), 4);
}

static void people_can_read_it(void **state)
{
	(void)state;
	fill();
	give_everything();
	assert_commits();
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

static void the_newest_refusals_are_kept(void **state)
{
	char payload[20];

	(void)state;
	for (int i = 0; i < 10003; i++) {
		int length = snprintf(payload, sizeof(payload), "%d", i);

		add_refused(payload, (size_t)length, i);
	}
	assert_commits();
	assert_int_equal(count_of("SELECT count(*) FROM refused"), 10000);
	assert_int_equal(count_of("SELECT min(at) FROM refused"), 3);
}

static void give_sources(void)
{
	changes_zone(&changes, "global")->description_changed = true;
	changes_zone(&changes, "self")->description_changed = true;
	changes_source(&changes, meter_of())->description_changed = true;
	changes_source(&changes, other_of())->description_changed = true;
}

static void news_are_committed_soon(void **state)
{
	(void)state;
	fill();
	assert_true(turn(500));
	give_sources();
	assert_false(turn(1000));
	assert_false(turn(1499));
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 0);
	assert_true(turn(1500));
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 2);
	/* Time runs from the next news on. */
	assert_true(turn(5000));
	give_sources();
	assert_false(turn(6000));
	assert_true(turn(6500));
}

static void much_news_is_committed_at_once(void **state)
{
	(void)state;
	fill();
	give_sources();
	for (int i = 0; i < 4999; i++)
		give_fact(meter_of(), i, i);
	assert_false(turn(1000));
	give_fact(meter_of(), 4999, 4999);
	assert_true(turn(1000));
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 5000);
}

static void give_many_facts(void)
{
	give_sources();
	for (int i = 0; i < 20000; i++)
		give_fact(meter_of(), i, i);
}

static void a_full_disk_keeps_nothing_and_is_over_by_itself(void **state)
{
	(void)state;
	fill();
	execute("PRAGMA max_page_count = 40");
	give_many_facts();
	assert_int_equal(store_room(store).facts, STORE_FACTS_MAX);
	assert_false(turn(1000));
	assert_non_null(strstr(store_trouble(store), "the disk is full"));
	assert_int_equal(store_room(store).facts, STORE_FACTS_MAX - 20000);
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 0);
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 0);
	execute("PRAGMA max_page_count = 100000");
	assert_false(turn(5999));
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 0);
	execute("PRAGMA max_page_count = 40");
	assert_false(turn(6000));
	execute("PRAGMA max_page_count = 100000");
	assert_false(turn(10999));
	assert_true(turn(11000));
	assert_null(store_trouble(store));
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 20000);
	assert_int_equal(store_room(store).facts, STORE_FACTS_MAX);
	/* The trouble is logged when it begins and when it is over, not each time. */
	assert_int_equal(logged("nothing is acknowledged"), 1);
	assert_true(logged("the books can be written again"));
}

static void what_was_undone_leaves_no_trace(void **state)
{
	(void)state;
	fill();
	/* The other source is stored first; then a fact of one that is not. */
	changes_source(&changes, other_of())->description_changed = true;
	give_fact(other_of(), 1, 1);
	give_fact(meter_of(), 1, 1);
	assert_false(commits());
	assert_int_equal(count_of("SELECT count(*) FROM sources"), 0);
	/* The number that the source had may be another's now. */
	execute("INSERT INTO sources VALUES (1, 'poste/global', 'pulses', NULL, 0)");
	give_everything();
	assert_commits();
	assert_int_equal(count_of("SELECT count FROM facts JOIN sources ON id = source"
				  " WHERE name = 'pac/self' AND t = 1000"),
			 5);
}

static void what_belongs_to_nothing_is_not_kept(void **state)
{
	(void)state;
	fill();
	changes_append(&changes.signals, ((struct source_moment){meter_of(), 1}));
	assert_false(commits());
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
	struct source_gap gap;

	(void)state;
	fill();
	give_many_facts();
	assert_commits();
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
	damage();
	sqlite3_db_release_memory(database_handle(store->database));
	/* All that the site holds is written, not only what changed. */
	gap = (struct source_gap){meter_of(), {1000, 5320, 3, false}};
	changes_append(&changes.gaps, gap);
	assert_commits();
	assert_int_equal(folder_find(".damaged-", NULL) > 0, 1);
	reopen();
	assert_loads(everything_back);
	assert_false(recomputes());
	assert_int_equal(count_of(MAIN_WINDOWS), 1);
	assert_int_equal(count_of("SELECT count(*) FROM events"), 1);
}

static void a_file_that_is_damaged_at_the_start_is_set_aside(void **state)
{
	struct fail fail = {0};

	(void)state;
	fill();
	give_many_facts();
	assert_commits();
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
	store_close(store);
	/* Its head is whole: it opens. */
	int fd = open(file, O_WRONLY);
	static char garbage[65536];

	memset(garbage, 0xa5, sizeof(garbage));
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 25 * 4096), sizeof(garbage));
	close(fd);
	assert_opens();
	site_close(site);
	site = site_open(&settings, 0);
	assert_false(store_load(store, site, NULL, NULL, &fail));
	assert_true(store_replace(store, &fail));
	assert_int_equal(folder_find(".damaged-", NULL) > 0, 1);
	assert_loads("");
}

static void a_file_that_is_whole_is_not_replaced(void **state)
{
	struct fail fail = {0};

	(void)state;
	fill();
	give_everything();
	assert_commits();
	assert_false(store_replace(store, &fail));
	assert_int_equal(folder_find(".damaged-", NULL), 0);
}

static void other_settings_ask_for_other_windows(void **state)
{
	(void)state;
	assert_loads("");
	/* Nothing was computed yet with any. */
	fill();
	give_everything();
	assert_commits();
	reopen();
	assert_loads(everything_back);
	assert_false(recomputes());
	prices.of[BAND_P]++;
	reopen();
	assert_loads(everything_back);
	assert_true(recomputes());
	/* Until they are committed. */
	reopen();
	assert_loads(everything_back);
	assert_true(recomputes());
	assert_commits();
	reopen();
	assert_loads(everything_back);
	assert_false(recomputes());
	assert_int_equal(count_of("SELECT cost_units FROM windows JOIN zones ON id = zone WHERE "
				  "name = 'global'"),
			 871338624 + 48);
	prices.of[BAND_P]--;
}

/* A year of windows from two records. */
static void fill_year(void)
{
	struct about about = {.kind = "pac3200",
			      .medium = "electricity",
			      .zone = "global",
			      .label = "Global",
			      .nominal_w = NAN,
			      .role = ROLE_MAIN,
			      .wh_per_pulse = NAN,
			      .m3_per_pulse = NAN,
			      .kwh_per_m3 = NAN,
			      .min_interval_us = NAN};
	struct source *meter;
	struct fail fail = {0};

	site_close(site);
	site = site_open(&settings, 0);
	site_restore_zone(site, "global", "Global", "electricity", ROLE_MAIN, &fail);
	meter = site_restore_source(site, "pac", "global", COUNTS_MWH, &about, true, &fail);
	site_restore_energy_weight(meter, &(struct weight){0, WEIGHT_ONE, 0, 0});
	site_restore_assignment(site, meter, "global", NEVER, FOREVER, &fail);
	site_restore_fact(meter, 0, 0, false);
	site_restore_fact(meter, 365 * MS_PER_DAY, 123456789012, false);
	site_restored(site);
	assert_string_equal(fail.text, "");
}

static void many_windows_are_written_some_at_a_commit_also_after_a_crash(void **state)
{
	const int64_t all = 365 * 144;
	int commits_needed = 1;

	(void)state;
	fill_year();
	site_everything(site, &changes);
	/* The records are in the books with the first commit. */
	assert_true(commits());
	assert_int_equal(count_of("SELECT count(*) FROM facts"), 2);
	assert_int_equal(count_of("SELECT count(*) FROM windows"), STORE_WINDOWS_A_COMMIT);
	assert_true(changes_need_commit(&store->pending));
	/* What was to be written next is known to the file. */
	reopen();
	site_close(site);
	site = site_open(&settings, 0);
	assert_true(store_load(store, site, NULL, NULL, NULL));
	for (; changes_need_commit(&store->pending); commits_needed++)
		assert_true(turn(commits_needed * MS_PER_SECOND));
	assert_int_equal(commits_needed, 1 + all / STORE_WINDOWS_A_COMMIT);
	assert_int_equal(count_of("SELECT count(*) FROM windows"), all);
	assert_int_equal(count_of("SELECT sum(energy_mwh) FROM windows"), 123456789012);
	assert_int_equal(count_of("SELECT count(*) FROM outdated_windows"), 0);
	reopen();
	site_close(site);
	site = site_open(&settings, 0);
	assert_true(store_load(store, site, NULL, NULL, NULL));
	assert_false(recomputes());
}

/* A price that changes in the middle of the year leaves the windows before it alone. */
static void other_settings_from_a_date_ask_for_windows_from_there_on(void **state)
{
	const ms_t date = 100 * MS_PER_DAY + 5 * MS_PER_MINUTE;
	struct prices before[] = {prices};
	struct prices after[] = {prices, prices};

	(void)state;
	fill_year();
	settings.tariff.prices = before;
	reopen();
	site_everything(site, &changes);
	do {
		assert_commits();
	} while (changes_need_commit(&store->pending));
	/* What is computed again is no longer so. */
	execute("UPDATE windows SET cost_units = -1");
	after[1].from = date;
	after[1].of[BAND_HCH] += 1000;
	settings.tariff.prices = after;
	settings.tariff.prices_count = 2;
	reopen();
	site_close(site);
	site = site_open(&settings, 0);
	assert_true(store_load(store, site, NULL, NULL, NULL));
	do {
		assert_commits();
	} while (changes_need_commit(&store->pending));
	assert_int_equal(count_of("SELECT count(*) FROM windows WHERE cost_units = -1"), 100 * 144);
	assert_int_equal(count_of("SELECT max(\"end\") FROM windows WHERE cost_units = -1"),
			 100 * MS_PER_DAY);
	reopen();
	assert_false(recomputes());
	settings.tariff.prices = &prices;
	settings.tariff.prices_count = 1;
}

static void a_zone_that_has_no_row_gets_one(void **state)
{
	(void)state;
	fill();
	give_everything();
	assert_commits();
	execute("DELETE FROM windows WHERE zone = (SELECT id FROM zones WHERE name = 'rest')");
	execute("DELETE FROM zones WHERE name = 'rest'");
	reopen();
	assert_loads(everything_back);
	assert_commits();
	assert_int_equal(count_of("SELECT count(*) FROM windows JOIN zones ON id = zone"
				  " WHERE name = 'rest'"),
			 1);
}

static void a_newer_file_is_left_alone(void **state)
{
	struct fail fail = {0};

	(void)state;
	execute("PRAGMA user_version = 99");
	store_close(store);
	store = store_open(file, &settings.tariff, &fail);
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
			     "INSERT INTO zones VALUES (1, 'self', 'Self', 'electricity', 'part');"
			     "INSERT INTO sources VALUES (1, 'poste/global', 'pulses', NULL, 0);"
			     "INSERT INTO stays VALUES (1, 0, 'self', NULL, 5000);"
			     "INSERT INTO swaps VALUES (1, 3000, 900, 12);"
			     "INSERT INTO facts VALUES (1000, 1, 17);"
			     "INSERT INTO tops VALUES (1000, 1);"
			     "INSERT INTO gaps VALUES (1000, 1, 5320, 3);"
			     "INSERT INTO events VALUES (1, 3000, 'swap', 900, 12);",
			     NULL, NULL, NULL),
		SQLITE_OK);
	database_close(first);
	assert_opens();
	assert_loads("zone self \"Self\" electricity part\n"
		     "source poste/global 1 - 0\n"
		     "  swap 3000 900 12 \n"
		     "  in self -9223372036854775808 5000\n"
		     "  at 1000: 17\n"
		     "  at 3000: 900\n"
		     "  at 3000: 12\n"
		     "  signal 1000\n"
		     "gap 5320 3 0\n");
	/* Events follow from the records in another way now. */
	assert_int_equal(count_of("SELECT count(*) FROM incidents"), 0);
	assert_commits();
	assert_int_equal(count_of("SELECT count(*) FROM incidents WHERE kind = 'swap'"), 1);
	assert_int_equal(count_of("SELECT count(*) FROM meta WHERE key = 'events'"), 0);
	assert_int_equal(count_of("PRAGMA user_version"), (int64_t)store_migration_count);
}

/* Opens books that an older program wrote. */
static void open_dump(const char *name)
{
	char *sql = calloc(1, 100000);
	FILE *stream = fopen(name, "r");
	sqlite3 *handle;

	if (!stream)
		fail_msg("%s: not found; run the test in the project's folder", name);
	assert_in_range(fread(sql, 1, 99999, stream), 1, 99998);
	fclose(stream);
	store_close(store);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(sqlite3_open(file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	free(sql);
	assert_opens();
}

/* books_v3.sql says which: all that they hold comes back. */
static void a_file_of_the_third_version_keeps_what_it_holds(void **state)
{
	(void)state;
	open_dump("tests/unit/aggregator/store/books_v3.sql");
	assert_loads("zone global \"Réseau\" electricity main\n"
		     "zone self \"Self\" electricity part\n"
		     "zone typo \"Self\" electricity part\n"
		     "source pac/self 2 self 1\n"
		     "  energy -9223372036854775808 1000000 0 0\n"
		     "  swap 1358235600000 73000000 100000 \n"
		     "  in typo -9223372036854775808 1795858237476\n"
		     "  in self 1795858237476 9223372036854775807\n"
		     "  at 1358233200000: 0\n"
		     "  at 1358233800000: 24000000\n"
		     "  at 1358234400000: 48000000\n"
		     "  at 1358235000000: 72000000\n"
		     "  at 1358235600000: 73000000\n"
		     "  at 1358235600000: 100000\n"
		     "source poste/global 1 global 1\n"
		     "  energy -9223372036854775808 80000000000 0 0\n"
		     "  in global -9223372036854775808 9223372036854775807\n"
		     "  at 1358233200000: 0\n"
		     "  at 1358233800000: 600\n"
		     "  at 1358234400000: 1200\n"
		     "  at 1358235000000: 1800\n"
		     "  at 1358235060000: 5 start\n"
		     "  at 1358235120000: 8\n"
		     "  signal 1358233200000\n"
		     "  signal 1358233800000\n"
		     "  signal 1358234400000\n"
		     "  signal 1358235000000\n"
		     "  contacts 1358233200000 0 1 0 1\n"
		     "  contacts 1358233800000 0 1 0 2\n"
		     "  contacts 1358234400000 0 1 0 3\n"
		     "  contacts 1358235000000 0 1 0 4\n"
		     "  contacts 1358235060000 0 1 0 5\n"
		     "  contacts 1358235120000 1 0 0 6\n"
		     "stream pac 00000000000000bb 1 1-6\n"
		     "stream poste 00000000000000aa 1 1-6\n"
		     "gap 4000 2 0\n");
	assert_int_equal(count_of("SELECT count(*) FROM windows"), 10);
	assert_int_equal(count_of("SELECT count(*) FROM refused"), 1);
}

static int64_t energy_of(const char *zone)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "SELECT sum(energy_mwh) FROM windows JOIN zones ON id = zone WHERE name = '%s'",
		 zone);
	return count_of(sql);
}

/* An index of 0 for 20 s was worth 812393 kWh. */
static void excursions_in_a_file_of_the_fourth_version_are_corrected(void **state)
{
	struct fail fail = {0};

	(void)state;
	open_dump("tests/unit/aggregator/store/books_v4.sql");
	assert_int_equal(energy_of("self"), 812465 * MWH_PER_KWH);
	site_close(site);
	site = site_open(&settings, 0);
	assert_true(store_load(store, site, NULL, NULL, &fail));
	assert_int_equal(site->health.glitches, 2);
	assert_int_equal(site->health.resets, 1);
	assert_commits();
	assert_false(recomputes());
	assert_int_equal(energy_of("self"), 96 * MWH_PER_KWH);
	assert_int_equal(energy_of("rest"), energy_of("global") - energy_of("self"));
	assert_int_equal(count_of("SELECT count(*) FROM incidents WHERE kind = 'glitch'"), 2);
	assert_int_equal(count_of("SELECT count(*) FROM incidents WHERE kind = 'reset'"), 1);
	reopen();
	site_close(site);
	site = site_open(&settings, 0);
	assert_true(store_load(store, site, NULL, NULL, &fail));
	assert_false(recomputes());
}

static void a_file_has_one_user(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_null(store_open(file, &settings.tariff, &fail));
	assert_non_null(strstr(fail.text, "another process uses it"));
	assert_false(store_newer(file));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_comes_back),
		TEST(giving_it_twice_changes_nothing),
		TEST(corrections_replace_what_was_there),
		TEST(of_what_came_only_news_are_written),
		TEST(people_can_read_it),
		TEST(the_newest_refusals_are_kept),
		TEST(news_are_committed_soon),
		TEST(much_news_is_committed_at_once),
		TEST(a_full_disk_keeps_nothing_and_is_over_by_itself),
		TEST(what_was_undone_leaves_no_trace),
		TEST(what_belongs_to_nothing_is_not_kept),
		TEST(a_file_that_breaks_is_set_aside_and_filled_anew),
		TEST(a_file_that_is_damaged_at_the_start_is_set_aside),
		TEST(a_file_that_is_whole_is_not_replaced),
		TEST(other_settings_ask_for_other_windows),
		TEST(many_windows_are_written_some_at_a_commit_also_after_a_crash),
		TEST(other_settings_from_a_date_ask_for_windows_from_there_on),
		TEST(a_zone_that_has_no_row_gets_one),
		TEST(a_newer_file_is_left_alone),
		TEST(a_file_of_the_first_version_keeps_what_it_holds),
		TEST(a_file_of_the_third_version_keeps_what_it_holds),
		TEST(excursions_in_a_file_of_the_fourth_version_are_corrected),
		TEST(a_file_has_one_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
