#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sqlite/database.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"
#include "tests/unit/common/seed.h"

static const char *const first_version[] = {
	"CREATE TABLE thing (number INTEGER PRIMARY KEY, text TEXT)",
};
static const char *const second_version[] = {
	"CREATE TABLE thing (number INTEGER PRIMARY KEY, text TEXT)",
	"ALTER TABLE thing ADD COLUMN colour TEXT; UPDATE thing SET colour = 'red'",
};

static char file[60];
static struct database *database;
static struct fail fail;

/* No file can grow beyond `size`. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static int set_up(void **state)
{
	(void)state;
	folder_make();
	snprintf(file, sizeof(file), "%s/things.db", folder);
	database = NULL;
	fail = (struct fail){0};
	logged_begin();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	limit_files(RLIM_INFINITY);
	database_close(database);
	logged_end();
	folder_remove();
	return 0;
}

static bool opens(const char *name)
{
	fail = (struct fail){0};
	database = database_open(name, first_version, 1, &fail);
	return database != NULL;
}

static void reopen(void)
{
	database_close(database);
	if (!opens(file))
		fail_msg("%s", fail.text);
}

static bool add(int64_t number, const char *text)
{
	sqlite3_stmt *statement =
		database_prepare(database, "INSERT INTO thing (number, text) VALUES (?1, ?2)");

	fail = (struct fail){0};
	sqlite3_bind_int64(statement, 1, number);
	sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
	return database_run(database, statement, &fail);
}

static int64_t ask(const char *sql)
{
	sqlite3_stmt *statement = database_prepare(database, sql);
	int64_t answer;

	fail = (struct fail){0};
	if (database_step(database, statement, &fail) != DATABASE_ROW)
		fail_msg("%s", fail.text);
	answer = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return answer;
}

#define count_things() ask("SELECT count(*) FROM thing")

static void expect_reason(const char *text)
{
	if (!strstr(fail.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, fail.text);
}

/* Overwrites some of a file. */
static void spoil(const char *name, off_t at, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *bytes = malloc(size);

	memset(bytes, 0xa5, size);
	assert_int_equal(pwrite(fd, bytes, size, at), size);
	free(bytes);
	close(fd);
}

/* A child that opens the file and calls `work` until it is killed. */
static pid_t child_start(void (*work)(void))
{
	pid_t child = fork();

	if (child != 0)
		return child;
	database = database_open(file, first_version, 1, NULL);
	if (!database)
		_exit(3);
	work();
	_exit(0);
}

static void child_end(pid_t child, int signal)
{
	int status;

	if (signal)
		kill(child, signal);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, signal);
}

/* -------- opening -------- */

static void what_was_committed_is_there_after_opening_again(void **state)
{
	(void)state;
	assert_true(opens(file));
	assert_true(database_begin(database, &fail));
	assert_true(add(1, "one"));
	assert_true(add(2, "two"));
	assert_true(database_commit(database, &fail));
	assert_true(add(3, "three"));
	reopen();
	assert_int_equal(count_things(), 3);
}

static void it_is_synced_at_every_commit(void **state)
{
	(void)state;
	assert_true(opens(file));
	assert_int_equal(ask("PRAGMA synchronous"), 2);
	assert_int_equal(ask("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
			 1);
}

static void missing_folders_are_made(void **state)
{
	char name[FOLDER_NAME_SIZE];
	struct stat status;

	(void)state;
	snprintf(name, sizeof(name), "%s/a/b/things.db", folder);
	assert_true(opens(name));
	snprintf(name, sizeof(name), "%s/a/b", folder);
	assert_int_equal(stat(name, &status), 0);
	assert_int_equal(status.st_mode & 07, 0);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	char name[FOLDER_NAME_SIZE];

	(void)state;
	spoil(file, 0, 1);
	snprintf(name, sizeof(name), "%s/deeper/things.db", file);
	assert_false(opens(name));
	expect_reason(file);
	expect_reason("Not a directory");
}

static void a_second_process_is_refused(void **state)
{
	struct database *second;

	(void)state;
	assert_true(opens(file));
	second = database_open(file, first_version, 1, &fail);
	assert_null(second);
	expect_reason(file);
	expect_reason("another process uses it");
	reopen();
}

static void an_older_schema_is_led_forward(void **state)
{
	(void)state;
	assert_true(opens(file));
	assert_true(add(1, "one"));
	database_close(database);
	database = database_open(file, second_version, 2, &fail);
	assert_non_null(database);
	assert_int_equal(ask("SELECT count(*) FROM thing WHERE colour = 'red'"), 1);
	assert_int_equal(ask("PRAGMA user_version"), 2);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"", "CREATE TABLE other (a); INSERT INTO other VALUES (1); nonsense"};

	(void)state;
	assert_true(opens(file));
	assert_true(add(1, "one"));
	database_close(database);
	database = database_open(file, wrong, 2, &fail);
	assert_null(database);
	expect_reason("nonsense");
	reopen();
	assert_int_equal(ask("SELECT count(*) FROM sqlite_schema"), 1);
	assert_int_equal(count_things(), 1);
}

static void a_newer_schema_is_refused_and_stays_as_it_is(void **state)
{
	(void)state;
	database = database_open(file, second_version, 2, &fail);
	assert_true(add(1, "one"));
	database_close(database);
	assert_false(opens(file));
	expect_reason(file);
	expect_reason("version 2");
	expect_reason("newer");
	assert_true(database_newer(file, 1));
	assert_false(database_newer(file, 2));
	assert_int_equal(folder_find("damaged", NULL), 0);
	database = database_open(file, second_version, 2, &fail);
	assert_int_equal(count_things(), 1);
	assert_int_equal(ask("PRAGMA user_version"), 2);
}

/* -------- damage -------- */

static void expect_new_file_and_old_one_aside(void)
{
	char name[FOLDER_NAME_SIZE];

	assert_int_equal(count_things(), 0);
	assert_true(add(1, "new"));
	assert_true(folder_find(".damaged-", name) >= 1);
	assert_int_equal(logged("damaged"), 2); /* the reason, and the new name */
	assert_int_equal(logged("set aside"), 1);
}

static void something_else_than_a_database_is_set_aside(void **state)
{
	char name[FOLDER_NAME_SIZE];
	char first = 0;
	int fd;

	(void)state;
	spoil(file, 0, 3000);
	assert_true(opens(file));
	expect_new_file_and_old_one_aside();
	assert_int_equal(folder_find(".damaged-", name), 1);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3000);
	assert_int_equal(pread(fd, &first, 1, 2999), 1);
	assert_int_equal(first, (char)0xa5);
	close(fd);
}

static void two_damages_in_one_second_are_two_files(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		spoil(file, 0, 3000);
		assert_true(opens(file));
		database_close(database);
	}
	database = NULL;
	assert_int_equal(folder_find(".damaged-", NULL), 3);
}

static void an_empty_file_is_a_new_one(void **state)
{
	(void)state;
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_true(opens(file));
	assert_int_equal(count_things(), 0);
	assert_int_equal(folder_find("damaged", NULL), 0);
}

static void add_many(void)
{
	database_begin(database, &fail);
	for (int64_t i = 1; i <= 1000; i++)
		add(i, "some text that makes pages fill up");
	if (!database_commit(database, &fail))
		fail_msg("%s", fail.text);
}

static void damage_that_a_kill_left_behind_is_found_at_opening(void **state)
{
	pid_t child;
	int status;

	(void)state;
	assert_true(opens(file));
	add_many();
	database_close(database);
	database = NULL;
	child = fork();
	if (child == 0) {
		database = database_open(file, first_version, 1, NULL);
		_exit(add(2000, "left in the log") ? 0 : 3);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	spoil(file, 8 * 4096, 4096);
	assert_true(opens(file));
	expect_new_file_and_old_one_aside();
	assert_true(folder_find("Z-wal", NULL) >= 1);
}

/* A file of two pages, and a log with another version of the second one. */
static void leave_log(void)
{
	pid_t child;
	int status;

	assert_true(opens(file));
	assert_true(add(1, "one"));
	database_close(database);
	database = NULL;
	child = fork();
	if (child == 0) {
		database = database_open(file, first_version, 1, NULL);
		_exit(add(2, "left in the log") ? 0 : 3);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static off_t size_of(const char *name)
{
	struct stat status;

	return stat(name, &status) == 0 ? status.st_size : -1;
}

static void damage_behind_a_disk_that_fails_is_not_overwritten(void **state)
{
	char log[sizeof(file) + 4], name[FOLDER_NAME_SIZE], page[2][4096];
	off_t size;
	int fd;

	(void)state;
	leave_log();
	snprintf(log, sizeof(log), "%s-wal", file);
	size = size_of(log);
	spoil(file, 0, 100);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, page[0], 4096, 4096), 4096);
	/* Enough for the file's pages, but not for what is around them. */
	limit_files(8192);
	opens(file);
	limit_files(RLIM_INFINITY);
	assert_int_equal(logged("damaged (file is not a database)"), 1);
	assert_int_equal(pread(fd, page[1], 4096, 4096), 4096);
	assert_memory_equal(page[0], page[1], 4096);
	close(fd);
	assert_int_equal(folder_find("Z-wal", name), 1);
	assert_int_equal(size_of(name), size);
}

static void a_log_whose_file_was_set_aside_before_is_set_aside(void **state)
{
	char log[sizeof(file) + 4], name[FOLDER_NAME_SIZE];
	off_t size;

	(void)state;
	leave_log();
	snprintf(log, sizeof(log), "%s-wal", file);
	size = size_of(log);
	unlink(file);
	assert_true(opens(file));
	assert_int_equal(count_things(), 0);
	assert_int_equal(logged("missing, but its log exists"), 1);
	assert_int_equal(folder_find("Z-wal", name), 1);
	assert_int_equal(size_of(name), size);
}

static void damage_that_a_statement_finds_lets_a_new_file_be_begun(void **state)
{
	(void)state;
	assert_true(opens(file));
	add_many();
	database_close(database);
	for (int page = 1; page < 6; page++)
		spoil(file, page * 4096, 4096);
	assert_true(opens(file));
	assert_false(database_damaged(database));
	database_run(database, database_prepare(database, "SELECT sum(length(text)) FROM thing"),
		     &fail);
	expect_reason(file);
	expect_reason("damaged");
	assert_true(database_damaged(database));
	assert_true(database_replace(database, &fail));
	assert_false(database_damaged(database));
	expect_new_file_and_old_one_aside();
	reopen();
	assert_int_equal(count_things(), 1);
}

/* -------- kills -------- */

static int committed_pipe[2];

/* Tells how far it is once it is committed. */
static void commit_on_and_on(void)
{
	for (int64_t i = 1;; i++)
		if (!add(i, "x") || write(committed_pipe[1], &i, sizeof(i)) != sizeof(i))
			_exit(4);
}

static void a_kill_at_any_moment_loses_nothing_committed(void **state)
{
	(void)state;
	seed_start("a_kill_at_any_moment_loses_nothing_committed");
	for (int round = 0; round < 20; round++) {
		int64_t committed = 0, got;
		pid_t child;

		assert_int_equal(pipe2(committed_pipe, O_CLOEXEC), 0);
		child = child_start(commit_on_and_on);
		close(committed_pipe[1]);
		for (int64_t wait = seed_below(100); wait >= 0; wait--)
			assert_int_equal(read(committed_pipe[0], &committed, sizeof(committed)),
					 sizeof(committed));
		usleep((useconds_t)seed_below(2000));
		child_end(child, SIGKILL);
		while (read(committed_pipe[0], &got, sizeof(got)) == sizeof(got))
			committed = got;
		close(committed_pipe[0]);
		assert_true(opens(file));
		/* One more may have been committed that it could not report. */
		assert_in_range(count_things(), committed, committed + 1);
		assert_int_equal(ask("SELECT max(number) FROM thing"), count_things());
		assert_true(database_run(database, database_prepare(database, "DELETE FROM thing"),
					 &fail));
		database_close(database);
		database = NULL;
	}
	assert_int_equal(folder_find("damaged", NULL), 0);
}

/* -------- full disks -------- */

static void a_full_disk_is_reported_and_undoes_the_whole_transaction(void **state)
{
	bool added = true;

	(void)state;
	assert_true(opens(file));
	assert_true(add(1, "one"));
	limit_files(100000);
	assert_true(database_begin(database, &fail));
	for (int64_t i = 2; added && i < 100000; i++)
		added = add(i, "some text that makes pages fill up");
	if (added)
		added = database_commit(database, &fail);
	else
		database_rollback(database);
	limit_files(RLIM_INFINITY);
	assert_false(added);
	expect_reason(file);
	expect_reason("room");
	assert_int_equal(count_things(), 1);
	assert_true(add(2, "two"));
	reopen();
	assert_int_equal(count_things(), 2);
}

static void a_limit_of_pages_is_reported_as_a_full_disk(void **state)
{
	(void)state;
	assert_true(opens(file));
	ask("PRAGMA max_page_count = 10");
	database_begin(database, &fail);
	for (int64_t i = 1; add(i, "some text that makes pages fill up"); i++)
		assert_true(i < 10000);
	expect_reason(file);
	expect_reason("the disk is full");
	database_rollback(database);
	assert_int_equal(count_things(), 0);
	assert_true(add(1, "one"));
}

static void an_existing_file_can_be_read_on_a_full_disk(void **state)
{
	(void)state;
	assert_true(opens(file));
	assert_true(add(1, "one"));
	database_close(database);
	limit_files(0);
	if (!opens(file))
		fail_msg("%s", fail.text);
	assert_int_equal(count_things(), 1);
	assert_false(add(2, "two"));
	expect_reason("room");
	limit_files(RLIM_INFINITY);
	assert_true(add(2, "two"));
	reopen();
	assert_int_equal(count_things(), 2);
}

static void a_reader_beside_it_does_not_stop_it(void **state)
{
	struct fail reason = {0};
	sqlite3 *reader;
	char *text = NULL;

	(void)state;
	assert_true(opens(file));
	assert_true(add(1, "one"));
	assert_int_equal(sqlite3_open(file, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM thing", NULL, NULL, &text),
			 SQLITE_OK);
	assert_true(add(2, "two"));
	sqlite3_close(reader);
	assert_false(reason.text[0]);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_was_committed_is_there_after_opening_again),
		test(it_is_synced_at_every_commit),
		test(missing_folders_are_made),
		test(a_folder_that_cannot_be_made_is_named),
		test(a_second_process_is_refused),
		test(an_older_schema_is_led_forward),
		test(a_migration_that_fails_changes_nothing),
		test(a_newer_schema_is_refused_and_stays_as_it_is),
		test(something_else_than_a_database_is_set_aside),
		test(two_damages_in_one_second_are_two_files),
		test(an_empty_file_is_a_new_one),
		test(damage_that_a_kill_left_behind_is_found_at_opening),
		test(damage_behind_a_disk_that_fails_is_not_overwritten),
		test(a_log_whose_file_was_set_aside_before_is_set_aside),
		test(damage_that_a_statement_finds_lets_a_new_file_be_begun),
		test(a_kill_at_any_moment_loses_nothing_committed),
		test(a_full_disk_is_reported_and_undoes_the_whole_transaction),
		test(a_limit_of_pages_is_reported_as_a_full_disk),
		test(an_existing_file_can_be_read_on_a_full_disk),
		test(a_reader_beside_it_does_not_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
