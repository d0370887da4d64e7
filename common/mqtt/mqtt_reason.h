/* mqtt_reason.h - reason codes of MQTT 5. */
#ifndef COMMON_MQTT_MQTT_REASON_H
#define COMMON_MQTT_MQTT_REASON_H

#define REASON_NO_SUBSCRIBERS 0x10
#define REASON_REFUSED	      0x80 /* and above */
#define REASON_TOO_LARGE      0x95

/* In words. */
const char *mqtt_reason_name(int reason);

#endif
