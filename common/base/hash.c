#include "common/base/hash.h"

static uint64_t hash_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++)
		hash = hash_byte(hash, byte[i]);
	return hash;
}

uint64_t hash_number(uint64_t hash, int64_t number)
{
	for (int i = 0; i < 8; i++)
		hash = hash_byte(hash, (uint64_t)number >> 8 * i & 0xff);
	return hash;
}
