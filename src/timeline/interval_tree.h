/* The nodes of an interval set above its leaves. */
#ifndef LIVEFLOOR_TIMELINE_INTERVAL_TREE_H
#define LIVEFLOOR_TIMELINE_INTERVAL_TREE_H

#include "timeline/hot_leaves.h"
#include "timeline/interval_leaf.h"

#define INTERVAL_FANOUT 32u

struct interval_inner {
    uint32_t n;
    int64_t max_end[INTERVAL_FANOUT]; /* the latest end in the child */
    int64_t key[INTERVAL_FANOUT];     /* (key, key_ref): at or before the child's first */
    uint32_t key_ref[INTERVAL_FANOUT];
    void *child[INTERVAL_FANOUT];
};

/* The root of a set of more than one leaf. */
struct interval_trunk {
    void *top; /* an inner node */
    struct hot_leaves hot;
};

#endif
