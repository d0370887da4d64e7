#include "tests/sim/school_model.h"

#include <string.h>

const char *const school_names[SCHOOL_METERS] = {
	[SCHOOL_ELECTROTECHNIQUE] = "electrotechnique",
	[SCHOOL_SELF] = "self",
	[SCHOOL_CUISINE_3] = "cuisine-3",
	[SCHOOL_STI_NORD] = "sti-nord",
	[SCHOOL_ATELIER] = "atelier",
};

/* A load of `watts` for the first `on_s` of every `period_s`, which divides the hour. */
struct machine {
	int64_t watts;
	ms_t on_s, period_s;
	int from, to; /* hours of local time, days of school only; 0 to 24: at all times */
};

struct load_profile {
	int64_t initial_wh;
	int32_t school_w[24]; /* at each full hour of local time, days of school */
	int32_t weekend_w[24];
	struct machine machines[2];
};

static const struct load_profile profiles[SCHOOL_GLOBAL] =
	{
		[SCHOOL_ELECTROTECHNIQUE] =
			{
				.initial_wh = 184302115,
				.school_w = {1800,  1800,  1800,  1800,	 1800, 1800,  2400,  6200,
					     31000, 42000, 44500, 38000, 9500, 27000, 43000, 46500,
					     37000, 14000, 4200,  2600,	 2000, 1800,  1800,  1800},
				.weekend_w = {1800, 1800, 1800, 1800, 1800, 1800, 1700, 1600,
					      1600, 1600, 1600, 1600, 1600, 1600, 1600, 1600,
					      1600, 1700, 1800, 1800, 1800, 1800, 1800, 1800},
				.machines = {{9200, 20, 45, 8, 17}, {420, 35, 60, 0, 24}},
			},
		[SCHOOL_SELF] =
			{
				.initial_wh = 402881907,
				.school_w = {4100,  4000,  3900,  3900,	 4000,	5200,  9800,  14500,
					     19000, 26000, 37500, 45000, 47500, 41000, 24000, 13500,
					     9000,  8800,  13500, 11000, 6900,	5200,  4500,  4200},
				.weekend_w = {4100, 4000, 3900, 3900, 3900, 3900, 3900, 3900,
					      4000, 4100, 4200, 4300, 4400, 4400, 4400, 4300,
					      4200, 4200, 4100, 4100, 4100, 4100, 4100, 4100},
				.machines = {{2900, 110, 240, 0, 24}, {5600, 25, 40, 10, 14}},
			},
		[SCHOOL_CUISINE_3] =
			{
				.initial_wh = 655120034,
				.school_w = {2700,  2700,  2700,  2700,	 2800,	6500,  21000, 38000,
					     46000, 54000, 58500, 55000, 36000, 22000, 15500, 9500,
					     8200,  17500, 21000, 9200,	 4100,	3200,  2900,  2700},
				.weekend_w = {2700, 2700, 2700, 2700, 2700, 2700, 2700, 2700,
					      2700, 2800, 2900, 2900, 2900, 2900, 2900, 2900,
					      2800, 2800, 2800, 2700, 2700, 2700, 2700, 2700},
				.machines = {{1900, 75, 180, 0, 24}, {8800, 22, 50, 7, 12}},
			},
		[SCHOOL_STI_NORD] =
			{
				.initial_wh = 97655480,
				.school_w = {1200,  1200,  1200,  1200,	 1200, 1300,  1700,  4400,
					     19500, 27000, 29500, 24000, 7000, 21500, 30500, 32000,
					     25500, 9000,  2900,  1700,	 1400, 1200,  1200,  1200},
				.weekend_w = {1200, 1200, 1200, 1200, 1200, 1200, 1100, 1000,
					      1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000,
					      1100, 1200, 1200, 1200, 1200, 1200, 1200, 1200},
				.machines = {{5200, 12, 30, 8, 17}, {1100, 90, 240, 0, 24}},
			},
		[SCHOOL_ATELIER] =
			{
				.initial_wh = 31207000,
				.school_w = {700,   700,   700,	  700,	 700,  700,   900,   2500,
					     9500,  14500, 16000, 12500, 3200, 11000, 17000, 18500,
					     13000, 4000,  1500,  900,	 800,  700,   700,   700},
				.weekend_w = {700, 700, 700, 700, 700, 700, 700, 600,
					      600, 600, 600, 600, 600, 600, 600, 600,
					      600, 700, 700, 700, 700, 700, 700, 700},
				.machines = {{6400, 10, 25, 8, 17}, {240, 14, 30, 0, 24}},
			},
		[SCHOOL_REST] =
			{
				.school_w = {46000,  44000,  43000,  43000,  46000,  62000,
					     94000,  128000, 141000, 137000, 132000, 128000,
					     121000, 126000, 129000, 127000, 122000, 112000,
					     98000,  86000,  74000,  62000,  53000,  48000},
				.weekend_w =
					{43000, 42000, 41000, 41000, 42000, 44000, 46000, 47000,
					 47000, 46000, 45000, 45000, 45000, 45000, 45000, 46000,
					 48000, 51000, 53000, 52000, 50000, 47000, 45000, 44000},
				.machines = {{7400, 36, 90, 0, 24}, {11000, 50, 120, 7, 19}},
			},
};

enum school_zone school_find(const char *name)
{
	enum school_zone zone = 0;

	while (zone < SCHOOL_METERS && strcmp(name, school_names[zone]) != 0)
		zone++;
	return zone;
}

static bool is_weekend(const struct civil *local)
{
	return local->weekday == 0 || local->weekday == 6;
}

/* One hour of one zone. */
struct hour_load {
	int64_t from_w, to_w; /* at its ends; linear between them */
	const struct machine *machines[2];
};

static int64_t profile_power(const struct load_profile *profile, const struct civil *local)
{
	return is_weekend(local) ? profile->weekend_w[local->hour] : profile->school_w[local->hour];
}

static struct hour_load hour_load_at(const struct civil_zone *zone,
				     const struct load_profile *profile, ms_t hour)
{
	struct civil begin = civil_at(zone, hour);
	struct civil end = civil_at(zone, hour + MS_PER_HOUR);
	struct hour_load load = {
		.from_w = profile_power(profile, &begin),
		.to_w = profile_power(profile, &end),
	};

	for (int i = 0; i < 2; i++) {
		const struct machine *machine = &profile->machines[i];
		bool always = machine->to - machine->from == 24;

		if (always || (!is_weekend(&begin) && begin.hour >= machine->from &&
			       begin.hour < machine->to))
			load.machines[i] = machine;
	}
	return load;
}

/* Energy of the first `x` ms of the hour. */
static mj_t hour_load_energy(const struct hour_load *load, ms_t x)
{
	mj_t energy = load->from_w * x +
		      floor_divide((load->to_w - load->from_w) * x * x, 2 * MS_PER_HOUR);

	for (int i = 0; i < 2; i++) {
		const struct machine *machine = load->machines[i];

		if (machine) {
			ms_t period = machine->period_s * MS_PER_SECOND;
			ms_t on = machine->on_s * MS_PER_SECOND;
			ms_t rest = x % period;

			energy += machine->watts * (x / period * on + (rest < on ? rest : on));
		}
	}
	return energy;
}

static int64_t hour_load_power(const struct hour_load *load, ms_t x)
{
	int64_t power = load->from_w + floor_divide((load->to_w - load->from_w) * x, MS_PER_HOUR);

	for (int i = 0; i < 2; i++) {
		const struct machine *machine = load->machines[i];

		if (machine &&
		    x % (machine->period_s * MS_PER_SECOND) < machine->on_s * MS_PER_SECOND)
			power += machine->watts;
	}
	return power;
}

/* The zones that `zone` is the sum of: itself, or all. */
static void zone_range(enum school_zone zone, int *first, int *last)
{
	*first = zone == SCHOOL_GLOBAL ? 0 : (int)zone;
	*last = zone == SCHOOL_GLOBAL ? SCHOOL_REST : (int)zone;
}

int64_t school_power(const struct school *school, enum school_zone zone, ms_t t)
{
	ms_t x = floor_rest(t, MS_PER_HOUR);
	int64_t power = 0;
	int first, last;

	zone_range(zone, &first, &last);
	for (int i = first; i <= last; i++) {
		struct hour_load load = hour_load_at(school->zone, &profiles[i], t - x);

		power += hour_load_power(&load, x);
	}
	return power;
}

/* Energy of the first `x` ms of an hour. */
static mj_t hour_energy(const struct school *school, enum school_zone zone, ms_t hour, ms_t x)
{
	mj_t energy = 0;
	int first, last;

	zone_range(zone, &first, &last);
	for (int i = first; i <= last; i++) {
		struct hour_load load = hour_load_at(school->zone, &profiles[i], hour);

		energy += hour_load_energy(&load, x);
	}
	return energy;
}

mj_t school_energy(const struct school *school, enum school_zone zone, ms_t t)
{
	ms_t hour = school->since;
	mj_t energy = 0;

	for (; hour + MS_PER_HOUR <= t; hour += MS_PER_HOUR)
		energy += hour_energy(school, zone, hour, MS_PER_HOUR);
	return energy + hour_energy(school, zone, hour, t - hour);
}

mwh_t school_index(const struct school *school, enum school_zone zone, ms_t t)
{
	return profiles[zone].initial_wh * MWH_PER_WH + school_energy(school, zone, t) / MJ_PER_MWH;
}

void school_pulses_start(struct school_pulses *pulses, const struct school *school)
{
	*pulses = (struct school_pulses){
		.school = school,
		.hour = school->since,
		.next = MJ_PER_PULSE,
	};
}

ms_t school_pulses_next(struct school_pulses *pulses)
{
	mj_t hour, wanted;
	ms_t low = 0, high = MS_PER_HOUR;

	while (hour = hour_energy(pulses->school, SCHOOL_GLOBAL, pulses->hour, MS_PER_HOUR),
	       pulses->before + hour < pulses->next) {
		pulses->before += hour;
		pulses->hour += MS_PER_HOUR;
	}
	/* The energy of `low` is not enough, that of `high` is. */
	wanted = pulses->next - pulses->before;
	while (high - low > 1) {
		ms_t middle = (low + high) / 2;

		if (hour_energy(pulses->school, SCHOOL_GLOBAL, pulses->hour, middle) < wanted)
			low = middle;
		else
			high = middle;
	}
	pulses->next += MJ_PER_PULSE;
	return pulses->hour + high;
}

struct school_contacts school_contacts(const struct civil_zone *zone, ms_t t)
{
	struct civil local = civil_at(zone, t);
	bool sunday = local.weekday == 0;
	bool deep_winter = local.month == 12 || local.month <= 2;
	bool peak_hours =
		(local.hour >= 8 && local.hour < 10) || (local.hour >= 18 && local.hour < 20);

	return (struct school_contacts){
		.off_peak = sunday || local.hour >= 22 || local.hour < 6,
		.peak = !sunday && deep_winter && peak_hours,
	};
}
