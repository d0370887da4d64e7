/* serial.h - a serial line for Modbus RTU, set up by libmodbus. */
#ifndef COLLECTOR_PAC_POLL_SERIAL_H
#define COLLECTOR_PAC_POLL_SERIAL_H

#include "collector-pac/poll/outcome.h"

/* Returns a descriptor that never waits, or -1 with errno. */
int serial_open(const struct serial_line *line);

/* A read has returned nothing. Returns 0 if nothing has come yet, or an errno: the line is gone. */
int serial_error(int fd);

/* Returns the silence between two frames that RTU demands: 3.5 characters, rounded up. */
ms_t serial_gap_ms(const struct serial_line *line);

#endif
