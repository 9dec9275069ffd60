/* A Bloom filter whose ids lie in one cache line each: "surely not there", or "perhaps".
 * Its words are little-endian in memory as in its file. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_FILTER_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_FILTER_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_FILTER_LINE_WORDS 8u
#define ID_FILTER_LINE_BYTES 64u
#define ID_FILTER_PROBES 6u

struct id_filter {
    uint64_t *words;
    uint64_t lines;
};

/* How many lines a filter of so many ids has: more bits an id for few of them, since
 * there the errors add up and the memory does not. */
uint64_t id_filter_lines_for(uint64_t ids);

/* An empty filter of so many lines, at least 1. -1 when there is no memory. */
int id_filter_make(struct id_filter *f, uint64_t lines);
void id_filter_free(struct id_filter *f);

/* Only the top 48 bits of hashes count. Ascending hashes lie in ascending lines. */
static inline size_t id_filter_line(const struct id_filter *f, uint64_t hash)
{
    return (size_t)(((hash >> 32) * f->lines) >> 32) * ID_FILTER_LINE_WORDS;
}

/* The bits of the six probes, nine for each, at the top. */
static inline uint64_t id_filter_bits(uint64_t hash)
{
    return (hash >> 16) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline void id_filter_add(struct id_filter *f, uint64_t hash)
{
    uint64_t *line = f->words + id_filter_line(f, hash), bits = id_filter_bits(hash);
    for (unsigned i = 0; i < ID_FILTER_PROBES; i++, bits <<= 9)
        line[bits >> 61] |= htole64(UINT64_C(1) << (bits >> 55 & 63));
}

static inline void id_filter_prefetch(const struct id_filter *f, uint64_t hash)
{
    __builtin_prefetch(f->words + id_filter_line(f, hash));
}

static inline bool id_filter_has(const struct id_filter *f, uint64_t hash)
{
    const uint64_t *line = f->words + id_filter_line(f, hash);
    uint64_t bits = id_filter_bits(hash), all = 1;
#pragma GCC unroll 6
    for (unsigned i = 0; i < ID_FILTER_PROBES; i++, bits <<= 9)
        all &= le64toh(line[bits >> 61]) >> (bits >> 55 & 63);
    return all != 0;
}

#endif
