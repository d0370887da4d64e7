#include "collector-meter/survey/histogram.h"

ns_t histogram_from(int bin)
{
	static const int steps[] = {1, 2, 5};
	ns_t from = NS_PER_MS / 10;

	if (bin == 0)
		return 0;
	for (int decade = (bin - 1) / 3; decade > 0; decade--)
		from *= 10;
	return from * steps[(bin - 1) % 3];
}

static void bin_add(struct histogram_bin *bin, ns_t shortest, ns_t longest, int64_t count)
{
	if (!count)
		return;
	if (!bin->count || shortest < bin->shortest)
		bin->shortest = shortest;
	if (longest > bin->longest)
		bin->longest = longest;
	bin->count += count;
}

static int bin_of(ns_t duration)
{
	int bin = HISTOGRAM_BINS - 1;

	while (bin > 0 && duration < histogram_from(bin))
		bin--;
	return bin;
}

void histogram_add(struct histogram *histogram, ns_t duration)
{
	int bin = bin_of(duration);

	bin_add(&histogram->bins[bin], duration, duration, 1);
}

void histogram_join(struct histogram *histogram, const struct histogram *other)
{
	for (int i = 0; i < HISTOGRAM_BINS; i++)
		bin_add(&histogram->bins[i], other->bins[i].shortest, other->bins[i].longest,
			other->bins[i].count);
}

int64_t histogram_count(const struct histogram *histogram)
{
	int64_t count = 0;

	for (int i = 0; i < HISTOGRAM_BINS; i++)
		count += histogram->bins[i].count;
	return count;
}

ns_t histogram_shortest(const struct histogram *histogram)
{
	int i = 0;

	while (i < HISTOGRAM_BINS - 1 && !histogram->bins[i].count)
		i++;
	return histogram->bins[i].shortest;
}

ns_t histogram_longest(const struct histogram *histogram)
{
	int i = HISTOGRAM_BINS - 1;

	while (i > 0 && !histogram->bins[i].count)
		i--;
	return histogram->bins[i].longest;
}

int64_t histogram_count_from(const struct histogram *histogram, ns_t from)
{
	int64_t count = 0;

	for (int i = bin_of(from); i < HISTOGRAM_BINS; i++)
		count += histogram->bins[i].count;
	return count;
}

bool histogram_find_gap(const struct histogram *histogram, int factor, ns_t most,
			struct histogram_gap *gap)
{
	ns_t above = 0;
	int64_t count = 0;

	for (int i = HISTOGRAM_BINS - 1; i >= 0; i--) {
		const struct histogram_bin *bin = &histogram->bins[i];

		if (!bin->count)
			continue;
		if (count && bin->longest <= most && above >= factor * bin->longest) {
			*gap = (struct histogram_gap){bin->longest, above, count};
			return true;
		}
		above = bin->shortest;
		count += bin->count;
	}
	return false;
}
