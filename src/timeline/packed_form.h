/* The bytes of a packed leaf, which packed.c reads and packed_new.c writes:
 *
 *   the struct; its constants (int64); a code for each column that is not all 0;
 *   the number of set bits of each bit row (uint16); zeros up to 8 bytes;
 *   then bits: the times, the bit rows (n bits each), the columns' numbers.
 *
 * A long leaf has marks, one after each stride of its entries. Before the numbers of a
 * column are their sums up to each mark and, where they are asked for, those of value *
 * time (64 bits): so that a question need not go through what is before a mark.
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
    uint16_t high_bits; /* of the times, as low_bits; and two flags */
    uint8_t low_bits;
    uint8_t unit; /* a constant, of the times */
    uint8_t rows;
    uint8_t constants;
    int64_t first;
    int64_t rest[];
};

struct packed_code {
    uint8_t row; /* where it is not 0: 0 everywhere, else 1 + the bit row; and two flags */
    uint8_t bits;
    uint8_t base, unit; /* constants; value = base + unit * number */
};

/* In row: where the bit row is 0 instead; its moment is asked for. */
#define PACKED_OPPOSITE 0x80u
#define PACKED_MOMENT 0x40u
#define PACKED_ROW 0x3fu
/* In high_bits: the first bit row belongs to the times; some column's moment is asked for. */
#define PACKED_LATER 0x8000u
#define PACKED_MOMENTS 0x4000u

/* Entries between marks. For a moment the times are read as well, which takes longer. */
static inline uint32_t packed_stride(bool moments)
{
    return moments ? LEAF_FULL / 2 : LEAF_FULL;
}

/* How many marks a leaf of n entries has: none where only a few entries would follow. */
static inline uint32_t packed_marks(uint32_t n, uint32_t stride)
{
    return n <= stride ? 0 : (n - 1 - stride / 9) / stride;
}

/* Bits of a column's sum at each of so many marks; 0: it has none. */
static inline unsigned packed_sum_bits(uint32_t marks, unsigned bits)
{
    return marks > 0 && bits > 1 && bits <= 48 ? bits + 9 : 0; /* of at most 511 numbers */
}

/* Bits before a column's numbers. */
static inline size_t packed_mark_bits(uint32_t marks, const struct packed_code *code)
{
    return marks * (size_t)(packed_sum_bits(marks, code->bits) + (code->row & PACKED_MOMENT));
}
_Static_assert(PACKED_MOMENT == 64, "the flag is also the bits of a moment");
_Static_assert(PACKED_MAX < 512 && 1 + PACKED_MAX_COLUMNS < PACKED_MOMENT, "as the form wants");

/* The first constants need no room. */
static const int64_t packed_known[] = {0, 1, -1, 2, 1000, 1000000, 1000000000};
#define PACKED_KNOWN (sizeof packed_known / sizeof packed_known[0])

/* Words that codes and row counts take. */
static inline uint32_t packed_code_words(unsigned codes, unsigned rows)
{
    return (uint32_t)((codes * sizeof(struct packed_code) + rows * sizeof(uint16_t) + 7) / 8);
}

#endif
