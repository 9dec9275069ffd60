/* packed: a leaf of entries (time, columns of integers) that no longer changes, in few
 * bits (docs/decisions/0008). The times are an ascent; of each column only the values
 * that are not 0 are kept, each as its distance from the column's base, counted in the
 * column's unit. Where they are is a bit row, which columns share: "accepted" and "ended"
 * are one row, "abandoned" its opposite. Owned; freed with packed_free. */
#ifndef LIVEFLOOR_TIMELINE_PACKED_H
#define LIVEFLOOR_TIMELINE_PACKED_H

#include "base/lasting.h"
#include "base/memory.h"
#include "timeline/leaf_head.h"

#include <stddef.h>
#include <stdint.h>

#define PACKED_MAX_COLUMNS 12u
/* Entries at most: of two full hot leaves and late ones. Half of them, and half of that half,
 * leave room for one more in a hot leaf with moments. */
#define PACKED_MAX (2 * LEAF_MAX - 8)
/* More than any needs: each entry has at most a time, a bit in each row and 8 bytes in each
 * column, and marks. */
#define PACKED_MAX_BYTES (64u << 10)

struct packed;

/* Packs 1 <= n <= PACKED_MAX entries in order of time; `values` are n rows of `columns`.
 * Bit c of `moments`: packed_moments will be asked for column c. */
struct packed *packed_new(uint32_t n, const int64_t *times, const int64_t *values, unsigned columns,
                          unsigned moments);

/* Room for one of so many bytes (packed_bytes), to be filled. */
static inline struct packed *packed_room(size_t bytes)
{
    return lasting_get(bytes);
}

static inline void packed_free(struct packed *p)
{
    lasting_free(p);
}

/* Frees a leaf of either form. */
static inline void leaf_free(void *leaf)
{
    if (leaf_is_packed(leaf))
        packed_free(leaf);
    else
        memory_free(leaf);
}

/* Bytes that it takes. */
size_t packed_bytes(const struct packed *p);

/* How many entries are before t. */
uint32_t packed_before(const struct packed *p, int64_t t);

/* The same in two steps, for other work between them: how many are before t, or a few less, found
 * in the leaf's first bytes (PACKED_NEAR of them are mostly enough); and from there on. */
#define PACKED_NEAR 300u
uint32_t packed_near(const struct packed *p, int64_t t);
uint32_t packed_before_from(const struct packed *p, int64_t t, uint32_t near);

/* Asks the processor for what the second step and packed_sums of the first k or a few more read. */
void packed_prefetch(const struct packed *p, uint32_t k);

/* The time of the first entry. */
int64_t packed_first(const struct packed *p);

/* Adds the sums of the first k entries to out, one for each column; wrapping. */
void packed_sums(const struct packed *p, uint32_t k, int64_t *out);

/* The times of the first k entries. */
void packed_times(const struct packed *p, uint32_t k, int64_t *out);

/* Adds to out[c] the sum of value * time over the first k entries of each column c that
 * packed_new was told of; wrapping. */
void packed_moments(const struct packed *p, uint32_t k, int64_t *out);

/* The values of a column of the first k entries: out[0], out[stride], … */
void packed_column(const struct packed *p, unsigned column, uint32_t k, int64_t *out,
                   size_t stride);

#endif
