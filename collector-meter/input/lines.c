#include "collector-meter/input/lines.h"

void lines_close(struct lines *lines)
{
	if (lines)
		lines->operations->close(lines, false);
}

bool lines_stay(const struct lines *lines)
{
	return lines->stay;
}

void lines_leave(struct lines *lines)
{
	lines->operations->close(lines, true);
}

int lines_fd(const struct lines *lines)
{
	return lines->fd;
}

bool lines_repeat(const struct lines *lines)
{
	return lines->repeat;
}

enum lines_event lines_next(struct lines *lines, struct edge *edge, struct fail *fail)
{
	return lines->operations->next(lines, edge, fail);
}

ns_t lines_horizon(const struct lines *lines)
{
	return lines->horizon;
}

struct journal *lines_journal(const struct lines *lines)
{
	return lines->journal;
}
