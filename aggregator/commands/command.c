#include "aggregator/commands/command.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/fact.h"
#include "common/json/field.h"
#include "common/json/json.h"

static bool key_decode(struct command *command, const char *key, struct fail *fail)
{
	int end = 0;

	if (sscanf(key, "source/%32[a-z0-9-]/%32[a-z0-9-]/swap%n", command->collector,
		   command->source, &end) == 2 &&
	    end && !key[end] && id_valid(command->collector) && id_valid(command->source))
		return true;
	return fail_set(fail, "no such command, expected set/source/<collector>/<source>/swap");
}

/* A misspelt field would have no effect without notice. */
static bool fields_known(json_t *object, struct fail *fail)
{
	static const char known[] = " t final_wh initial_wh final_pulses initial_pulses ";
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		char word[20];

		snprintf(word, sizeof(word), " %s ", name);
		if (strlen(name) + 2 >= sizeof(word) || !strstr(known, word))
			return fail_set(fail,
					"%.40s: unknown field, expected t and final_wh, "
					"initial_wh or final_pulses, initial_pulses",
					name);
	}
	return true;
}

/* A swap as it is sent. */
struct swap_command {
	ms_t t;
	double final_wh, initial_wh;
	int64_t final_pulses, initial_pulses;
};

#define SWAP(field) .name = #field, .offset = offsetof(struct swap_command, field), .required = true
#define A_COUNT                                                                                    \
	.type = FIELD_INT, .maximum = (double)FACT_COUNT_MAX,                                      \
	.expected = "a whole number from 0 to 9e15"
#define WH_EXPECTED "a number from 0 to 9e12"
#define IN_WH	    .type = FIELD_NUMBER, .maximum = FACT_WH_MAX, .expected = WH_EXPECTED

#define TIME_EXPECTED "whole milliseconds since 1970, not in the future"

static const struct json_field time_fields[] = {
	{"t", FIELD_INT, offsetof(struct swap_command, t), .nullable = true,
	 .maximum = (double)INT64_MAX, .expected = TIME_EXPECTED},
	{.type = FIELD_END, .open = true},
};

static const struct json_field pulse_fields[] = {
	{SWAP(final_pulses), A_COUNT},
	{SWAP(initial_pulses), A_COUNT},
	{.type = FIELD_END, .open = true},
};

static const struct json_field energy_fields[] = {
	{SWAP(final_wh), IN_WH},
	{SWAP(initial_wh), IN_WH},
	{.type = FIELD_END, .open = true},
};

static bool swap_decode(struct command *command, json_t *object, ms_t now, struct fail *fail)
{
	bool wh = field_given(object, "final_wh") || field_given(object, "initial_wh");
	bool pulses = field_given(object, "final_pulses") || field_given(object, "initial_pulses");
	struct swap_command swap = {.t = now};

	command->is_pulse = pulses;
	if (wh == pulses)
		return fail_set(fail, "expected final_wh and initial_wh, or final_pulses and "
				      "initial_pulses");
	if (!fields_read(time_fields, &swap, object, fail) ||
	    !fields_read(pulses ? pulse_fields : energy_fields, &swap, object, fail))
		return false;
	if (swap.t > now)
		return fail_set(fail, "t: expected " TIME_EXPECTED ", found %" PRId64, swap.t);
	command->t = swap.t;
	command->final = swap.final_pulses;
	command->initial = swap.initial_pulses;
	return pulses || (mwh_from_wh(swap.final_wh, &command->final) &&
			  mwh_from_wh(swap.initial_wh, &command->initial));
}

bool command_decode(struct command *command, const char *key, const char *payload, size_t size,
		    ms_t now, struct fail *fail)
{
	json_t *object;
	bool decoded;

	*command = (struct command){0};
	if (!key_decode(command, key, fail))
		return false;
	if (size > COMMAND_SIZE_MAX)
		return fail_set(fail, "%zu bytes are too many, expected at most %d", size,
				COMMAND_SIZE_MAX);
	object = json_object_read(payload, size, fail);
	decoded = object && fields_known(object, fail) && swap_decode(command, object, now, fail);
	json_decref(object);
	return decoded;
}

char *command_answer(const char *key, const char *error)
{
	json_t *answer = json_pack("{s:s, s:b}", "key", key, "ok", error == NULL);

	if (error && json_object_set_new(answer, "error", json_string(error)) != 0)
		json_object_set_new(answer, "error", json_string("failed"));
	return json_text(answer);
}
