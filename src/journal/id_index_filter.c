#include "journal/id_index_filter.h"
#include "journal/id_index_pages.h"

#include <sys/mman.h>

#define LINE_BITS (ID_FILTER_LINE_BYTES * 8)
/* From here on pages of 2 MiB, for fewer misses of the address cache. */
#define HUGE_FROM ((size_t)8 << 20)

static uint64_t bits_for(uint64_t ids)
{
    static const struct {
        uint64_t ids, bits;
    } steps[] = {{1u << 19, 16}, {1u << 21, 13}, {1u << 23, 11}}; /* errors: 0.15, 0.35, 0.7 % */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (ids < steps[i].ids)
            return steps[i].bits;
    return 8; /* 2.4 % */
}

uint64_t id_filter_lines_for(uint64_t ids)
{
    return ids * bits_for(ids) / LINE_BITS + 1;
}

int id_filter_make(struct id_filter *f, uint64_t lines)
{
    size_t bytes = (size_t)lines * ID_FILTER_LINE_BYTES;
    *f = (struct id_filter){id_pages_get(bytes), lines};
    if (f->words == NULL)
        return -1;
    if (bytes >= HUGE_FROM)
        madvise(f->words, bytes, MADV_HUGEPAGE);
    return 0;
}

void id_filter_free(struct id_filter *f)
{
    id_pages_free(f->words, (size_t)f->lines * ID_FILTER_LINE_BYTES);
    *f = (struct id_filter){0};
}
