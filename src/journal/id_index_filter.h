/* The filter of a run: "surely not there", or "perhaps". Of a small run, which is merged
 * again soon, a Bloom filter whose ids lie in one cache line each: quick to make. Of a
 * large one, which lies there for long, a ribbon (id_index_ribbon.h): half as large. Its
 * words are little-endian in memory as in its file. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_FILTER_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_FILTER_H

#include "journal/id_index_ribbon.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_FILTER_LINE_WORDS 8u
#define ID_FILTER_LINE_BYTES 64u
#define ID_FILTER_PROBES 6u

/* Runs of so many ids have a ribbon. */
#define ID_FILTER_RIBBON_IDS (UINT64_C(1) << 22)

/* What a filter is like. */
struct id_filter_shape {
    uint64_t lines;
    unsigned columns; /* of a ribbon; 0: it is a Bloom filter */
};

struct id_filter {
    uint64_t *words;
    struct id_filter_shape shape;
    uint64_t segments;            /* of a ribbon */
    struct id_ribbon_maker maker; /* of a ribbon that is being filled */
};

/* A good shape for so many ids: more bits an id for few of them, since there the errors
 * add up and the memory does not. A ribbon for `ribbon_ids` of them and more. */
struct id_filter_shape id_filter_shape_for(uint64_t ids, uint64_t ribbon_ids);

/* Can there be such a filter? */
bool id_filter_is_shape(const struct id_filter_shape *shape);

/* Bytes of its words. */
static inline uint64_t id_filter_bytes(const struct id_filter_shape *shape)
{
    return shape->lines * ID_FILTER_LINE_BYTES;
}

/* An empty filter, its words to be read in. -1 when there is no memory. */
int id_filter_make(struct id_filter *f, struct id_filter_shape shape);

/* An empty filter to be filled: add ids in the order of their hashes, then finish. -1 when
 * there is no memory. */
int id_filter_begin(struct id_filter *f, struct id_filter_shape shape);
void id_filter_finish(struct id_filter *f);

void id_filter_free(struct id_filter *f);

/* Only the top 48 bits of hashes count. Ascending hashes lie in ascending lines. */
static inline size_t id_filter_line(const struct id_filter *f, uint64_t hash)
{
    return (size_t)(((hash >> 32) * f->shape.lines) >> 32) * ID_FILTER_LINE_WORDS;
}

/* The bits of the six probes, nine for each, at the top. */
static inline uint64_t id_filter_bits(uint64_t hash)
{
    return (hash >> 16) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline void id_filter_add(struct id_filter *f, uint64_t hash)
{
    if (f->shape.columns != 0) {
        id_ribbon_add(&f->maker, hash);
        return;
    }
    uint64_t *line = f->words + id_filter_line(f, hash), bits = id_filter_bits(hash);
    for (unsigned i = 0; i < ID_FILTER_PROBES; i++, bits <<= 9)
        line[bits >> 61] |= htole64(UINT64_C(1) << (bits >> 55 & 63));
}

static inline void id_filter_prefetch(const struct id_filter *f, uint64_t hash)
{
    if (f->shape.columns != 0)
        id_ribbon_prefetch(f->words, f->shape.columns, f->segments, hash);
    else
        __builtin_prefetch(f->words + id_filter_line(f, hash));
}

static inline bool id_filter_has(const struct id_filter *f, uint64_t hash)
{
    if (f->shape.columns != 0)
        return id_ribbon_has(f->words, f->shape.columns, f->segments, hash);
    const uint64_t *line = f->words + id_filter_line(f, hash);
    uint64_t bits = id_filter_bits(hash), all = 1;
#pragma GCC unroll 6
    for (unsigned i = 0; i < ID_FILTER_PROBES; i++, bits <<= 9)
        all &= le64toh(line[bits >> 61]) >> (bits >> 55 & 63);
    return all != 0;
}

#endif
