/* A B+-tree ordered by (start, ref); inner nodes know the latest end and the
 * number of intervals of each child. */
#include "timeline/interval_set.h"

#include "base/memory.h"

#include <string.h>

#define LEAF_MAX 64u
#define FANOUT 32u

struct leaf {
    uint32_t n, cap;
    struct interval item[];
};

struct inner {
    uint32_t n;
    uint32_t count[FANOUT];  /* intervals in the child */
    int64_t max_end[FANOUT]; /* the latest end in the child */
    int64_t key[FANOUT];     /* (key, key_ref): at or before the child's first */
    uint32_t key_ref[FANOUT];
    void *child[FANOUT];
};

static bool before(int64_t start_a, uint32_t ref_a, int64_t start_b, uint32_t ref_b)
{
    return start_a != start_b ? start_a < start_b : ref_a < ref_b;
}

static struct leaf *leaf_new(uint32_t cap)
{
    struct leaf *l = memory_get(sizeof *l + cap * sizeof l->item[0]);
    l->n = 0;
    l->cap = cap;
    return l;
}

/* The first item not before (start, ref). */
static uint32_t leaf_find(const struct leaf *l, int64_t start, uint32_t ref)
{
    uint32_t low = 0, high = l->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (before(l->item[middle].start, l->item[middle].ref, start, ref))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last child whose key is not after (start, ref); 0 when none is. */
static uint32_t inner_find(const struct inner *node, int64_t start, uint32_t ref)
{
    uint32_t low = 0, high = node->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (before(start, ref, node->key[middle], node->key_ref[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low == 0 ? 0 : low - 1;
}

static void node_summary(const void *node, unsigned depth, uint32_t *count, int64_t *max_end)
{
    *count = 0;
    *max_end = INT64_MIN;
    if (depth == 0) {
        const struct leaf *l = node;
        *count = l->n;
        for (uint32_t i = 0; i < l->n; i++)
            if (l->item[i].end > *max_end)
                *max_end = l->item[i].end;
        return;
    }
    const struct inner *inner = node;
    for (uint32_t i = 0; i < inner->n; i++) {
        *count += inner->count[i];
        if (inner->max_end[i] > *max_end)
            *max_end = inner->max_end[i];
    }
}

static void child_refresh(struct inner *node, unsigned child_depth, uint32_t at)
{
    node_summary(node->child[at], child_depth, &node->count[at], &node->max_end[at]);
}

static void node_free(void *node, unsigned depth)
{
    if (depth > 0) {
        struct inner *inner = node;
        for (uint32_t i = 0; i < inner->n; i++)
            node_free(inner->child[i], depth - 1);
    }
    memory_free(node);
}

void interval_set_clear(struct interval_set *s)
{
    if (s->root != NULL)
        node_free(s->root, s->depth);
    *s = (struct interval_set){0};
}

struct change {
    void *sibling;
    int64_t sibling_key;
    uint32_t sibling_ref;
    struct leaf *moved;
};

static struct change leaf_add(struct leaf *l, const struct interval *i)
{
    struct change change = {0};
    uint32_t at = leaf_find(l, i->start, i->ref);
    if (l->n == l->cap && l->cap < LEAF_MAX) {
        l->cap *= 2;
        l = memory_resize(l, sizeof *l + l->cap * sizeof l->item[0]);
        change.moved = l;
    }
    struct leaf *target = l;
    if (l->n == l->cap) {
        /* Full: an append starts a new leaf and leaves this one packed. */
        uint32_t keep = at == l->n ? l->n : l->n / 2;
        struct leaf *right = leaf_new(keep == l->n ? LEAF_MAX / 2 : LEAF_MAX);
        right->n = l->n - keep;
        memcpy(right->item, l->item + keep, right->n * sizeof l->item[0]);
        l->n = keep;
        change.sibling = right;
        if (at > keep || right->n == 0) {
            target = right;
            at -= keep;
        }
    }
    memmove(target->item + at + 1, target->item + at, (target->n - at) * sizeof target->item[0]);
    target->item[at] = *i;
    target->n++;
    if (change.sibling != NULL) {
        const struct leaf *right = change.sibling;
        change.sibling_key = right->item[0].start;
        change.sibling_ref = right->item[0].ref;
    }
    return change;
}

static void inner_insert(struct inner *node, uint32_t at, int64_t key, uint32_t ref, void *child,
                         unsigned child_depth)
{
    size_t after = node->n - at;
    memmove(node->count + at + 1, node->count + at, after * sizeof node->count[0]);
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

static void inner_remove(struct inner *node, uint32_t at)
{
    size_t after = node->n - at - 1;
    memmove(node->count + at, node->count + at + 1, after * sizeof node->count[0]);
    memmove(node->max_end + at, node->max_end + at + 1, after * sizeof node->max_end[0]);
    memmove(node->key + at, node->key + at + 1, after * sizeof node->key[0]);
    memmove(node->key_ref + at, node->key_ref + at + 1, after * sizeof node->key_ref[0]);
    memmove(node->child + at, node->child + at + 1, after * sizeof node->child[0]);
    node->n--;
}

static struct inner *inner_split(struct inner *node, uint32_t keep)
{
    struct inner *right = memory_get(sizeof *right);
    right->n = node->n - keep;
    memcpy(right->count, node->count + keep, right->n * sizeof node->count[0]);
    memcpy(right->max_end, node->max_end + keep, right->n * sizeof node->max_end[0]);
    memcpy(right->key, node->key + keep, right->n * sizeof node->key[0]);
    memcpy(right->key_ref, node->key_ref + keep, right->n * sizeof node->key_ref[0]);
    memcpy(right->child, node->child + keep, right->n * sizeof node->child[0]);
    node->n = keep;
    return right;
}

static struct change node_add(void *node, unsigned depth, const struct interval *i)
{
    if (depth == 0)
        return leaf_add(node, i);
    struct inner *inner = node;
    struct change change = {0};
    uint32_t at = inner_find(inner, i->start, i->ref);
    if (before(i->start, i->ref, inner->key[at], inner->key_ref[at])) {
        inner->key[at] = i->start;
        inner->key_ref[at] = i->ref;
    }
    struct change below = node_add(inner->child[at], depth - 1, i);
    if (below.moved != NULL)
        inner->child[at] = below.moved;
    if (below.sibling == NULL) {
        inner->count[at]++;
        if (i->end > inner->max_end[at])
            inner->max_end[at] = i->end;
        return change;
    }
    child_refresh(inner, depth - 1, at);
    if (inner->n == FANOUT) {
        uint32_t keep = at == FANOUT - 1 ? FANOUT : FANOUT / 2;
        struct inner *right = inner_split(inner, keep);
        if (at + 1 > keep || right->n == 0)
            inner_insert(right, at + 1 - keep, below.sibling_key, below.sibling_ref, below.sibling,
                         depth - 1);
        else
            inner_insert(inner, at + 1, below.sibling_key, below.sibling_ref, below.sibling,
                         depth - 1);
        change.sibling = right;
        change.sibling_key = right->key[0];
        change.sibling_ref = right->key_ref[0];
        return change;
    }
    inner_insert(inner, at + 1, below.sibling_key, below.sibling_ref, below.sibling, depth - 1);
    return change;
}

void interval_set_add(struct interval_set *s, const struct interval *i)
{
    if (s->root == NULL)
        s->root = leaf_new(2);
    struct change change = node_add(s->root, s->depth, i);
    s->entries++;
    if (change.moved != NULL)
        s->root = change.moved;
    if (change.sibling != NULL) {
        struct inner *root = memory_get(sizeof *root);
        root->n = 0;
        inner_insert(root, 0, INT64_MIN, 0, s->root, s->depth);
        inner_insert(root, 1, change.sibling_key, change.sibling_ref, change.sibling, s->depth);
        s->root = root;
        s->depth++;
    }
}

/* Equal intervals may straddle children, so every child that can hold one is tried,
 * from the last on. */
static bool node_remove(void *node, unsigned depth, const struct interval *i)
{
    if (depth == 0) {
        struct leaf *l = node;
        for (uint32_t at = leaf_find(l, i->start, i->ref); at < l->n; at++) {
            const struct interval *x = &l->item[at];
            if (x->start != i->start || x->ref != i->ref)
                return false;
            if (x->end != i->end)
                continue;
            memmove(l->item + at, l->item + at + 1, (l->n - at - 1) * sizeof l->item[0]);
            l->n--;
            return true;
        }
        return false;
    }
    struct inner *inner = node;
    for (uint32_t at = inner_find(inner, i->start, i->ref) + 1; at-- > 0;) {
        if (node_remove(inner->child[at], depth - 1, i)) {
            child_refresh(inner, depth - 1, at);
            if (inner->count[at] == 0) {
                node_free(inner->child[at], depth - 1);
                inner_remove(inner, at);
            }
            return true;
        }
        if (before(inner->key[at], inner->key_ref[at], i->start, i->ref))
            return false;
    }
    return false;
}

bool interval_set_remove(struct interval_set *s, const struct interval *i)
{
    if (s->root == NULL || !node_remove(s->root, s->depth, i))
        return false;
    s->entries--;
    if (s->entries == 0) {
        node_free(s->root, s->depth);
        *s = (struct interval_set){0};
    }
    while (s->depth > 0 && ((struct inner *)s->root)->n == 1) {
        struct inner *old = s->root;
        s->root = old->child[0];
        s->depth--;
        memory_free(old);
    }
    return true;
}

static bool node_at(const void *node, unsigned depth, int64_t t, interval_visit *visit, void *data)
{
    if (depth == 0) {
        const struct leaf *l = node;
        for (uint32_t i = 0; i < l->n && l->item[i].start <= t; i++)
            if (l->item[i].end > t && !visit(data, &l->item[i]))
                return false;
        return true;
    }
    const struct inner *inner = node;
    for (uint32_t i = 0; i < inner->n && (i == 0 || inner->key[i] <= t); i++)
        if (inner->max_end[i] > t && !node_at(inner->child[i], depth - 1, t, visit, data))
            return false;
    return true;
}

void interval_set_at(const struct interval_set *s, int64_t t, interval_visit *visit, void *data)
{
    if (s->root != NULL)
        node_at(s->root, s->depth, t, visit, data);
}

static bool node_over(const void *node, unsigned depth, int64_t from, int64_t to,
                      interval_visit *visit, void *data)
{
    if (depth == 0) {
        const struct leaf *l = node;
        for (uint32_t i = 0; i < l->n && l->item[i].start < to; i++)
            if ((l->item[i].end > from || l->item[i].start >= from) && !visit(data, &l->item[i]))
                return false;
        return true;
    }
    const struct inner *inner = node;
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
        node_over(s->root, s->depth, from, to, visit, data);
}

uint32_t interval_set_started(const struct interval_set *s, int64_t t)
{
    uint32_t count = 0;
    if (s->root == NULL || t == INT64_MIN)
        return 0;
    const void *node = s->root;
    for (unsigned depth = s->depth; depth > 0; depth--) {
        const struct inner *inner = node;
        /* The last child that can begin before t; equal starts may straddle children. */
        uint32_t at = inner_find(inner, t - 1, UINT32_MAX);
        for (uint32_t i = 0; i < at; i++)
            count += inner->count[i];
        node = inner->child[at];
    }
    return count + leaf_find(node, t, 0);
}

bool interval_set_first(const struct interval_set *s, int64_t *start)
{
    if (s->root == NULL)
        return false;
    const void *node = s->root;
    for (unsigned depth = s->depth; depth > 0; depth--)
        node = ((const struct inner *)node)->child[0];
    *start = ((const struct leaf *)node)->item[0].start;
    return true;
}

static size_t node_bytes(const void *node, unsigned depth)
{
    if (depth == 0)
        return sizeof(struct leaf) + ((const struct leaf *)node)->cap * sizeof(struct interval);
    const struct inner *inner = node;
    size_t bytes = sizeof *inner;
    for (uint32_t i = 0; i < inner->n; i++)
        bytes += node_bytes(inner->child[i], depth - 1);
    return bytes;
}

size_t interval_set_bytes(const struct interval_set *s)
{
    return s->root == NULL ? 0 : node_bytes(s->root, s->depth);
}
