/* A B+-tree ordered by (start, ref); inner nodes know the latest end and the number of
 * intervals of each child. Leaves that have not changed for long are packed
 * (docs/decisions/0008). */
#include "timeline/interval_set.h"

#include "base/memory.h"
#include "timeline/interval_tree.h"
#include "timeline/packed.h"

#include <string.h>

static const void *top_of(const struct interval_set *s)
{
    return s->depth > 0 ? ((const struct interval_trunk *)s->root)->top : s->root;
}

static void **top_slot(struct interval_set *s)
{
    return s->depth > 0 ? &((struct interval_trunk *)s->root)->top : &s->root;
}

static struct hot_leaves *hot_of(const struct interval_set *s)
{
    return s->depth > 0 ? &((struct interval_trunk *)s->root)->hot : NULL;
}

/* The last child whose key is not after (start, ref); 0 when none is. */
static uint32_t inner_find(const struct interval_inner *node, int64_t start, uint32_t ref)
{
    uint32_t low = 0, high = node->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (interval_before(start, ref, node->key[middle], node->key_ref[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low == 0 ? 0 : low - 1;
}

static int64_t node_max_end(const void *node, unsigned depth)
{
    if (depth == 0)
        return interval_leaf_max_end(node);
    int64_t max_end = INT64_MIN;
    const struct interval_inner *inner = node;
    for (uint32_t i = 0; i < inner->n; i++)
        if (inner->max_end[i] > max_end)
            max_end = inner->max_end[i];
    return max_end;
}

static bool node_is_empty(const void *node, unsigned depth)
{
    return depth == 0 ? ((const struct leaf_head *)node)->n == 0
                      : ((const struct interval_inner *)node)->n == 0;
}

static void child_refresh(struct interval_inner *node, unsigned child_depth, uint32_t at)
{
    node->max_end[at] = node_max_end(node->child[at], child_depth);
}

static void node_free(void *node, unsigned depth)
{
    if (depth > 0) {
        struct interval_inner *inner = node;
        for (uint32_t i = 0; i < inner->n; i++)
            node_free(inner->child[i], depth - 1);
        memory_free(inner);
    } else {
        leaf_free(node);
    }
}

void interval_set_clear(struct interval_set *s)
{
    if (s->root != NULL)
        node_free(*top_slot(s), s->depth);
    if (s->depth > 0) {
        hot_leaves_clear(hot_of(s));
        memory_free(s->root);
    }
    *s = (struct interval_set){0};
}

/* A new node to the right of the one that an addition went to. */
struct sibling {
    void *node; /* or NULL */
    int64_t key;
    uint32_t ref;
};

/* Makes the leaf in a slot hot, for a change. */
static struct interval_leaf *slot_hot(struct interval_set *s, void **slot)
{
    struct hot_leaves *hot = hot_of(s);
    if (leaf_is_packed(*slot)) {
        *slot = interval_leaf_hot(*slot);
        if (hot != NULL) {
            hot_leaves_unpacked(hot, s->entries);
            hot_leaves_add(hot, *slot);
        }
    } else if (hot != NULL) {
        hot_leaves_touch(hot, *slot);
    }
    return *slot;
}

static struct sibling leaf_add(struct interval_set *s, void **slot, bool last,
                               const struct interval *i)
{
    struct interval_leaf *l = slot_hot(s, slot);
    struct hot_leaves *hot = hot_of(s);
    uint32_t at = interval_leaf_find(l, i->start, i->ref), n = l->head.n;
    bool append = last && at == n;
    uint32_t most = append ? LEAF_FULL : LEAF_MAX;
    if (n == l->head.cap && n < most) {
        *slot = interval_leaf_hot(l);
        if (hot != NULL)
            hot_leaves_replace(hot, l, *slot);
        l = *slot;
    }
    if (n < most) {
        interval_leaf_insert(l, at, i);
        return (struct sibling){0};
    }
    /* Full: an append starts a new leaf and leaves this one full. */
    uint32_t keep = append ? n : n / 2;
    struct interval_leaf *right = interval_leaf_split(l, keep);
    if (append || at > keep)
        interval_leaf_insert(right, at - keep, i);
    else
        interval_leaf_insert(l, at, i);
    if (hot != NULL)
        hot_leaves_add(hot, right);
    return (struct sibling){right, right->item[0].start, right->item[0].ref};
}

static void inner_insert(struct interval_inner *node, uint32_t at, int64_t key, uint32_t ref,
                         void *child, unsigned child_depth)
{
    size_t after = node->n - at;
    memmove(node->max_end + at + 1, node->max_end + at, after * sizeof node->max_end[0]);
    memmove(node->key + at + 1, node->key + at, after * sizeof node->key[0]);
    memmove(node->key_ref + at + 1, node->key_ref + at, after * sizeof node->key_ref[0]);
    memmove(node->child + at + 1, node->child + at, after * sizeof node->child[0]);
    node->key[at] = key;
    node->key_ref[at] = ref;
    node->child[at] = child;
    node->n++;
    child_refresh(node, child_depth, at);
}

static void inner_remove(struct interval_inner *node, uint32_t at)
{
    size_t after = node->n - at - 1;
    memmove(node->max_end + at, node->max_end + at + 1, after * sizeof node->max_end[0]);
    memmove(node->key + at, node->key + at + 1, after * sizeof node->key[0]);
    memmove(node->key_ref + at, node->key_ref + at + 1, after * sizeof node->key_ref[0]);
    memmove(node->child + at, node->child + at + 1, after * sizeof node->child[0]);
    node->n--;
}

static struct interval_inner *inner_split(struct interval_inner *node, uint32_t keep)
{
    struct interval_inner *right = memory_get(sizeof *right);
    right->n = node->n - keep;
    memcpy(right->max_end, node->max_end + keep, right->n * sizeof node->max_end[0]);
    memcpy(right->key, node->key + keep, right->n * sizeof node->key[0]);
    memcpy(right->key_ref, node->key_ref + keep, right->n * sizeof node->key_ref[0]);
    memcpy(right->child, node->child + keep, right->n * sizeof node->child[0]);
    node->n = keep;
    return right;
}

/* Puts a child's new right sibling beside it; splits a full node first. */
static struct sibling inner_adopt(struct interval_inner *inner, unsigned child_depth, uint32_t at,
                                  struct sibling below)
{
    if (inner->n < INTERVAL_FANOUT) {
        inner_insert(inner, at + 1, below.key, below.ref, below.node, child_depth);
        return (struct sibling){0};
    }
    uint32_t keep = at == INTERVAL_FANOUT - 1 ? INTERVAL_FANOUT : INTERVAL_FANOUT / 2;
    struct interval_inner *right = inner_split(inner, keep);
    if (at + 1 > keep || right->n == 0)
        inner_insert(right, at + 1 - keep, below.key, below.ref, below.node, child_depth);
    else
        inner_insert(inner, at + 1, below.key, below.ref, below.node, child_depth);
    return (struct sibling){right, right->key[0], right->key_ref[0]};
}

static struct sibling node_add(struct interval_set *s, void **slot, unsigned depth, bool last,
                               const struct interval *i)
{
    if (depth == 0)
        return leaf_add(s, slot, last, i);
    struct interval_inner *inner = *slot;
    uint32_t at = inner_find(inner, i->start, i->ref);
    if (interval_before(i->start, i->ref, inner->key[at], inner->key_ref[at])) {
        inner->key[at] = i->start;
        inner->key_ref[at] = i->ref;
    }
    struct sibling below = node_add(s, &inner->child[at], depth - 1, last && at == inner->n - 1, i);
    if (below.node == NULL) {
        if (i->end > inner->max_end[at])
            inner->max_end[at] = i->end;
        return below;
    }
    child_refresh(inner, depth - 1, at);
    return inner_adopt(inner, depth - 1, at, below);
}

/* A root above the node and its new sibling. */
static void root_grow(struct interval_set *s, const struct sibling *sibling)
{
    struct interval_inner *top = memory_get(sizeof *top);
    void *node = *top_slot(s);
    top->n = 0;
    inner_insert(top, 0, INT64_MIN, 0, node, s->depth);
    inner_insert(top, 1, sibling->key, sibling->ref, sibling->node, s->depth);
    if (s->depth == 0) {
        struct interval_trunk *trunk = memory_zeroed(1, sizeof *trunk);
        hot_leaves_add(&trunk->hot, node);
        hot_leaves_add(&trunk->hot, sibling->node);
        s->root = trunk;
    }
    s->depth++;
    *top_slot(s) = top;
}

/* Where a leaf hangs whose first interval is (start, ref). Equal
 * intervals may straddle children, so every child that can hold one is tried. */
static void **slot_of(void **slot, unsigned depth, const void *leaf, int64_t start, uint32_t ref)
{
    if (depth == 0)
        return *slot == leaf ? slot : NULL;
    struct interval_inner *inner = *slot;
    for (uint32_t at = inner_find(inner, start, ref) + 1; at-- > 0;) {
        void **found = slot_of(&inner->child[at], depth - 1, leaf, start, ref);
        if (found != NULL)
            return found;
        if (interval_before(inner->key[at], inner->key_ref[at], start, ref))
            return NULL;
    }
    return NULL;
}

/* After a change: packs what has been quiet for longest. */
static void settle(struct interval_set *s)
{
    struct hot_leaves *hot = hot_of(s);
    struct interval_leaf *quiet;
    while (hot != NULL && (quiet = hot_leaves_excess(hot, s->entries, NULL)) != NULL) {
        void **slot =
            slot_of(top_slot(s), s->depth, quiet, quiet->item[0].start, quiet->item[0].ref);
        hot_leaves_replace(hot, quiet, NULL);
        *slot = interval_leaf_pack(quiet);
    }
}

void interval_set_add(struct interval_set *s, const struct interval *i)
{
    if (s->root == NULL)
        s->root = interval_leaf_new(leaf_room(0));
    struct sibling sibling = node_add(s, top_slot(s), s->depth, true, i);
    s->entries++;
    if (sibling.node != NULL)
        root_grow(s, &sibling);
    settle(s);
}

/* Equal intervals may straddle children, so every child that can hold one is tried,
 * from the last on. */
static bool node_remove(struct interval_set *s, void **slot, unsigned depth,
                        const struct interval *i)
{
    if (depth == 0) {
        int at = interval_leaf_where(*slot, i);
        if (at >= 0)
            interval_leaf_remove(slot_hot(s, slot), (uint32_t)at);
        return at >= 0;
    }
    struct interval_inner *inner = *slot;
    for (uint32_t at = inner_find(inner, i->start, i->ref) + 1; at-- > 0;) {
        if (node_remove(s, &inner->child[at], depth - 1, i)) {
            /* Only the one that ended last can change the child's end. */
            if (i->end == inner->max_end[at])
                child_refresh(inner, depth - 1, at);
            if (node_is_empty(inner->child[at], depth - 1)) {
                if (depth == 1)
                    hot_leaves_replace(hot_of(s), inner->child[at], NULL);
                node_free(inner->child[at], depth - 1);
                inner_remove(inner, at);
            }
            return true;
        }
        if (interval_before(inner->key[at], inner->key_ref[at], i->start, i->ref))
            return false;
    }
    return false;
}

/* Takes away roots of one child. */
static void root_shrink(struct interval_set *s)
{
    while (s->depth > 0) {
        struct interval_trunk *trunk = s->root;
        struct interval_inner *top = trunk->top;
        if (top->n > 1)
            return;
        trunk->top = top->child[0];
        memory_free(top);
        s->depth--;
        if (s->depth == 0) {
            s->root = trunk->top;
            hot_leaves_clear(&trunk->hot);
            memory_free(trunk);
        }
    }
}

bool interval_set_remove(struct interval_set *s, const struct interval *i)
{
    if (s->root == NULL || !node_remove(s, top_slot(s), s->depth, i))
        return false;
    s->entries--;
    if (s->entries == 0) {
        interval_set_clear(s);
        return true;
    }
    root_shrink(s);
    settle(s);
    return true;
}

/* As node_remove looks for it. */
static bool node_end(struct interval_set *s, void **slot, unsigned depth, const struct interval *i,
                     int64_t end)
{
    if (depth == 0) {
        int at = interval_leaf_where(*slot, i);
        if (at >= 0)
            slot_hot(s, slot)->item[at].end = end;
        return at >= 0;
    }
    struct interval_inner *inner = *slot;
    for (uint32_t at = inner_find(inner, i->start, i->ref) + 1; at-- > 0;) {
        if (node_end(s, &inner->child[at], depth - 1, i, end)) {
            if (end >= inner->max_end[at])
                inner->max_end[at] = end;
            else if (i->end == inner->max_end[at])
                child_refresh(inner, depth - 1, at);
            return true;
        }
        if (interval_before(inner->key[at], inner->key_ref[at], i->start, i->ref))
            return false;
    }
    return false;
}

bool interval_set_end(struct interval_set *s, const struct interval *i, int64_t end)
{
    if (s->root == NULL || !node_end(s, top_slot(s), s->depth, i, end))
        return false;
    settle(s);
    return true;
}

static bool node_at(const void *node, unsigned depth, int64_t t, interval_visit *visit, void *data)
{
    if (depth == 0) {
        uint32_t k = interval_leaf_started(node, t + 1);
        return interval_leaf_visit(node, k, t, INT64_MAX, visit, data);
    }
    const struct interval_inner *inner = node;
    for (uint32_t i = 0; i < inner->n && (i == 0 || inner->key[i] <= t); i++)
        if (inner->max_end[i] > t && !node_at(inner->child[i], depth - 1, t, visit, data))
            return false;
    return true;
}

void interval_set_at(const struct interval_set *s, int64_t t, interval_visit *visit, void *data)
{
    if (s->root != NULL && t < INT64_MAX) /* none ends after that */
        node_at(top_of(s), s->depth, t, visit, data);
}

static bool node_over(const void *node, unsigned depth, int64_t from, int64_t to,
                      interval_visit *visit, void *data)
{
    if (depth == 0)
        return interval_leaf_visit(node, interval_leaf_started(node, to), from, from, visit, data);
    const struct interval_inner *inner = node;
    for (uint32_t i = 0; i < inner->n && (i == 0 || inner->key[i] < to); i++)
        if (inner->max_end[i] >= from &&
            !node_over(inner->child[i], depth - 1, from, to, visit, data))
            return false;
    return true;
}

void interval_set_over(const struct interval_set *s, int64_t from, int64_t to,
                       interval_visit *visit, void *data)
{
    if (s->root != NULL)
        node_over(top_of(s), s->depth, from, to, visit, data);
}

bool interval_set_first(const struct interval_set *s, int64_t *start)
{
    if (s->root == NULL)
        return false;
    const void *node = top_of(s);
    for (unsigned depth = s->depth; depth > 0; depth--)
        node = ((const struct interval_inner *)node)->child[0];
    *start = interval_leaf_first(node);
    return true;
}

static size_t node_bytes(const void *node, unsigned depth)
{
    if (depth == 0)
        return interval_leaf_bytes(node);
    const struct interval_inner *inner = node;
    size_t bytes = sizeof *inner;
    for (uint32_t i = 0; i < inner->n; i++)
        bytes += node_bytes(inner->child[i], depth - 1);
    return bytes;
}

size_t interval_set_bytes(const struct interval_set *s)
{
    if (s->root == NULL)
        return 0;
    size_t trunk = s->depth > 0 ? sizeof(struct interval_trunk) + hot_leaves_bytes(hot_of(s)) : 0;
    return trunk + node_bytes(top_of(s), s->depth);
}
