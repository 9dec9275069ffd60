/* A B+-tree. Every node keeps running sums: an inner node those of the children
 * before each child, a leaf those up to and with each entry. So a question reads
 * one row of each level; an append touches only the last row of each. */
#include "timeline/timeline.h"

#include "base/memory.h"

#include <string.h>

#define LEAF_MAX 64u
#define FANOUT 32u

struct leaf {
    uint32_t n, cap;
    int64_t data[]; /* cap times, then cap rows of `width` running sums */
};

struct inner {
    uint32_t n;
    int64_t key[FANOUT]; /* at or before the child's first entry, after the previous child's last */
    void *child[FANOUT];
    int64_t sums[]; /* FANOUT rows of `width`: all children before this one */
};

static int64_t *row_of(struct leaf *l, unsigned width, size_t i)
{
    return l->data + l->cap + i * width;
}

static const int64_t *const_row_of(const struct leaf *l, unsigned width, size_t i)
{
    return l->data + l->cap + i * width;
}

/* Wrapping addition without undefined behaviour. */
static int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static void rows_add(int64_t *rows, size_t count, unsigned width, const int64_t *delta)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned w = 0; w < width; w++)
            rows[i * width + w] = wrap_add(rows[i * width + w], delta[w]);
}

static struct leaf *leaf_new(unsigned width, uint32_t cap)
{
    struct leaf *l = memory_get(sizeof *l + (size_t)cap * (1 + width) * sizeof(int64_t));
    l->n = 0;
    l->cap = cap;
    return l;
}

static struct inner *inner_new(unsigned width)
{
    struct inner *node = memory_get(sizeof *node + (size_t)FANOUT * width * sizeof(int64_t));
    node->n = 0;
    return node;
}

/* The first entry of the leaf at or after the time. */
static uint32_t leaf_find(const struct leaf *l, int64_t time)
{
    uint32_t low = 0, high = l->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (l->data[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last child whose key is at or before the time; the first when none is. */
static uint32_t inner_find(const struct inner *node, int64_t time)
{
    uint32_t low = 0, high = node->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (node->key[middle] <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : low - 1;
}

void timeline_init(struct timeline *t, unsigned width)
{
    *t = (struct timeline){.width = (uint16_t)width};
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

void timeline_clear(struct timeline *t)
{
    if (t->root != NULL)
        node_free(t->root, t->depth);
    timeline_init(t, t->width);
}

/* The sums of a whole subtree, into out. */
static void node_total(const void *node, unsigned depth, unsigned width, int64_t *out)
{
    memset(out, 0, width * sizeof *out);
    while (depth > 0) {
        const struct inner *inner = node;
        rows_add(out, 1, width, inner->sums + (size_t)(inner->n - 1) * width);
        node = inner->child[inner->n - 1];
        depth--;
    }
    const struct leaf *l = node;
    if (l->n > 0)
        rows_add(out, 1, width, const_row_of(l, width, l->n - 1));
}

/* What a change below did to a child: it may have a new right sibling, or be empty. */
struct change {
    void *sibling;
    int64_t sibling_key;
    bool empty;
    struct leaf *moved; /* a leaf that grew and lies elsewhere now */
};

/* Moves the entries from `at` on into a new right sibling. */
static struct leaf *leaf_split(struct leaf *l, unsigned width, uint32_t at)
{
    struct leaf *right = leaf_new(width, l->n - at < LEAF_MAX / 2 ? LEAF_MAX / 2 : LEAF_MAX);
    right->n = l->n - at;
    memcpy(right->data, l->data + at, right->n * sizeof(int64_t));
    memcpy(row_of(right, width, 0), row_of(l, width, at),
           (size_t)right->n * width * sizeof(int64_t));
    l->n = at;
    int64_t base[TIMELINE_MAX_WIDTH];
    for (unsigned w = 0; w < width; w++)
        base[w] = at > 0 ? (int64_t)(0 - (uint64_t)row_of(l, width, at - 1)[w]) : 0;
    rows_add(row_of(right, width, 0), right->n, width, base);
    return right;
}

static struct leaf *leaf_grown(struct leaf *l, unsigned width)
{
    struct leaf *bigger = leaf_new(width, l->cap * 2);
    bigger->n = l->n;
    memcpy(bigger->data, l->data, l->n * sizeof(int64_t));
    memcpy(row_of(bigger, width, 0), row_of(l, width, 0), (size_t)l->n * width * sizeof(int64_t));
    memory_free(l);
    return bigger;
}

/* Inserts a new entry at `at`, which must have room. */
static void leaf_insert(struct leaf *l, unsigned width, uint32_t at, int64_t time,
                        const int64_t *delta)
{
    size_t after = l->n - at;
    memmove(l->data + at + 1, l->data + at, after * sizeof(int64_t));
    memmove(row_of(l, width, at + 1), row_of(l, width, at), after * width * sizeof(int64_t));
    l->data[at] = time;
    if (at > 0)
        memcpy(row_of(l, width, at), row_of(l, width, at - 1), width * sizeof(int64_t));
    else
        memset(row_of(l, width, 0), 0, width * sizeof(int64_t));
    l->n++;
    rows_add(row_of(l, width, at), l->n - at, width, delta);
}

static bool entry_is_zero(struct leaf *l, unsigned width, uint32_t at)
{
    const int64_t *row = row_of(l, width, at);
    const int64_t *before = at > 0 ? row_of(l, width, at - 1) : NULL;
    for (unsigned w = 0; w < width; w++)
        if (row[w] != (before ? before[w] : 0))
            return false;
    return true;
}

static void leaf_remove(struct leaf *l, unsigned width, uint32_t at)
{
    size_t after = l->n - at - 1;
    memmove(l->data + at, l->data + at + 1, after * sizeof(int64_t));
    memmove(row_of(l, width, at), row_of(l, width, at + 1), after * width * sizeof(int64_t));
    l->n--;
}

static struct change leaf_add(struct timeline *t, struct leaf *l, int64_t time,
                              const int64_t *delta)
{
    struct change change = {0};
    unsigned width = t->width;
    uint32_t at = leaf_find(l, time);
    if (at < l->n && l->data[at] == time) {
        rows_add(row_of(l, width, at), l->n - at, width, delta);
        if (entry_is_zero(l, width, at)) {
            leaf_remove(l, width, at);
            t->entries--;
            change.empty = l->n == 0;
        }
        return change;
    }
    t->entries++;
    if (l->n == l->cap && l->cap < LEAF_MAX)
        l = change.moved = leaf_grown(l, width);
    if (l->n < l->cap) {
        leaf_insert(l, width, at, time, delta);
        return change;
    }
    /* Full: an append starts a new leaf and leaves this one packed. */
    struct leaf *right = leaf_split(l, width, at == l->n ? l->n : l->n / 2);
    if (at > l->n || right->n == 0)
        leaf_insert(right, width, at - l->n, time, delta);
    else
        leaf_insert(l, width, at, time, delta);
    change.sibling = right;
    change.sibling_key = right->data[0];
    return change;
}

static void inner_insert(struct inner *node, unsigned width, uint32_t at, int64_t key, void *child,
                         const int64_t *sums)
{
    size_t after = node->n - at;
    memmove(node->key + at + 1, node->key + at, after * sizeof(int64_t));
    memmove(node->child + at + 1, node->child + at, after * sizeof(void *));
    memmove(node->sums + (size_t)(at + 1) * width, node->sums + (size_t)at * width,
            after * width * sizeof(int64_t));
    node->key[at] = key;
    node->child[at] = child;
    memcpy(node->sums + (size_t)at * width, sums, width * sizeof(int64_t));
    node->n++;
}

static void inner_remove(struct inner *node, unsigned width, uint32_t at)
{
    size_t after = node->n - at - 1;
    memmove(node->key + at, node->key + at + 1, after * sizeof(int64_t));
    memmove(node->child + at, node->child + at + 1, after * sizeof(void *));
    memmove(node->sums + (size_t)at * width, node->sums + (size_t)(at + 1) * width,
            after * width * sizeof(int64_t));
    node->n--;
}

/* Puts a child's new right sibling beside it; splits a full node first. */
static struct change inner_adopt(struct inner *node, unsigned width, unsigned child_depth,
                                 uint32_t at, struct change below)
{
    struct change change = {0};
    int64_t sums[TIMELINE_MAX_WIDTH], base[TIMELINE_MAX_WIDTH];
    node_total(node->child[at], child_depth, width, sums);
    rows_add(sums, 1, width, node->sums + (size_t)at * width);
    if (node->n < FANOUT) {
        inner_insert(node, width, at + 1, below.sibling_key, below.sibling, sums);
        return change;
    }
    struct inner *right = inner_new(width);
    uint32_t keep = at == FANOUT - 1 ? FANOUT : FANOUT / 2;
    if (keep == FANOUT) { /* an append: this node stays packed */
        memset(base, 0, sizeof base);
        inner_insert(right, width, 0, below.sibling_key, below.sibling, base);
    } else {
        right->n = FANOUT - keep;
        memcpy(right->key, node->key + keep, right->n * sizeof(int64_t));
        memcpy(right->child, node->child + keep, right->n * sizeof(void *));
        memcpy(right->sums, node->sums + (size_t)keep * width,
               (size_t)right->n * width * sizeof(int64_t));
        node->n = keep;
        for (unsigned w = 0; w < width; w++)
            base[w] = (int64_t)(0 - (uint64_t)right->sums[w]);
        rows_add(right->sums, right->n, width, base);
        if (at < keep) {
            inner_insert(node, width, at + 1, below.sibling_key, below.sibling, sums);
        } else {
            rows_add(sums, 1, width, base);
            inner_insert(right, width, at + 1 - keep, below.sibling_key, below.sibling, sums);
        }
    }
    change.sibling = right;
    change.sibling_key = right->key[0];
    return change;
}

static struct change node_add(struct timeline *t, void *node, unsigned depth, int64_t time,
                              const int64_t *delta)
{
    if (depth == 0)
        return leaf_add(t, node, time, delta);
    struct inner *inner = node;
    uint32_t at = inner_find(inner, time);
    if (time < inner->key[at])
        inner->key[at] = time;
    rows_add(inner->sums + (size_t)(at + 1) * t->width, inner->n - at - 1, t->width, delta);
    struct change below = node_add(t, inner->child[at], depth - 1, time, delta);
    if (below.moved != NULL)
        inner->child[at] = below.moved;
    if (below.empty) {
        memory_free(inner->child[at]);
        inner_remove(inner, t->width, at);
        return (struct change){.empty = inner->n == 0};
    }
    if (below.sibling != NULL)
        return inner_adopt(inner, t->width, depth - 1, at, below);
    return (struct change){0};
}

void timeline_add(struct timeline *t, int64_t time_us, const int64_t *delta)
{
    bool nothing = true;
    for (unsigned w = 0; w < t->width; w++)
        nothing = nothing && delta[w] == 0;
    if (nothing)
        return;
    if (t->root == NULL)
        t->root = leaf_new(t->width, 2);
    struct change change = node_add(t, t->root, t->depth, time_us, delta);
    if (change.moved != NULL)
        t->root = change.moved;
    if (change.empty) {
        memory_free(t->root);
        t->root = NULL;
        t->depth = 0;
        return;
    }
    if (change.sibling != NULL) {
        struct inner *root = inner_new(t->width);
        int64_t sums[TIMELINE_MAX_WIDTH] = {0};
        inner_insert(root, t->width, 0, INT64_MIN, t->root, sums);
        node_total(t->root, t->depth, t->width, sums);
        inner_insert(root, t->width, 1, change.sibling_key, change.sibling, sums);
        t->root = root;
        t->depth++;
    }
    while (t->depth > 0 && ((struct inner *)t->root)->n == 1) {
        struct inner *old = t->root;
        t->root = old->child[0];
        t->depth--;
        memory_free(old);
    }
}

void timeline_before(const struct timeline *t, int64_t time_us, int64_t *out)
{
    unsigned width = t->width;
    memset(out, 0, width * sizeof *out);
    if (t->root == NULL || time_us == INT64_MIN)
        return;
    const void *node = t->root;
    for (unsigned depth = t->depth; depth > 0; depth--) {
        const struct inner *inner = node;
        uint32_t at = inner_find(inner, time_us - 1);
        rows_add(out, 1, width, inner->sums + (size_t)at * width);
        node = inner->child[at];
    }
    const struct leaf *l = node;
    uint32_t at = leaf_find(l, time_us);
    if (at > 0)
        rows_add(out, 1, width, const_row_of(l, width, at - 1));
}

void timeline_between(const struct timeline *t, int64_t from_us, int64_t to_us, int64_t *out)
{
    int64_t before[TIMELINE_MAX_WIDTH];
    timeline_before(t, to_us, out);
    timeline_before(t, from_us, before);
    for (unsigned w = 0; w < t->width; w++)
        out[w] = (int64_t)((uint64_t)out[w] - (uint64_t)before[w]);
}

bool timeline_first(const struct timeline *t, int64_t *time_us)
{
    if (t->root == NULL)
        return false;
    const void *node = t->root;
    for (unsigned depth = t->depth; depth > 0; depth--)
        node = ((const struct inner *)node)->child[0];
    *time_us = ((const struct leaf *)node)->data[0];
    return true;
}

static size_t node_bytes(const void *node, unsigned depth, unsigned width)
{
    if (depth == 0) {
        const struct leaf *l = node;
        return sizeof *l + (size_t)l->cap * (1 + width) * sizeof(int64_t);
    }
    const struct inner *inner = node;
    size_t bytes = sizeof *inner + (size_t)FANOUT * width * sizeof(int64_t);
    for (uint32_t i = 0; i < inner->n; i++)
        bytes += node_bytes(inner->child[i], depth - 1, width);
    return bytes;
}

size_t timeline_bytes(const struct timeline *t)
{
    return t->root == NULL ? 0 : node_bytes(t->root, t->depth, t->width);
}
