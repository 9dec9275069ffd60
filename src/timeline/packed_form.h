/* The bytes of a packed leaf, which packed.c reads and packed_new.c writes:
 *
 *   the struct; its constants (int64); a code for each column that is not all 0;
 *   the number of set bits of each bit row (uint16); zeros up to 8 bytes;
 *   then bits: the times, the bit rows (n bits each), the columns' numbers.
 *
 * Before the numbers of a column of a long leaf is their sum in the first PACKED_STRIDE
 * entries, so that a question need not go through them.
 *
 * Times may be kept rounded down: what lasts until some seconds after an instant ends one
 * microsecond later, and among whole milliseconds that microsecond would cost each time
 * ten bits. The first bit row says then which times are one microsecond later. */
#ifndef LIVEFLOOR_TIMELINE_PACKED_FORM_H
#define LIVEFLOOR_TIMELINE_PACKED_FORM_H

#include "timeline/packed.h"

struct packed {
    struct leaf_head head;
    uint16_t present;   /* bit c: column c is not all 0 */
    uint16_t high_bits; /* of the times, as low_bits; and PACKED_LATER */
    uint8_t low_bits;
    uint8_t unit; /* a constant, of the times */
    uint8_t rows;
    uint8_t constants;
    int64_t first;
    int64_t rest[];
};

struct packed_code {
    uint8_t row; /* where it is not 0: 0 everywhere, else 1 + the bit row, or its opposite */
    uint8_t bits;
    uint8_t base, unit; /* constants; value = base + unit * number */
};

#define PACKED_OPPOSITE 0x80u
/* In high_bits: the first bit row belongs to the times. */
#define PACKED_LATER 0x8000u

#define PACKED_STRIDE LEAF_FULL

/* Bits of the sum before a column's numbers; 0: it has none. */
static inline unsigned packed_sum_bits(uint32_t n, unsigned bits)
{
    return n > LEAF_MAX && bits > 1 && bits <= 48 ? bits + 8 : 0; /* of at most 255 numbers */
}

/* The first constants need no room. */
static const int64_t packed_known[] = {0, 1, -1, 2, 1000, 1000000, 1000000000};
#define PACKED_KNOWN (sizeof packed_known / sizeof packed_known[0])

/* Words that codes and row counts take. */
static inline uint32_t packed_code_words(unsigned codes, unsigned rows)
{
    return (uint32_t)((codes * sizeof(struct packed_code) + rows * sizeof(uint16_t) + 7) / 8);
}

#endif
