/* timeline: a sequence of (time, measures) that answers "the sums of the measures
 * over all entries with time < t" in O(log n) (docs/architecture.md, "The
 * timeline"). Entries of one time are one entry; adding to it amends it; an entry
 * whose measures have all become 0 is gone. Sums wrap around like uint64, so a
 * first moment (sum of delta * time) may overflow on the way as long as the
 * difference that is asked for fits. */
#ifndef LIVEFLOOR_TIMELINE_TIMELINE_H
#define LIVEFLOOR_TIMELINE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_MAX_WIDTH 12u

struct timeline {
    void *root;     /* a leaf when depth is 0, else an inner node; NULL when empty */
    uint16_t depth; /* levels of inner nodes */
    uint16_t width; /* measures of an entry */
    uint32_t entries;
};

/* An empty timeline of entries with `width` measures (1..TIMELINE_MAX_WIDTH). */
void timeline_init(struct timeline *t, unsigned width);

/* Frees its memory; it is empty and usable again. */
void timeline_clear(struct timeline *t);

/* Adds the measures `delta` (width of them) at a time. */
void timeline_add(struct timeline *t, int64_t time_us, const int64_t *delta);

/* The sums of all entries before a time, into out (width of them). */
void timeline_before(const struct timeline *t, int64_t time_us, int64_t *out);

/* The sums of the entries in [from, to), into out. */
void timeline_between(const struct timeline *t, int64_t from_us, int64_t to_us, int64_t *out);

/* The time of the first entry; false when there is none. */
bool timeline_first(const struct timeline *t, int64_t *time_us);

/* Bytes of memory that it holds. */
size_t timeline_bytes(const struct timeline *t);

#endif
