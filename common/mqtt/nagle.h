/* nagle.h - messages that leave at once. */
#ifndef COMMON_MQTT_NAGLE_H
#define COMMON_MQTT_NAGLE_H

#include <stdint.h>

/* Turns Nagle's algorithm off on this process's TCP connections to `port` of any host. With it a
 * small message waits for the peer's delayed acknowledgement of the one before, 40 ms. paho leaves
 * it on, has no option for it, and does not give access to its socket. */
void nagle_off(int64_t port);

#endif
