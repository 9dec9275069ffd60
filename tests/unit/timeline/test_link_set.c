/* The link set against a plain list, with additions in and out of order and
 * removals, across all its sizes. */
#include "support/check.h"
#include "timeline/link_set.h"

static void compare(const struct link_set *s, const struct link *list, size_t n, uint64_t *seed,
                    int64_t span)
{
    for (int q = 0; q < 40; q++) {
        int64_t start = dice(seed, (uint32_t)span + 2) - 1,
                end = start + dice(seed, (uint32_t)span);
        struct link_totals want = {0};
        for (size_t i = 0; i < n; i++)
            if (list[i].from >= start && list[i].to < end) {
                want.count++;
                want.value += list[i].value;
            }
        struct link_totals got = link_set_within(s, start, end);
        assert_int_equal(got.count, want.count);
        assert_int_equal(got.value, want.value);
    }
}

static void run(uint64_t seed, bool values, bool ordered, int steps, int64_t span)
{
    uint64_t s = seed;
    struct link_set *set = link_set_new(values);
    struct link *list = calloc((size_t)steps, sizeof *list);
    size_t n = 0;
    for (int step = 0; step < steps; step++) {
        if (n > 0 && dice(&s, 10) < 3) {
            size_t at = dice(&s, 2) ? dice(&s, (uint32_t)n) : n - 1;
            link_set_book(set, &list[at], -1);
            list[at] = list[--n];
        } else {
            int64_t to = ordered ? step * span / steps : dice(&s, (uint32_t)span);
            struct link l = {to - dice(&s, (uint32_t)to + 1), to, values ? dice(&s, 9) : 0};
            link_set_book(set, &l, +1);
            list[n++] = l;
        }
        if (step % (steps / 7 + 1) == 0)
            compare(set, list, n, &s, span);
    }
    compare(set, list, n, &s, span);
    assert_true(link_set_bytes(set) > 0);
    while (n > 0)
        link_set_book(set, &list[--n], -1);
    assert_int_equal(link_set_within(set, -1, span + 1).count, 0);
    free(list);
    link_set_free(set);
}

static void random_changes_agree_with_a_list(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int kind = 0; kind < 4; kind++) {
            run(seed * 31337, kind & 1, kind & 2, 6000, 100000);
            run(seed * 27644437, kind & 1, kind & 2, 3000, 40); /* many equal instants */
        }
    run(99, false, true, 150000, 1000000); /* past the bound of a run */
}

static void an_absent_set_holds_nothing(void **state)
{
    (void)state;
    assert_int_equal(link_set_within(NULL, 0, 10).count, 0);
    struct link_set *s = link_set_new(false);
    link_set_book(s, &(struct link){3, 7, 0}, +1);
    assert_int_equal(link_set_within(s, 3, 8).count, 1);
    assert_int_equal(link_set_within(s, 4, 8).count, 0);
    assert_int_equal(link_set_within(s, 3, 7).count, 0);
    assert_int_equal(link_set_within(s, 8, 3).count, 0);
    link_set_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_a_list),
        cmocka_unit_test(an_absent_set_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
