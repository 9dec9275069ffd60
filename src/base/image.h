/* image: what is in memory on its way to a file, or back. One function names the parts of a
 * structure in both directions, so that the two cannot differ:
 *
 *     image_bytes(io, &t->entries, sizeof t->entries);
 *     t->rows = image_array(io, t->rows, t->entries, sizeof *t->rows);
 *
 * Bytes are as the machine has them: an image is for the program that wrote it. They go in
 * blocks with a checksum each, and none is handed out before its block was found whole. A
 * failure is remembered: from then on saving does nothing, and loading gives zeros (so that
 * counts are 0 and loops end); the caller asks image_failed once, at the end. */
#ifndef LIVEFLOOR_BASE_IMAGE_H
#define LIVEFLOOR_BASE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

struct image;

/* Begins at the start of an open file, which stays the caller's. NULL when there is no memory. */
struct image *image_save(int fd);
struct image *image_load(int fd);

/* Ends it and frees: 0, or the errno of what failed (EIO for bytes that are damaged or
 * missing, and for those that are left over after loading). Does not sync the file. */
int image_close(struct image *io);

bool image_loads(const struct image *io);
bool image_failed(const struct image *io);

/* Says, while loading, that what came cannot be: the image has failed. */
void image_refuse(struct image *io);

/* Bytes that are saved, or overwritten with what was. */
void image_bytes(struct image *io, void *bytes, size_t size);

/* An array of its own allocation (memory_get): saves `count` items of it; or returns a new one
 * (NULL for none) with what was saved. Returns the array in either case. */
void *image_array(struct image *io, void *array, size_t count, size_t item_size);

#endif
