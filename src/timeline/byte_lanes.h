/* Counting among bytes, of which one instruction compares sixteen, and among half bytes. */
#ifndef LIVEFLOOR_TIMELINE_BYTE_LANES_H
#define LIVEFLOOR_TIMELINE_BYTE_LANES_H

#include <stdint.h>
#include <string.h>

/* Bytes are read so many at once, also behind the last. */
#define BYTE_LANES 16u
/* Bytes at most that are counted in one go. */
#define BYTE_LANES_MOST 1024u

typedef uint8_t byte_lanes __attribute__((vector_size(BYTE_LANES)));

/* Room for so many bytes and what may be read behind them. */
static inline size_t byte_lanes_room(size_t n)
{
    return n / BYTE_LANES * BYTE_LANES + 2 * BYTE_LANES;
}

static inline uint32_t byte_lanes_sum(byte_lanes v)
{
    uint64_t words[BYTE_LANES / 8], sum = 0;
    memcpy(words, &v, sizeof words);
    for (size_t i = 0; i < BYTE_LANES / 8; i++)
        sum += (words[i] & UINT64_C(0x00ff00ff00ff00ff)) +
               (words[i] >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    return (uint32_t)(sum * UINT64_C(0x0001000100010001) >> 48);
}

/* How many of `count` < BYTE_LANES_MOST bytes are at least `least`, and how many are greater. */
static inline void bytes_count(const uint8_t *bytes, uint32_t count, uint8_t least,
                               uint32_t *at_least, uint32_t *greater)
{
    const byte_lanes place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const byte_lanes limit = (byte_lanes){0} + least;
    byte_lanes not_less = {0}, more = {0}, x; /* of each lane: no more than MOST / LANES */
    for (; count >= BYTE_LANES; count -= BYTE_LANES, bytes += BYTE_LANES) {
        memcpy(&x, bytes, sizeof x);
        not_less -= (byte_lanes)(x >= limit);
        more -= (byte_lanes)(x > limit);
    }
    memcpy(&x, bytes, sizeof x);
    byte_lanes counts = (byte_lanes)(place < (byte_lanes){0} + (uint8_t)count);
    not_less -= (byte_lanes)(x >= limit) & counts;
    more -= (byte_lanes)(x > limit) & counts;
    *at_least = byte_lanes_sum(not_less);
    *greater = byte_lanes_sum(more);
}

/* The number of four bits at a place. */
static inline uint32_t nibble_get(const uint8_t *nibbles, size_t at)
{
    return (uint32_t)nibbles[at / 2] >> at % 2 * 4 & 15u;
}

/* Writes it; its four bits are 0. */
static inline void nibble_put(uint8_t *nibbles, size_t at, uint32_t number)
{
    nibbles[at / 2] = (uint8_t)(nibbles[at / 2] | number << at % 2 * 4);
}

/* As bytes_count, of `count` < BYTE_LANES_MOST numbers of four bits from a place on. */
static inline void nibbles_count(const uint8_t *nibbles, size_t at, uint32_t count, uint32_t least,
                                 uint32_t *at_least, uint32_t *greater)
{
    const byte_lanes limit = (byte_lanes){0} + (uint8_t)least;
    byte_lanes not_less = {0}, more = {0};
    *at_least = *greater = 0;
    for (; count > 0 && (at % 2 != 0 || count < 2 * BYTE_LANES); at++, count--) {
        *at_least += nibble_get(nibbles, at) >= least;
        *greater += nibble_get(nibbles, at) > least;
    }
    for (; count >= 2 * BYTE_LANES; at += 2 * BYTE_LANES, count -= 2 * BYTE_LANES) {
        byte_lanes both, low, high;
        memcpy(&both, nibbles + at / 2, sizeof both);
        low = both & 15;
        high = both >> 4;
        not_less -= (byte_lanes)(low >= limit) + (byte_lanes)(high >= limit);
        more -= (byte_lanes)(low > limit) + (byte_lanes)(high > limit);
    }
    for (; count > 0; at++, count--) {
        *at_least += nibble_get(nibbles, at) >= least;
        *greater += nibble_get(nibbles, at) > least;
    }
    *at_least += byte_lanes_sum(not_less);
    *greater += byte_lanes_sum(more);
}

#endif
