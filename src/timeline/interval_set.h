/* interval_set: intervals [start, end) with a reference each, which answers "which
 * hold the instant t" in O(log n) for each one found, and "how many start before
 * t" in O(log n). An interval that lasts on has the end INTERVAL_OPEN. One of no
 * length holds no instant but counts as a start. */
#ifndef LIVEFLOOR_TIMELINE_INTERVAL_SET_H
#define LIVEFLOOR_TIMELINE_INTERVAL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVAL_OPEN INT64_MAX

struct interval {
    int64_t start, end;
    uint32_t ref; /* whose it is; the caller's meaning */
};

struct interval_set {
    void *root;     /* a leaf when depth is 0, else a trunk; NULL when empty */
    uint32_t depth; /* levels of inner nodes */
    uint32_t entries;
};

/* An empty set is all zeros. Frees its memory; it is empty and usable again. */
void interval_set_clear(struct interval_set *s);

/* Adds one; the same interval may be there several times. */
void interval_set_add(struct interval_set *s, const struct interval *i);

/* Removes one that is equal; false when there is none. */
bool interval_set_remove(struct interval_set *s, const struct interval *i);

/* Gives one that is equal another end; false when there is none. */
bool interval_set_end(struct interval_set *s, const struct interval *i, int64_t end);

/* Called with each interval found, in order of (start, ref); true goes on. */
typedef bool interval_visit(void *data, const struct interval *i);

/* Those with start <= t < end. */
void interval_set_at(const struct interval_set *s, int64_t t, interval_visit *visit, void *data);

/* Those that hold an instant of [from, to), and those of no length that start in it. */
void interval_set_over(const struct interval_set *s, int64_t from, int64_t to,
                       interval_visit *visit, void *data);

/* The first start; false when empty. */
bool interval_set_first(const struct interval_set *s, int64_t *start);

/* Bytes of memory that it holds. */
size_t interval_set_bytes(const struct interval_set *s);

#endif
