/* What a floor and its directory have in common, to an image and back. */
#ifndef LIVEFLOOR_FLOOR_DIRECTORY_IMAGE_H
#define LIVEFLOOR_FLOOR_DIRECTORY_IMAGE_H

#include "base/image.h"
#include "floor/state.h"

/* A tally to an image; or from there over one that is empty. */
void tally_image(struct tally *t, struct image *io);

/* The same of a route. */
void route_image(struct route *r, struct image *io);

/* All departments, statuses and agents to an image; or from there into a floor that has none. */
void directory_image(struct floor *f, struct image *io);

#endif
