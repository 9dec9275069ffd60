/* places: a number of 32 bits for each of 0, 1, 2…, most of which are handles of an archive:
 * those of neighbours are near each other, and sixty-four of them are kept as distances
 * from the least, in a few bits each, while none of them is anything else. */
#ifndef LIVEFLOOR_FLOOR_PLACES_H
#define LIVEFLOOR_FLOOR_PLACES_H

#include "base/image.h"

#include <stddef.h>
#include <stdint.h>

/* Set in a place that is a handle. */
#define PLACE_AWAY (UINT32_C(1) << 31)

struct place_block;

/* An empty row is all zeros. */
struct places {
    struct place_block **blocks;
    size_t block_cap;
    uint32_t count;
};

void places_clear(struct places *p);

/* All of them to an image, or from there into an empty row. */
void places_image(struct places *p, struct image *io);

/* Adds a place at the end. */
void places_add(struct places *p, uint32_t place);

/* The place at `at` < count. */
uint32_t places_get(const struct places *p, uint32_t at);
void places_set(struct places *p, uint32_t at, uint32_t place);

/* Bytes of memory that it holds. */
size_t places_bytes(const struct places *p);

#endif
