#include "common/contract/topic.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

/* Copies the first level of `*text` and moves behind its slash. Returns false if it is not an id,
 * or no slash follows. */
static bool take_id(char id[ID_SIZE], const char **text)
{
	const char *slash = memchr(*text, '/', strnlen(*text, ID_SIZE));
	size_t length;

	if (!slash)
		return false;
	length = (size_t)(slash - *text);
	memcpy(id, *text, length);
	id[length] = '\0';
	*text = slash + 1;
	return id_valid(id);
}

/* Moves behind `level` and a slash. */
static bool take_level(const char **text, const char *level)
{
	size_t length = strlen(level);

	if (strncmp(*text, level, length) != 0 || (*text)[length] != '/')
		return false;
	*text += length + 1;
	return true;
}

struct leaf {
	const char *name;
	enum topic_kind kind;
};

static const struct leaf of_collector[] = {
	{"status", TOPIC_COLLECTOR_STATUS},
	{"about", TOPIC_COLLECTOR_ABOUT},
	{"ack", TOPIC_COLLECTOR_ACK},
	{0},
};

static const struct leaf of_source[] = {
	{"live", TOPIC_SOURCE_LIVE},	 {"record", TOPIC_SOURCE_RECORD},
	{"status", TOPIC_SOURCE_STATUS}, {"about", TOPIC_SOURCE_ABOUT},
	{"lines", TOPIC_SOURCE_LINES},	 {0},
};

static bool parse_leaf(struct topic *topic, const char *name)
{
	for (const struct leaf *leaf = topic->source[0] ? of_source : of_collector; leaf->name;
	     leaf++) {
		if (strcmp(leaf->name, name) == 0) {
			topic->kind = leaf->kind;
			return true;
		}
	}
	return false;
}

bool topic_parse(struct topic *topic, const char *base, const char *site, const char *text,
		 struct fail *fail)
{
	const char *rest = text;

	if (!take_level(&rest, base) || !take_level(&rest, site) || !*rest)
		return fail_set(fail, "topic %.200s: not below %s/%s/", text, base, site);
	topic->kind = TOPIC_SITE;
	topic->collector[0] = '\0';
	topic->source[0] = '\0';
	topic->rest = rest;
	if (!take_level(&rest, "collector"))
		return true;
	if (!take_id(topic->collector, &rest))
		return fail_set(fail, "topic %.200s: the collector's id is not " ID_EXPECTED, text);
	if (strchr(rest, '/') && !take_id(topic->source, &rest))
		return fail_set(fail, "topic %.200s: the source's id is not " ID_EXPECTED, text);
	if (!parse_leaf(topic, rest))
		return fail_set(fail, "topic %.200s: \"%.32s\" is none of %s", text, rest,
				topic->source[0] ? "live, record, status, about, lines"
						 : "status, about, ack");
	return true;
}

void topic_build(char text[TOPIC_SIZE], const char *base, const char *site, const char *format, ...)
{
	va_list arguments;
	int head = snprintf(text, TOPIC_SIZE, "%s/%s/", base, site);
	int tail;

	assert(head > 0 && head < TOPIC_SIZE);
	va_start(arguments, format);
	tail = vsnprintf(text + head, (size_t)(TOPIC_SIZE - head), format, arguments);
	va_end(arguments);
	assert(tail >= 0 && tail < TOPIC_SIZE - head);
	(void)tail;
}

bool topic_base_valid(const char *base)
{
	size_t length = strnlen(base, TOPIC_BASE_SIZE);

	return length >= 1 && length < TOPIC_BASE_SIZE && utf8_printable(base) &&
	       !strpbrk(base, "+#") && base[0] != '$' && base[0] != '/' &&
	       base[length - 1] != '/' && !strstr(base, "//");
}
