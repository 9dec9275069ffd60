/* Merged runs against one that is built of all links at once, and the old ones while the
 * merge goes on; sizes around a block of a series, an edge and a step. And
 * a run against a plain look at its links. */
#include "support/check.h"
#include "timeline/link_ask.h"
#include "timeline/link_merge.h"
#include "timeline/link_run_form.h"

struct kind {
    bool values;
    uint32_t span;      /* instants are below; few: many are equal */
    bool apart;         /* each run's tos are after those of the one before */
    int64_t value_unit; /* values: value_unit * 0..8; 0: any, with both signs */
};

static int by_all(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* Fills in n links, and builds their run. */
static struct link_run *random_run(struct link *links, size_t n, uint32_t number,
                                   const struct kind *k, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        int64_t to = dice(seed, k->span) + (k->apart ? (int64_t)number * k->span : 0);
        links[i] = (struct link){to - dice(seed, k->span), to, 0};
        if (k->values)
            links[i].value = k->value_unit != 0 ? dice(seed, 9) * k->value_unit
                                                : (int64_t)dice_next(seed) >> dice(seed, 64);
    }
    return link_run_new(links, n, k->values);
}

static void same_totals(struct link_run *const *runs, size_t count, struct link_run *whole,
                        int64_t start, int64_t end)
{
    struct link_totals got = {0}, want = {0};
    links_within(NULL, 0, runs, count, start, end, &got);
    links_within(NULL, 0, &whole, 1, start, end, &want);
    assert_int_equal(got.count, want.count);
    assert_true(got.value == want.value);
}

static void same_answers(struct link_run *const *runs, size_t count, struct link_run *whole,
                         const struct kind *k, uint64_t *seed)
{
    int64_t last = k->apart ? (int64_t)count * k->span : k->span;
    int64_t start = dice(seed, (uint32_t)last + k->span) - (int64_t)k->span;
    same_totals(runs, count, whole, start, start + dice(seed, (uint32_t)last + 2));
    same_totals(runs, count, whole, start, INT64_MAX);
    same_totals(runs, count, whole, INT64_MIN, start);
}

static void same_links(const struct link_run *made, const struct link_run *whole)
{
    size_t n = link_run_count(whole);
    assert_int_equal(link_run_count(made), n);
    assert_int_equal(link_run_bytes(made), link_run_bytes(whole));
    struct link *got = calloc(n, sizeof *got), *want = calloc(n, sizeof *want);
    link_run_unpack(made, got);
    link_run_unpack(whole, want);
    qsort(got, n, sizeof *got, by_all);
    qsort(want, n, sizeof *want, by_all);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(by_all(&got[i], &want[i]), 0);
    free(got);
    free(want);
}

/* Merges runs of these sizes; given up after `steps`, when there are more. */
static void merge(const size_t *sizes, size_t count, const struct kind *k, size_t steps,
                  uint64_t *seed)
{
    struct link_run *runs[LINK_MERGE_RUNS], *made = NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += sizes[i];
    struct link *links = calloc(n, sizeof *links);
    n = 0;
    for (size_t i = 0; i < count; i++) {
        runs[i] = random_run(links + n, sizes[i], (uint32_t)i, k, seed);
        n += sizes[i];
    }
    struct link_run *whole = link_run_new(links, n, k->values);
    struct link_merge *m = link_merge_new(runs, count, k->values);
    for (size_t step = 0; step < steps && made == NULL; step++) {
        assert_true(link_merge_bytes(m) > 0);
        made = link_merge_step(m);
        if (n < 10000 || step % 16 == 0)
            same_answers(runs, count, whole, k, seed);
    }
    link_merge_free(m);
    if (made != NULL) {
        for (int q = 0; q < 100; q++)
            same_answers(&made, 1, whole, k, seed);
        same_links(made, whole);
    }
    assert_true(made != NULL || steps < SIZE_MAX);
    link_run_free(made);
    link_run_free(whole);
    for (size_t i = 0; i < count; i++)
        link_run_free(runs[i]);
    free(links);
}

static const struct kind kinds[] = {
    {false, 1000000, true, 0}, {false, 30, false, 0}, {false, 5000, false, 0},
    {true, 1000000, true, 0},  {true, 20, false, -3}, {true, 7000, true, 500},
    {true, 1, false, 1},       {false, 1, false, 0},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void a_merge_holds_what_the_runs_held(void **state)
{
    (void)state;
    static const size_t around[] = {1, 2, 63, 65, 128, 255, 447, 448, 449, 511, 512, 513};
    uint64_t seed = 20;
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t a = 0; a < sizeof around / sizeof around[0]; a++)
            for (size_t b = 0; b < 9; b++)
                merge((const size_t[]){around[a], around[b]}, 2, &kinds[i], SIZE_MAX, &seed);
        merge((const size_t[]){896, 448, 448}, 3, &kinds[i], SIZE_MAX, &seed);
        merge((const size_t[]){1, 1792, 895, 3, 897}, 5, &kinds[i], SIZE_MAX, &seed);
        for (int round = 0; round < 10; round++) {
            size_t sizes[LINK_MERGE_RUNS], count = 2 + dice(&seed, LINK_MERGE_RUNS - 1);
            for (size_t r = 0; r < count; r++)
                sizes[r] = 1 + dice(&seed, 1U << dice(&seed, 10));
            merge(sizes, count, &kinds[i], SIZE_MAX, &seed);
        }
    }
}

/* All corners of a few links; some of many, and those at their first and last instants. */
static void a_run_answers_as_its_links_do(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,    2,    15,   16,   17,    255,   256,
                                   257,  511,  512,  513,  1023,  1024,  1025,
                                   1535, 1536, 1537, 2048, 20000, 65535, 65536};
    uint64_t seed = 23;
    for (size_t i = 0; i < KINDS * sizeof sizes / sizeof sizes[0]; i++) {
        const struct kind *k = &kinds[i % KINDS];
        size_t n = sizes[i / KINDS];
        struct link *links = calloc(n, sizeof *links);
        struct link_run *run = random_run(links, n, 0, k, &seed);
        assert_true(link_run_rows_are_good(run));
        for (int q = 0; q < (n < 20000 ? 400 : 100); q++) {
            /* The links are sorted by now: instants at, just before and behind theirs. */
            int64_t start = links[dice(&seed, (uint32_t)n)].from + dice(&seed, 3) - 1;
            int64_t end = links[q == 0 ? n - 1 : dice(&seed, (uint32_t)n)].to + dice(&seed, 3) - 1;
            struct link_totals got = {0}, want = {0};
            uint64_t sum = 0;
            for (size_t l = 0; l < n; l++) {
                bool in = links[l].from >= start && links[l].to < end;
                want.count += in;
                sum += in ? (uint64_t)links[l].value : 0;
            }
            links_within(NULL, 0, &run, 1, start, end, &got);
            assert_int_equal(got.count, want.count);
            assert_true((uint64_t)got.value == sum);
        }
        link_run_free(run);
        free(links);
    }
}

static void rows_that_cannot_be_are_noticed(void **state)
{
    (void)state;
    uint64_t seed = 24;
    struct link links[600];
    struct link_run *run = random_run(links, 600, 0, &kinds[1], &seed);
    for (size_t i = 0; i < 1200; i++) {
        uint8_t *byte = i < 600 ? &run->high[i] : &link_run_low(run)[i - 600], old = *byte;
        *byte = (uint8_t)(old + 1 + dice(&seed, 255));
        assert_false(link_run_rows_are_good(run));
        *byte = old;
    }
    assert_true(link_run_rows_are_good(run));
    link_run_free(run);
}

static void the_largest_merge_fits(void **state)
{
    (void)state;
    uint64_t seed = 21;
    merge((const size_t[]){LINK_MERGE_MAX / 2, LINK_MERGE_MAX / 2}, 2, &kinds[0], SIZE_MAX, &seed);
    merge((const size_t[]){LINK_MERGE_MAX - 1, 1}, 2, &kinds[2], SIZE_MAX, &seed);
}

static void a_merge_may_be_given_up_at_any_step(void **state)
{
    (void)state;
    uint64_t seed = 22;
    for (size_t steps = 0; steps < 120; steps++) {
        merge((const size_t[]){300, 700, 10}, 3, &kinds[2], steps, &seed);
        merge((const size_t[]){300, 100, 10}, 3, &kinds[5], steps, &seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_merge_holds_what_the_runs_held),
        cmocka_unit_test(a_run_answers_as_its_links_do),
        cmocka_unit_test(rows_that_cannot_be_are_noticed),
        cmocka_unit_test(the_largest_merge_fits),
        cmocka_unit_test(a_merge_may_be_given_up_at_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
