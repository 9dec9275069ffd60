/* A list in an image: its count, then its items. */
#ifndef LIVEFLOOR_FLOOR_IMAGE_LIST_H
#define LIVEFLOOR_FLOOR_IMAGE_LIST_H

#include "base/image.h"

/* Saves a list, which it returns; or returns a new one with what was saved, and no room for
 * more: NULL and a count of 0 when there was nothing or the image has failed. */
static inline void *image_list(struct image *io, void *list, size_t *count, size_t *cap,
                               size_t item_size)
{
    image_bytes(io, count, sizeof *count);
    list = image_array(io, list, *count, item_size);
    if (image_loads(io))
        *cap = *count = list != NULL ? *count : 0;
    return list;
}

#endif
