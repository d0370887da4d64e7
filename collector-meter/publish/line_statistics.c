#include "collector-meter/publish/line_statistics.h"

#include <stdlib.h>
#include <string.h>

#include "collector-meter/settings/settings.h"
#include "collector-meter/survey/statistics.h"
#include "common/process/log.h"

void line_statistics_open(struct line_statistics *statistics, const char *source,
			  const struct counter_config *config)
{
	*statistics = (struct line_statistics){.source = source};
	for (int role = 0; role < LINE_ROLES; role++)
		survey_open(&statistics->surveys[role], config);
}

void line_statistics_close(struct line_statistics *statistics)
{
	free(statistics->published);
}

void line_statistics_interrupt(struct line_statistics *statistics)
{
	for (int role = 0; role < LINE_ROLES; role++)
		survey_interrupt(&statistics->surveys[role]);
}

const char *line_statistics_next(struct line_statistics *statistics)
{
	char *payload = statistics->counter
				? statistics_encode(statistics->counter, statistics->surveys)
				: NULL;

	if (!payload || (statistics->published && strcmp(payload, statistics->published) == 0)) {
		free(payload);
		return NULL;
	}
	free(statistics->published);
	statistics->published = payload;
	return payload;
}

static void level_warn(struct line_statistics *statistics, enum line_role role, bool on)
{
	const struct survey *survey = &statistics->surveys[role];
	struct filter_verdict verdict = filter_judge(survey, on);
	enum filter_fault *logged = &statistics->logged[role][on];
	char text[FILTER_TEXT_SIZE];

	if (verdict.fault != FILTER_FITS && verdict.fault != *logged) {
		filter_explain(text, survey, on, &verdict);
		log_warning("%s, line %s: %s", statistics->source, line_role_name(role), text);
		*logged = verdict.fault;
	}
}

void line_statistics_warn(struct line_statistics *statistics)
{
	for (int role = 0; role < LINE_ROLES; role++) {
		level_warn(statistics, (enum line_role)role, true);
		level_warn(statistics, (enum line_role)role, false);
	}
}
