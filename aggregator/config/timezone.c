#include "aggregator/config/timezone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2101-01-01 */
#define LAST_S INT64_C(4133980800)
#define DAY_S  INT64_C(86400)

static bool name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";

	return name[0] && name[0] != '/' && name[strspn(name, allowed)] == '\0' &&
	       strlen(name) < sizeof(((struct civil_zone *)NULL)->name);
}

/* libc silently replaces an unknown zone by UTC, so the database itself is checked. */
static bool zone_exists(const char *name, struct fail *fail)
{
	const char *folder = getenv("TZDIR");
	char path[512];
	char magic[4];
	FILE *file;
	bool valid;

	if (!folder)
		folder = "/usr/share/zoneinfo";
	snprintf(path, sizeof(path), "%.400s/%s", folder, name);
	file = fopen(path, "re");
	if (!file)
		return fail_set(
			fail,
			"time zone \"%s\": not known here (%s: %s), expected a name such as "
			"Europe/Paris; is the package tzdata installed?",
			name, path, strerror(errno));
	valid = fread(magic, sizeof(magic), 1, file) == 1 && memcmp(magic, "TZif", 4) == 0;
	fclose(file);
	return valid || fail_set(fail,
				 "time zone \"%s\": %s is not a time zone, expected a name such as "
				 "Europe/Paris",
				 name, path);
}

static int32_t offset_at(int64_t second)
{
	time_t t = (time_t)second;
	struct tm local;

	return localtime_r(&t, &local) ? (int32_t)local.tm_gmtoff : 0;
}

/* The first second of the new offset: `before` has the old one, `after` the new one. */
static int64_t change_between(int64_t before, int64_t after)
{
	int32_t old = offset_at(before);

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (offset_at(middle) == old)
			before = middle;
		else
			after = middle;
	}
	return after;
}

static bool add_offset(struct civil_zone *zone, int64_t from_s, struct fail *fail)
{
	if (zone->count == sizeof(zone->offsets) / sizeof(zone->offsets[0]))
		return fail_set(fail, "time zone \"%s\": it changes its offset more than %zu times",
				zone->name, zone->count);
	zone->offsets[zone->count++] = (struct civil_offset){
		.from = from_s * MS_PER_SECOND,
		.offset_s = offset_at(from_s),
	};
	return true;
}

bool timezone_load(struct civil_zone *zone, const char *name, struct fail *fail)
{
	if (!name_valid(name))
		return fail_set(fail, "time zone \"%.64s\": expected a name such as Europe/Paris",
				name);
	if (!zone_exists(name, fail))
		return false;
	if (setenv("TZ", name, 1) != 0)
		return fail_set(fail, "time zone \"%s\": %s", name, strerror(errno));
	tzset();

	memset(zone, 0, sizeof(*zone));
	memcpy(zone->name, name, strlen(name) + 1);
	if (!add_offset(zone, 0, fail))
		return false;
	for (int64_t day = 0; day < LAST_S; day += DAY_S) {
		if (offset_at(day + DAY_S) == offset_at(day))
			continue;
		if (!add_offset(zone, change_between(day, day + DAY_S), fail))
			return false;
	}
	return true;
}
