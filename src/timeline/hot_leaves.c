#include "timeline/hot_leaves.h"

#include "base/image.h"
#include "base/memory.h"
#include "timeline/leaf_head.h"

/* Changes between two visits to packed leaves that show they are few. What comes an hour late goes
 * through that hour's leaves one by one, and changes each some dozens of times. */
#define CALM_ENOUGH 128u
#define LONG_CALM 512u

/* A hot entry takes about forty times the memory of a packed one: one leaf in four
 * thousand costs a percent. Small trees need two, where the present grows from one
 * leaf into the next; large ones some more for those that come an hour late. In trees
 * between, whose hour is a leaf or two, these would be hot in vain. */
static size_t base_limit(size_t leaves)
{
    size_t late = leaves < 512 ? 0 : leaves / 64;
    return 2 + (late < 5 ? late : 5) + leaves / 4096;
}

/* As many as a small tree has: what comes an hour late changes, in the lines of agents and of
 * visitors, places all over that hour. */
static size_t most_extra(size_t leaves)
{
    return leaves < 24 ? leaves : 24 + leaves / 256;
}

void hot_leaves_clear(struct hot_leaves *h)
{
    memory_free(h->leaf);
    *h = (struct hot_leaves){0};
}

void hot_leaves_add_marked(struct hot_leaves *h, void *leaf)
{
    if (h->count == h->cap) {
        h->cap = h->cap == 0 ? 4 : h->cap * 2;
        h->leaf = memory_resize(h->leaf, h->cap * sizeof *h->leaf);
    }
    h->leaf[h->count++] = leaf;
}

void hot_leaves_add(struct hot_leaves *h, void *leaf)
{
    hot_leaves_add_marked(h, leaf);
    hot_leaves_touch(h, leaf);
}

void hot_leaves_unpacked(struct hot_leaves *h, size_t entries)
{
    if (h->calm < CALM_ENOUGH && h->extra < most_extra(entries / LEAF_FULL))
        h->extra++;
    h->calm = 0;
}

void hot_leaves_touch(struct hot_leaves *h, void *leaf)
{
    ((struct leaf_head *)leaf)->mark = ++h->clock;
    if (++h->calm >= LONG_CALM && h->extra > 0) {
        h->extra--;
        h->calm = CALM_ENOUGH;
    }
}

void hot_leaves_replace(struct hot_leaves *h, const void *leaf, void *fresh)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (h->leaf[i] != leaf)
            continue;
        h->leaf[i] = fresh != NULL ? fresh : h->leaf[--h->count];
        return;
    }
}

void *hot_leaves_oldest(const struct hot_leaves *h, const void *last)
{
    void *oldest = NULL;
    uint32_t age = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        /* The clock may have gone round. */
        uint32_t this_age = h->clock - ((const struct leaf_head *)h->leaf[i])->mark;
        if (h->leaf[i] != last && (oldest == NULL || this_age > age)) {
            oldest = h->leaf[i];
            age = this_age;
        }
    }
    return oldest;
}

void *hot_leaves_excess(const struct hot_leaves *h, size_t entries, const void *last)
{
    if (h->count <= base_limit(entries / LEAF_FULL) + h->extra)
        return NULL;
    return hot_leaves_oldest(h, last);
}

void hot_leaves_image(struct hot_leaves *h, struct image *io)
{
    if (image_loads(io))
        *h = (struct hot_leaves){0};
    image_bytes(io, &h->clock, sizeof h->clock);
    image_bytes(io, &h->calm, sizeof h->calm);
    image_bytes(io, &h->extra, sizeof h->extra);
}

size_t hot_leaves_bytes(const struct hot_leaves *h)
{
    return h->cap * sizeof *h->leaf;
}
