/* link_set: pairs (from, to), from <= to, each with a value, that answers "how many
 * lie wholly in [s, e), and what is the (wrapping) sum of their values" in O(log^2 n).
 *
 * It turns "how many different ones" into a count: link every occurrence of a
 * thing with the next one of the same thing; in any window, occurrences minus
 * links that lie in it are the different things. */
#ifndef LIVEFLOOR_TIMELINE_LINK_SET_H
#define LIVEFLOOR_TIMELINE_LINK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_set;

struct link {
    int64_t from, to;
    int64_t value;
};

struct link_totals {
    int64_t count, value;
};

/* An empty set; with_values false saves memory when all values are 0. */
struct link_set *link_set_new(bool with_values);

/* NULL is fine. */
void link_set_free(struct link_set *s);

/* Adds one (sign +1), or takes one away that was added (sign -1). */
void link_set_book(struct link_set *s, const struct link *l, int sign);

/* Those with from >= start and to < end. NULL is an empty set. */
struct link_totals link_set_within(const struct link_set *s, int64_t start, int64_t end);

/* Bytes of memory that it holds. */
size_t link_set_bytes(const struct link_set *s);

#endif
