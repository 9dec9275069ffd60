/* Questions to many runs of links at once, so that the processor's cache misses overlap
 * (docs/decisions/0016). */
#ifndef LIVEFLOOR_TIMELINE_LINK_ASK_H
#define LIVEFLOOR_TIMELINE_LINK_ASK_H

#include "timeline/link_stack.h"

/* Adds to *totals the links with from >= start and to < end of stacks and of runs. */
void links_within(struct link_stack *const *stacks, size_t stack_count,
                  struct link_run *const *runs, size_t run_count, int64_t start, int64_t end,
                  struct link_totals *totals);

#endif
