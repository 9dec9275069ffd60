/* What all views share: the instant and the window that a question means. */
#ifndef LIVEFLOOR_ANSWER_WINDOW_H
#define LIVEFLOOR_ANSWER_WINDOW_H

#include "answer/answer.h"
#include "floor/state.h"

/* T = min(endTime, now), now when there is none. */
static inline int64_t question_instant(const struct question *q)
{
    return q->has_end && q->end_us < q->now_us ? q->end_us : q->now_us;
}

/* A start, not before what is held. */
static inline int64_t question_start(const struct question *q, int64_t start_us)
{
    return start_us < q->horizon_us ? q->horizon_us : start_us;
}

/* Does the answer lie at or before an instant that has passed, whatever the now? */
static inline bool question_is_past(const struct question *q)
{
    return q->has_end && q->end_us <= q->now_us;
}

/* The number of the department asked for, NONE when nothing knows it. */
uint32_t question_department(const struct floor *f, const struct question *q);

/* Is the agent a member of the department at t (metrics.md §4)? */
bool agent_is_member(const struct agent *a, uint32_t department, int64_t t);

/* num / den, rounded half to even; 0 where den is 0. */
int64_t mean_half_even(int64_t num, int64_t den);

/* A list of numbers that becomes a set. */
struct numbers {
    uint32_t *items;
    size_t count, cap;
};
void numbers_add(struct numbers *n, uint32_t number);
/* Sorts, drops doubles, returns how many are left. */
size_t numbers_unique(struct numbers *n);
void numbers_clear(struct numbers *n);

#endif
