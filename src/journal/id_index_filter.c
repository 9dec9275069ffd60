#include "journal/id_index_filter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE_BITS (ID_FILTER_LINE_BYTES * 8)
#define HUGE_PAGE (UINT64_C(2) << 20)

static uint64_t bits_for(uint64_t ids)
{
    static const struct {
        uint64_t ids, bits;
    } steps[] = {{1u << 19, 14}, {1u << 21, 12}, {1u << 23, 10}}; /* errors: 0.25, 0.5, 1 % */
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
    size_t bytes = (size_t)lines * ID_FILTER_LINE_BYTES, align = ID_FILTER_LINE_BYTES;
    *f = (struct id_filter){0};
    if (bytes >= 4 * HUGE_PAGE) {
        align = HUGE_PAGE; /* few misses of the address cache */
        bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    }
    f->words = aligned_alloc(align, bytes);
    if (f->words == NULL)
        return -1;
    if (align == HUGE_PAGE)
        madvise(f->words, bytes, MADV_HUGEPAGE);
    memset(f->words, 0, bytes);
    f->lines = lines;
    return 0;
}

void id_filter_free(struct id_filter *f)
{
    free(f->words);
    *f = (struct id_filter){0};
}
