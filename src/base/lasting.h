/* Memory for what lasts: blocks of some hundred bytes, of which there are very many and which
 * mostly stay as they are for as long as the process runs. They lie close to each other in
 * slabs of their own: among what comes and goes, malloc's best fit leaves holes between them
 * that are too short for the next, some five percent. All threads may use it. */
#ifndef LIVEFLOOR_BASE_LASTING_H
#define LIVEFLOOR_BASE_LASTING_H

#include <stddef.h>

/* `size` bytes aligned for 8, not cleared; never NULL (memory.h). */
void *lasting_get(size_t size);

/* Frees a block of lasting_get; NULL is fine. */
void lasting_free(void *block);

/* Bytes of all slabs. */
size_t lasting_bytes(void);

#endif
