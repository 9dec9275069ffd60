/* Memory for the floor's state. Where half a change cannot be taken back, running
 * out of memory ends the process with a message: the journal holds the truth and
 * the next start rebuilds from it (docs/decisions/0002). */
#ifndef LIVEFLOOR_BASE_MEMORY_H
#define LIVEFLOOR_BASE_MEMORY_H

#include <stddef.h>

/* `size` bytes, not cleared; never NULL. */
void *memory_get(size_t size);

/* `count` items of `size` bytes, cleared; never NULL. */
void *memory_zeroed(size_t count, size_t size);

/* Resizes; never NULL. */
void *memory_resize(void *old, size_t size);

/* What memory_grow does when there is too little room. */
void *memory_grow_now(void *array, size_t *cap, size_t need, size_t item_size);

/* Makes room for `need` items in an array of *cap items: grows by half or more,
 * updates *cap, returns the array. */
static inline void *memory_grow(void *array, size_t *cap, size_t need, size_t item_size)
{
    return need <= *cap ? array : memory_grow_now(array, cap, need, item_size);
}

/* Frees; NULL is fine. */
void memory_free(void *memory);

/* Once, at the start: what is freed is kept for the next batch, up to some tens of MiB,
 * instead of going back to the system, to be faulted in again page by page. */
void memory_keep_freed(void);

#endif
