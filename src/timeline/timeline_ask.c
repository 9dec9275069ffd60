/* Questions to a timeline: one row of each level, then a leaf. Several questions go down
 * side by side, each asking for the memory of its next step before the others take
 * theirs. */
#include "timeline/packed.h"
#include "timeline/timeline_tree.h"

#include <string.h>

#define LINE 64u

/* Of an inner node, or a root: its keys and children, before anything of it is known. The same for
 * all: a loop that ends here or there is guessed wrong, and what was guessed is fetched as well. */
#define NODE_LINES 9u
#define SUMS_LINES 2u
/* Of a leaf: what the first step of a search in it reads. */
#define LEAF_LINES (PACKED_NEAR / LINE + 1)

static inline void prefetch(const void *from, unsigned lines)
{
    const char *at = from;
    for (unsigned i = 0; i < lines; i++)
        __builtin_prefetch(at + i * LINE);
}

/* Adds the sums before the node that the way is at. */
static void way_add(const struct timeline_way *way)
{
    unsigned width = way->before != NULL ? way->ask->line->width : 0;
    for (unsigned w = 0; w < width; w++)
        way->ask->out[w] = wrap_add(way->ask->out[w], way->before[w]);
}

/* To the child. The sums before it are asked for beside it, and added a step later. */
static void way_down(struct timeline_way *way)
{
    const struct timeline_inner *inner = way->node;
    uint32_t at = inner_find(inner, way->ask->time_us - 1);
    way_add(way);
    way->before = inner_sums(inner, way->ask->line->width, at);
    way->node = inner->child[at];
    way->depth--;
    prefetch(way->node, way->depth == 0 ? LEAF_LINES : NODE_LINES);
    prefetch(way->before, SUMS_LINES);
}

size_t timeline_descend(const struct timeline_ask *asks, size_t n, struct timeline_way *way)
{
    unsigned deepest = 0;
    size_t ways = 0;
    for (size_t i = 0; i < n; i++) {
        const struct timeline *t = asks[i].line;
        memset(asks[i].out, 0, t->width * sizeof *asks[i].out);
        if (t->root == NULL || asks[i].time_us == INT64_MIN)
            continue;
        way[ways++] = (struct timeline_way){.node = t->root, .ask = &asks[i], .depth = t->depth};
        deepest = t->depth > deepest ? t->depth : deepest;
        prefetch(t->root, 1);
    }
    for (size_t i = 0; i < ways; i++) {
        if (way[i].depth > 0)
            way[i].node = ((const struct timeline_trunk *)way[i].node)->top;
        prefetch(way[i].node, NODE_LINES);
    }
    for (; deepest > 0; deepest--)
        for (size_t i = 0; i < ways; i++)
            if (way[i].depth == deepest)
                way_down(&way[i]);
    return ways;
}

/* Not summed again where the question before came to the same place: the last instant of
 * a window is mostly nothing but its end. */
static bool way_is_same(const struct timeline_way *way, const struct timeline_way *before)
{
    return before->node == way->node && before->at == way->at &&
           before->ask->without_moments <= way->ask->without_moments;
}

void timeline_sum_up(struct timeline_way *way, size_t n)
{
    for (size_t i = 0; i < n; i++)
        way[i].at = timeline_leaf_near(way[i].node, way[i].ask->time_us);
    for (size_t i = 0; i < n; i++)
        way[i].at = timeline_leaf_before_from(way[i].node, way[i].ask->time_us, way[i].at);
    for (size_t i = 0; i < n; i++) {
        const struct timeline_ask *ask = way[i].ask;
        if (i > 0 && way_is_same(&way[i], &way[i - 1])) {
            memcpy(ask->out, way[i - 1].ask->out, ask->line->width * sizeof *ask->out);
        } else {
            way_add(&way[i]);
            timeline_leaf_sums(ask->line, way[i].node, way[i].at, !ask->without_moments, ask->out);
        }
    }
}

void timeline_before_all(const struct timeline_ask *asks, size_t n)
{
    struct timeline_way ways[TIMELINE_SIDE_BY_SIDE];
    while (n > 0) {
        size_t some = n < TIMELINE_SIDE_BY_SIDE ? n : TIMELINE_SIDE_BY_SIDE;
        timeline_sum_up(ways, timeline_descend(asks, some, ways));
        asks += some;
        n -= some;
    }
}

void timeline_before(const struct timeline *t, int64_t time_us, int64_t *out)
{
    timeline_before_all(&(struct timeline_ask){t, time_us, out, false}, 1);
}

void timeline_levels_before(const struct timeline *t, int64_t time_us, int64_t *out)
{
    timeline_before_all(&(struct timeline_ask){t, time_us, out, true}, 1);
}

void timeline_between(const struct timeline *t, int64_t from_us, int64_t to_us, int64_t *out)
{
    int64_t before[TIMELINE_MAX_WIDTH];
    timeline_before_all(
        (struct timeline_ask[]){{t, to_us, out, false}, {t, from_us, before, false}}, 2);
    for (unsigned w = 0; w < t->width; w++)
        out[w] = (int64_t)((uint64_t)out[w] - (uint64_t)before[w]);
}

bool timeline_first(const struct timeline *t, int64_t *time_us)
{
    if (t->root == NULL)
        return false;
    const void *node = t->root;
    if (t->depth > 0)
        node = ((const struct timeline_trunk *)node)->top;
    for (unsigned depth = t->depth; depth > 0; depth--)
        node = ((const struct timeline_inner *)node)->child[0];
    *time_us = timeline_leaf_first(node);
    return true;
}

int64_t timeline_next(const struct timeline *t, int64_t time_us)
{
    int64_t next = INT64_MAX;
    if (t->root == NULL)
        return next;
    const void *node = t->root;
    if (t->depth > 0)
        node = ((const struct timeline_trunk *)node)->top;
    for (unsigned depth = t->depth; depth > 0; depth--) {
        const struct timeline_inner *inner = node;
        uint32_t at = inner_find(inner, time_us);
        if (at + 1 < inner->n)
            next = inner->key[at + 1]; /* the deeper, the sooner */
        node = inner->child[at];
    }
    uint32_t at = timeline_leaf_before(node, time_us);
    return at < ((const struct leaf_head *)node)->n ? timeline_leaf_time(node, at) : next;
}

static size_t node_bytes(const struct timeline *t, const void *node, unsigned depth)
{
    if (depth == 0)
        return timeline_leaf_bytes(t, node);
    const struct timeline_inner *inner = node;
    size_t bytes = inner_bytes(t->width);
    for (uint32_t i = 0; i < inner->n; i++)
        bytes += node_bytes(t, inner->child[i], depth - 1);
    return bytes;
}

size_t timeline_bytes(const struct timeline *t)
{
    if (t->root == NULL)
        return 0;
    if (t->depth == 0)
        return timeline_leaf_bytes(t, t->root);
    const struct timeline_trunk *trunk = t->root;
    return sizeof *trunk + hot_leaves_bytes(&trunk->hot) + node_bytes(t, trunk->top, t->depth);
}
