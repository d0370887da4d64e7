#include "collector-meter/commission/survey_text.h"

#include <inttypes.h>

#include "collector-meter/settings/settings.h"

#define BAR 24

void duration_print(FILE *out, ns_t duration)
{
	if (duration < NS_PER_SECOND)
		fprintf(out, "%.3f ms", (double)duration / 1e6);
	else
		fprintf(out, "%.4f s", (double)duration / 1e9);
}

/* -------- the table -------- */

/* "0.5 ms" or "2 s". */
static const char *limit_text(char text[16], ns_t limit)
{
	if (limit < NS_PER_SECOND)
		snprintf(text, 16, "%g ms", (double)limit / 1e6);
	else
		snprintf(text, 16, "%g s", (double)limit / 1e9);
	return text;
}

static void print_limits(FILE *out, int bin)
{
	char from[16], to[16], text[40];

	limit_text(from, histogram_from(bin));
	if (bin == 0)
		snprintf(text, sizeof(text), "under %s", limit_text(to, histogram_from(1)));
	else if (bin == HISTOGRAM_BINS - 1)
		snprintf(text, sizeof(text), "%s and more", from);
	else
		snprintf(text, sizeof(text), "%s - %s", from,
			 limit_text(to, histogram_from(bin + 1)));
	fprintf(out, "  %-16s", text);
}

static void print_number(FILE *out, int64_t number)
{
	if (number)
		fprintf(out, " %8" PRId64, number);
	else
		fprintf(out, " %8s", "");
}

static int64_t levels_of(const struct survey *survey, int bin)
{
	return survey->real[true].bins[bin].count + survey->real[false].bins[bin].count +
	       survey->rejected[true].bins[bin].count + survey->rejected[false].bins[bin].count;
}

static void print_bin(FILE *out, const struct survey *survey, int bin, int64_t most, bool pulses)
{
	int64_t levels = levels_of(survey, bin);

	print_limits(out, bin);
	print_number(out, survey->real[true].bins[bin].count);
	print_number(out, survey->real[false].bins[bin].count);
	print_number(out, survey->rejected[true].bins[bin].count +
				  survey->rejected[false].bins[bin].count);
	if (pulses)
		print_number(out, survey->intervals.bins[bin].count);
	if (levels)
		fputs("  ", out);
	for (int64_t i = 0; i < (levels * BAR + most - 1) / most; i++)
		fputc('#', out);
	fputc('\n', out);
}

static int64_t most_levels(const struct survey *survey)
{
	int64_t most = 1;

	for (int bin = 0; bin < HISTOGRAM_BINS; bin++)
		if (levels_of(survey, bin) > most)
			most = levels_of(survey, bin);
	return most;
}

/* -------- advice -------- */

static void print_width(FILE *out, const struct survey *survey, bool on)
{
	struct width_advice advice = survey_width(survey, on);
	ns_t now = survey->qualifier.minimum[on];
	const char *level = on ? "on" : "off";

	fprintf(out, "  min_%s_ms %g", level, (double)now / 1e6);
	if (advice.advice == ADVICE_TOO_FEW) {
		fprintf(out, ": no advice yet, %d levels are needed\n", SURVEY_LEVELS);
		return;
	}
	if (advice.advice == ADVICE_NO_GAP) {
		fputs(": no advice, bounces and levels cannot be distinguished: widths from ", out);
		duration_print(out, advice.above);
		fputs("\n    up; check the contact and the wires\n", out);
		return;
	}
	if (now > advice.below && now <= advice.above)
		fputs(" fits: ", out);
	else
		fprintf(out, " does not fit, take %g:\n    ", advice.ms);
	if (advice.below) {
		fputs("bounces up to ", out);
		duration_print(out, advice.below);
		fputs(", ", out);
	}
	fputs("levels from ", out);
	duration_print(out, advice.above);
	fputc('\n', out);
}

static void print_interval(FILE *out, const struct survey *survey, ns_t now)
{
	double advised = survey_interval_ms(survey);
	ns_t shortest = histogram_shortest(&survey->intervals);

	if (now)
		fprintf(out, "  min_interval_ms %g", (double)now / 1e6);
	else
		fputs("  min_interval_ms and nominal_w are not set", out);
	if (advised == 0) {
		fprintf(out, ": no advice yet, %d intervals are needed\n", SURVEY_LEVELS);
		return;
	}
	if (now && now <= shortest)
		fputs(" fits: ", out);
	else if (now)
		fprintf(out, " does not fit, unless pulses are bounces; or take %g:\n    ",
			advised);
	else
		fprintf(out, "; take %g or less: ", advised);
	fputs("the shortest is ", out);
	duration_print(out, shortest);
	fputc('\n', out);
}

void survey_print(FILE *out, const char *source, enum line_role role, const struct survey *survey,
		  ns_t min_interval)
{
	const struct qualifier_counts *counts = &survey->qualifier.counts;
	int64_t most = most_levels(survey);
	bool pulses = role == LINE_PULSE;

	fprintf(out,
		"---- %s, %s: %" PRId64 " edges, %" PRId64 " bounces, %" PRId64 " spikes, %" PRId64
		" repeated\n",
		source, line_role_name(role), counts->edges, counts->bounces,
		counts->rejected - counts->bounces, counts->repeated);
	fprintf(out, "  %-16s %8s %8s %8s%s\n", "width", "on", "off", "short",
		pulses ? " interval" : "");
	for (int bin = 0; bin < HISTOGRAM_BINS; bin++)
		if (levels_of(survey, bin) || (pulses && survey->intervals.bins[bin].count))
			print_bin(out, survey, bin, most, pulses);
	print_width(out, survey, true);
	print_width(out, survey, false);
	if (pulses)
		print_interval(out, survey, min_interval);
}
