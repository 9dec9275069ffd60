/* guid_map: GUIDs to small numbers 0, 1, 2… in the order in which they came. */
#ifndef LIVEFLOOR_FLOOR_GUID_MAP_H
#define LIVEFLOOR_FLOOR_GUID_MAP_H

#include "base/guid.h"
#include "base/image.h"
#include "floor/number_map.h"

#include <stddef.h>

/* An empty map is all zeros. */
struct guid_map {
    struct guid *guids; /* by number */
    uint32_t count;
    size_t cap;
    uint32_t *slots; /* numbers, open addressing */
    uint32_t slot_count;
};

void guid_map_clear(struct guid_map *m);

/* All of it to an image, or from there into an empty map. */
void guid_map_image(struct guid_map *m, struct image *io);

/* The number of a GUID, or NONE. */
uint32_t guid_map_find(const struct guid_map *m, const struct guid *g);

/* The number of a GUID, given now when it has none. */
uint32_t guid_map_intern(struct guid_map *m, const struct guid *g);

#endif
