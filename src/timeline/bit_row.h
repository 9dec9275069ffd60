/* bit_row: a long row of bits that tells how many are set before a place, in one line of
 * the cache: every eighth word counts those before its line. */
#ifndef LIVEFLOOR_TIMELINE_BIT_ROW_H
#define LIVEFLOOR_TIMELINE_BIT_ROW_H

#include "timeline/bits.h"

#include <stdbool.h>

#define BIT_ROW_LINE 448u /* bits of a line */

/* Words of a row of n bits, of which places 0..n may be asked for. */
static inline size_t bit_row_words(uint32_t n)
{
    return ((size_t)n / BIT_ROW_LINE + 1) * 8;
}

/* Sets a bit of a row that is still 0. */
static inline void bit_row_set(uint64_t *row, uint32_t at)
{
    uint32_t in_line = at % BIT_ROW_LINE;
    row[(size_t)(at / BIT_ROW_LINE) * 8 + 1 + in_line / 64] |= UINT64_C(1) << in_line % 64;
}

static inline bool bit_row_get(const uint64_t *row, uint32_t at)
{
    uint32_t in_line = at % BIT_ROW_LINE;
    return row[(size_t)(at / BIT_ROW_LINE) * 8 + 1 + in_line / 64] >> in_line % 64 & 1;
}

/* Counts, when all bits are set. */
static inline void bit_row_count(uint64_t *row, uint32_t n)
{
    uint64_t ones = 0;
    for (uint64_t *line = row; line < row + bit_row_words(n); line += 8) {
        line[0] = ones;
        for (int w = 1; w < 8; w++)
            ones += bits_ones(line[w]);
    }
}

/* How many bits before a place are set. */
static inline uint32_t bit_row_ones(const uint64_t *row, uint32_t at)
{
    const uint64_t *line = row + (size_t)(at / BIT_ROW_LINE) * 8;
    uint32_t ones = (uint32_t)line[0], in_line = at % BIT_ROW_LINE, w = 1;
    for (; in_line >= 64; in_line -= 64)
        ones += bits_ones(line[w++]);
    return in_line == 0 ? ones : ones + bits_ones(line[w] & bits_mask(in_line));
}

#endif
