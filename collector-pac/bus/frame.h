/* frame.h - Modbus frames: a request to read registers, and what arrives after it.
 *
 * Two framings: that of Modbus TCP, whose transaction number ties an answer to its request, and
 * that of RTU (serial lines, and gateways that pass its bytes on), which has a checksum instead. */
#ifndef COLLECTOR_PAC_BUS_FRAME_H
#define COLLECTOR_PAC_BUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framing {
	FRAMING_TCP,
	FRAMING_RTU,
};

#define REQUEST_SIZE 12	 /* of the longer framing */
#define FRAME_SIZE   260 /* the longest frame: Modbus TCP */

struct modbus_request {
	enum framing framing;
	bool any_transaction; /* the answer's transaction number does not count */
	uint16_t transaction; /* Modbus TCP only */
	int unit;	      /* 0..255 */
	int function;	      /* 3 or 4 */
	int address;	      /* 0..65535 */
	int count;	      /* registers, 1..125 */
};

enum frame_verdict {
	FRAME_INCOMPLETE,	 /* more bytes are needed */
	FRAME_ANSWER,		 /* to the request */
	FRAME_EXCEPTION,	 /* to the request: its code in `detail` */
	FRAME_OTHER_TRANSACTION, /* not to the request: the transaction in `detail` */
	FRAME_OTHER_UNIT,	 /* likewise: the unit */
	FRAME_OTHER_FUNCTION,	 /* likewise: the function */
	FRAME_OTHER_LENGTH,	 /* likewise: the number of bytes of registers */
	FRAME_INVALID,		 /* not Modbus: where the next frame begins is unknown */
};

struct frame {
	enum frame_verdict verdict;
	size_t size; /* bytes up to the end of the frame; 0 if incomplete or invalid */
	int detail;
	const uint8_t *registers; /* FRAME_ANSWER: big-endian words, inside the bytes read */
};

/* Writes the request. Returns its size. */
size_t request_write(uint8_t bytes[REQUEST_SIZE], const struct modbus_request *request);

/* Reads the first frame of `bytes`. In RTU, bytes before an answer to the request are skipped as
 * long as they form no frame of their own: noise, or the echo of the request. */
struct frame frame_read(const uint8_t *bytes, size_t size, const struct modbus_request *request);

/* Copies the registers of an answer. */
void frame_registers(const struct frame *frame, int count, uint16_t *registers);

/* CRC-16 of RTU over `bytes`; it is sent low byte first. */
uint16_t rtu_checksum(const uint8_t *bytes, size_t size);

#endif
