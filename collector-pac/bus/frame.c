#include "collector-pac/bus/frame.h"

#define TCP_HEADER 6 /* transaction, protocol, length; what follows is counted by the length */
#define CHECKSUM   2
#define EXCEPTION  0x80

static void put_word(uint8_t *bytes, int word)
{
	bytes[0] = (uint8_t)(word >> 8);
	bytes[1] = (uint8_t)word;
}

static int word_of(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

uint16_t rtu_checksum(const uint8_t *bytes, size_t size)
{
	unsigned int checksum = 0xffff;

	for (size_t i = 0; i < size; i++) {
		checksum ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			checksum = checksum & 1 ? checksum >> 1 ^ 0xa001 : checksum >> 1;
	}
	return (uint16_t)checksum;
}

/* -------- requests -------- */

/* Writes unit, function, address and count. Returns their size. */
static size_t body_write(uint8_t *bytes, const struct modbus_request *request)
{
	bytes[0] = (uint8_t)request->unit;
	bytes[1] = (uint8_t)request->function;
	put_word(bytes + 2, request->address);
	put_word(bytes + 4, request->count);
	return 6;
}

size_t request_write(uint8_t bytes[REQUEST_SIZE], const struct modbus_request *request)
{
	uint16_t checksum;
	size_t size;

	if (request->framing == FRAMING_TCP) {
		size = body_write(bytes + TCP_HEADER, request);
		put_word(bytes, request->transaction);
		put_word(bytes + 2, 0);
		put_word(bytes + 4, (int)size);
		return TCP_HEADER + size;
	}
	size = body_write(bytes, request);
	checksum = rtu_checksum(bytes, size);
	bytes[size] = (uint8_t)checksum;
	bytes[size + 1] = (uint8_t)(checksum >> 8);
	return size + CHECKSUM;
}

/* -------- answers -------- */

/* Judges unit, function and registers of a complete frame; `size` is without framing. */
static struct frame body_read(const uint8_t *body, size_t size,
			      const struct modbus_request *request)
{
	int unit = body[0], function = body[1], bytes = body[2];

	if (unit != request->unit)
		return (struct frame){.verdict = FRAME_OTHER_UNIT, .detail = unit};
	if (function == (request->function | EXCEPTION))
		return (struct frame){.verdict = FRAME_EXCEPTION, .detail = bytes};
	if (function != request->function)
		return (struct frame){.verdict = FRAME_OTHER_FUNCTION,
				      .detail = function & ~EXCEPTION};
	if (bytes != 2 * request->count || size != 3 + (size_t)bytes)
		return (struct frame){.verdict = FRAME_OTHER_LENGTH, .detail = bytes};
	return (struct frame){.verdict = FRAME_ANSWER, .registers = body + 3};
}

static struct frame tcp_read(const uint8_t *bytes, size_t size,
			     const struct modbus_request *request)
{
	const struct frame invalid = {.verdict = FRAME_INVALID};
	struct frame frame = {.verdict = FRAME_INCOMPLETE};
	int length;

	/* As early as possible: a wrong length may promise more than will ever come. */
	if ((size > 2 && bytes[2] != 0) || (size > 3 && bytes[3] != 0))
		return invalid;
	if (size < TCP_HEADER)
		return frame;
	length = word_of(bytes + 4);
	if (length < 3 || length > FRAME_SIZE - TCP_HEADER)
		return invalid;
	if (size < TCP_HEADER + (size_t)length)
		return frame;
	frame = body_read(bytes + TCP_HEADER, (size_t)length, request);
	if (!request->any_transaction && word_of(bytes) != request->transaction)
		frame = (struct frame){
			.verdict = FRAME_OTHER_TRANSACTION,
			.detail = word_of(bytes),
		};
	frame.size = TCP_HEADER + (size_t)length;
	return frame;
}

/* Returns the size of an RTU frame by its function; 0: not a function of ours. */
static size_t rtu_size(const uint8_t *bytes)
{
	int function = bytes[1] & ~EXCEPTION;

	if (function != 3 && function != 4)
		return 0;
	return bytes[1] & EXCEPTION ? 3 + CHECKSUM : 3 + (size_t)bytes[2] + CHECKSUM;
}

static struct frame rtu_read(const uint8_t *bytes, size_t size,
			     const struct modbus_request *request)
{
	for (size_t at = 0; at + 3 + CHECKSUM <= size; at++) {
		const uint8_t *start = bytes + at;
		size_t frame_size = rtu_size(start), body_size = frame_size - CHECKSUM;
		struct frame frame;
		uint16_t checksum;

		if (frame_size == 0 || frame_size > size - at)
			continue;
		checksum = rtu_checksum(start, body_size);
		if (start[body_size] != (checksum & 0xff) || start[body_size + 1] != checksum >> 8)
			continue;
		frame = body_read(start, body_size, request);
		frame.size = at + frame_size;
		return frame;
	}
	return (struct frame){.verdict = size < FRAME_SIZE ? FRAME_INCOMPLETE : FRAME_INVALID};
}

struct frame frame_read(const uint8_t *bytes, size_t size, const struct modbus_request *request)
{
	if (request->framing == FRAMING_RTU)
		return rtu_read(bytes, size, request);
	return tcp_read(bytes, size, request);
}

void frame_registers(const struct frame *frame, int count, uint16_t *registers)
{
	for (int i = 0; i < count; i++)
		registers[i] = (uint16_t)word_of(frame->registers + 2 * i);
}
