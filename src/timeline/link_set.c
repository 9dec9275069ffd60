/* New links wait in a short list, which is read through; when it is full it becomes
 * a run; runs of like size are merged into one, up to a bound, with a little of that done
 * at each addition (link_merge.h): meanwhile the old ones answer, and new ones come after
 * them. So no addition takes long, and the runs stay few: a merge of n links is done
 * before some n / 140 more have come. Full runs are put upon each other in the same way, two
 * stacks of as many runs into one (link_stacking.h). What is taken away is kept apart in the same
 * way and subtracted; when it is much, both are merged and cancel out. */
#include "timeline/link_set.h"

#include "base/memory.h"
#include "timeline/link_ask.h"
#include "timeline/link_set_form.h"

#include <stdlib.h>
#include <string.h>

#define RUN_MAX LINK_MERGE_MAX
/* Of a merge, at each addition: some microseconds. */
#define STEPS 2

struct link_set *link_set_new(bool with_values)
{
    struct link_set *s = memory_zeroed(1, sizeof *s);
    s->with_values = with_values;
    return s;
}

static void side_clear(struct link_side *side)
{
    link_merge_free(side->merge);
    link_stacking_free(side->stacking);
    for (size_t i = 0; i < side->run_count; i++)
        link_run_free(side->run[i]);
    for (size_t i = 0; i < side->stack_count; i++)
        link_stack_free(side->stack[i]);
    memory_free(side->run);
    memory_free(side->stack);
    memory_free(side->fresh);
    *side = (struct link_side){0};
}

void link_set_free(struct link_set *s)
{
    if (s == NULL)
        return;
    side_clear(&s->plus);
    side_clear(&s->minus);
    memory_free(s);
}

static void side_push_run(struct link_side *side, struct link_run *run)
{
    side->run = memory_grow(side->run, &side->run_cap, side->run_count + 1, sizeof *side->run);
    side->run[side->run_count++] = run;
}

/* Begins to merge the last run with those before it that are no larger than all behind. */
static void merge_begin(struct link_side *side, bool with_values)
{
    size_t first = side->run_count, n = 0;
    while (first > 0 && side->run_count - first < LINK_MERGE_RUNS) {
        size_t more = link_run_count(side->run[first - 1]);
        if (n > 0 && (more > n || n + more > RUN_MAX))
            break;
        n += more;
        first--;
    }
    if (side->run_count - first < 2)
        return;
    side->merge_first = first;
    side->merge_end = side->run_count;
    side->merge = link_merge_new(side->run + first, side->run_count - first, with_values);
}

/* Puts the new run in the place of those that it is made of. */
static void merge_end(struct link_side *side, struct link_run *made)
{
    size_t first = side->merge_first, end = side->merge_end;
    for (size_t i = first; i < end; i++)
        link_run_free(side->run[i]);
    side->run[first] = made;
    memmove(side->run + first + 1, side->run + end,
            (side->run_count - end) * sizeof(struct link_run *));
    side->run_count -= end - first - 1;
    link_merge_free(side->merge);
    side->merge = NULL;
}

/* Begins to make one of two neighbouring stacks of as many runs. */
static void stacking_begin(struct link_side *side)
{
    for (size_t i = 1; i < side->stack_count; i++) {
        struct link_stack *under = side->stack[i - 1], *upper = side->stack[i];
        if (under->count != upper->count || 2 * under->count > LINK_STACK_RUNS)
            continue;
        side->stacking_first = i - 1;
        side->stacking = link_stacking_new(under, upper);
        return;
    }
}

/* Puts full runs, which no merge will take again, into stacks. Those with values stay. */
static void stack_full(struct link_side *side, bool with_values)
{
    size_t full = 0;
    if (with_values || side->merge != NULL)
        return;
    for (; full < side->run_count && link_run_count(side->run[full]) > RUN_MAX / 2; full++) {
        side->stack =
            memory_grow(side->stack, &side->stack_cap, side->stack_count + 1, sizeof *side->stack);
        side->stack[side->stack_count++] = link_stack_of(side->run[full]);
    }
    side->run_count -= full;
    if (full > 0)
        memmove(side->run, side->run + full, side->run_count * sizeof *side->run);
    if (side->stacking == NULL)
        stacking_begin(side);
}

static void stack_some(struct link_side *side)
{
    struct link_stack *made = NULL;
    for (int i = 0; i < STEPS && side->stacking != NULL && made == NULL; i++)
        made = link_stacking_step(side->stacking);
    if (made == NULL)
        return;
    size_t first = side->stacking_first;
    link_stacking_free(side->stacking);
    side->stacking = NULL;
    side->stack[first] = made;
    side->stack_count--;
    memmove(side->stack + first + 1, side->stack + first + 2,
            (side->stack_count - first - 1) * sizeof *side->stack);
    stacking_begin(side);
}

static void merge_some(struct link_side *side, bool with_values)
{
    struct link_run *made = NULL;
    for (int i = 0; i < STEPS && side->merge != NULL && made == NULL; i++)
        made = link_merge_step(side->merge);
    if (made == NULL)
        return;
    merge_end(side, made);
    stack_full(side, with_values);
    merge_begin(side, with_values);
}

static void side_add(struct link_side *side, const struct link *l, bool with_values)
{
    merge_some(side, with_values);
    stack_some(side);
    if (side->fresh_count == LINK_FRESH_MAX) {
        side_push_run(side, link_run_new(side->fresh, side->fresh_count, with_values));
        side->fresh_count = 0;
        if (side->merge == NULL)
            merge_begin(side, with_values);
    }
    side->fresh =
        memory_grow(side->fresh, &side->fresh_cap, side->fresh_count + 1, sizeof *side->fresh);
    side->fresh[side->fresh_count++] = *l;
    side->total++;
}

/* Takes a link out of the fresh ones; false when it is not among them. */
static bool side_drop_fresh(struct link_side *side, const struct link *l)
{
    for (size_t i = side->fresh_count; i-- > 0;) {
        struct link *x = &side->fresh[i];
        if (x->from == l->from && x->to == l->to && x->value == l->value) {
            *x = side->fresh[--side->fresh_count];
            side->total--;
            return true;
        }
    }
    return false;
}

static struct link *side_all(const struct link_side *side)
{
    struct link *all = memory_get(side->total * sizeof *all);
    size_t at = 0;
    for (; at < side->fresh_count; at++)
        all[at] = side->fresh[at];
    for (size_t i = 0; i < side->stack_count; at += side->stack[i++]->n)
        link_stack_unpack(side->stack[i], all + at);
    for (size_t i = 0; i < side->run_count; at += link_run_count(side->run[i++]))
        link_run_unpack(side->run[i], all + at);
    return all;
}

static int by_all(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Cancels what was taken away against what was added. */
static void cancel_out(struct link_set *s)
{
    size_t plus_count = s->plus.total, minus_count = s->minus.total, kept = 0, m = 0;
    struct link *plus = side_all(&s->plus), *minus = side_all(&s->minus);
    qsort(plus, plus_count, sizeof *plus, by_all);
    qsort(minus, minus_count, sizeof *minus, by_all);
    for (size_t p = 0; p < plus_count; p++) {
        if (m < minus_count && by_all(&plus[p], &minus[m]) == 0)
            m++;
        else
            plus[kept++] = plus[p];
    }
    side_clear(&s->plus);
    side_clear(&s->minus);
    for (size_t at = 0; at < kept; at += RUN_MAX) {
        size_t n = kept - at < RUN_MAX ? kept - at : RUN_MAX;
        side_push_run(&s->plus, link_run_new(plus + at, n, s->with_values));
    }
    s->plus.total = kept;
    stack_full(&s->plus, s->with_values);
    memory_free(plus);
    memory_free(minus);
}

void link_set_book(struct link_set *s, const struct link *l, int sign)
{
    if (sign > 0) {
        if (!side_drop_fresh(&s->minus, l))
            side_add(&s->plus, l, s->with_values);
        return;
    }
    if (side_drop_fresh(&s->plus, l))
        return;
    side_add(&s->minus, l, s->with_values);
    if (s->minus.total > 1024 && s->minus.total > s->plus.total / 4)
        cancel_out(s);
}

static struct link_totals side_within(const struct link_side *side, int64_t start, int64_t end)
{
    struct link_totals totals = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < side->fresh_count; i++) {
        const struct link *l = &side->fresh[i];
        bool in = l->from >= start && l->to < end;
        totals.count += in;
        sum += in ? (uint64_t)l->value : 0;
    }
    totals.value = (int64_t)sum;
    links_within(side->stack, side->stack_count, side->run, side->run_count, start, end, &totals);
    return totals;
}

struct link_totals link_set_within(const struct link_set *s, int64_t start, int64_t end)
{
    if (s == NULL || start >= end)
        return (struct link_totals){0};
    struct link_totals plus = side_within(&s->plus, start, end);
    if (s->minus.total == 0)
        return plus;
    struct link_totals minus = side_within(&s->minus, start, end);
    return (struct link_totals){plus.count - minus.count,
                                (int64_t)((uint64_t)plus.value - (uint64_t)minus.value)};
}

static size_t side_bytes(const struct link_side *side)
{
    size_t bytes =
        side->fresh_cap * sizeof(struct link) + (side->run_cap + side->stack_cap) * sizeof(void *);
    for (size_t i = 0; i < side->stack_count; i++)
        bytes += link_stack_bytes(side->stack[i]);
    if (side->stacking != NULL)
        bytes += link_stacking_bytes(side->stacking);
    for (size_t i = 0; i < side->run_count; i++)
        bytes += link_run_bytes(side->run[i]);
    return side->merge == NULL ? bytes : bytes + link_merge_bytes(side->merge);
}

size_t link_set_bytes(const struct link_set *s)
{
    return s == NULL ? 0 : sizeof *s + side_bytes(&s->plus) + side_bytes(&s->minus);
}
