/* The link set against a plain list, with additions in and out of order and
 * removals, across all its sizes; also through images between the changes. */
#include "reload.h"
#include "support/check.h"
#include "timeline/link_set.h"

struct kind {
    bool values, ordered;
    int64_t span; /* instants: first + unit * (below span) */
    int64_t first, unit;
    int64_t value_unit; /* values: value_unit * 0..8; 0: any, with both signs */
};

/* Not longer runs are asked after each change. */
#define EACH_STEP 6000

static int64_t instant(const struct kind *k, int64_t number)
{
    return (int64_t)((uint64_t)k->first + (uint64_t)k->unit * (uint64_t)number);
}

static void compare(const struct link_set *s, const struct link *list, size_t n, uint64_t *seed,
                    const struct kind *k, int questions)
{
    for (int q = 0; q < questions; q++) {
        int64_t start = dice(seed, (uint32_t)k->span + 2),
                end = start + dice(seed, (uint32_t)k->span);
        start = instant(k, start) - 1 + dice(seed, 3);
        end = instant(k, end) - 1 + dice(seed, 3);
        if (q == 0)
            start = instant(k, 0) - 1;
        if (q < 2)
            end = instant(k, k->span);
        struct link_totals want = {0};
        for (size_t i = 0; i < n; i++)
            if (list[i].from >= start && list[i].to < end) {
                want.count++;
                want.value = (int64_t)((uint64_t)want.value + (uint64_t)list[i].value);
            }
        struct link_totals got = link_set_within(s, start, end);
        assert_int_equal(got.count, want.count);
        assert_true(got.value == want.value);
    }
}

/* Through an image after every so many changes; 0: never. */
static void run(uint64_t seed, const struct kind *k, int steps, int reload_each)
{
    uint64_t s = seed;
    struct link_set *set = link_set_new(k->values);
    struct link *list = calloc((size_t)steps, sizeof *list);
    size_t n = 0;
    for (int step = 0; step < steps; step++) {
        if (n > 0 && dice(&s, 10) < 3) {
            size_t at = dice(&s, 2) ? dice(&s, (uint32_t)n) : n - 1;
            link_set_book(set, &list[at], -1);
            list[at] = list[--n];
        } else {
            int64_t to = k->ordered ? step * k->span / steps : dice(&s, (uint32_t)k->span);
            struct link l = {instant(k, to - dice(&s, (uint32_t)to + 1)), instant(k, to), 0};
            if (k->values)
                l.value = k->value_unit != 0 ? dice(&s, 9) * k->value_unit
                                             : (int64_t)dice_next(&s) >> dice(&s, 64);
            link_set_book(set, &l, +1);
            list[n++] = l;
        }
        if (reload_each > 0 && step % reload_each == 0)
            reload_links(&set);
        if (step % (steps / 7 + 1) == 0)
            compare(set, list, n, &s, k, 40);
        else if (steps <= EACH_STEP) /* at each step of every merge */
            compare(set, list, n, &s, k, 3);
    }
    compare(set, list, n, &s, k, 40);
    assert_true(link_set_bytes(set) > 0);
    while (n > 0)
        link_set_book(set, &list[--n], -1);
    assert_int_equal(link_set_within(set, INT64_MIN, INT64_MAX).count, 0);
    assert_int_equal(link_set_within(set, INT64_MIN, INT64_MAX).value, 0);
    free(list);
    link_set_free(set);
}

static void run_all(uint64_t seed, int reload_each)
{
    const int64_t now = INT64_C(1700000000000000);
    for (int kind = 0; kind < 4; kind++) {
        struct kind k = {kind & 1, kind & 2, 100000, 0, 1, 1};
        run(seed * 31337, &k, 6000, reload_each);
        k.span = 40; /* many equal instants */
        run(seed * 27644437, &k, 3000, reload_each);
        k = (struct kind){
            kind & 1, kind & 2, 2592000, now, seed % 2 ? 1000000 : 1000, seed % 2 ? 1000000000 : 0};
        run(seed * 7919, &k, 3000, reload_each);
        k = (struct kind){kind & 1, kind & 2, 1 << 20, INT64_MIN + 9, INT64_C(1) << 43, -3};
        run(seed * 104729, &k, 3000, reload_each);
    }
}

static void random_changes_agree_with_a_list(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1700000000000000);
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_all(seed, 0);
    /* past the bound of a run */
    run(99, &(struct kind){false, true, 1000000, now, 1, 0}, 150000, 0);
    run(98, &(struct kind){true, true, 1000000, -now, 1000, 500}, 150000, 0);
}

/* Many full runs in stacks, all in order, and with tos anywhere; and nearly all taken away. */
static void long_histories_agree_with_a_list(void **state)
{
    (void)state;
    run(92, &(struct kind){false, true, 2592000, 1700000000000000, 1000000, 0}, 900000, 0);
    run(91, &(struct kind){false, false, 1000000, -5000000, 1000, 0}, 500000, 123457);
}

/* Merges under way begin anew; often enough none is ever done. */
static void images_between_changes_make_no_difference(void **state)
{
    (void)state;
    run_all(5, 97);
    run_all(6, 700);
    run(97, &(struct kind){false, true, 1000000, -400, 1, 0}, 150000, 7919);
    run(96, &(struct kind){true, false, 1000000, 0, 1000, 500}, 100000, 1009);
}

/* While it grows from nothing. */
static void short_sets_are_images_too(void **state)
{
    (void)state;
    run(95, &(struct kind){true, false, 100, 0, 1, 1}, 600, 1);
    run(94, &(struct kind){false, true, 100, 0, 1, 1}, 600, 1);
    struct link_set *none = NULL;
    reload_links(&none);
    assert_null(none);
}

static void cold_links_take_few_bytes(void **state)
{
    (void)state;
    uint64_t s = 8;
    struct link_set *set = link_set_new(false);
    for (int64_t i = 1; i <= 300000; i++)
        link_set_book(set, &(struct link){1000000 * dice(&s, (uint32_t)i * 5), i * 5000000, 0}, +1);
    assert_in_range(link_set_bytes(set), 1, 300000 * 5);
    link_set_free(set);
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
        cmocka_unit_test(long_histories_agree_with_a_list),
        cmocka_unit_test(images_between_changes_make_no_difference),
        cmocka_unit_test(short_sets_are_images_too),
        cmocka_unit_test(cold_links_take_few_bytes),
        cmocka_unit_test(an_absent_set_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
