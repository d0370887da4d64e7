#include "collector-pac/probe/recognition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/profiles/profiles.h"
#include "common/base/array.h"

/* A meter may ignore registers that it does not have. */
#define SILENCES_MAXIMUM 4

struct answer {
	int function, address, count;
	struct link_result result;
	uint16_t registers[4];
};

/* What the meter answered so far: signatures have registers in common. */
struct answers {
	struct link *link;
	struct answer *items;
	size_t count, capacity;
	int silences;
	bool answered;
};

static const struct answer *answer_find(const struct answers *answers, int function, int address,
					int count)
{
	for (size_t i = 0; i < answers->count; i++) {
		const struct answer *answer = &answers->items[i];

		if (answer->function == function && answer->address == address &&
		    answer->count == count)
			return answer;
	}
	return NULL;
}

static const struct answer *answer_get(struct answers *answers, int function, int address,
				       int count)
{
	struct answer new = {.function = function, .address = address, .count = count};
	const struct answer *known = answer_find(answers, function, address, count);

	if (known != NULL)
		return known;
	new.result = link_read(answers->link, function, address, count, new.registers);
	if (link_silent(&new.result))
		answers->silences++;
	else
		answers->answered = true;
	answers->items = array_grow(answers->items, answers->count, &answers->capacity,
				    sizeof(*answers->items));
	answers->items[answers->count] = new;
	return &answers->items[answers->count++];
}

static bool answers_ended(const struct answers *answers)
{
	return answers->silences >= SILENCES_MAXIMUM ||
	       (answers->silences > 0 && !answers->answered);
}

static bool signature_matches(struct answers *answers, const struct profile *profile)
{
	const struct signature_register *of_model = profile->signature.items;

	for (size_t i = 0; i < profile->signature.count; i++) {
		const struct answer *answer =
			answer_get(answers, (int)of_model[i].function, (int)of_model[i].address,
				   value_words((enum value_type)of_model[i].type));

		if (answer->result.outcome != LINK_DONE ||
		    !signature_fits(&of_model[i], answer->registers))
			return false;
	}
	return profile->signature.count > 0;
}

static bool profile_readable(struct link *link, const struct profile *profile)
{
	struct totals totals = totals_start(profile);
	uint16_t registers[BLOCK_REGISTERS];

	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		if (!block_is_polled(block))
			continue;
		if (link_read(link, (int)block->function, (int)block->address, (int)block->count,
			      registers)
			    .outcome != LINK_DONE)
			return false;
		totals_add(&totals, block, registers);
	}
	return !isnan(totals.power_w) && !isnan(totals_index(&totals));
}

/* Returns how many registers of the signature have one value only, such as the model's number. */
static int identifying(const struct profile *profile)
{
	const struct signature_register *of_model = profile->signature.items;
	int count = 0;

	for (size_t i = 0; i < profile->signature.count; i++)
		count += of_model[i].equals.count > 0;
	return count;
}

/* Keeps the best ones, in order. */
static void recognition_add(struct recognition *recognition, int ranks[RECOGNITION_PROFILES],
			    const char *name, int rank)
{
	size_t at = 0;

	while (at < recognition->count && ranks[at] >= rank)
		at++;
	if (at == RECOGNITION_PROFILES)
		return;
	if (recognition->count < RECOGNITION_PROFILES)
		recognition->count++;
	for (size_t i = recognition->count - 1; i > at; i--) {
		recognition->names[i] = recognition->names[i - 1];
		ranks[i] = ranks[i - 1];
	}
	recognition->names[at] = name;
	ranks[at] = rank;
}

struct recognition recognition_run(struct link *link)
{
	struct recognition recognition = {.silence = {.outcome = LINK_DONE}};
	struct answers answers = {.link = link};
	int ranks[RECOGNITION_PROFILES];

	for (size_t i = 0; profiles_name(i) != NULL && !answers_ended(&answers); i++) {
		struct profile profile;

		if (profiles_load(&profile, profiles_name(i), NULL) &&
		    signature_matches(&answers, &profile) && profile_readable(link, &profile))
			recognition_add(&recognition, ranks, profiles_name(i),
					identifying(&profile));
		config_free(profile_keys, &profile);
	}
	if (!answers.answered && answers.count > 0)
		recognition.silence = answers.items[0].result;
	free(answers.items);
	return recognition;
}

bool recognition_fits(struct link *link, const struct profile *profile)
{
	struct answers answers = {.link = link};
	bool fits = signature_matches(&answers, profile);

	free(answers.items);
	return fits;
}
