/* number_map: numbers by the hash of what they stand for, which lies elsewhere: about five
 * and a half bytes each, and no addition takes long. */
#ifndef LIVEFLOOR_FLOOR_NUMBER_MAP_H
#define LIVEFLOOR_FLOOR_NUMBER_MAP_H

#include "base/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No such number. */
#define NONE UINT32_MAX
/* Numbers are smaller than this. */
#define NUMBER_MAP_NUMBERS (UINT32_C(1) << 31)

struct number_segment;

/* An empty map is all zeros. */
struct number_map {
    struct number_segment **segments; /* by the first `bits` bits of the hash */
    unsigned bits;
    uint32_t count;
};

void number_map_clear(struct number_map *m);

/* All of it to an image, or from there into an empty map, which it stays when the image has
 * failed. */
void number_map_image(struct number_map *m, struct image *io);

/* Adds a number under a hash; the caller knows that it is not there. */
void number_map_add(struct number_map *m, uint32_t hash, uint32_t number);

/* Says whether a number found under the hash is the one that is meant. */
typedef bool number_match(const void *data, uint32_t number);

/* The number that matches, or NONE. Numbers with nearly the same hash are asked too. */
uint32_t number_map_find(const struct number_map *m, uint32_t hash, number_match *match,
                         const void *data);

/* Bytes of memory that it holds. */
size_t number_map_bytes(const struct number_map *m);

#endif
