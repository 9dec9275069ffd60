/* An interval set's image: its head; of a tree the clock of its hot leaves; then the nodes,
 * each before its children. */
#include "base/image.h"
#include "base/memory.h"
#include "timeline/images.h"
#include "timeline/interval_tree.h"
#include "timeline/leaf_image.h"

#include <assert.h>
#include <string.h>

struct set_head {
    uint32_t entries;
    uint16_t depth, root; /* root: 1 when there is one */
};

/* An interval, with the bytes after it that a struct leaves to chance. */
struct saved_interval {
    int64_t start, end;
    uint32_t ref, zero;
};

static_assert(sizeof(struct saved_interval) == sizeof(struct interval), "loaded in place");
static_assert(sizeof(struct interval_leaf) == sizeof(struct leaf_head), "leaf_image.h");

static void items_image(struct interval_leaf *l, struct image *io)
{
    struct saved_interval saved[LEAF_MAX];
    if (image_loads(io)) {
        image_bytes(io, l->item, l->head.n * sizeof l->item[0]);
        return;
    }
    for (uint32_t i = 0; i < l->head.n; i++)
        saved[i] = (struct saved_interval){l->item[i].start, l->item[i].end, l->item[i].ref, 0};
    image_bytes(io, saved, l->head.n * sizeof saved[0]);
}

static void *set_leaf_image(struct interval_set *s, void *leaf, struct image *io)
{
    leaf = leaf_image(io, leaf, sizeof(struct interval));
    if (leaf == NULL || leaf_is_packed(leaf))
        return leaf;
    items_image(leaf, io);
    if (image_loads(io) && s->depth > 0)
        hot_leaves_add_marked(&((struct interval_trunk *)s->root)->hot, leaf);
    return leaf;
}

/* Saves a node, or returns the loaded one: NULL, or one with fewer children, when that failed. */
static void *node_image(struct interval_set *s, void *node, unsigned depth, struct image *io)
{
    if (depth == 0)
        return set_leaf_image(s, node, io);
    struct interval_inner *inner = node;
    bool loads = image_loads(io);
    uint32_t n = loads ? 0 : inner->n;
    image_bytes(io, &n, sizeof n);
    if (loads) {
        if (n == 0 || n > INTERVAL_FANOUT) {
            image_refuse(io);
            return NULL;
        }
        inner = memory_get(sizeof *inner);
        inner->n = 0;
    }
    image_bytes(io, inner->max_end, n * sizeof inner->max_end[0]);
    image_bytes(io, inner->key, n * sizeof inner->key[0]);
    image_bytes(io, inner->key_ref, n * sizeof inner->key_ref[0]);
    for (uint32_t i = 0; i < n; i++) {
        void *made = node_image(s, loads ? NULL : inner->child[i], depth - 1, io);
        if (made == NULL)
            break;
        if (loads) {
            inner->child[i] = made;
            inner->n = i + 1;
        }
    }
    return inner;
}

static void tree_image(struct interval_set *s, struct image *io)
{
    bool loads = image_loads(io);
    if (loads)
        s->root = memory_zeroed(1, sizeof(struct interval_trunk));
    struct interval_trunk *trunk = s->root;
    hot_leaves_image(&trunk->hot, io);
    void *top = node_image(s, trunk->top, s->depth, io);
    if (!loads)
        return;
    trunk->top = top;
    if (top == NULL) { /* interval_set_clear expects one */
        hot_leaves_clear(&trunk->hot);
        memory_free(trunk);
        *s = (struct interval_set){0};
    }
}

static bool can_be(const struct set_head *head)
{
    return head->root == 0 ? head->entries == 0 && head->depth == 0 : head->depth <= LEAF_DEPTH_MAX;
}

void interval_set_image(struct interval_set *s, struct image *io)
{
    bool loads = image_loads(io);
    struct set_head head = {0};
    if (!loads)
        head = (struct set_head){s->entries, (uint16_t)s->depth, s->root != NULL};
    image_bytes(io, &head, sizeof head);
    if (loads) {
        if (!can_be(&head)) {
            image_refuse(io);
            head = (struct set_head){0};
        }
        *s = (struct interval_set){.depth = head.depth, .entries = head.entries};
    }
    if (head.root == 0)
        return;
    if (s->depth > 0)
        tree_image(s, io);
    else if (loads)
        s->root = node_image(s, NULL, 0, io);
    else
        node_image(s, s->root, 0, io);
    if (loads && image_failed(io))
        interval_set_clear(s);
}
