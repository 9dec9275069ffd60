/* The leaves of a timeline: hot ones hold rows of the measures that are not moments,
 * packed ones the same as columns (packed.h). */
#ifndef LIVEFLOOR_TIMELINE_TIMELINE_LEAF_H
#define LIVEFLOOR_TIMELINE_TIMELINE_LEAF_H

#include "timeline/leaf_head.h"
#include "timeline/timeline.h"

struct timeline_leaf {
    struct leaf_head head;
    int64_t data[]; /* cap times, then cap rows of t->stored values */
};

/* LEAF_MAX and LEAF_FULL of a line's hot leaves. Of moments a question goes through all times
 * of a leaf, not only through counts and numbers: those leaves are half as long. */
static inline uint32_t timeline_leaf_max(const struct timeline *t)
{
    return t->moments == 0 ? LEAF_MAX : LEAF_MAX / 2;
}

static inline uint32_t timeline_leaf_full(const struct timeline *t)
{
    return t->moments == 0 ? LEAF_FULL : LEAF_FULL / 2;
}

/* A hot leaf without entries. */
struct timeline_leaf *timeline_leaf_new(const struct timeline *t, uint32_t cap);

/* A hot copy of a leaf with more room: of a packed one, or of a hot one that is full.
 * Frees the leaf. */
struct timeline_leaf *timeline_leaf_hot(const struct timeline *t, void *leaf);

/* Two hot copies of the halves of a packed leaf that is too long for one. Frees the leaf. */
void timeline_leaf_halve(const struct timeline *t, void *leaf, struct timeline_leaf *half[2]);

/* A packed copy of a hot leaf. Frees the leaf. */
void *timeline_leaf_pack(const struct timeline *t, struct timeline_leaf *l);

/* All of these neighbours in one packed leaf of at most PACKED_MAX entries. Frees them. */
void *timeline_leaf_join(const struct timeline *t, void *const *leaf, unsigned count);

/* Moves the entries from `keep` on into a new leaf. */
struct timeline_leaf *timeline_leaf_split(const struct timeline *t, struct timeline_leaf *l,
                                          uint32_t keep);

enum leaf_put {
    LEAF_AMENDED,
    LEAF_INSERTED,
    LEAF_REMOVED, /* an entry that has become 0 */
    LEAF_EMPTY,   /* nothing done: the leaf's only entry would become 0 */
    LEAF_NO_ROOM  /* nothing done */
};

/* Adds a row at a time to a hot leaf of at most `most` entries. */
enum leaf_put timeline_leaf_put(const struct timeline *t, struct timeline_leaf *l, int64_t time,
                                const int64_t *row, uint32_t most);

/* The same for what comes after all entries of a hot leaf that has room and is not full, as
 * most does; false, and nothing done, for anything else. The row is not 0. */
static inline bool timeline_leaf_append(const struct timeline *t, struct timeline_leaf *l,
                                        int64_t time, const int64_t *row)
{
    uint32_t n = l->head.n, cap = l->head.cap, stored = t->stored;
    if (n == 0 || n >= cap || n >= LEAF_FULL || time <= l->data[n - 1])
        return false;
    int64_t *to = l->data + cap + (size_t)n * stored;
    l->data[n] = time;
    for (uint32_t c = 0; c < stored; c++)
        to[c] = row[c];
    l->head.n = (uint16_t)(n + 1);
    return true;
}

/* The time of a leaf's first entry. */
int64_t timeline_leaf_first(const void *leaf);

/* How many entries of a leaf are before a time. */
uint32_t timeline_leaf_before(const void *leaf, int64_t time);

/* The time of an entry; at < n. */
int64_t timeline_leaf_time(const void *leaf, uint32_t at);

/* How many are before a time in two steps: the first asks the processor for what the second and the
 * sums of what is before read, beyond a leaf's first PACKED_NEAR bytes. */
uint32_t timeline_leaf_near(const void *leaf, int64_t time);
uint32_t timeline_leaf_before_from(const void *leaf, int64_t time, uint32_t near);

/* Adds the sums of a leaf's first k entries to out: all measures, or all but moments. */
void timeline_leaf_sums(const struct timeline *t, const void *leaf, uint32_t k, bool moments,
                        int64_t *out);

/* Bytes of a leaf's allocation. */
size_t timeline_leaf_bytes(const struct timeline *t, const void *leaf);

/* Wrapping addition without undefined behaviour. */
static inline int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_multiply(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

#endif
