/* link_stacking: puts one link_stack upon another, a little at a time, while both still answer.
 * Their runs stay as they are; the two series of froms are merged. */
#ifndef LIVEFLOOR_TIMELINE_LINK_STACKING_H
#define LIVEFLOOR_TIMELINE_LINK_STACKING_H

#include "timeline/link_stack.h"

struct link_stacking;

/* Of two stacks of at most LINK_STACK_RUNS runs together, borrowed until it is done or freed. */
struct link_stacking *link_stacking_new(struct link_stack *under, struct link_stack *upper);

/* NULL is fine. */
void link_stacking_free(struct link_stacking *m);

/* Takes some hundred links through one of two passes, in some microseconds. Returns the new stack,
 * which is the caller's, when that was the last: then the old ones are freed; else NULL. */
struct link_stack *link_stacking_step(struct link_stacking *m);

/* Bytes of memory that it holds, while it is not done. */
size_t link_stacking_bytes(const struct link_stacking *m);

#endif
