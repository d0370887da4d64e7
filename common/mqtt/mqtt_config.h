/* mqtt_config.h - how to reach the broker: the field "broker" of every configuration. */
#ifndef COMMON_MQTT_MQTT_CONFIG_H
#define COMMON_MQTT_MQTT_CONFIG_H

#include <stdint.h>

#include "common/base/fail.h"
#include "common/contract/topic.h"
#include "common/json/config.h"

enum mqtt_protocol { MQTT_PROTOCOL_5, MQTT_PROTOCOL_311 };

/* The field "broker" of every program's configuration. */
struct mqtt_config {
	char host[256]; /* default localhost */
	int64_t port;	/* default 1883, or 8883 with tls */
	char user[65];
	char password_file[256]; /* its first line; a relative name is looked for in
				  * $CREDENTIALS_DIRECTORY first (systemd credentials) */
	char client_id[65];	 /* default: given by the program */
	int protocol;		 /* enum mqtt_protocol */
	int64_t keepalive_s;
	bool tls;
	char ca_file[256], certificate_file[256], key_file[256];
	bool insecure;		    /* do not check the broker's certificate name */
	char base[TOPIC_BASE_SIZE]; /* base topic, default "wattzone" */
};

extern const struct mqtt_config mqtt_defaults;
extern const struct json_field mqtt_keys[];

/* The configured port, or the default. */
int mqtt_port(const struct mqtt_config *config);

/* Checks what depends on several of its fields. */
bool mqtt_check(void *config, struct fail *fail);

#endif
