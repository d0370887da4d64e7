/* log.h - one line to stderr for each change of state.
 *
 * If stderr is systemd's journal, lines carry its priorities (sd-daemon(3)); on a terminal, the
 * time of day. May be called from any thread after log_open(). Control characters in the text,
 * which may come from the network, are shown as "?". */
#ifndef COMMON_PROCESS_LOG_H
#define COMMON_PROCESS_LOG_H

#include <stdbool.h>

/* `program` is not copied. Debug lines are written only if `verbose`. */
void log_open(const char *program, bool verbose);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
