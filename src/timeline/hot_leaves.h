/* hot_leaves: which leaves of a tree are hot, and when one of them is to be packed: the
 * one that was changed longest ago, when there are more than the tree's size allows.
 * Where changes keep coming back to leaves just packed, more stay hot for a while. */
#ifndef LIVEFLOOR_TIMELINE_HOT_LEAVES_H
#define LIVEFLOOR_TIMELINE_HOT_LEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

struct hot_leaves {
    void **leaf;
    uint32_t count, cap;
    uint32_t clock; /* counts changes; leaf_head.mark */
    uint32_t calm;  /* changes since a packed leaf was last changed */
    uint32_t extra; /* how many more may be hot, while it lasts */
};

void hot_leaves_clear(struct hot_leaves *h);

/* A leaf has become hot, and is changed. */
void hot_leaves_add(struct hot_leaves *h, void *leaf);

/* Says that this leaf was packed until now, before it is added. */
void hot_leaves_unpacked(struct hot_leaves *h, size_t entries);

/* A hot leaf is changed. */
void hot_leaves_touch(struct hot_leaves *h, void *leaf);

/* A hot leaf is gone (fresh NULL), or lies elsewhere. */
void hot_leaves_replace(struct hot_leaves *h, const void *leaf, void *fresh);

/* The leaf to pack next, but for `last`, in a tree of so many entries; NULL when none
 * has to be. */
void *hot_leaves_excess(const struct hot_leaves *h, size_t entries, const void *last);

/* The one that was changed longest ago, but for `last`; NULL when there is none. */
void *hot_leaves_oldest(const struct hot_leaves *h, const void *last);

/* The image (base/image.h) of all but the leaves; loading leaves none, and they are then added
 * as they come, with the marks that they have. */
void hot_leaves_image(struct hot_leaves *h, struct image *io);
void hot_leaves_add_marked(struct hot_leaves *h, void *leaf);

size_t hot_leaves_bytes(const struct hot_leaves *h);

#endif
