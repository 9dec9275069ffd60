/* What a leaf of a tree begins with, in either form: hot (plain arrays, easy to change)
 * or packed (packed.h). */
#ifndef LIVEFLOOR_TIMELINE_LEAF_HEAD_H
#define LIVEFLOOR_TIMELINE_LEAF_HEAD_H

#include <stdbool.h>
#include <stdint.h>

/* Entries of a leaf at most. An append to a leaf of LEAF_FULL starts the next one: what
 * is left is for late entries, which would split it. */
#define LEAF_MAX 248u
#define LEAF_FULL 224u

struct leaf_head {
    uint16_t n;    /* entries */
    uint16_t cap;  /* hot: room for so many; packed: 0 */
    uint32_t mark; /* hot: when it was last changed (hot_leaves.h); packed: its bytes */
};

static inline bool leaf_is_packed(const void *leaf)
{
    return ((const struct leaf_head *)leaf)->cap == 0;
}

/* Room for the next entries of a hot leaf of n. There are far more small trees than large
 * ones, of visitors and of small sites: those grow by one. */
static inline uint32_t leaf_room(uint32_t n)
{
    if (n < 8)
        return n + n / 4 + 1;
    if (n < LEAF_FULL)
        return 2 * n < LEAF_FULL ? 2 * n : LEAF_FULL;
    return LEAF_MAX;
}

#endif
