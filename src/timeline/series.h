/* series: a long ascending row of instants that does not change, as ascents of 128 with
 * an index. One search reads a few lines of the index and a few of one ascent. */
#ifndef LIVEFLOOR_TIMELINE_SERIES_H
#define LIVEFLOOR_TIMELINE_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct series_block;

struct series {
    struct series_block *block;
    uint64_t *words;
    uint64_t unit;
    int64_t first, last;
    uint32_t n;
    uint32_t word_count;
};

/* Packs n >= 1 ascending instants, which may be equal. */
struct series series_new(const int64_t *times, uint32_t n);
void series_clear(struct series *s);

/* How many are before t. */
uint32_t series_before(const struct series *s, int64_t t);

/* All n of them, into out. */
void series_read(const struct series *s, int64_t *out);

/* Bytes that it holds, but for the struct. */
size_t series_bytes(const struct series *s);

#endif
