#include "aggregator/tariff/tariff_difference.h"

#define MINUTES_PER_DAY 1440

/* Entries of `size` bytes that start with their date, each in force until the next one's; the first
 * one also before its date. */
struct dated_entries {
	const char *entry; /* the one in force */
	size_t left;	   /* number of entries after it */
	size_t size;
};

static ms_t dated_next(const struct dated_entries *dated)
{
	return dated->left ? *(const ms_t *)(const void *)(dated->entry + dated->size) : FOREVER;
}

static void dated_advance(struct dated_entries *dated, ms_t t)
{
	for (; dated->left && dated_next(dated) <= t; dated->left--)
		dated->entry += dated->size;
}

/* The first date from which the entries in force are not the same. */
static ms_t dated_differ_from(struct dated_entries a, struct dated_entries b,
			      bool (*same)(const void *a, const void *b))
{
	ms_t t = NEVER;

	while (same(a.entry, b.entry)) {
		if (!a.left && !b.left)
			return FOREVER;
		t = dated_next(&a) < dated_next(&b) ? dated_next(&a) : dated_next(&b);
		dated_advance(&a, t);
		dated_advance(&b, t);
	}
	return t;
}

static bool offset_same(const void *a, const void *b)
{
	const struct civil_offset *p = a;
	const struct civil_offset *q = b;

	return p->offset_s == q->offset_s;
}

/* However the hours are listed. */
static bool calendar_same(const void *a, const void *b)
{
	const struct calendar *p = a;
	const struct calendar *q = b;

	for (int minute = 0; minute < MINUTES_PER_DAY; minute++)
		if (hours_hold(p->peak, p->peak_count, minute) !=
			    hours_hold(q->peak, q->peak_count, minute) ||
		    hours_hold(p->off_peak, p->off_peak_count, minute) !=
			    hours_hold(q->off_peak, q->off_peak_count, minute))
			return false;
	return true;
}

static bool prices_same(const void *a, const void *b)
{
	const struct prices *p = a;
	const struct prices *q = b;

	for (int band = BAND_P; band < BAND_COUNT; band++)
		if (p->of[band] != q->of[band])
			return false;
	return true;
}

static ms_t earliest(ms_t a, ms_t b)
{
	return a < b ? a : b;
}

/* The day that the offset changes in ends at another moment, so it differs as a whole. */
static ms_t zones_differ_from(const struct civil_zone *old, const struct civil_zone *new)
{
	ms_t t = dated_differ_from((struct dated_entries){(const char *)old->offsets,
							  old->count - 1, sizeof(*old->offsets)},
				   (struct dated_entries){(const char *)new->offsets,
							  new->count - 1, sizeof(*new->offsets)},
				   offset_same);

	if (t == NEVER || t == FOREVER)
		return t;
	return earliest(t, earliest(civil_day_start(old, t), civil_day_start(new, t)));
}

ms_t tariff_differs_from(const struct tariff_settings *old, const struct tariff_settings *new)
{
	ms_t calendars = dated_differ_from(
		(struct dated_entries){(const char *)old->calendars, old->calendar_count - 1,
				       sizeof(*old->calendars)},
		(struct dated_entries){(const char *)new->calendars, new->calendar_count - 1,
				       sizeof(*new->calendars)},
		calendar_same);
	ms_t prices = dated_differ_from(
		(struct dated_entries){(const char *)old->prices, old->prices_count - 1,
				       sizeof(*old->prices)},
		(struct dated_entries){(const char *)new->prices, new->prices_count - 1,
				       sizeof(*new->prices)},
		prices_same);

	return earliest(zones_differ_from(&old->zone, &new->zone), earliest(calendars, prices));
}
