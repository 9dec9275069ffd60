/* Images (base/image.h) of the structures of this room: each function saves, which changes
 * nothing, or loads.
 *
 * Loading overwrites the structure that is passed in without looking at it: the caller clears
 * it before, if it holds anything. What is loaded answers and changes as what was saved would,
 * and holds no more memory. When loading fails, at whatever point, the structure is empty and
 * may be cleared or used; the caller asks image_failed once, at the end. */
#ifndef LIVEFLOOR_TIMELINE_IMAGES_H
#define LIVEFLOOR_TIMELINE_IMAGES_H

#include "timeline/interval_set.h"
#include "timeline/link_set.h"
#include "timeline/timeline.h"

struct image;

/* The width and the moments are in the image: no timeline_init before loading. After a
 * failure it is an empty line of width 1. */
void timeline_image(struct timeline *t, struct image *io);

void interval_set_image(struct interval_set *s, struct image *io);

/* Saves a set, NULL included, and returns it; or returns what was saved, the caller's, to be
 * freed with link_set_free: NULL for NULL, and when loading failed. A merge under way is not in
 * the image: the old runs are, and some later addition begins it anew. */
struct link_set *link_set_image(struct link_set *s, struct image *io);

#endif
