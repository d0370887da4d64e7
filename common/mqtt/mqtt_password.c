#include "common/mqtt/mqtt_password.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *password_open(const char *name)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	FILE *file = NULL;

	if (credentials && name[0] != '/') {
		snprintf(path, sizeof(path), "%s/%s", credentials, name);
		file = fopen(path, "re");
	}
	return file ? file : fopen(name, "re");
}

bool mqtt_password_read(char password[MQTT_PASSWORD_SIZE], const char *name, struct fail *fail)
{
	FILE *file;
	bool has_line;
	int trouble;

	password[0] = '\0';
	if (!name[0])
		return true;
	file = password_open(name);
	if (!file)
		return fail_set(fail,
				"password_file: %s: %s, expected a file whose first "
				"line is the password",
				name, strerror(errno));
	has_line = fgets(password, MQTT_PASSWORD_SIZE, file);
	trouble = ferror(file) ? errno : 0;
	fclose(file);
	if (trouble)
		return fail_set(fail,
				"password_file: %s: cannot be read: %s, expected a file whose "
				"first line is the password",
				name, strerror(trouble));
	if (has_line && strlen(password) == MQTT_PASSWORD_SIZE - 1)
		return fail_set(fail,
				"password_file: %s: its first line is too long, expected a "
				"password of at most %d bytes",
				name, MQTT_PASSWORD_SIZE - 2);
	password[strcspn(password, "\r\n")] = '\0';
	if (!has_line || !password[0])
		return fail_set(fail,
				"password_file: %s: is empty, expected the password "
				"in its first line",
				name);
	return true;
}
