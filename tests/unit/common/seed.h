/* seed.h - random numbers for tests, repeatable: SEED=… in the environment runs a failure again. */
#ifndef TESTS_UNIT_COMMON_SEED_H
#define TESTS_UNIT_COMMON_SEED_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t seed_state;

/* Takes the seed from the environment or from the time, and prints it with the test's name. */
void seed_start(const char *test);

uint64_t seed_next(void);

/* 0..below-1 */
int64_t seed_below(int64_t below);

/* A number of any size up to `limit`, small ones as likely as large ones. */
int64_t seed_any_size(int64_t limit);

/* 0..1, 1 excluded */
double seed_fraction(void);

/* Spoils `size` bytes of text in up to 4 places, as faults and malicious senders do. */
void seed_mangle(char *text, size_t size);

#endif
