#include "timeline/link_ask.h"

#include "timeline/link_corner.h"
#include "timeline/link_run_form.h"

/* A run that an end lies in, and the answers that say where. */
struct cut {
    struct link_corner corner;
    uint32_t run; /* which of its stack */
    uint32_t from, to;
};

/* A stack that an end lies in: its runs before the first cut one end within the window, if they
 * end at all before it. */
struct cut_stack {
    const struct link_stack *stack;
    uint32_t from;
    uint32_t first_run;
    uint32_t cut, cut_end; /* its cut runs */
};

#define ASKS SERIES_SIDE_BY_SIDE
_Static_assert(ASKS > LINK_STACK_RUNS, "one stack, with all its runs, must have room");

struct asking {
    int64_t start, end;
    struct link_totals *totals;
    uint32_t asks, cuts, stacks, stack_cuts; /* cuts of stacks come first */
    struct series_ask ask[ASKS];
    struct cut cut[ASKS];
    struct cut_stack stack[ASKS];
};

static uint32_t ask(struct asking *q, const struct series *series, int64_t t)
{
    q->ask[q->asks] = (struct series_ask){series, t, 0};
    return q->asks++;
}

static void place_run_cuts(struct asking *q)
{
    for (uint32_t i = q->stack_cuts; i < q->cuts; i++) {
        struct cut *c = &q->cut[i];
        c->corner.rank = q->ask[c->from].before;
        c->corner.high = q->ask[c->to].before;
        link_corner_prefetch(&c->corner);
    }
}

/* Adds the links of a stack's runs that are not cut, and places those of the others. */
static void place_stack_cuts(struct asking *q, const struct cut_stack *s)
{
    uint32_t before = q->ask[s->from].before, earlier = before, same = 0;
    if (s->first_run < s->stack->count)
        link_stack_split(s->stack, s->first_run, before, &earlier, &same);
    q->totals->count += s->stack->begin[s->first_run] - earlier;
    for (uint32_t i = s->cut; i < s->cut_end; i++) {
        struct cut *c = &q->cut[i];
        if (c->run != s->first_run)
            link_stack_split(s->stack, c->run, before, &earlier, &same);
        c->corner.rank = same;
        c->corner.high = q->ask[c->to].before;
        link_corner_prefetch(&c->corner);
    }
}

/* Answers what has been gathered. */
static void answer(struct asking *q)
{
    series_before_all(q->ask, q->asks);
    for (uint32_t i = 0; i < q->stacks; i++)
        link_stack_prefetch(q->stack[i].stack, q->stack[i].first_run,
                            q->ask[q->stack[i].from].before);
    place_run_cuts(q);
    for (uint32_t i = 0; i < q->stacks; i++)
        place_stack_cuts(q, &q->stack[i]);
    for (uint32_t i = 0; i < q->cuts; i++)
        link_corner_take(&q->cut[i].corner, q->totals);
    q->asks = q->cuts = q->stacks = q->stack_cuts = 0;
}

static void take_stack(struct asking *q, const struct link_stack *s)
{
    uint32_t first = 0, cuts = 0;
    while (first < s->count && s->to_last[first] < q->end)
        first++;
    for (uint32_t i = first; i < s->count; i++)
        cuts += s->to_first[i] < q->end;
    if (q->start > s->from.last || first + cuts == 0)
        return;
    if (first == s->count && q->start <= s->from.first) {
        q->totals->count += s->n;
        return;
    }
    if (q->asks + 1 + cuts > ASKS)
        answer(q);
    struct cut_stack *c = &q->stack[q->stacks++];
    *c = (struct cut_stack){.stack = s, .first_run = first, .cut = q->cuts};
    c->from = ask(q, &s->from, q->start);
    for (uint32_t i = first; i < s->count; i++)
        if (s->to_first[i] < q->end)
            q->cut[q->cuts++] = (struct cut){
                .corner.run = s->run[i], .run = i, .to = ask(q, &s->run[i]->to, q->end)};
    c->cut_end = q->stack_cuts = q->cuts;
}

static void take_run(struct asking *q, const struct link_run *r)
{
    if (q->start > r->from.last || q->end <= r->to.first)
        return;
    if (q->start <= r->from.first && q->end > r->to.last) {
        q->totals->count += r->n;
        q->totals->value = (int64_t)((uint64_t)q->totals->value + r->value_total);
        return;
    }
    if (q->asks + 2 > ASKS)
        answer(q);
    struct cut *c = &q->cut[q->cuts++];
    *c = (struct cut){.corner.run = r};
    c->from = ask(q, &r->from, q->start);
    c->to = ask(q, &r->to, q->end);
}

void links_within(struct link_stack *const *stacks, size_t stack_count,
                  struct link_run *const *runs, size_t run_count, int64_t start, int64_t end,
                  struct link_totals *totals)
{
    struct asking q;
    q.start = start;
    q.end = end;
    q.totals = totals;
    q.asks = q.cuts = q.stacks = q.stack_cuts = 0;
    for (size_t i = 0; i < stack_count; i++)
        take_stack(&q, stacks[i]);
    for (size_t i = 0; i < run_count; i++)
        take_run(&q, runs[i]);
    if (q.asks > 0)
        answer(&q);
}
