#include "base/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* Batches are below the first; the second is a few of the largest ones. */
#define MAP_FROM (4 << 20)
#define KEEP (64 << 20)

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("livefloor: out of memory; the journal is safe, start again with more\n", stderr);
        abort();
    }
    return memory;
}

void *memory_get(size_t size)
{
    return must(malloc(size == 0 ? 1 : size));
}

void *memory_zeroed(size_t count, size_t size)
{
    return must(calloc(count == 0 ? 1 : count, size));
}

void *memory_resize(void *old, size_t size)
{
    return must(realloc(old, size == 0 ? 1 : size));
}

void *memory_grow_now(void *array, size_t *cap, size_t need, size_t item_size)
{
    size_t wanted = *cap + *cap / 2 + 1;
    if (wanted < need)
        wanted = need;
    array = memory_resize(array, wanted * item_size);
    *cap = wanted;
    return array;
}

void memory_free(void *memory)
{
    free(memory);
}

void memory_keep_freed(void)
{
    mallopt(M_MMAP_THRESHOLD, MAP_FROM);
    mallopt(M_TRIM_THRESHOLD, KEEP);
    mallopt(M_TOP_PAD, 1 << 20);
}
