/* The leaves of an interval set: hot ones hold intervals as they are, packed ones columns
 * (packed.h). All in order of (start, ref). */
#ifndef LIVEFLOOR_TIMELINE_INTERVAL_LEAF_H
#define LIVEFLOOR_TIMELINE_INTERVAL_LEAF_H

#include "timeline/interval_set.h"
#include "timeline/leaf_head.h"

struct interval_leaf {
    struct leaf_head head;
    struct interval item[]; /* cap of them */
};

/* Whether (start, ref) of the one is before that of the other. */
static inline bool interval_before(int64_t start_a, uint32_t ref_a, int64_t start_b, uint32_t ref_b)
{
    return start_a != start_b ? start_a < start_b : ref_a < ref_b;
}

/* A hot leaf without intervals. */
struct interval_leaf *interval_leaf_new(uint32_t cap);

/* A hot copy of a leaf with more room: of a packed one, or of a hot one that is full.
 * Frees the leaf. */
struct interval_leaf *interval_leaf_hot(void *leaf);

/* A packed copy of a hot leaf. Frees the leaf. */
void *interval_leaf_pack(struct interval_leaf *l);

/* Moves the intervals from `keep` on into a new leaf. */
struct interval_leaf *interval_leaf_split(struct interval_leaf *l, uint32_t keep);

/* The first interval of a hot leaf that is not before (start, ref). */
uint32_t interval_leaf_find(const struct interval_leaf *l, int64_t start, uint32_t ref);

/* Puts an interval at a place of a hot leaf, which has room. */
void interval_leaf_insert(struct interval_leaf *l, uint32_t at, const struct interval *i);

/* Takes the interval at a place of a hot leaf away. */
void interval_leaf_remove(struct interval_leaf *l, uint32_t at);

/* How many start before t. */
uint32_t interval_leaf_started(const void *leaf, int64_t t);

/* Where an equal interval is, or -1. */
int interval_leaf_where(const void *leaf, const struct interval *i);

/* The first start. */
int64_t interval_leaf_first(const void *leaf);

/* The latest end. */
int64_t interval_leaf_max_end(const void *leaf);

/* Visits those of the first k intervals that end after `from` or start at or after
 * `start_from`; false when the visitor has had enough. */
bool interval_leaf_visit(const void *leaf, uint32_t k, int64_t from, int64_t start_from,
                         interval_visit *visit, void *data);

/* Bytes of a leaf's allocation. */
size_t interval_leaf_bytes(const void *leaf);

#endif
