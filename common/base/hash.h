/* hash.h - FNV-1a in 64 bits: for tables and to notice changes, not against attackers. */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* What a hash starts from. Values are stored on disk: none of this may change. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Continues `hash` with `size` bytes. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size);

/* Continues `hash` with the 8 bytes of `number`, least significant first on every machine. */
uint64_t hash_number(uint64_t hash, int64_t number);

#endif
