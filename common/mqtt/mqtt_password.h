/* mqtt_password.h - the broker's password, from its file. */
#ifndef COMMON_MQTT_MQTT_PASSWORD_H
#define COMMON_MQTT_MQTT_PASSWORD_H

#include "common/mqtt/mqtt_config.h"

#define MQTT_PASSWORD_SIZE 256

/* The first line of the configured file; empty where none is configured. A relative name is looked
 * for in $CREDENTIALS_DIRECTORY first, where systemd puts credentials. False with a reason. */
bool mqtt_password_read(char password[MQTT_PASSWORD_SIZE], const struct mqtt_config *config,
			struct fail *fail);

#endif
