/* link_merge: makes one link_run of several, a little at a time, while the old ones still
 * answer. Both ends of the old runs lie in order already: they are merged, and the old
 * ranks become new ones on the way; nothing is sorted. */
#ifndef LIVEFLOOR_TIMELINE_LINK_MERGE_H
#define LIVEFLOOR_TIMELINE_LINK_MERGE_H

#include "timeline/link_run.h"

/* Runs at most; and links, whose ranks are kept in 16 bits. */
#define LINK_MERGE_RUNS 16u
#define LINK_MERGE_MAX LINK_RUN_MAX

struct link_merge;

/* Of 2 to LINK_MERGE_RUNS runs with at most LINK_MERGE_MAX links together. The runs are
 * borrowed until the merge is done or freed. */
struct link_merge *link_merge_new(struct link_run *const *runs, size_t count, bool with_values);

/* NULL is fine. */
void link_merge_free(struct link_merge *m);

/* Takes some hundred links through one of some dozen passes, in some microseconds. Returns the
 * new run, which is the caller's, when that was the last; else NULL. */
struct link_run *link_merge_step(struct link_merge *m);

/* Bytes of memory that it holds, while it is not done. */
size_t link_merge_bytes(const struct link_merge *m);

#endif
