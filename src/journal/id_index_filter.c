#include "journal/id_index_filter.h"
#include "journal/id_index_pages.h"

#define LINE_BITS (ID_FILTER_LINE_BYTES * 8)

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

/* Of one ribbon's segment. */
static uint64_t segment_lines(unsigned columns)
{
    return id_ribbon_words(columns) / ID_FILTER_LINE_WORDS;
}

struct id_filter_shape id_filter_shape_for(uint64_t ids, uint64_t ribbon_ids)
{
    uint64_t segments = id_ribbon_segments(ids);
    if (ids < ribbon_ids || segments > ID_RIBBON_SEGMENTS_MAX)
        return (struct id_filter_shape){.lines = ids * bits_for(ids) / LINE_BITS + 1};
    unsigned columns = ids / 2 < ribbon_ids ? 6 : 4; /* errors: 1.7, 6.4 % */
    return (struct id_filter_shape){segments * segment_lines(columns), columns};
}

bool id_filter_is_shape(const struct id_filter_shape *shape)
{
    if (shape->columns == 0)
        return shape->lines > 0;
    uint64_t lines = segment_lines(shape->columns);
    return shape->columns <= ID_RIBBON_COLUMNS_MAX && shape->lines > 0 &&
           shape->lines % lines == 0 && shape->lines / lines <= ID_RIBBON_SEGMENTS_MAX;
}

int id_filter_make(struct id_filter *f, struct id_filter_shape shape)
{
    size_t bytes = (size_t)id_filter_bytes(&shape);
    *f = (struct id_filter){.words = id_pages_get(bytes), .shape = shape};
    if (f->words == NULL)
        return -1;
    if (shape.columns != 0)
        f->segments = shape.lines / segment_lines(shape.columns);
    return 0;
}

int id_filter_begin(struct id_filter *f, struct id_filter_shape shape)
{
    if (id_filter_make(f, shape) < 0)
        return -1;
    if (shape.columns == 0 || id_ribbon_begin(&f->maker, f->words, shape.columns, f->segments) == 0)
        return 0;
    id_filter_free(f);
    return -1;
}

void id_filter_finish(struct id_filter *f)
{
    if (f->shape.columns == 0)
        return;
    id_ribbon_finish(&f->maker);
    id_ribbon_end(&f->maker);
}

void id_filter_free(struct id_filter *f)
{
    id_ribbon_end(&f->maker);
    id_pages_free(f->words, (size_t)id_filter_bytes(&f->shape));
    *f = (struct id_filter){0};
}
