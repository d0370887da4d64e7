#include "collector-meter/commission/set_index.h"

#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector-meter/survey/register_reading.h"
#include "common/process/clock.h"
#include "common/collector/synchronised.h"

struct index_request {
	const struct source_settings *source;
	struct register_reading reading;
	int64_t pulses;
	char by[LABEL_SIZE];
};

/* -------- the request -------- */

static bool find_source(struct index_request *request, const struct meter_settings *settings,
			const char *name, size_t size, struct fail *fail)
{
	char known[200] = "";

	for (size_t i = 0; i < settings->sources.count; i++) {
		const struct source_settings *source = settings_source(settings, i);
		size_t length = strlen(known);

		if (strlen(source->source) == size && strncmp(source->source, name, size) == 0)
			request->source = source;
		snprintf(known + length, sizeof(known) - length, "%s%s", length ? ", " : "",
			 source->source);
	}
	return request->source || fail_set(fail, "there is no source \"%.*s\", expected one of %s",
					   (int)size, name, known);
}

static bool name_person(struct index_request *request, const char *by, struct fail *fail)
{
	const struct passwd *user = getpwuid(getuid());

	if (!by)
		by = getenv("SUDO_USER");
	if (!by && user)
		by = user->pw_name;
	if (!by || !label_valid(by))
		return fail_set(fail, "--by: expected a name, " LABEL_EXPECTED);
	strcpy(request->by, by);
	return true;
}

static bool read_request(struct index_request *request, const struct meter_settings *settings,
			 const char *text, const char *by, struct fail *fail)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return fail_set(fail, "\"%.40s\": expected SOURCE=READING, such as %s=812345.6",
				text, settings_source(settings, 0)->source);
	return find_source(request, settings, text, (size_t)(equals - text), fail) &&
	       register_reading_parse(&request->reading, equals + 1, fail) &&
	       register_reading_pulses(&request->reading, source_unit_per_pulse(request->source),
				       &request->pulses, fail) &&
	       name_person(request, by, fail);
}

/* A new file would probably not be the one that the service uses. */
static bool find_outbox(const struct meter_settings *settings, struct fail *fail)
{
	struct stat status;

	if (settings->replay[0] && stat(settings->replay, &status) == 0 && S_ISREG(status.st_mode))
		return fail_set(fail, "a recording in a file has no register");
	return stat(settings->outbox.file, &status) == 0 ||
	       fail_set(fail,
			"%s does not exist: run the collector once first, or set "
			"initial_pulses in its configuration; if systemd keeps its state "
			"elsewhere, set STATE_DIRECTORY to that directory",
			settings->outbox.file);
}

/* -------- the time -------- */

struct moment {
	ms_t t, boot;
};

static ms_t newest_record(const struct meter_settings *settings, const struct outbox *outbox)
{
	struct outbox_total total;
	ms_t newest = 0;

	for (size_t i = 0; i < settings->sources.count; i++)
		if (outbox_total(outbox, settings_source(settings, i)->source, &total) &&
		    total.t > newest)
			newest = total.t;
	return newest;
}

/* Dates the record as the collector would: by its time base of this boot, or the machine's clock.
 */
static bool find_moment(struct moment *moment, const struct meter_settings *settings,
			struct outbox *outbox, struct fail *fail)
{
	struct clock_moment now = clock_moment();
	struct clock_evidence evidence = clock_evidence_read("");
	struct timebase_clocks clocks = {
		.boot = now.boot,
		.wall = now.wall,
		.trust = clock_trust((enum clock_policy)settings->clock, &evidence),
		.newest = newest_record(settings, outbox),
	};
	struct timebase timebase = {0};

	moment->boot = now.boot / NS_PER_MS;
	if (settings->replay[0]) {
		moment->t = moment->boot = now.wall / NS_PER_MS;
		return true;
	}
	timebase.known = outbox_anchor(outbox, &timebase.offset);
	timebase_update(&timebase, &clocks, NULL);
	if (!timebase.known)
		return fail_set(fail,
				"the index cannot be set before the time of day is known: the "
				"clock %s",
				clock_doubt_text(timebase.doubt));
	outbox_date(outbox, timebase.offset);
	moment->t = moment->boot + timebase.offset;
	return true;
}

/* -------- the record -------- */

static void print_index(const struct index_request *request, const char *what, int64_t pulses)
{
	printf("%s: %s %lld pulses, %.15g %s\n", request->source->source, what, (long long)pulses,
	       (double)pulses * source_unit_per_pulse(request->source),
	       source_unit(request->source));
}

static void print_rounding(const struct index_request *request)
{
	double shown = (double)request->pulses * source_unit_per_pulse(request->source);

	if (fabs(shown - request->reading.value) > 1e-9 * request->reading.value)
		printf("%s: %.15g %s is rounded to whole pulses of %.15g %s\n",
		       request->source->source, request->reading.value,
		       source_unit(request->source), source_unit_per_pulse(request->source),
		       source_unit(request->source));
}

/* Edges were not seen since the newest record; the following `start` adds the rest of that time. */
static ms_t blind_ms(const struct outbox_total *total, const struct moment *moment)
{
	ms_t blind = total->this_boot ? moment->boot - total->seen_boot : moment->t - total->t;

	return blind > 0 ? blind : 0;
}

static bool add_record(const struct index_request *request, const struct moment *moment,
		       struct outbox *outbox, struct fail *fail)
{
	struct record record = {
		.t = moment->t,
		.is_pulse = true,
		.pulses = request->pulses,
		.mark = MARK_START,
		.off_peak = UNKNOWN,
		.peak = UNKNOWN,
		.index_set = true,
		.index_from = request->source->initial_pulses,
	};
	struct outbox_total total;

	if (outbox_total(outbox, request->source->source, &total)) {
		if (moment->t <= total.t)
			return fail_set(fail,
					"the newest record is %.3f s ahead of the clock: set the "
					"clock, or wait",
					(double)(total.t - moment->t) / 1e3);
		record.index_from = total.pulses;
		record.blind_ms = blind_ms(&total, moment);
	}
	strcpy(record.index_by, request->by);
	print_index(request, "the index was", record.index_from);
	if (record.index_from == record.pulses) {
		print_index(request, "it remains at", record.pulses);
		return true;
	}
	outbox_add(outbox, request->source->source, &record, true, moment->boot);
	if (!outbox_write(outbox, fail))
		return false;
	print_rounding(request);
	print_index(request, "it is now", record.pulses);
	printf("%s: set by %s; no energy is counted for the difference\n", request->source->source,
	       request->by);
	return true;
}

bool set_index(const struct meter_settings *settings, const char *text, const char *by,
	       struct fail *fail)
{
	struct index_request request = {0};
	struct moment moment = {0};
	struct outbox *outbox;
	bool done;

	if (!read_request(&request, settings, text, by, fail) || !find_outbox(settings, fail))
		return false;
	outbox = outbox_open(&settings->outbox, fail);
	if (!outbox) {
		fail_at(fail, "the index can be set only while the collector is stopped");
		return false;
	}
	done = find_moment(&moment, settings, outbox, fail) &&
	       add_record(&request, &moment, outbox, fail);
	outbox_close(outbox);
	return done;
}
