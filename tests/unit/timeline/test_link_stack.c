/* Stacks of runs against a plain look at their links: while one is put upon another, and when it
 * is done; sizes around a block, a step and an edge; tos in order, overlapping and anywhere. */
#include "support/check.h"
#include "timeline/link_ask.h"
#include "timeline/link_run_form.h"
#include "timeline/link_stacking.h"

#define MOST_STACKS 4u

struct kind {
    uint32_t span;  /* instants are below; few: many are equal */
    uint32_t later; /* the tos of each run begin so much later than those of the one before */
    int64_t unit;   /* of all instants */
};

static const struct kind kinds[] = {
    {100000, 100000, 1}, {100000, 90000, 1000},
    {5000, 0, 1000000},  {20, 25, 1},
    {30, 0, 1},          {1, 0, 1},
    {1, 1, 7},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

struct stacks {
    const struct kind *kind;
    uint64_t dice;
    struct link *links;
    size_t n;
    uint32_t runs;
    struct link_stack *stack[MOST_STACKS];
    size_t count;
};

static void add_run(struct stacks *s, size_t size)
{
    const struct kind *k = s->kind;
    s->links = realloc(s->links, (s->n + size) * sizeof *s->links);
    assert_non_null(s->links);
    struct link *links = s->links + s->n;
    for (size_t i = 0; i < size; i++) {
        int64_t to = (int64_t)s->runs * k->later + dice(&s->dice, k->span);
        int64_t from = to - dice(&s->dice, 2 * k->span);
        links[i] = (struct link){from * k->unit, to * k->unit, 0};
    }
    s->n += size;
    s->runs++;
    s->stack[s->count++] = link_stack_of(link_run_new(links, size, false));
}

/* The same question to the list and to the stacks. */
static void compare(struct stacks *s)
{
    const struct link *a = &s->links[dice(&s->dice, (uint32_t)s->n)];
    const struct link *b = &s->links[dice(&s->dice, (uint32_t)s->n)];
    int64_t start = a->from + dice(&s->dice, 3) - 1, end = b->to + dice(&s->dice, 3) - 1, want = 0;
    if (dice(&s->dice, 10) == 0)
        start = INT64_MIN;
    if (dice(&s->dice, 10) == 0)
        end = INT64_MAX;
    for (size_t i = 0; i < s->n; i++)
        want += s->links[i].from >= start && s->links[i].to < end;
    struct link_totals got = {0};
    links_within(s->stack, s->count, NULL, 0, start, end, &got);
    assert_int_equal(got.count, want);
    assert_int_equal(got.value, 0);
}

static int by_all(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static void same_links(const struct stacks *s)
{
    struct link *got = calloc(s->n, sizeof *got), *want = calloc(s->n, sizeof *want);
    size_t at = 0;
    for (size_t i = 0; i < s->count; at += s->stack[i++]->n)
        link_stack_unpack(s->stack[i], got + at);
    assert_int_equal(at, s->n);
    memcpy(want, s->links, s->n * sizeof *want);
    qsort(got, s->n, sizeof *got, by_all);
    qsort(want, s->n, sizeof *want, by_all);
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal(by_all(&got[i], &want[i]), 0);
    free(got);
    free(want);
}

/* Makes one of the last two; given up after `steps`, when there are more. */
static void join_last(struct stacks *s, size_t steps)
{
    struct link_stack *made = NULL;
    struct link_stacking *m = link_stacking_new(s->stack[s->count - 2], s->stack[s->count - 1]);
    for (size_t step = 0; step < steps && made == NULL; step++) {
        assert_true(link_stacking_bytes(m) > 0);
        if (step % 8 == 0)
            compare(s);
        made = link_stacking_step(m);
    }
    link_stacking_free(m);
    if (made == NULL)
        return;
    s->count--;
    s->stack[s->count - 1] = made;
}

static void check_and_free(struct stacks *s)
{
    for (int q = 0; q < 60; q++)
        compare(s);
    same_links(s);
    for (size_t i = 0; i < s->count; i++) {
        assert_true(link_stack_bytes(s->stack[i]) > 0);
        link_stack_free(s->stack[i]);
    }
    free(s->links);
}

static void two_runs_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,   2,   127, 128, 129,  255,  511,  512,
                                   513, 640, 895, 896, 1023, 1024, 1025, 2048};
    for (size_t i = 0; i < KINDS; i++)
        for (size_t a = 0; a < sizeof sizes / sizeof sizes[0]; a++)
            for (size_t b = 0; b < sizeof sizes / sizeof sizes[0]; b++) {
                struct stacks s = {.kind = &kinds[i], .dice = 40 + a};
                add_run(&s, sizes[a]);
                add_run(&s, sizes[b]);
                join_last(&s, SIZE_MAX);
                check_and_free(&s);
            }
}

/* As many runs as there may be, put upon each other two by two. */
static void full_stacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        for (uint64_t seed = 1; seed <= 6; seed++) {
            struct stacks s = {.kind = &kinds[i], .dice = seed};
            for (uint32_t runs = 1; runs <= LINK_STACK_RUNS + 3; runs++) {
                add_run(&s, 1 + dice(&s.dice, 1u << (3 + dice(&s.dice, 8))));
                while (s.count > 1 &&
                       (s.stack[s.count - 1]->count == s.stack[s.count - 2]->count ||
                        s.count == MOST_STACKS) &&
                       s.stack[s.count - 1]->count + s.stack[s.count - 2]->count <= LINK_STACK_RUNS)
                    join_last(&s, SIZE_MAX);
                for (int q = 0; q < 20; q++)
                    compare(&s);
            }
            assert_int_equal(s.stack[0]->count, LINK_STACK_RUNS);
            check_and_free(&s);
        }
}

/* What is made is given back, and the old ones are as they were. */
static void given_up_at_any_step(void **state)
{
    (void)state;
    for (size_t steps = 0; steps < 20; steps++) {
        struct stacks s = {.kind = &kinds[1], .dice = steps};
        add_run(&s, 1500);
        add_run(&s, 700);
        join_last(&s, SIZE_MAX);
        add_run(&s, 2100);
        join_last(&s, steps);
        check_and_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_of_any_size),
        cmocka_unit_test(full_stacks),
        cmocka_unit_test(given_up_at_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
