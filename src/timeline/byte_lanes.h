/* Counting among bytes, of which one instruction compares sixteen. */
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

#endif
