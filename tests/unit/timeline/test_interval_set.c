/* The interval set against a plain list, also through images between the changes. */
#include "reload.h"
#include "support/check.h"
#include "timeline/interval_set.h"

#define MAX 3000

struct found {
    size_t count;
    uint64_t mix; /* of what was found, in order */
};

static bool take(void *data, const struct interval *i)
{
    struct found *f = data;
    f->count++;
    f->mix += (uint64_t)i->start * 31 + (uint64_t)i->end * 17 + i->ref;
    return true;
}

static void compare(const struct interval_set *s, const struct interval *list, size_t n)
{
    assert_int_equal(s->entries, n);
    for (int64_t t = -1; t < 420; t += 3) {
        struct found got = {0}, want = {0}, got_over = {0}, want_over = {0};
        int64_t to = t + 1 + t % 11;
        interval_set_at(s, t, take, &got);
        interval_set_over(s, t, to, take, &got_over);
        for (size_t i = 0; i < n; i++) {
            const struct interval *x = &list[i];
            if (x->start <= t && t < x->end)
                take(&want, x);
            if (x->start < to && (x->end > t || x->start >= t))
                take(&want_over, x);
        }
        assert_int_equal(got.count, want.count);
        assert_int_equal(got.mix, want.mix);
        assert_int_equal(got_over.count, want_over.count);
        assert_int_equal(got_over.mix, want_over.mix);
    }
}

static void random_changes_agree_with_a_list(void **state)
{
    (void)state;
    static struct interval list[MAX];
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint64_t dice_state = seed * 104729;
        struct interval_set s = {0};
        size_t n = 0;
        for (int step = 0; step < 9000; step++) {
            bool remove = n == MAX || (n > 0 && dice(&dice_state, 100) < (step < 5000 ? 30 : 60));
            if (remove) {
                size_t at = dice(&dice_state, (uint32_t)n);
                assert_true(interval_set_remove(&s, &list[at]));
                list[at] = list[--n];
            } else if (n > 0 && dice(&dice_state, 3) == 0) {
                size_t at = dice(&dice_state, (uint32_t)n);
                int64_t end = list[at].start + dice(&dice_state, 60);
                if (dice(&dice_state, 10) == 0)
                    end = INTERVAL_OPEN;
                assert_true(interval_set_end(&s, &list[at], end));
                list[at].end = end;
            } else {
                int64_t start = seed % 2 ? (int64_t)dice(&dice_state, 400) : step / 20;
                struct interval i = {start, start + dice(&dice_state, 30),
                                     dice(&dice_state, seed % 3 ? 500 : 2)};
                if (dice(&dice_state, 20) == 0)
                    i.end = INTERVAL_OPEN;
                interval_set_add(&s, &i);
                list[n++] = i;
            }
            if (seed > 4 && (step < 60 || step % 500 == 0))
                reload_set(&s);
            if (step % 1700 == 0)
                compare(&s, list, n);
        }
        compare(&s, list, n);
        assert_false(interval_set_remove(&s, &(struct interval){-5, -4, 1}));
        assert_false(interval_set_end(&s, &(struct interval){-5, -4, 1}, -3));
        while (n > 0)
            assert_true(interval_set_remove(&s, &list[--n]));
        assert_null(s.root);
    }
}

static void finds_stop_when_told(void **state)
{
    (void)state;
    struct interval_set s = {0};
    int64_t first;
    assert_false(interval_set_first(&s, &first));
    for (uint32_t i = 0; i < 500; i++)
        interval_set_add(&s, &(struct interval){i, INTERVAL_OPEN, i});
    assert_true(interval_set_first(&s, &first));
    assert_int_equal(first, 0);
    struct found f = {0};
    interval_set_at(&s, 499, take, &f);
    assert_int_equal(f.count, 500);
    assert_in_range(interval_set_bytes(&s), 1, 500 * sizeof(struct interval));
    interval_set_clear(&s);
    assert_int_equal(interval_set_bytes(&s), 0);
}

struct kind {
    int64_t start, unit, gap, length; /* starts: start + unit * number; lengths in units */
    uint32_t refs;                    /* 0: rising slowly; else any below */
    bool anywhere;                    /* not only near the end */
};

static void compare_spread(const struct interval_set *s, const struct interval *list, size_t n,
                           uint64_t *dice_state)
{
    assert_int_equal(s->entries, n);
    for (int q = 0; q < 60 && n > 0; q++) {
        const struct interval *near = &list[dice(dice_state, (uint32_t)n)];
        int64_t t = dice(dice_state, 2) || near->end == INTERVAL_OPEN ? near->start : near->end;
        t += (t > INT64_MIN) * -(int64_t)dice(dice_state, 2);
        int64_t to = t < INT64_MAX - 5000000 ? t + 1 + dice(dice_state, 5000000) : INT64_MAX;
        struct found got = {0}, want = {0}, got_over = {0}, want_over = {0};
        interval_set_at(s, t, take, &got);
        interval_set_over(s, t, to, take, &got_over);
        for (size_t i = 0; i < n; i++) {
            const struct interval *x = &list[i];
            if (x->start <= t && t < x->end)
                take(&want, x);
            if (x->start < to && (x->end > t || x->start >= t))
                take(&want_over, x);
        }
        assert_int_equal(got.count, want.count);
        assert_int_equal(got.mix, want.mix);
        assert_int_equal(got_over.count, want_over.count);
        assert_int_equal(got_over.mix, want_over.mix);
    }
}

/* As the floor does: an interval comes open and gets its end soon after. Through an image after
 * every so many changes; 0: never. */
static void run(const struct kind *k, uint64_t seed, int reload_each)
{
    enum { LIVE = 40, STEPS = 9000 };
    static struct interval list[STEPS];
    uint64_t dice_state = seed;
    struct interval_set s = {0};
    size_t n = 0;
    for (int step = 0; step < STEPS; step++) {
        int64_t number = step * k->gap + dice(&dice_state, (uint32_t)k->gap + 1);
        if (k->anywhere && dice(&dice_state, 4) == 0)
            number = (int64_t)(dice_next(&dice_state) % (uint64_t)(k->gap * (step + 1)));
        uint32_t what = dice(&dice_state, 8);
        if (n > LIVE && what < 3) { /* one of the recent ones ends */
            struct interval *i = &list[n - 1 - dice(&dice_state, LIVE)];
            int64_t length = k->unit * dice(&dice_state, (uint32_t)k->length + 1);
            int64_t end = i->start < INT64_MAX - length ? i->start + length : INTERVAL_OPEN;
            if (dice(&dice_state, 2)) {
                assert_true(interval_set_end(&s, i, end));
                i->end = end;
            } else {
                assert_true(interval_set_remove(&s, i));
                i->end = end;
                interval_set_add(&s, i);
            }
        } else if (n > LIVE && what == 3) {
            size_t at = k->anywhere ? dice(&dice_state, (uint32_t)n) : n - 1;
            assert_true(interval_set_remove(&s, &list[at]));
            list[at] = list[--n];
        } else {
            uint32_t ref =
                k->refs == 0 ? (uint32_t)step + dice(&dice_state, 3) : dice(&dice_state, k->refs);
            int64_t start = (int64_t)((uint64_t)k->start + (uint64_t)k->unit * (uint64_t)number);
            list[n] = (struct interval){start, INTERVAL_OPEN, ref};
            if (what == 4 && n > 0)
                list[n] = list[n - 1]; /* the same once more */
            interval_set_add(&s, &list[n++]);
        }
        if (reload_each > 0 && step % reload_each == 0)
            reload_set(&s);
        if (step % 1500 == 0)
            compare_spread(&s, list, n, &dice_state);
    }
    compare_spread(&s, list, n, &dice_state);
    while (n > 0) {
        size_t at = seed % 2 ? dice(&dice_state, (uint32_t)n) : n - 1;
        assert_true(interval_set_remove(&s, &list[at]));
        list[at] = list[--n];
        if (reload_each > 0 && n % (size_t)reload_each < 2)
            reload_set(&s);
        if (n % 2000 == 0)
            compare_spread(&s, list, n, &dice_state);
    }
    assert_int_equal(interval_set_bytes(&s), 0);
}

static void run_all(int reload_each)
{
    const int64_t now = INT64_C(1700000000000000);
    const struct kind kinds[] = {
        {now, 1000000, 3, 300, 0, false},
        {now, 1000, 2600, 300000, 0, true},
        {-now, 1, 2600000, 300000000, UINT32_MAX, false},
        {now, 1000000, 1, 0, 100, true},
        {INT64_MIN, INT64_C(1) << 49, 2, 9, 0, true}, /* from end to end of time */
        {INT64_MAX - 9000, 1, 1, 700, UINT32_MAX, true},
        {0, 1, 0, 2, 1, false}, /* all start at once */
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        run(&kinds[i], (i + 1) * 104729, reload_each);
}

static void packed_leaves_agree_with_a_list(void **state)
{
    (void)state;
    run_all(0);
}

static void images_between_changes_make_no_difference(void **state)
{
    (void)state;
    run_all(317);
}

static void cold_intervals_take_few_bytes(void **state)
{
    (void)state;
    struct interval_set s = {0};
    uint64_t dice_state = 3;
    for (uint32_t i = 0; i < 200000; i++) {
        struct interval x = {i * INT64_C(3000000), INTERVAL_OPEN, i};
        interval_set_add(&s, &x);
        assert_true(interval_set_remove(&s, &x));
        x.end = x.start + 1000000 * (int64_t)dice(&dice_state, 300);
        interval_set_add(&s, &x);
    }
    assert_in_range(interval_set_bytes(&s), 1, 200000 * 3);
    interval_set_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_a_list),
        cmocka_unit_test(finds_stop_when_told),
        cmocka_unit_test(packed_leaves_agree_with_a_list),
        cmocka_unit_test(images_between_changes_make_no_difference),
        cmocka_unit_test(cold_intervals_take_few_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
