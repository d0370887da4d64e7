#include "common/collector/outbox_parts.h"
#include "common/process/clock.h"
#include "common/process/log.h"

/* Flash wears with every write, and a crash costs what was not written. */
#define WRITE_RECORDS 10
#define GATHER_MS     (1 * MS_PER_SECOND) /* those of many meters come close together */

/* With everything around them, and pages half full after downsampling. */
#define RECORDS_PER_MB 16384

void outbox_log_downsampling(struct outbox *outbox)
{
	if (outbox->downsampling)
		return;
	outbox->downsampling = true;
	log_warning("%s: too many records wait for the aggregator; the oldest are downsampled (no "
		    "energy is lost, only time resolution)",
		    outbox->settings.file);
}

void outbox_trouble_begin(struct fail *trouble, const struct fail *fail)
{
	if (!trouble->text[0])
		log_error("%s; records are kept in memory", fail->text);
	*trouble = *fail;
}

void outbox_trouble_end(struct fail *trouble, const char *file)
{
	if (trouble->text[0])
		log_info("%s: can be read and written again", file);
	trouble->text[0] = '\0';
}

static bool is_due(struct outbox *outbox, ms_t now)
{
	if (outbox->backlog.count && outbox->gathering_since < 0)
		outbox->gathering_since = now;
	if (outbox->moved && outbox->moved_since < 0)
		outbox->moved_since = now;
	if (outbox->write_trouble.text[0])
		return now - outbox->written_at >= OUTBOX_AGAIN_MS;
	if (outbox->urgent || outbox->backlog.count >= WRITE_RECORDS)
		return true;
	if (outbox->moved && now - outbox->moved_since >= OUTBOX_WRITE_MS)
		return true;
	return outbox->backlog.count && now - outbox->written_at >= OUTBOX_WRITE_MS &&
	       now - outbox->gathering_since >= GATHER_MS;
}

static void apply_retention(struct outbox *outbox)
{
	int64_t limit = outbox->settings.max_mb * RECORDS_PER_MB;
	int64_t gone =
		outbox_file_retention(outbox->file, limit, outbox->settings.keep_days * MS_PER_DAY);

	if (gone)
		outbox_log_downsampling(outbox);
	else if (outbox->state->unacknowledged < limit / 2)
		outbox->downsampling = false;
}

static void write_due(struct outbox *outbox, ms_t now)
{
	struct fail fail = {0};
	ms_t written_before = outbox->written_at;

	outbox->written_at = now;
	if (!outbox_file_save(outbox->file, &outbox->backlog, false, &fail)) {
		outbox_trouble_begin(&outbox->write_trouble, &fail);
		return;
	}
	outbox_trouble_end(&outbox->write_trouble, outbox->settings.file);
	/* What was no record delays none. */
	if (!outbox->backlog.count)
		outbox->written_at = written_before;
	backlog_clear(&outbox->backlog);
	outbox->gathering_since = outbox->moved_since = -1;
	outbox->moved = false;
	outbox->urgent = false;
	apply_retention(outbox);
}

void outbox_write_if_due(struct outbox *outbox, ms_t now)
{
	if (is_due(outbox, now))
		write_due(outbox, now);
}

bool outbox_write(struct outbox *outbox, struct fail *fail)
{
	write_due(outbox, clock_monotonic());
	return !outbox->write_trouble.text[0] || fail_set(fail, "%s", outbox->write_trouble.text);
}
