/* The image (base/image.h) of a leaf: its head says how many bytes it takes. Of a packed one
 * all of them are saved, of a hot one those that hold entries: which, the caller knows. */
#ifndef LIVEFLOOR_TIMELINE_LEAF_IMAGE_H
#define LIVEFLOOR_TIMELINE_LEAF_IMAGE_H

#include <stddef.h>

struct image;

/* More levels than any tree has: each but the topmost was once full, of 32. */
#define LEAF_DEPTH_MAX 16u

/* Saves a leaf and returns it; or returns the loaded one, to be freed with leaf_free, NULL
 * when that failed. Of a hot leaf, whose entries take so many bytes each, only the head: the
 * entries in it are the caller's to save or load. */
void *leaf_image(struct image *io, void *leaf, size_t entry_bytes);

#endif
