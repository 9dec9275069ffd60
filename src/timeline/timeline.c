/* A B+-tree. An inner node keeps the sums of the children before each child, so an
 * append touches no node above its leaf, and a question reads one row of each level.
 * Leaves that have not changed for long are packed (docs/decisions/0008). */
#include "timeline/timeline.h"

#include "base/memory.h"
#include "timeline/packed.h"
#include "timeline/timeline_tree.h"

#include <assert.h>
#include <string.h>

/* An addition on its way down. */
struct addition {
    int64_t time;
    const int64_t *delta; /* all measures */
    const int64_t *row;   /* those that are kept */
};

static void sums_add(int64_t *sums, unsigned width, const int64_t *delta)
{
    for (unsigned w = 0; w < width; w++)
        sums[w] = wrap_add(sums[w], delta[w]);
}

void timeline_init(struct timeline *t, unsigned width)
{
    timeline_init_moments(t, width, 0);
}

void timeline_init_moments(struct timeline *t, unsigned width, unsigned moment_mask)
{
    assert(width >= 1 && width <= TIMELINE_MAX_WIDTH);
    assert((moment_mask & 1) == 0 && moment_mask >> width == 0);
    assert((moment_mask & moment_mask >> 1) == 0);
    *t = (struct timeline){0};
    t->width = width & 15;
    t->moments = moment_mask & 0xffff;
    t->stored = (width - (unsigned)__builtin_popcount(moment_mask)) & 15;
}

static void node_free(void *node, unsigned depth)
{
    if (depth > 0) {
        struct timeline_inner *inner = node;
        for (uint32_t i = 0; i < inner->n; i++)
            node_free(inner->child[i], depth - 1);
        memory_free(inner);
    } else {
        leaf_free(node);
    }
}

void timeline_clear(struct timeline *t)
{
    if (t->root != NULL && t->depth > 0) {
        struct timeline_trunk *trunk = t->root;
        node_free(trunk->top, t->depth);
        hot_leaves_clear(&trunk->hot);
        memory_free(trunk);
    } else if (t->root != NULL) {
        leaf_free(t->root);
    }
    timeline_init_moments(t, t->width, t->moments);
}

/* The sums of a whole subtree, into out. */
static void node_total(const struct timeline *t, const void *node, unsigned depth, int64_t *out)
{
    memset(out, 0, t->width * sizeof *out);
    for (; depth > 0; depth--) {
        const struct timeline_inner *inner = node;
        sums_add(out, t->width, inner_sums(inner, t->width, inner->n - 1));
        node = inner->child[inner->n - 1];
    }
    timeline_leaf_sums(t, node, ((const struct leaf_head *)node)->n, true, out);
}

/* What a change below means for the node above. */
struct change {
    void *sibling; /* a new node to the right, or NULL */
    int64_t sibling_key;
    void *moved; /* the node lies elsewhere now, or NULL */
    bool empty;  /* the node has no entry left: free it */
};

static struct hot_leaves *hot_of(const struct timeline *t)
{
    return t->depth == 0 ? NULL : &((struct timeline_trunk *)t->root)->hot;
}

/* A leaf without room: an append to the last leaf starts the next one and leaves this one
 * full, any other splits it. */
static struct change leaf_split(struct timeline *t, struct timeline_leaf *l, bool append,
                                const struct addition *a)
{
    uint32_t n = l->head.n;
    struct timeline_leaf *right = timeline_leaf_split(t, l, append ? n : n / 2);
    bool to_right = append || a->time >= right->data[0];
    timeline_leaf_put(t, to_right ? right : l, a->time, a->row, timeline_leaf_max(t));
    struct hot_leaves *hot = hot_of(t);
    if (hot != NULL)
        hot_leaves_add(hot, right);
    return (struct change){.sibling = right, .sibling_key = right->data[0]};
}

/* Adds to a packed leaf that is too long for one hot leaf: now they are two. */
static struct change long_leaf_add(struct timeline *t, void *leaf, const struct addition *a)
{
    struct timeline_leaf *half[2];
    struct hot_leaves *hot = hot_of(t);
    timeline_leaf_halve(t, leaf, half);
    if (hot != NULL) {
        hot_leaves_unpacked(hot, t->entries);
        hot_leaves_add(hot, half[0]);
        hot_leaves_add(hot, half[1]);
    }
    int64_t key = half[1]->data[0];
    enum leaf_put put = timeline_leaf_put(t, half[a->time >= key], a->time, a->row, LEAF_MAX);
    t->entries += put == LEAF_INSERTED;
    t->entries -= put == LEAF_REMOVED;
    return (struct change){.moved = half[0], .sibling = half[1], .sibling_key = key};
}

static struct change leaf_add(struct timeline *t, void *leaf, bool last, const struct addition *a)
{
    if (leaf_is_packed(leaf) && ((struct leaf_head *)leaf)->n > timeline_leaf_max(t))
        return long_leaf_add(t, leaf, a);
    struct change change = {0};
    struct hot_leaves *hot = hot_of(t);
    struct timeline_leaf *l = leaf;
    if (leaf_is_packed(leaf)) {
        l = change.moved = timeline_leaf_hot(t, leaf);
        if (hot != NULL) {
            hot_leaves_unpacked(hot, t->entries);
            hot_leaves_add(hot, l);
        }
    } else if (hot != NULL) {
        hot_leaves_touch(hot, l);
    }
    bool append = last && a->time > l->data[l->head.n - 1];
    uint32_t most = append ? timeline_leaf_full(t) : timeline_leaf_max(t);
    enum leaf_put put = timeline_leaf_put(t, l, a->time, a->row, most);
    if (put == LEAF_NO_ROOM && l->head.n < most) {
        change.moved = timeline_leaf_hot(t, l);
        if (hot != NULL)
            hot_leaves_replace(hot, l, change.moved);
        l = change.moved;
        put = timeline_leaf_put(t, l, a->time, a->row, most);
    }
    if (put == LEAF_NO_ROOM) {
        struct change split = leaf_split(t, l, append, a);
        split.moved = change.moved;
        change = split;
        put = LEAF_INSERTED;
    }
    if (put == LEAF_EMPTY && hot != NULL)
        hot_leaves_replace(hot, l, NULL);
    change.empty = put == LEAF_EMPTY;
    t->entries += put == LEAF_INSERTED;
    t->entries -= put == LEAF_REMOVED || put == LEAF_EMPTY;
    return change;
}

/* Copies children from a place of a node to a place of another, or of the same. */
static void inner_move(struct timeline_inner *to, uint32_t at, const struct timeline_inner *from,
                       uint32_t first, uint32_t count, unsigned width)
{
    memmove(to->key + at, from->key + first, count * sizeof to->key[0]);
    memmove(to->child + at, from->child + first, count * sizeof to->child[0]);
    memmove(inner_sums(to, width, at), inner_sums(from, width, first),
            (size_t)count * width * sizeof(int64_t));
}

static void inner_insert(struct timeline_inner *node, unsigned width, uint32_t at, int64_t key,
                         void *child, const int64_t *sums)
{
    inner_move(node, at + 1, node, at, node->n - at, width);
    node->key[at] = key;
    node->child[at] = child;
    memcpy(inner_sums(node, width, at), sums, width * sizeof(int64_t));
    node->n++;
}

static void inner_remove(struct timeline_inner *node, unsigned width, uint32_t at)
{
    inner_move(node, at, node, at + 1, node->n - at - 1, width);
    node->n--;
}

/* Moves the children from `keep` on into a new node, whose sums begin at 0; what was
 * before its first child goes into base, negated. */
static struct timeline_inner *inner_split(struct timeline_inner *node, unsigned width,
                                          uint32_t keep, int64_t *base)
{
    struct timeline_inner *right = inner_new(width);
    right->n = node->n - keep;
    inner_move(right, 0, node, keep, right->n, width);
    node->n = keep;
    for (unsigned w = 0; w < width; w++)
        base[w] = (int64_t)(0 - (uint64_t)inner_sums(right, width, 0)[w]);
    for (uint32_t i = 0; i < right->n; i++)
        sums_add(inner_sums(right, width, i), width, base);
    return right;
}

/* Puts a child's new right sibling beside it; splits a full node first. */
static struct change inner_adopt(struct timeline *t, struct timeline_inner *node,
                                 unsigned child_depth, uint32_t at, struct change below)
{
    struct change change = {0};
    unsigned width = t->width;
    int64_t sums[TIMELINE_MAX_WIDTH], base[TIMELINE_MAX_WIDTH];
    node_total(t, node->child[at], child_depth, sums);
    sums_add(sums, width, inner_sums(node, width, at));
    if (node->n < TIMELINE_FANOUT) {
        inner_insert(node, width, at + 1, below.sibling_key, below.sibling, sums);
        return change;
    }
    struct timeline_inner *right;
    if (at == TIMELINE_FANOUT - 1) { /* an append: this node stays full */
        right = inner_new(width);
        memset(sums, 0, sizeof sums);
        inner_insert(right, width, 0, below.sibling_key, below.sibling, sums);
    } else {
        uint32_t keep = TIMELINE_FANOUT / 2;
        right = inner_split(node, width, keep, base);
        if (at < keep) {
            inner_insert(node, width, at + 1, below.sibling_key, below.sibling, sums);
        } else {
            sums_add(sums, width, base);
            inner_insert(right, width, at + 1 - keep, below.sibling_key, below.sibling, sums);
        }
    }
    change.sibling = right;
    change.sibling_key = right->key[0];
    return change;
}

static struct change node_add(struct timeline *t, void *node, unsigned depth, bool last,
                              const struct addition *a)
{
    if (depth == 0)
        return leaf_add(t, node, last, a);
    struct timeline_inner *inner = node;
    unsigned width = t->width;
    uint32_t at = inner_find(inner, a->time);
    if (a->time < inner->key[at])
        inner->key[at] = a->time;
    for (uint32_t i = at + 1; i < inner->n; i++)
        sums_add(inner_sums(inner, width, i), width, a->delta);
    struct change below = node_add(t, inner->child[at], depth - 1, last && at == inner->n - 1, a);
    if (below.moved != NULL)
        inner->child[at] = below.moved;
    if (below.empty) {
        memory_free(inner->child[at]);
        inner_remove(inner, width, at);
        return (struct change){.empty = inner->n == 0};
    }
    if (below.sibling != NULL)
        return inner_adopt(t, inner, depth - 1, at, below);
    return (struct change){0};
}

/* A root above the node and its new sibling. */
static void root_grow(struct timeline *t, const struct change *change)
{
    int64_t sums[TIMELINE_MAX_WIDTH] = {0};
    struct timeline_trunk *trunk = t->root;
    void *node = t->root;
    if (t->depth == 0) {
        trunk = memory_zeroed(1, sizeof *trunk);
        hot_leaves_add(&trunk->hot, node);
        hot_leaves_add(&trunk->hot, change->sibling);
    } else {
        node = trunk->top;
    }
    struct timeline_inner *top = inner_new(t->width);
    inner_insert(top, t->width, 0, INT64_MIN, node, sums);
    node_total(t, node, t->depth, sums);
    inner_insert(top, t->width, 1, change->sibling_key, change->sibling, sums);
    trunk->top = top;
    t->root = trunk;
    t->depth++;
}

/* Takes away roots of one child. */
static void root_shrink(struct timeline *t)
{
    while (t->depth > 0) {
        struct timeline_trunk *trunk = t->root;
        struct timeline_inner *top = trunk->top;
        if (top->n > 1)
            return;
        void *child = top->child[0];
        memory_free(top);
        t->depth--;
        trunk->top = child;
        if (t->depth == 0) {
            hot_leaves_clear(&trunk->hot);
            memory_free(trunk);
            t->root = child;
        }
    }
}

/* Leaves that are packed as one: neighbours below one node. What leads to them is then less. */
#define JOIN_MAX 8u
struct run {
    uint32_t first, end, n; /* children, entries */
};

/* Takes a child at either end into the run, when there is room for it. */
static bool run_take(const struct timeline_inner *inner, struct run *run, uint32_t at)
{
    const struct leaf_head *leaf = inner->child[at];
    if (run->n + leaf->n > PACKED_MAX || run->end - run->first == JOIN_MAX)
        return false;
    run->first = at < run->first ? at : run->first;
    run->end = at < run->end ? run->end : at + 1;
    run->n += leaf->n;
    return true;
}

/* Hot leaves beside the run that would be packed next: as one that is less work. Not in small
 * trees, where the next is the present. */
static void run_take_hot(struct timeline *t, struct timeline_inner *inner, struct run *run,
                         const void *last)
{
    struct hot_leaves *hot = hot_of(t);
    while (hot->count >= 4) {
        const void *next = hot_leaves_oldest(hot, last);
        uint32_t at = run->end;
        if (run->first > 0 && inner->child[run->first - 1] == next)
            at = run->first - 1;
        else if (at == inner->n || inner->child[at] != next)
            return;
        if (!run_take(inner, run, at))
            return;
        hot_leaves_replace(hot, next, NULL);
    }
}

static bool is_packed_child(const struct timeline_inner *inner, uint32_t at, const void *last)
{
    const void *leaf = inner->child[at];
    return leaf != last && leaf_is_packed(leaf);
}

/* Packed leaves beside the run: when that makes a long leaf, so that what is full is packed
 * twice at most, or a thin one, as entries leave behind that move on. */
static void run_take_packed(struct timeline *t, struct timeline_inner *inner, struct run *run,
                            const void *last)
{
    struct run wide = *run;
    while (wide.first > 0 && is_packed_child(inner, wide.first - 1, last) &&
           run_take(inner, &wide, wide.first - 1)) {
    }
    while (wide.end < inner->n && is_packed_child(inner, wide.end, last) &&
           run_take(inner, &wide, wide.end)) {
    }
    bool worth_it = t->moments != 0 || hot_of(t)->count >= 4;
    if (wide.n <= timeline_leaf_max(t) || (worth_it && wide.n > PACKED_MAX - timeline_leaf_full(t)))
        *run = wide;
}

/* Packs the children of a run as one. */
static void run_pack(struct timeline *t, struct timeline_inner *inner, const struct run *run)
{
    void *leaf[JOIN_MAX];
    unsigned count = run->end - run->first;
    for (unsigned i = 0; i < count; i++)
        leaf[i] = inner->child[run->first + i];
    inner->child[run->first] =
        count == 1 ? timeline_leaf_pack(t, leaf[0]) : timeline_leaf_join(t, leaf, count);
    while (--count > 0)
        inner_remove(inner, t->width, run->first + 1);
}

/* Takes the first children of a node away; returns the sums of what is in them. */
static void inner_drop_first(struct timeline_inner *node, unsigned width, uint32_t count,
                             int64_t *sums)
{
    int64_t base[TIMELINE_MAX_WIDTH];
    node->n -= count;
    memcpy(sums, inner_sums(node, width, count), width * sizeof *sums);
    inner_move(node, 0, node, count, node->n, width);
    for (unsigned w = 0; w < width; w++)
        base[w] = (int64_t)(0 - (uint64_t)sums[w]);
    for (uint32_t i = 0; i < node->n; i++)
        sums_add(inner_sums(node, width, i), width, base);
}

/* Fills a node from the next one: of leaves that were joined there are half as many. */
static void inner_fill(struct timeline *t, struct timeline_inner *above, uint32_t at)
{
    unsigned width = t->width;
    struct timeline_inner *node = above->child[at];
    struct timeline_inner *next = above->child[at + 1];
    uint32_t count = TIMELINE_FANOUT - node->n;
    count = count < next->n ? count : next->n;
    int64_t before[TIMELINE_MAX_WIDTH], moved[TIMELINE_MAX_WIDTH];
    for (unsigned w = 0; w < width; w++) /* all that is in the node */
        before[w] = (int64_t)((uint64_t)inner_sums(above, width, at + 1)[w] -
                              (uint64_t)inner_sums(above, width, at)[w]);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(moved, inner_sums(next, width, i), width * sizeof *moved);
        sums_add(moved, width, before);
        inner_insert(node, width, node->n, next->key[i], next->child[i], moved);
    }
    if (count == next->n) {
        inner_remove(above, width, at + 1);
        memory_free(next);
    } else if (count > 0) {
        inner_drop_first(next, width, count, moved);
        above->key[at + 1] = next->key[0];
        sums_add(inner_sums(above, width, at + 1), width, moved);
    }
}

/* Packs a hot leaf, if possible together with neighbours. */
static void leaf_cool(struct timeline *t, struct timeline_leaf *quiet, const void *last)
{
    struct timeline_trunk *trunk = t->root;
    struct timeline_inner *inner = trunk->top, *above = NULL;
    uint32_t at = inner_find(inner, quiet->data[0]), inner_at = 0;
    for (unsigned depth = t->depth; depth > 1; depth--) {
        above = inner;
        inner_at = at;
        inner = inner->child[at];
        at = inner_find(inner, quiet->data[0]);
    }
    struct run run = {.first = at, .end = at + 1, .n = quiet->head.n};
    hot_leaves_replace(&trunk->hot, quiet, NULL);
    run_take_hot(t, inner, &run, last);
    run_take_packed(t, inner, &run, last);
    run_pack(t, inner, &run);
    if (above != NULL && inner_at + 1 < above->n)
        inner_fill(t, above, inner_at);
}

/* After a change: finds the last leaf, packs what has been quiet for longest. */
static void trunk_settle(struct timeline *t)
{
    struct timeline_trunk *trunk = t->root;
    if (t->depth == 0)
        return;
    void *node = trunk->top;
    for (unsigned depth = t->depth; depth > 0; depth--)
        node = ((struct timeline_inner *)node)->child[((struct timeline_inner *)node)->n - 1];
    trunk->last = leaf_is_packed(node) ? NULL : node;
    struct timeline_leaf *quiet;
    while ((quiet = hot_leaves_excess(&trunk->hot, t->entries, node)) != NULL)
        leaf_cool(t, quiet, node);
}

/* An append, or a change of the last leaf, of which no node above knows. False, and nothing
 * done, when it takes more. */
static bool last_add(struct timeline *t, struct timeline_leaf *last, const struct addition *a)
{
    if (last == NULL || last->head.n == 0)
        return false;
    if (timeline_leaf_append(t, last, a->time, a->row)) {
        t->entries++;
        return true;
    }
    if (a->time < last->data[0])
        return false;
    enum leaf_put put = timeline_leaf_put(t, last, a->time, a->row, timeline_leaf_full(t));
    t->entries += put == LEAF_INSERTED;
    t->entries -= put == LEAF_REMOVED;
    return put != LEAF_EMPTY && put != LEAF_NO_ROOM;
}

/* The last leaf, when it is hot. */
static struct timeline_leaf *last_leaf(const struct timeline *t)
{
    if (t->depth > 0)
        return ((const struct timeline_trunk *)t->root)->last;
    return t->root == NULL || leaf_is_packed(t->root) ? NULL : t->root;
}

static void tree_add(struct timeline *t, const struct addition *a)
{
    if (t->root == NULL)
        t->root = timeline_leaf_new(t, leaf_room(0));
    if (t->depth == 0 && ((struct leaf_head *)t->root)->n == 0) {
        timeline_leaf_put(t, t->root, a->time, a->row, LEAF_MAX);
        t->entries++;
        return;
    }
    void *top = t->depth > 0 ? ((struct timeline_trunk *)t->root)->top : t->root;
    struct change change = node_add(t, top, t->depth, true, a);
    if (change.moved != NULL)
        t->root = change.moved;
    if (change.empty) {
        assert(t->entries == 0);
        timeline_clear(t);
        return;
    }
    if (change.sibling != NULL)
        root_grow(t, &change);
    trunk_settle(t);
    root_shrink(t);
}

/* The measures that are kept, of all; with moments there are fewer. */
static void kept_row(const struct timeline *t, int64_t time_us, const int64_t *delta, int64_t *row)
{
    (void)time_us;
    unsigned column = 0;
    for (unsigned w = 0; w < t->width; w++) {
        if (!(t->moments >> w & 1))
            row[column++] = delta[w];
        else
            assert(delta[w] == wrap_multiply(delta[w - 1], time_us));
    }
}

void timeline_add(struct timeline *t, int64_t time_us, const int64_t *delta)
{
    int64_t row[TIMELINE_MAX_WIDTH];
    struct addition a = {.time = time_us, .delta = delta, .row = delta};
    unsigned zeros = 0, width = t->width;
    while (zeros < width && delta[zeros] == 0)
        zeros++;
    if (zeros == width)
        return;
    if (t->moments != 0) {
        kept_row(t, time_us, delta, row);
        a.row = row;
    }
    if (!last_add(t, last_leaf(t), &a))
        tree_add(t, &a);
}
