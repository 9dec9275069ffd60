/* The nodes of a timeline above its leaves. */
#ifndef LIVEFLOOR_TIMELINE_TIMELINE_TREE_H
#define LIVEFLOOR_TIMELINE_TIMELINE_TREE_H

#include "base/memory.h"
#include "timeline/hot_leaves.h"
#include "timeline/timeline_leaf.h"

#define TIMELINE_FANOUT 32u

struct timeline_inner {
    uint32_t n;
    /* At or before the child's first entry, after the previous child's last. */
    int64_t key[TIMELINE_FANOUT];
    void *child[TIMELINE_FANOUT]; /* beside the keys: fetched together */
    int64_t sums[];               /* of each child: the sums of all children before it */
};

/* The root of a timeline of more than one leaf. */
struct timeline_trunk {
    void *top;                  /* an inner node */
    struct timeline_leaf *last; /* the last leaf, where most changes are; NULL when packed */
    struct hot_leaves hot;
};

/* Bytes of a node of so many measures. */
static inline size_t inner_bytes(unsigned width)
{
    return sizeof(struct timeline_inner) + (size_t)TIMELINE_FANOUT * width * sizeof(int64_t);
}

/* Without children. */
static inline struct timeline_inner *inner_new(unsigned width)
{
    struct timeline_inner *node = memory_get(inner_bytes(width));
    node->n = 0;
    return node;
}

static inline int64_t *inner_sums(const struct timeline_inner *node, unsigned width, uint32_t at)
{
    return (int64_t *)(node->sums + (size_t)at * width);
}

/* The last child whose key is at or before the time; the first when none is. */
static inline uint32_t inner_find(const struct timeline_inner *node, int64_t time)
{
    uint32_t at = 0;
    /* Without a jump that depends on a key: it would be guessed wrong every other time. */
    for (uint32_t step = TIMELINE_FANOUT / 2; step > 0; step /= 2) {
        uint32_t next = at + step;
        uint32_t is_before = (uint32_t)(next < node->n) & (uint32_t)(node->key[next] <= time);
        at += step & (0u - is_before);
    }
    return at;
}

#endif
