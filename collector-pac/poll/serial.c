#include "collector-pac/poll/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <unistd.h>

#define DATA_BITS 8

int serial_open(const struct serial_line *line)
{
	modbus_t *modbus =
		modbus_new_rtu(line->device, line->baud, line->parity, DATA_BITS, line->stop_bits);
	int fd = -1, error = errno;

	if (modbus == NULL) {
		errno = error;
		return -1;
	}
	if (modbus_connect(modbus) == 0)
		fd = fcntl(modbus_get_socket(modbus), F_DUPFD_CLOEXEC, 0);
	error = errno;
	/* Not modbus_close(): it would restore the settings of before. */
	if (fd >= 0)
		close(modbus_get_socket(modbus));
	modbus_free(modbus);
	if (fd >= 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
		error = errno;
		close(fd);
		fd = -1;
	}
	errno = error;
	return fd;
}

int serial_error(int fd)
{
	struct pollfd line = {.fd = fd};

	if (poll(&line, 1, 0) > 0 && (line.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		return EIO;
	return 0;
}

ms_t serial_gap_ms(const struct serial_line *line)
{
	/* A character has 11 bits: 38.5 bits. */
	return (38500 + line->baud - 1) / line->baud;
}
