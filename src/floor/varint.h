/* Numbers in groups of seven bits, the lowest first, as the packed forms of this room have
 * them. */
#ifndef LIVEFLOOR_FLOOR_VARINT_H
#define LIVEFLOOR_FLOOR_VARINT_H

#include <stdint.h>

#define VARINT_MAX 10u /* bytes */

/* Writes at most VARINT_MAX bytes; returns where they end. */
static inline uint8_t *varint_put(uint8_t *at, uint64_t value)
{
    while (value >= 128) {
        *at++ = (uint8_t)(value | 128);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Reads one and moves on. */
static inline uint64_t varint_get(const uint8_t **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
}

/* A signed number as one that is small when it is near 0, and back. */
static inline uint64_t varint_signed(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_of_signed(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

#endif
