#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/mqtt/mqtt_config.h"
#include "common/mqtt/mqtt_password.h"

#define OFFSET(name) offsetof(struct mqtt_config, name)
#define SIZE(name)   sizeof(((struct mqtt_config *)0)->name)

static const char *const protocols[] = {"5", "3.1.1", NULL};

const struct mqtt_config mqtt_defaults = {
	.host = "localhost",
	.protocol = MQTT_PROTOCOL_5,
	.keepalive_s = 30,
	.base = "wattzone",
};

static bool host_check(void *value, struct fail *fail)
{
	const char *host = value;
	const char *colon = strchr(host, ':');
	struct in6_addr ignored;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (*host && !strpbrk(host, " /[]") && (!colon || inet_pton(AF_INET6, host, &ignored) == 1))
		return true;
	if (digits > 0 && digits <= 5 && colon > host && !colon[1 + digits] &&
	    !strpbrk(host, " /[]"))
		return fail_set(fail,
				"\"%s\" contains a port, expected \"host\": \"%.*s\", \"port\": %s",
				host, (int)(colon - host), host, colon + 1);
	return fail_set(fail, "\"%s\" is no host, expected the broker's name or address alone",
			host);
}

static bool base_check(void *value, struct fail *fail)
{
	return topic_base_valid(value) ||
	       fail_set(fail, "\"%s\" is no base topic, expected for example \"wattzone\"",
			(char *)value);
}

#define TEXT(field)                                                                                \
	{                                                                                          \
		.name = #field, .type = FIELD_TEXT, .offset = OFFSET(field), .size = SIZE(field)   \
	}

const struct json_field mqtt_keys[] = {
	{.name = "host",
	 .type = FIELD_TEXT,
	 .offset = OFFSET(host),
	 .size = SIZE(host),
	 .check = host_check},
	{.name = "port", .type = FIELD_INT, .offset = OFFSET(port), .minimum = 1, .maximum = 65535},
	TEXT(user),
	TEXT(password_file),
	TEXT(client_id),
	{.name = "protocol",
	 .type = FIELD_CHOICE,
	 .offset = OFFSET(protocol),
	 .choices = protocols},
	{.name = "keepalive_s",
	 .type = FIELD_INT,
	 .offset = OFFSET(keepalive_s),
	 .minimum = 1,
	 .maximum = 3600},
	{.name = "tls", .type = FIELD_BOOL, .offset = OFFSET(tls)},
	TEXT(ca_file),
	TEXT(certificate_file),
	TEXT(key_file),
	{.name = "insecure", .type = FIELD_BOOL, .offset = OFFSET(insecure)},
	{.name = "base",
	 .type = FIELD_TEXT,
	 .offset = OFFSET(base),
	 .size = SIZE(base),
	 .check = base_check},
	{0},
};

int mqtt_port(const struct mqtt_config *config)
{
	return config->port ? (int)config->port : config->tls ? 8883 : 1883;
}

static bool readable(const char *field, const char *file, struct fail *fail)
{
	return !file[0] || access(file, R_OK) == 0 ||
	       fail_set(fail, "%s: %s: %s", field, file, strerror(errno));
}

bool mqtt_check(void *value, struct fail *fail)
{
	const struct mqtt_config *config = value;
	char password[MQTT_PASSWORD_SIZE];

	if (config->password_file[0] && !config->user[0])
		return fail_set(fail, "has a password_file but no user, expected both");
	if (!config->certificate_file[0] != !config->key_file[0])
		return fail_set(fail, "expected certificate_file and key_file together");
	if (!config->tls && (config->ca_file[0] || config->certificate_file[0] || config->insecure))
		return fail_set(fail, "has TLS files but not \"tls\": true");
	if (!readable("ca_file", config->ca_file, fail) ||
	    !readable("certificate_file", config->certificate_file, fail) ||
	    !readable("key_file", config->key_file, fail))
		return false;
	/* A relative name may be a credential, which is only there when the service runs. */
	return config->password_file[0] != '/' ||
	       mqtt_password_read(password, config->password_file, fail);
}
