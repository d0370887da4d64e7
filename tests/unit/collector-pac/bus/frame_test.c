#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "collector-pac/bus/frame.h"

static const struct modbus_request tcp = {
	.transaction = 0x1234,
	.unit = 7,
	.function = 3,
	.address = 65,
	.count = 2,
};

static const struct modbus_request rtu = {
	.framing = FRAMING_RTU,
	.unit = 7,
	.function = 4,
	.address = 0x34,
	.count = 2,
};

/* Two registers, 0x4248 and 0x0001. */
#define TCP_ANSWER 0x12, 0x34, 0, 0, 0, 7, 7, 3, 4, 0x42, 0x48, 0, 1

static void a_tcp_request_carries_its_transaction(void **state)
{
	static const uint8_t expected[] = {0x12, 0x34, 0, 0, 0, 6, 7, 3, 0, 65, 0, 2};
	uint8_t bytes[REQUEST_SIZE];

	(void)state;
	assert_int_equal(request_write(bytes, &tcp), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

/* The example of the Modbus over serial line specification, and one of a manual of Eastron. */
static void an_rtu_request_ends_with_its_checksum(void **state)
{
	static const uint8_t expected[] = {1, 4, 0, 0, 0, 2, 0x71, 0xcb};
	const struct modbus_request request = {
		.framing = FRAMING_RTU,
		.unit = 1,
		.function = 4,
		.count = 2,
	};
	uint8_t bytes[REQUEST_SIZE];

	(void)state;
	assert_int_equal(rtu_checksum((const uint8_t[]){2, 7}, 2), 0x1241);
	assert_int_equal(request_write(bytes, &request), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void an_answer_is_complete_with_its_last_byte(void **state)
{
	static const uint8_t answer[] = {TCP_ANSWER, 0x12};
	struct frame frame;
	uint16_t registers[2];

	(void)state;
	for (size_t size = 0; size < sizeof(answer) - 1; size++)
		assert_int_equal(frame_read(answer, size, &tcp).verdict, FRAME_INCOMPLETE);
	frame = frame_read(answer, sizeof(answer), &tcp);
	assert_int_equal(frame.verdict, FRAME_ANSWER);
	assert_int_equal(frame.size, sizeof(answer) - 1);
	frame_registers(&frame, 2, registers);
	assert_int_equal(registers[0], 0x4248);
	assert_int_equal(registers[1], 1);
}

/* Changes one byte of the answer. */
static struct frame changed(size_t at, uint8_t value)
{
	uint8_t answer[] = {TCP_ANSWER};

	answer[at] = value;
	return frame_read(answer, sizeof(answer), &tcp);
}

static void what_answers_something_else_is_recognised(void **state)
{
	struct modbus_request any = tcp;
	static const uint8_t answer[] = {TCP_ANSWER};

	(void)state;
	assert_int_equal(changed(1, 0x33).verdict, FRAME_OTHER_TRANSACTION);
	assert_int_equal(changed(1, 0x33).detail, 0x1233);
	assert_int_equal(changed(1, 0x33).size, sizeof(answer));
	assert_int_equal(changed(6, 8).verdict, FRAME_OTHER_UNIT);
	assert_int_equal(changed(6, 8).detail, 8);
	assert_int_equal(changed(7, 4).verdict, FRAME_OTHER_FUNCTION);
	assert_int_equal(changed(7, 0x84).verdict, FRAME_OTHER_FUNCTION);
	assert_int_equal(changed(8, 2).verdict, FRAME_OTHER_LENGTH);
	assert_int_equal(changed(2, 1).verdict, FRAME_INVALID);
	assert_int_equal(changed(4, 1).verdict, FRAME_INVALID);
	assert_int_equal(changed(5, 2).verdict, FRAME_INVALID);
	any.any_transaction = true;
	any.transaction = 9;
	assert_int_equal(frame_read(answer, sizeof(answer), &any).verdict, FRAME_ANSWER);
}

static void an_exception_has_a_code(void **state)
{
	static const uint8_t answer[] = {0x12, 0x34, 0, 0, 0, 3, 7, 0x83, 11};
	struct frame frame = frame_read(answer, sizeof(answer), &tcp);

	(void)state;
	assert_int_equal(frame.verdict, FRAME_EXCEPTION);
	assert_int_equal(frame.detail, 11);
	assert_int_equal(frame.size, sizeof(answer));
}

/* Appends the checksum. Returns the size of the frame. */
static size_t rtu_close(uint8_t *bytes, size_t size)
{
	uint16_t checksum = rtu_checksum(bytes, size);

	bytes[size] = (uint8_t)checksum;
	bytes[size + 1] = (uint8_t)(checksum >> 8);
	return size + 2;
}

static void an_rtu_answer_is_found_after_noise_and_echo(void **state)
{
	uint8_t bytes[64] = {0xff, 0x00};
	size_t size = 2 + request_write(bytes + 2, &rtu);
	uint8_t *answer = bytes + size;
	struct frame frame;

	(void)state;
	memcpy(answer, ((const uint8_t[]){7, 4, 4, 0x42, 0x48, 0, 1}), 7);
	size += rtu_close(answer, 7);
	for (size_t part = 0; part < size; part++)
		assert_int_equal(frame_read(bytes, part, &rtu).verdict, FRAME_INCOMPLETE);
	frame = frame_read(bytes, size, &rtu);
	assert_int_equal(frame.verdict, FRAME_ANSWER);
	assert_int_equal(frame.size, size);
	assert_int_equal(frame.registers[1], 0x48);
	answer[4] ^= 1;
	assert_int_equal(frame_read(bytes, size, &rtu).verdict, FRAME_INCOMPLETE);
}

static void rtu_answers_of_others_are_recognised(void **state)
{
	uint8_t bytes[16] = {8, 4, 4, 0x42, 0x48, 0, 1};
	size_t size = rtu_close(bytes, 7);

	(void)state;
	assert_int_equal(frame_read(bytes, size, &rtu).verdict, FRAME_OTHER_UNIT);
	bytes[0] = 7;
	bytes[1] = 0x84;
	bytes[2] = 2;
	size = rtu_close(bytes, 3);
	assert_int_equal(frame_read(bytes, size, &rtu).verdict, FRAME_EXCEPTION);
	assert_int_equal(frame_read(bytes, size, &rtu).detail, 2);
}

/* Bytes of any kind, in pieces of their own memory so that a sanitizer sees what is read beyond
 * them: whatever is claimed lies within them, and an answer is one. */
static void random_bytes_are_never_read_beyond_their_end(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	printf("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 200000; round++) {
		size_t size = (size_t)rand() % 40;
		uint8_t *bytes = malloc(size == 0 ? 1 : size);
		static const uint8_t answer[] = {TCP_ANSWER};
		const struct modbus_request *request = round % 2 ? &tcp : &rtu;
		struct frame frame;

		assert_non_null(bytes);
		for (size_t i = 0; i < size; i++) {
			bytes[i] = (uint8_t)(rand() >> 4);
			/* Often nearly right. */
			if (i < sizeof(answer) && rand() % 8 != 0)
				bytes[i] = (uint8_t)(request == &tcp ? answer[i] : rand() % 8);
		}
		frame = frame_read(bytes, size, request);
		assert_true(frame.size <= size);
		if (frame.verdict == FRAME_INCOMPLETE || frame.verdict == FRAME_INVALID)
			assert_int_equal(frame.size, 0);
		else
			assert_true(frame.size >= 5);
		if (frame.verdict == FRAME_ANSWER) {
			assert_true(frame.registers >= bytes);
			assert_true(frame.registers + 4 <= bytes + frame.size);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_request_carries_its_transaction),
		cmocka_unit_test(an_rtu_request_ends_with_its_checksum),
		cmocka_unit_test(an_answer_is_complete_with_its_last_byte),
		cmocka_unit_test(what_answers_something_else_is_recognised),
		cmocka_unit_test(an_exception_has_a_code),
		cmocka_unit_test(an_rtu_answer_is_found_after_noise_and_echo),
		cmocka_unit_test(rtu_answers_of_others_are_recognised),
		cmocka_unit_test(random_bytes_are_never_read_beyond_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
