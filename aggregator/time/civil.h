/* civil.h - local time without the hidden state of libc: dates, days of 23 to 25 hours, ISO 8601.
 */
#ifndef AGGREGATOR_TIME_CIVIL_H
#define AGGREGATOR_TIME_CIVIL_H

#include <stddef.h>

#include "common/base/units.h"

/* From `from` on, local time is UTC + `offset_s`. */
struct civil_offset {
	ms_t from;
	int32_t offset_s;
};

/* The offsets of one time zone in ascending order; the first also holds for all time before.
 * timezone_load() (timezone.h) fills it from the time zone database. */
struct civil_zone {
	char name[64];
	size_t count;
	struct civil_offset offsets[512];
};

struct civil {
	int year;    /* 1970… */
	int month;   /* 1..12 */
	int day;     /* 1..31 */
	int weekday; /* 0 Sunday … 6 Saturday */
	int hour, minute, second, millisecond;
	int32_t offset_s; /* local minus UTC */
};

struct civil civil_at(const struct civil_zone *zone, ms_t t);

/* Returns the moment of a local date and time (`offset_s` and `weekday` are ignored). A time that
 * occurs twice is the first one; a time that is skipped is the moment of the jump. Hours from 24
 * on, and days and months out of range, roll over. */
ms_t civil_moment(const struct civil_zone *zone, const struct civil *local);

/* Return the local midnight at or before `t`, and the next one after `t`. */
ms_t civil_day_start(const struct civil_zone *zone, ms_t t);
ms_t civil_day_end(const struct civil_zone *zone, ms_t t);

#define CIVIL_ISO_SIZE 40

/* "2013-01-15T08:00:00+01:00", with milliseconds (".750") unless they are 0. */
void civil_iso(char text[CIVIL_ISO_SIZE], const struct civil_zone *zone, ms_t t);

/* "2013-01-15" */
void civil_date(char text[CIVIL_ISO_SIZE], const struct civil_zone *zone, ms_t t);

/* Parses "2013-01-15" (local midnight) or "2013-01-15T08:00[:00]" (local time). */
bool civil_parse(ms_t *t, const struct civil_zone *zone, const char *text);

/* Returns the days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t civil_days(int year, int month, int day);

#endif
