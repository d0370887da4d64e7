#include "aggregator/tariff/fingerprint.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/hash.h"

/* Number by number: a struct has padding between its fields. */
static void mix(uint64_t *hash, int64_t number)
{
	*hash = hash_number(*hash, number);
}

static void mix_hours(uint64_t *hash, const struct hours *hours, size_t count)
{
	mix(hash, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		mix(hash, hours[i].from);
		mix(hash, hours[i].to);
	}
}

void fingerprint_of(char text[FINGERPRINT_SIZE], const struct tariff_settings *settings)
{
	uint64_t hash = HASH_START;

	mix(&hash, TARIFF_RULES);
	mix(&hash, (int64_t)settings->zone.count);
	for (size_t i = 0; i < settings->zone.count; i++) {
		mix(&hash, settings->zone.offsets[i].from);
		mix(&hash, settings->zone.offsets[i].offset_s);
	}
	mix(&hash, (int64_t)settings->calendar_count);
	for (size_t i = 0; i < settings->calendar_count; i++) {
		const struct calendar *calendar = &settings->calendars[i];

		mix(&hash, calendar->from);
		mix_hours(&hash, calendar->off_peak, calendar->off_peak_count);
		mix_hours(&hash, calendar->peak, calendar->peak_count);
	}
	mix(&hash, (int64_t)settings->prices_count);
	for (size_t i = 0; i < settings->prices_count; i++) {
		mix(&hash, settings->prices[i].from);
		for (int band = BAND_P; band < BAND_COUNT; band++)
			mix(&hash, settings->prices[i].of[band]);
	}
	snprintf(text, FINGERPRINT_SIZE, "%016" PRIx64, hash);
}
