#include "aggregator/commands/command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/field.h"

#define PULSES_MAX INT64_C(9000000000000000)
#define WH_MAX	   9e12

static bool key_decode(struct command *command, const char *key, struct fail *fail)
{
	int end = 0;

	if (sscanf(key, "source/%32[a-z0-9-]/%32[a-z0-9-]/swap%n", command->collector,
		   command->source, &end) == 2 &&
	    end && !key[end] && id_valid(command->collector) && id_valid(command->source))
		return true;
	return fail_set(fail, "no such command, expected set/source/<collector>/<source>/swap");
}

/* A misspelt member would be without effect, and nobody would know. */
static bool members_known(json_t *object, struct fail *fail)
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
					"%.40s: unknown member, expected t and final_wh, "
					"initial_wh or final_pulses, initial_pulses",
					name);
	}
	return true;
}

static bool get_wh(int64_t *mwh, const json_t *object, const char *name, struct fail *fail)
{
	static const char expected[] = "a number from 0 to 9e12";
	double wh;

	return field_number(&wh, object, name, 0, WH_MAX, expected, fail) &&
	       (mwh_from_wh(wh, mwh) || field_unexpected(object, name, expected, fail));
}

static bool get_pulses(int64_t *pulses, const json_t *object, const char *name, struct fail *fail)
{
	return field_whole(pulses, object, name, 0, PULSES_MAX, "a whole number from 0 to 9e15",
			   fail);
}

static bool swap_decode(struct command *command, const json_t *object, ms_t now, struct fail *fail)
{
	bool wh = field_given(object, "final_wh") || field_given(object, "initial_wh");
	bool pulses = field_given(object, "final_pulses") || field_given(object, "initial_pulses");

	command->t = now;
	command->is_pulse = pulses;
	if (wh == pulses)
		return fail_set(fail, "expected final_wh and initial_wh, or final_pulses and "
				      "initial_pulses");
	if (field_given(object, "t") &&
	    !field_whole(&command->t, object, "t", 0, now,
			 "whole milliseconds since 1970, not in the future", fail))
		return false;
	if (pulses)
		return get_pulses(&command->final, object, "final_pulses", fail) &&
		       get_pulses(&command->initial, object, "initial_pulses", fail);
	return get_wh(&command->final, object, "final_wh", fail) &&
	       get_wh(&command->initial, object, "initial_wh", fail);
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
	decoded = object && members_known(object, fail) && swap_decode(command, object, now, fail);
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
