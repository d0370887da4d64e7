#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/memory.h"

static void memory_is_zeroed(void **state)
{
	static const int zeros[100];
	int *numbers = allocate(100, sizeof(*numbers));

	(void)state;
	assert_memory_equal(numbers, zeros, sizeof(zeros));
	free(numbers);
}

static void no_item_at_all_is_memory_too(void **state)
{
	void *none = allocate(0, 8);

	(void)state;
	assert_non_null(none);
	none = reallocate(none, 0, 8);
	assert_non_null(none);
	free(none);
}

static void no_text_copies_to_no_text(void **state)
{
	char *copy = copy_text("zone");

	(void)state;
	assert_string_equal(copy, "zone");
	free(copy);
	assert_null(copy_text(NULL));
}

/* A sanitizer would end the program itself. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* What the program writes when there is no memory, and the signal that ends it. */
static int ends_with(void (*attempt)(void), char *text, size_t size)
{
	int ends[2], status;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		/* cmocka catches it otherwise. */
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		attempt();
		_exit(0);
	}
	close(ends[1]);
	got = read(ends[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* More than there can be: the product overflows. */
static volatile size_t huge = SIZE_MAX / 4;

static void allocate_too_much(void)
{
	free(allocate(huge, 8));
}

static void reallocate_too_much(void)
{
	free(reallocate(NULL, huge, 8));
}

static void without_memory_the_program_writes_a_line_and_aborts(void **state)
{
	char text[300];

	(void)state;
	assert_int_equal(ends_with(allocate_too_much, text, sizeof(text)), SIGABRT);
	assert_non_null(strstr(text, "out of memory"));
	assert_int_equal(ends_with(reallocate_too_much, text, sizeof(text)), SIGABRT);
	assert_non_null(strstr(text, "out of memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(no_item_at_all_is_memory_too),
		cmocka_unit_test(no_text_copies_to_no_text),
		cmocka_unit_test(without_memory_the_program_writes_a_line_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
