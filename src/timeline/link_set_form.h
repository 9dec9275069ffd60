/* The parts of a link_set. */
#ifndef LIVEFLOOR_TIMELINE_LINK_SET_FORM_H
#define LIVEFLOOR_TIMELINE_LINK_SET_FORM_H

#include "timeline/link_merge.h"
#include "timeline/link_stacking.h"

#define LINK_FRESH_MAX 256u

/* What was added, or what was taken away. */
struct link_side {
    struct link *fresh;
    size_t fresh_count, fresh_cap;
    struct link_run **run; /* of falling size, but for those that came during a merge */
    size_t run_count, run_cap;
    struct link_merge *merge; /* NULL, or of the runs [merge_first, merge_end) */
    size_t merge_first, merge_end;
    /* Full runs of links without values, in stacks; and NULL, or what makes one of the stacks
     * `stacking_first` and the next. */
    struct link_stack **stack;
    size_t stack_count, stack_cap;
    struct link_stacking *stacking;
    size_t stacking_first;
    size_t total;
};

struct link_set {
    bool with_values;
    struct link_side plus, minus;
};

#endif
