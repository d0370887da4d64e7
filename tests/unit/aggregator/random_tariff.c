#include "tests/unit/aggregator/random_tariff.h"

#include "tests/unit/common/seed.h"

void owned_tariff_set(struct owned_tariff *owned, const struct owned_tariff *from)
{
	*owned = *from;
	owned->settings.calendars = owned->calendars;
	owned->settings.prices = owned->prices;
}

ms_t random_date(void)
{
	return DATES_FROM + seed_below(DATES_MS / MS_PER_HOUR) * MS_PER_HOUR;
}

void random_hours(struct calendar *calendar)
{
	int from = (int)seed_below(4) * 60;

	calendar->off_peak_count = (size_t)seed_below(3);
	calendar->peak_count = (size_t)seed_below(3);
	for (int i = 0; i < 2; i++) {
		calendar->off_peak[i] = (struct hours){(20 + 2 * i) * 60 + from % 120, 6 * 60};
		calendar->peak[i] = (struct hours){8 * 60 + from, (12 + i) * 60};
	}
}

void random_tariff(struct owned_tariff *owned)
{
	*owned = (struct owned_tariff){0};
	owned->settings = (struct tariff_settings){
		.zone = {.count = 1 + (size_t)seed_below(6)},
		.calendar_count = 1 + (size_t)seed_below(ENTRIES_MAX),
		.prices_count = 1 + (size_t)seed_below(ENTRIES_MAX),
	};
	for (size_t i = 0; i < owned->settings.zone.count; i++)
		owned->settings.zone.offsets[i] = (struct civil_offset){
			.from = DATES_FROM + ((ms_t)i * 90 + seed_below(80)) * MS_PER_DAY +
				seed_below(24) * MS_PER_HOUR,
			.offset_s = (int32_t)(seed_below(5) - 2) * 3600,
		};
	for (int i = 0; i < ENTRIES_MAX; i++) {
		owned->calendars[i].from =
			i ? owned->calendars[i - 1].from + MS_PER_HOUR + seed_below(200) * 3600000
			  : random_date();
		random_hours(&owned->calendars[i]);
		owned->prices[i].from = owned->calendars[i].from + 7;
		for (int band = BAND_P; band < BAND_COUNT; band++)
			owned->prices[i].of[band] = seed_below(3);
	}
	owned_tariff_set(owned, owned);
}
