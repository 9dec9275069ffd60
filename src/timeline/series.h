/* series: a long ascending row of instants that does not change, as ascents of 128 with
 * an index. One search reads a few lines of the index and a few of one ascent. */
#ifndef LIVEFLOOR_TIMELINE_SERIES_H
#define LIVEFLOOR_TIMELINE_SERIES_H

#include "timeline/unit.h"

#include <stddef.h>
#include <stdint.h>

#define SERIES_BLOCK 128u /* instants of a block */

struct series_block;

struct series {
    struct series_block *block;
    uint64_t *words;
    uint64_t unit;
    int64_t first, last;
    uint32_t n;
    uint32_t word_count;
};

/* Packs n >= 1 ascending instants, which may be equal. */
struct series series_new(const int64_t *times, uint32_t n);

/* How far packing in steps has come; 0 at first. */
struct series_work {
    unsigned pass;
    uint32_t block;
    struct unit unit;
};

/* Packs the same in steps: until series_step says that it is done, the series may only be
 * cleared. */
struct series series_begin(const int64_t *times, uint32_t n);

/* Takes some more blocks through one of three passes; true after the last. */
bool series_step(struct series *s, struct series_work *w, const int64_t *times, uint32_t count);

/* A series of blocks that are not all at hand, in a unit that divides every distance from the first
 * (0 when all are equal): each block is planned, in order; then there is room, and each is
 * written. Until then it may only be cleared. */
struct series series_of_blocks(int64_t first, int64_t last, uint32_t n, uint64_t unit);
void series_plan_block(struct series *s, uint32_t block, const int64_t *times);
void series_make_room(struct series *s);
void series_write_block(struct series *s, uint32_t block, const int64_t *times);

static inline uint32_t series_blocks(uint32_t n)
{
    return (n + SERIES_BLOCK - 1) / SERIES_BLOCK;
}

static inline uint32_t series_block_count(uint32_t n, uint32_t block)
{
    return n - block * SERIES_BLOCK < SERIES_BLOCK ? n - block * SERIES_BLOCK : SERIES_BLOCK;
}

void series_clear(struct series *s);

struct image;

/* Saves one that is packed, or overwrites *s with what was (base/image.h); after a failure it
 * may only be cleared. */
void series_image(struct series *s, struct image *io);

/* A question: how many are before t. To several series at once the processor's cache misses
 * overlap. */
struct series_ask {
    const struct series *series;
    int64_t t;
    uint32_t before; /* the answer */
};

#define SERIES_SIDE_BY_SIDE 32u /* at most */
void series_before_all(struct series_ask *asks, size_t n);

/* All n of them, into out. */
void series_read(const struct series *s, int64_t *out);

/* The blocks [first, first + count), as far as there are any, to their places in `out`. */
void series_read_some(const struct series *s, uint32_t first, uint32_t count, int64_t *out);

/* One block, to the start of `out`. */
void series_read_block(const struct series *s, uint32_t block, int64_t *out);

/* Bytes that it holds, but for the struct. */
size_t series_bytes(const struct series *s);

#endif
