#include "common/collector/synchronised.h"

#include <glob.h>
#include <stdio.h>
#include <sys/timex.h>
#include <unistd.h>

static bool there(const char *root, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", root, file);
	return access(path, F_OK) == 0;
}

/* Whether one of the machine's clocks set the time (hctosys: hardware clock to system clock). */
static bool set_by_rtc(const char *root)
{
	char pattern[512];
	glob_t found;
	bool set = false;

	snprintf(pattern, sizeof(pattern), "%s/sys/class/rtc/*/hctosys", root);
	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && !set; i++) {
		FILE *file = fopen(found.gl_pathv[i], "re");

		set = file && fgetc(file) == '1';
		if (file)
			fclose(file);
	}
	globfree(&found);
	return set;
}

static bool kernel_synchronised(void)
{
	struct timex timex = {0};
	int state = adjtimex(&timex);

	return state >= 0 && state != TIME_ERROR && !(timex.status & STA_UNSYNC);
}

struct clock_evidence clock_evidence_read(const char *root)
{
	return (struct clock_evidence){
		.kernel = kernel_synchronised(),
		.timesyncd = there(root, "/run/systemd/timesync/synchronized"),
		.set_by_rtc = set_by_rtc(root),
		.service = there(root, "/run/systemd/timesync") || there(root, "/run/chrony") ||
			   there(root, "/run/ntpd.pid"),
	};
}
