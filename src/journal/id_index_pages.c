#include "journal/id_index_pages.h"

#include <sys/mman.h>

/* From here on pages of 2 MiB, for fewer misses of the address cache. */
#define HUGE_FROM ((size_t)4 << 20)

void *id_pages_get(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    if (bytes >= HUGE_FROM)
        madvise(pages, bytes, MADV_HUGEPAGE);
    /* All of it will be written, in the order of hashes, which is none: page by page that took two
     * faults each, the first for reading (docs/benchmarks.md). Where it is refused they come. */
    madvise(pages, bytes, MADV_POPULATE_WRITE);
    return pages;
}

void id_pages_free(void *pages, size_t bytes)
{
    if (pages != NULL)
        munmap(pages, bytes);
}
