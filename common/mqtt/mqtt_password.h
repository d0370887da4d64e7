/* mqtt_password.h - the broker's password, from its file. */
#ifndef COMMON_MQTT_MQTT_PASSWORD_H
#define COMMON_MQTT_MQTT_PASSWORD_H

#include <stdbool.h>

#include "common/base/fail.h"

#define MQTT_PASSWORD_SIZE 256

/* Reads the first line of a file; empty if `name` is. A relative name is searched in
 * $CREDENTIALS_DIRECTORY first, where systemd puts credentials. Returns false with a reason. */
bool mqtt_password_read(char password[MQTT_PASSWORD_SIZE], const char *name, struct fail *fail);

#endif
