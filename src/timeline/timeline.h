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
    void *root;         /* a leaf when depth is 0, else a trunk; NULL when empty */
    uint32_t depth : 8, /* levels of inner nodes */
        width : 4,      /* measures of an entry */
        stored : 4,     /* those that are not moments */
        moments : 16;   /* bit i: measure i is a moment */
    uint32_t entries;
};

/* A question: the sums of all entries of a line before a time, into out. */
struct timeline_ask {
    const struct timeline *line;
    int64_t time_us;
    int64_t *out;
    bool without_moments; /* these are not wanted, and take longest: out has anything for them */
};

/* A question on its way down (timeline_descend). */
#define TIMELINE_SIDE_BY_SIDE 16u
struct timeline_way {
    const struct timeline_ask *ask;
    const void *node;
    const int64_t *before; /* sums of all that is before it, or NULL; to be added yet */
    uint32_t at;           /* entries of the leaf, or nearly so many */
    unsigned depth;
};

/* An empty timeline of entries with `width` measures (1..TIMELINE_MAX_WIDTH). */
void timeline_init(struct timeline *t, unsigned width);

/* The same, where bit i of the mask says that measure i of every entry is measure i - 1, which
 * is none of them, times the entry's time (wrapping): it is computed where it is asked for,
 * not kept. */
void timeline_init_moments(struct timeline *t, unsigned width, unsigned moment_mask);

/* Frees its memory; it is empty and usable again. */
void timeline_clear(struct timeline *t);

/* Adds the measures `delta` (width of them) at a time. */
void timeline_add(struct timeline *t, int64_t time_us, const int64_t *delta);

/* The sums of all entries before a time, into out (width of them). */
void timeline_before(const struct timeline *t, int64_t time_us, int64_t *out);

/* The same without moments: quicker, and out has anything for these. */
void timeline_levels_before(const struct timeline *t, int64_t time_us, int64_t *out);

/* Several questions at once: quicker than one after the other where the lines are too
 * large for the processor's caches, whose misses then overlap. */
void timeline_before_all(const struct timeline_ask *asks, size_t n);

/* The same in two steps, for other work between them while the processor fetches the
 * leaves: at most TIMELINE_SIDE_BY_SIDE questions go down into ways, as many as it
 * returns; the second step has the answers. No line may change in between. */
size_t timeline_descend(const struct timeline_ask *asks, size_t n, struct timeline_way *ways);
void timeline_sum_up(struct timeline_way *ways, size_t n);

/* The sums of the entries in [from, to), into out. */
void timeline_between(const struct timeline *t, int64_t from_us, int64_t to_us, int64_t *out);

/* The time of the first entry; false when there is none. */
bool timeline_first(const struct timeline *t, int64_t *time_us);

/* A time, at or after `time_us`, before which no entry lies at or after `time_us`: mostly that
 * of the next entry, INT64_MAX when there is none. */
int64_t timeline_next(const struct timeline *t, int64_t time_us);

/* Bytes of memory that it holds. */
size_t timeline_bytes(const struct timeline *t);

#endif
