#include "collector-meter/settings/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/process/state_file.h"
#include "common/timebase/clock_trust.h"
#include "common/process/config_file.h"

static const char *const roles[] = {[ROLE_MAIN] = "main", [ROLE_PART] = "part", NULL};
static const char *const biases[] = {[BIAS_AS_IS] = "as-is",
				     [BIAS_PULL_UP] = "pull-up",
				     [BIAS_PULL_DOWN] = "pull-down",
				     [BIAS_DISABLED] = "disabled",
				     NULL};

const char *line_role_name(enum line_role role)
{
	static const char *const names[] = {[LINE_PULSE] = "pulse",
					    [LINE_SIGNAL] = "top",
					    [LINE_OFF_PEAK] = "off-peak",
					    [LINE_PEAK] = "peak"};

	return names[role];
}

/* -------- rules within one line or source -------- */

static bool check_line(void *value, struct fail *fail)
{
	struct line_settings *line = value;

	line->given = true;
	if (line->line[0] && line->chip[0])
		return fail_set(fail,
				"both chip and line are given, expected chip and offset, or line");
	if (line->line[0] && line->offset >= 0)
		return fail_set(
			fail, "both line and offset are given, expected chip and offset, or line");
	if (line->chip[0] && line->offset < 0)
		return fail_set(fail,
				"chip without offset, expected the line's number on the chip");
	if (line->offset >= 0 && !line->chip[0])
		return fail_set(fail,
				"offset without chip, expected the chip's label, name or path");
	return true;
}

static bool check_weight(const struct source_settings *source, struct fail *fail)
{
	if (isnan(source->wh_per_pulse) == isnan(source->m3_per_pulse))
		return fail_set(
			fail,
			"%s, expected one of wh_per_pulse and m3_per_pulse (see the meter's plate)",
			isnan(source->wh_per_pulse) ? "the weight of a pulse is missing"
						    : "two weights of a pulse are given");
	if (!isnan(source->kwh_per_m3) && isnan(source->m3_per_pulse))
		return fail_set(fail, "kwh_per_m3 needs m3_per_pulse, not wh_per_pulse");
	return true;
}

/* The power at which the filter still lets every pulse through, in W; INFINITY: there is none, NAN:
 * no energy. */
static double filter_w(const struct source_settings *source)
{
	return source_wh_per_pulse(source) * 3600e3 / (source->min_on_ms + source->min_off_ms);
}

static bool check_power(const struct source_settings *source, struct fail *fail)
{
	bool has_max = source->max_w > 0;
	double most_w = has_max ? (double)source->max_w : source->nominal_w;
	double interval_ms = source_wh_per_pulse(source) * 3600e3 / most_w;

	if (has_max && most_w < source->nominal_w)
		return fail_set(fail,
				"max_w: %lld W are less than nominal_w, expected more than the "
				"meter can ever measure",
				(long long)source->max_w);
	if (most_w > filter_w(source))
		return fail_set(fail,
				"min_on_ms + min_off_ms are %g ms, but at %s %.9g pulses come "
				"every %.3g ms, expected a shorter filter (and see the weight of a "
				"pulse)",
				source->min_on_ms + source->min_off_ms,
				has_max ? "max_w" : "nominal_w", most_w, interval_ms);
	return true;
}

static bool check_source(void *value, struct fail *fail)
{
	struct source_settings *source = value;

	if (!source->zone[0])
		memcpy(source->zone, source->source, sizeof(source->zone));
	if (!source->label[0])
		memcpy(source->label, source->zone, sizeof(source->zone));
	return check_weight(source, fail) && check_power(source, fail);
}

/* -------- tables -------- */

#define AT(type, field)	   .offset = offsetof(struct type, field)
#define SIZED(type, field) AT(type, field), .size = sizeof(((struct type *)NULL)->field)

static const struct json_field line_keys[] = {
	{"chip", FIELD_TEXT, SIZED(line_settings, chip)},
	{"offset", FIELD_INT, AT(line_settings, offset), .maximum = 65535},
	{"line", FIELD_TEXT, SIZED(line_settings, line)},
	{"bias", FIELD_CHOICE, AT(line_settings, bias), .choices = biases},
	{"active_low", FIELD_BOOL, AT(line_settings, active_low)},
	{0},
};

#define LINE(name, role)                                                                           \
	{                                                                                          \
		name, FIELD_OBJECT, AT(source_settings, lines[role]), .fields = line_keys,         \
								      .check = check_line          \
	}

static const struct json_field source_keys[] = {
	{"source", FIELD_ID, AT(source_settings, source), .required = true},
	{"zone", FIELD_ID, AT(source_settings, zone)},
	{"label", FIELD_LABEL, AT(source_settings, label)},
	{"medium", FIELD_ID, AT(source_settings, medium)},
	{"role", FIELD_CHOICE, AT(source_settings, role), .choices = roles},
	{"nominal_w", FIELD_NUMBER, AT(source_settings, nominal_w), .nullable = true, .minimum = 1,
	 .maximum = 1e9},
	{"max_w", FIELD_INT, AT(source_settings, max_w), .minimum = 1, .maximum = 1e12},
	{"wh_per_pulse", FIELD_NUMBER, AT(source_settings, wh_per_pulse), .minimum = 1e-3,
	 .maximum = 1e6},
	{"m3_per_pulse", FIELD_NUMBER, AT(source_settings, m3_per_pulse), .minimum = 1e-6,
	 .maximum = 1e4},
	{"kwh_per_m3", FIELD_NUMBER, AT(source_settings, kwh_per_m3), .minimum = 1e-3,
	 .maximum = 100},
	{"initial_pulses", FIELD_INT, AT(source_settings, initial_pulses), .maximum = 9e15},
	{"min_on_ms", FIELD_NUMBER, AT(source_settings, min_on_ms), .maximum = 10000},
	{"min_off_ms", FIELD_NUMBER, AT(source_settings, min_off_ms), .maximum = 10000},
	{"min_interval_ms", FIELD_NUMBER, AT(source_settings, min_interval_ms), .maximum = 3600000},
	LINE("pulse", LINE_PULSE),
	LINE("top", LINE_SIGNAL),
	LINE("off_peak", LINE_OFF_PEAK),
	LINE("peak", LINE_PEAK),
	{0},
};

/* S0 (IEC 62053-31): pulses are at least 30 ms on and 30 ms off, as the meter means it; on the line
 * they may measure less. Two thirds of it are a margin on that side, and twice a half-wave of the
 * mains (10 ms), which long wires pick up, on the other. */
static const struct source_settings source_defaults = {
	.medium = "electricity",
	.role = ROLE_PART,
	.nominal_w = NAN,
	.wh_per_pulse = NAN,
	.m3_per_pulse = NAN,
	.kwh_per_m3 = NAN,
	.min_on_ms = 20,
	.min_off_ms = 20,
	.min_interval_ms = NAN,
	.lines = {{.offset = -1}, {.offset = -1}, {.offset = -1}, {.offset = -1}},
};

static const struct json_field settings_keys[] = {
	{"site", FIELD_ID, AT(meter_settings, site), .required = true},
	{"collector", FIELD_ID, AT(meter_settings, collector), .required = true},
	{"broker", FIELD_OBJECT, AT(meter_settings, broker), .fields = mqtt_keys,
	 .check = mqtt_check},
	{"ack", FIELD_CHOICE, AT(meter_settings, outbox.ack), .choices = outbox_receivers},
	{"outbox", FIELD_OBJECT, AT(meter_settings, outbox), .fields = outbox_keys},
	{"clock", FIELD_CHOICE, AT(meter_settings, clock), .choices = clock_policies},
	{"replay", FIELD_TEXT, SIZED(meter_settings, replay)},
	{"sources", FIELD_ARRAY, AT(meter_settings, sources), .required = true, .minimum = 1,
	 .maximum = 1000, .size = sizeof(struct source_settings), .fields = source_keys,
	 .defaults = &source_defaults, .check = check_source},
	{0},
};

/* -------- rules across sources -------- */

static bool same_line(const struct line_settings *a, const struct line_settings *b)
{
	if (!a->given || !b->given)
		return false;
	if (a->line[0] || b->line[0])
		return strcmp(a->line, b->line) == 0;
	return a->chip[0] && strcmp(a->chip, b->chip) == 0 && a->offset == b->offset;
}

/* Keys of the configuration, by enum line_role. */
static const char *const line_key_names[] = {"pulse", "top", "off_peak", "peak"};

static bool check_line_once(const struct meter_settings *settings, size_t source, int role,
			    struct fail *fail)
{
	const struct line_settings *line = &settings_source(settings, source)->lines[role];

	for (size_t s = 0; s <= source; s++)
		for (int r = 0; r < (s < source ? LINE_ROLES : role); r++)
			if (same_line(&settings_source(settings, s)->lines[r], line))
				return fail_set(fail,
						"sources[%zu].%s: the same line as sources[%zu].%s",
						source, line_key_names[role], s, line_key_names[r]);
	return true;
}

static bool check_lines(const struct meter_settings *settings, size_t source, struct fail *fail)
{
	const struct line_settings *lines = settings_source(settings, source)->lines;

	if (!lines[LINE_PULSE].given)
		return fail_set(fail,
				"sources[%zu].pulse: missing, expected chip and offset, or line",
				source);
	for (int role = 0; role < LINE_ROLES; role++) {
		bool placed = lines[role].chip[0] || lines[role].line[0];

		if (lines[role].given && role != LINE_PULSE &&
		    settings_source(settings, source)->role != ROLE_MAIN)
			return fail_set(fail,
					"sources[%zu].%s: only the main meter's signal counts, "
					"expected \"role\": \"main\"",
					source, line_key_names[role]);
		if (lines[role].given && !placed && !settings->replay[0])
			return fail_set(fail,
					"sources[%zu].%s: expected chip and offset, or line "
					"(only a replay goes without)",
					source, line_key_names[role]);
		if (!check_line_once(settings, source, role, fail))
			return false;
	}
	return true;
}

static bool check_zone(const struct meter_settings *settings, size_t source, struct fail *fail)
{
	if (strcmp(settings_source(settings, source)->zone, "rest") != 0)
		return true;
	return fail_set(
		fail,
		"sources[%zu].zone: \"rest\" is reserved for the main zone's energy that no part "
		"measures, expected another id",
		source);
}

static bool check_pair(const struct meter_settings *settings, size_t first, size_t second,
		       struct fail *fail)
{
	const struct source_settings *a = settings_source(settings, first);
	const struct source_settings *b = settings_source(settings, second);
	bool same_zone = strcmp(a->zone, b->zone) == 0;

	if (strcmp(a->source, b->source) == 0)
		return fail_set(fail, "sources[%zu].source: \"%s\" is taken by sources[%zu]",
				second, b->source, first);
	if (same_zone && a->role != b->role)
		return fail_set(fail, "sources[%zu].role: zone \"%s\" is \"%s\" in sources[%zu]",
				second, b->zone, roles[a->role], first);
	if (!same_zone && a->role == ROLE_MAIN && b->role == ROLE_MAIN)
		return fail_set(
			fail,
			"sources[%zu].role: the main zone is \"%s\" already (sources[%zu]), "
			"expected \"part\"",
			second, a->zone, first);
	return true;
}

static bool check_settings(const struct meter_settings *settings, struct fail *fail)
{
	for (size_t second = 0; second < settings->sources.count; second++) {
		if (!check_zone(settings, second, fail) || !check_lines(settings, second, fail))
			return false;
		for (size_t first = 0; first < second; first++)
			if (!check_pair(settings, first, second, fail))
				return false;
	}
	return true;
}

/* The counts of lines and of recordings must not be mixed. */
static bool resolve_outbox(struct meter_settings *settings, bool replay_configured,
			   struct fail *fail)
{
	struct outbox_settings *outbox = &settings->outbox;
	const char *name = strrchr(settings->replay, '/');
	char state[ID_SIZE + sizeof(settings->replay)];

	if (settings->replay[0] && !replay_configured)
		outbox->file[0] = '\0';
	if (settings->replay[0] && !outbox->file[0]) {
		bool piped = strcmp(settings->replay, "-") == 0;

		if (strlen(settings->replay) + sizeof(".outbox") > sizeof(outbox->file))
			return fail_set(fail, "--replay: the name is too long");
		snprintf(state, sizeof(state), "%s.%s.outbox", settings->collector,
			 piped	? "replay"
			 : name ? name + 1
				: settings->replay);
		if (piped || getenv("STATE_DIRECTORY"))
			state_file(outbox->file, sizeof(outbox->file), settings->site, state);
		else
			snprintf(outbox->file, sizeof(outbox->file), "%s.outbox", settings->replay);
	}
	outbox->origin = settings->replay[0] ? "what a recording counts" : "what lines counted";
	outbox_resolve(outbox, settings->broker.base, settings->site, settings->collector);
	return true;
}

bool settings_load(struct meter_settings *settings, const char *file, const char *replay,
		   struct fail *fail)
{
	bool replay_configured;

	*settings = (struct meter_settings){.broker = mqtt_defaults, .outbox = outbox_defaults};
	if (!config_load(settings_keys, settings, file, fail))
		return false;
	replay_configured =
		settings->replay[0] && (!replay || strcmp(replay, settings->replay) == 0);
	if (replay && strlen(replay) >= sizeof(settings->replay))
		return fail_set(fail, "--replay: the name is too long");
	if (replay)
		strcpy(settings->replay, replay);
	return resolve_outbox(settings, replay_configured, fail) &&
	       (check_settings(settings, fail) || fail_at(fail, "%s", file));
}

void settings_free(struct meter_settings *settings)
{
	config_free(settings_keys, settings);
}

/* -------- derived values -------- */

const struct source_settings *settings_source(const struct meter_settings *settings, size_t source)
{
	return (const struct source_settings *)settings->sources.items + source;
}

double source_wh_per_pulse(const struct source_settings *source)
{
	if (!isnan(source->wh_per_pulse))
		return source->wh_per_pulse;
	return source->m3_per_pulse * source->kwh_per_m3 * 1000;
}

double source_unit_per_pulse(const struct source_settings *source)
{
	return isnan(source->m3_per_pulse) ? source->wh_per_pulse / 1000 : source->m3_per_pulse;
}

const char *source_unit(const struct source_settings *source)
{
	return isnan(source->m3_per_pulse) ? "kWh" : "m3";
}

/* Twice the nominal power is not plausible. NAN: any interval is. */
static double min_interval_ms(const struct source_settings *source)
{
	if (!isnan(source->min_interval_ms))
		return source->min_interval_ms;
	return source_wh_per_pulse(source) * 3600e3 / (2 * source->nominal_w);
}

static ns_t ns_of(double ms)
{
	return isnan(ms) ? 0 : (ns_t)llround(ms * 1e6);
}

struct counter_config source_counter(const struct source_settings *source)
{
	struct counter_config config = {
		.min_on = ns_of(source->min_on_ms),
		.min_off = ns_of(source->min_off_ms),
		.min_interval = ns_of(min_interval_ms(source)),
		.initial_pulses = source->initial_pulses,
	};

	for (int role = 0; role < LINE_ROLES; role++)
		config.has_line[role] = source->lines[role].given;
	return config;
}

/* More than it can ever deliver, by default: more than the filter lets through. 0: no limit. */
static int64_t max_w(const struct source_settings *source)
{
	double most = ceil(filter_w(source));

	if (source->max_w)
		return source->max_w;
	return most >= 1 && most <= (double)FACT_W_MAX ? (int64_t)most : 0;
}

struct about source_about(const struct source_settings *source)
{
	struct about about = {
		.kind = "pulse",
		.nominal_w = source->nominal_w,
		.role = (enum role)source->role,
		.wh_per_pulse = source->wh_per_pulse,
		.m3_per_pulse = source->m3_per_pulse,
		.kwh_per_m3 = source->kwh_per_m3,
		.min_interval_us = min_interval_ms(source) * 1000,
		.interval_ms = MS_PER_MINUTE, /* of its minute records */
		.max_w = max_w(source),
	};

	memcpy(about.medium, source->medium, sizeof(about.medium));
	memcpy(about.zone, source->zone, sizeof(about.zone));
	memcpy(about.label, source->label, sizeof(about.label));
	return about;
}
