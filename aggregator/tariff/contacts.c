#include "aggregator/tariff/contacts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/search.h"

void contacts_free(struct contacts *contacts)
{
	free(contacts->states);
	*contacts = (struct contacts){0};
}

void contacts_add(struct contacts *contacts, const struct contact_state *state)
{
	contacts->states = array_grow(contacts->states, contacts->count, &contacts->capacity,
				      sizeof(*contacts->states));
	contacts->states[contacts->count++] = *state;
}

/* By time; at the same time, the one that takes precedence is the last. */
static int state_compare(const void *a, const void *b)
{
	const struct contact_state *p = a;
	const struct contact_state *q = b;

	if (p->t != q->t)
		return p->t < q->t ? -1 : 1;
	if (p->change != q->change)
		return p->change ? 1 : -1;
	if (p->seq != q->seq)
		return p->seq < q->seq ? -1 : 1;
	if (p->off_peak != q->off_peak)
		return p->off_peak < q->off_peak ? -1 : 1;
	return (p->peak > q->peak) - (p->peak < q->peak);
}

/* The index of the first sorted state after `t`. */
static size_t contacts_find(const struct contacts *contacts, ms_t t)
{
	return search_after(contacts->states, contacts->sorted, sizeof(*contacts->states), t);
}

bool contacts_hold(const struct contacts *contacts, const struct contact_state *state)
{
	size_t next = contacts_find(contacts, state->t);
	const struct contact_state *known = next ? &contacts->states[next - 1] : NULL;

	return known && known->t == state->t && state_compare(state, known) <= 0;
}

struct time_range contacts_update(struct contacts *contacts)
{
	struct time_range range = TIME_RANGE_EMPTY;
	bool in_order = true;
	size_t unique = 0;

	if (contacts->sorted == contacts->count)
		return range;
	for (size_t i = contacts->sorted; i < contacts->count; i++) {
		const struct contact_state *state = &contacts->states[i];
		size_t next = contacts_find(contacts, state->t);
		ms_t hold = state->t + CONTACTS_HOLD_MS;

		/* An earlier state that was valid here did not reach beyond this one's end. */
		if (next < contacts->sorted && contacts->states[next].t < hold)
			hold = contacts->states[next].t;
		range = time_range_join(range, (struct time_range){state->t, hold});
		if (i && state->t <= contacts->states[i - 1].t)
			in_order = false;
	}
	if (!in_order) {
		qsort(contacts->states, contacts->count, sizeof(*contacts->states), state_compare);
		for (size_t i = 0; i < contacts->count; i++) {
			if (unique && contacts->states[unique - 1].t == contacts->states[i].t)
				unique--;
			contacts->states[unique++] = contacts->states[i];
		}
		contacts->count = unique;
	}
	contacts->sorted = contacts->count;
	return range;
}

static bool state_redundant(const struct contact_state *before, const struct contact_state *state,
			    const struct contact_state *after)
{
	return state->off_peak == before->off_peak && state->peak == before->peak &&
	       after->t - before->t <= CONTACTS_HOLD_MS;
}

void contacts_downsample(struct contacts *contacts, ms_t from, ms_t to,
			 void (*removed)(void *context, ms_t t), void *context)
{
	struct contact_state *states = contacts->states;
	size_t start = contacts_find(contacts, from - 1);
	size_t end = contacts_find(contacts, to - 1);
	size_t left = start;

	for (size_t i = start; i < end; i++) {
		if (left && i + 1 < contacts->sorted &&
		    state_redundant(&states[left - 1], &states[i], &states[i + 1])) {
			if (removed)
				removed(context, states[i].t);
			continue;
		}
		states[left++] = states[i];
	}
	if (left == end)
		return;
	memmove(&states[left], &states[end], (contacts->count - end) * sizeof(*states));
	contacts->count -= end - left;
	contacts->sorted -= end - left;
}

const struct contact_state *contacts_at(const struct contacts *contacts, ms_t t, ms_t *until)
{
	size_t next = contacts_find(contacts, t);
	const struct contact_state *state;
	ms_t end = next < contacts->sorted ? contacts->states[next].t : FOREVER;

	*until = end;
	if (!next)
		return NULL;
	state = &contacts->states[next - 1];
	if (t >= state->t + CONTACTS_HOLD_MS)
		return NULL;
	if (state->t + CONTACTS_HOLD_MS < end)
		*until = state->t + CONTACTS_HOLD_MS;
	return state;
}
