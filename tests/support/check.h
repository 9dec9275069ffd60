/* What every unit test includes: cmocka with the headers it needs, and a small
 * repeatable source of random numbers (its seed is printed on a failure). */
#ifndef LIVEFLOOR_TESTS_CHECK_H
#define LIVEFLOOR_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* xorshift64*: any seed but 0. */
static inline uint64_t dice_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* 0 <= result < n. */
static inline uint32_t dice(uint64_t *state, uint32_t n)
{
    return (uint32_t)((dice_next(state) >> 33) % n);
}

#endif
