/* A question to the rows of one run. */
#ifndef LIVEFLOOR_TIMELINE_LINK_CORNER_H
#define LIVEFLOOR_TIMELINE_LINK_CORNER_H

#include "timeline/link_run.h"

/* Of the first `high` links by `to`, those whose rank is at least `rank`. */
struct link_corner {
    const struct link_run *run;
    uint32_t rank, high;
};

/* Asks for the memory that the answer reads. */
void link_corner_prefetch(const struct link_corner *c);

/* Adds how many there are, and their values. */
void link_corner_take(const struct link_corner *c, struct link_totals *totals);

#endif
