/* A timeline's image: its head; of a tree the clock of its hot leaves; then the nodes, each
 * before its children, with the sums before a child before it. */
#include "base/image.h"
#include "timeline/images.h"
#include "timeline/leaf_image.h"
#include "timeline/timeline_tree.h"

#include <assert.h>

struct line_head {
    uint32_t entries;
    uint16_t moments;
    uint8_t width, depth, root; /* root: 1 when there is one */
    uint8_t zero[3];
};

static_assert(sizeof(struct line_head) == 12, "no byte of it is left to chance");
static_assert(sizeof(struct timeline_leaf) == sizeof(struct leaf_head), "leaf_image.h");

static void *line_leaf_image(struct timeline *t, void *leaf, struct image *io)
{
    leaf = leaf_image(io, leaf, (1u + t->stored) * sizeof(int64_t));
    if (leaf == NULL || leaf_is_packed(leaf))
        return leaf;
    struct timeline_leaf *l = leaf;
    image_bytes(io, l->data, l->head.n * sizeof(int64_t));
    image_bytes(io, l->data + l->head.cap, (size_t)l->head.n * t->stored * sizeof(int64_t));
    if (image_loads(io) && t->depth > 0)
        hot_leaves_add_marked(&((struct timeline_trunk *)t->root)->hot, l);
    return l;
}

/* Saves a node, or returns the loaded one: NULL, or one with fewer children, when that failed. */
static void *node_image(struct timeline *t, void *node, unsigned depth, struct image *io)
{
    if (depth == 0)
        return line_leaf_image(t, node, io);
    struct timeline_inner *inner = node;
    bool loads = image_loads(io);
    uint32_t n = loads ? 0 : inner->n;
    image_bytes(io, &n, sizeof n);
    if (loads) {
        if (n == 0 || n > TIMELINE_FANOUT) {
            image_refuse(io);
            return NULL;
        }
        inner = inner_new(t->width);
    }
    image_bytes(io, inner->key, n * sizeof inner->key[0]);
    for (uint32_t i = 0; i < n; i++) {
        image_bytes(io, inner_sums(inner, t->width, i), t->width * sizeof(int64_t));
        void **child = &inner->child[i];
        void *made = node_image(t, loads ? NULL : *child, depth - 1, io);
        if (made == NULL)
            break;
        if (loads) {
            *child = made;
            inner->n = i + 1;
        }
    }
    return inner;
}

/* As trunk_settle does. */
static void find_last(struct timeline_trunk *trunk, unsigned depth)
{
    void *node = trunk->top;
    for (; depth > 0; depth--)
        node = ((struct timeline_inner *)node)->child[((struct timeline_inner *)node)->n - 1];
    trunk->last = leaf_is_packed(node) ? NULL : node;
}

static void tree_image(struct timeline *t, struct image *io)
{
    bool loads = image_loads(io);
    if (loads)
        t->root = memory_zeroed(1, sizeof(struct timeline_trunk));
    struct timeline_trunk *trunk = t->root;
    hot_leaves_image(&trunk->hot, io);
    void *top = node_image(t, trunk->top, t->depth, io);
    if (!loads)
        return;
    trunk->top = top;
    if (top == NULL) { /* timeline_clear expects one */
        hot_leaves_clear(&trunk->hot);
        memory_free(trunk);
        t->root = NULL;
    } else if (!image_failed(io)) {
        find_last(trunk, t->depth);
    }
}

static bool can_be(const struct line_head *head)
{
    if (head->root == 0)
        return head->entries == 0 && head->depth == 0 && head->width <= TIMELINE_MAX_WIDTH;
    return head->width >= 1 && head->width <= TIMELINE_MAX_WIDTH && (head->moments & 1) == 0 &&
           (head->moments & head->moments >> 1) == 0 && head->moments >> head->width == 0 &&
           head->depth <= LEAF_DEPTH_MAX;
}

/* Saves what is in the struct, or sets it; the root is still to come. */
static void head_image(struct timeline *t, struct line_head *head, struct image *io)
{
    if (!image_loads(io))
        *head = (struct line_head){.entries = t->entries,
                                   .moments = t->moments & 0xffff,
                                   .width = t->width,
                                   .depth = t->depth & 0xff,
                                   .root = t->root != NULL};
    image_bytes(io, head, sizeof *head);
    if (!image_loads(io))
        return;
    if (image_failed(io) || !can_be(head)) {
        image_refuse(io);
        *head = (struct line_head){.width = 1};
    }
    *t = (struct timeline){0};
    if (head->width > 0) /* else it was never begun */
        timeline_init_moments(t, head->width, head->moments);
    t->entries = head->entries;
    t->depth = head->depth;
}

void timeline_image(struct timeline *t, struct image *io)
{
    struct line_head head;
    head_image(t, &head, io);
    if (head.root == 0)
        return;
    if (t->depth > 0)
        tree_image(t, io);
    else if (image_loads(io))
        t->root = node_image(t, NULL, 0, io);
    else
        node_image(t, t->root, 0, io);
    if (image_loads(io) && image_failed(io)) {
        timeline_clear(t);
        timeline_init(t, 1);
    }
}
