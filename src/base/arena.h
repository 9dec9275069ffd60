/* Memory that is freed all at once: one arena for a request or a batch. */
#ifndef LIVEFLOOR_BASE_ARENA_H
#define LIVEFLOOR_BASE_ARENA_H

#include "base/span.h"

struct arena;

/* A new, empty arena; NULL when there is no memory. */
struct arena *arena_new(void);

/* `size` bytes aligned for any type, not cleared; NULL when there is no memory. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of the bytes, terminated (the terminator is not counted); data is NULL
 * when there is no memory. */
struct span arena_copy(struct arena *a, struct span s);

/* Empties it; keeps one block for the next use. */
void arena_reset(struct arena *a);

/* Frees it and all that was allocated from it. NULL is fine. */
void arena_free(struct arena *a);

#endif
