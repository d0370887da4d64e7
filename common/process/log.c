#include "common/process/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *program;
	bool verbose;
	bool journal;
	bool terminal;
} settings = {.program = "wattzone"};

/* $JOURNAL_STREAM names the device and inode of the stream that leads to the journal. Comparing is
 * needed: the variable is inherited by programs whose stderr was redirected. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device;
	uintmax_t inode;
	struct stat status;

	return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void log_open(const char *program, bool verbose)
{
	settings.program = program;
	settings.verbose = verbose;
	settings.journal = stderr_is_journal();
	settings.terminal = isatty(STDERR_FILENO) == 1;
}

static __attribute__((format(printf, 3, 0))) void log_line(const char *priority, const char *word,
							   const char *format, va_list arguments)
{
	char text[1000];
	char clock[16] = "";

	vsnprintf(text, sizeof(text), format, arguments);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (settings.journal) {
		fprintf(stderr, "%s%s\n", priority, text);
		return;
	}
	if (settings.terminal) {
		time_t now = time(NULL);
		struct tm local;

		localtime_r(&now, &local);
		strftime(clock, sizeof(clock), "%H:%M:%S ", &local);
	}
	/* One call, so that lines of several threads do not mix. */
	fprintf(stderr, "%s%s: %s%s\n", clock, settings.program, word, text);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(SD_ERR, "error: ", format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(SD_WARNING, "warning: ", format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(SD_INFO, "", format, arguments);
	va_end(arguments);
}

void log_debug(const char *format, ...)
{
	va_list arguments;

	if (!settings.verbose)
		return;
	va_start(arguments, format);
	log_line(SD_DEBUG, "", format, arguments);
	va_end(arguments);
}
