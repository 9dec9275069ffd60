/* The interval set against a plain list. */
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
        uint32_t started = 0;
        int64_t to = t + 1 + t % 11;
        interval_set_at(s, t, take, &got);
        interval_set_over(s, t, to, take, &got_over);
        for (size_t i = 0; i < n; i++) {
            const struct interval *x = &list[i];
            started += x->start < t;
            if (x->start <= t && t < x->end)
                take(&want, x);
            if (x->start < to && (x->end > t || x->start >= t))
                take(&want_over, x);
        }
        assert_int_equal(got.count, want.count);
        assert_int_equal(got.mix, want.mix);
        assert_int_equal(got_over.count, want_over.count);
        assert_int_equal(got_over.mix, want_over.mix);
        assert_int_equal(interval_set_started(s, t), started);
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
            } else {
                int64_t start = seed % 2 ? (int64_t)dice(&dice_state, 400) : step / 20;
                struct interval i = {start, start + dice(&dice_state, 30),
                                     dice(&dice_state, seed % 3 ? 500 : 2)};
                if (dice(&dice_state, 20) == 0)
                    i.end = INTERVAL_OPEN;
                interval_set_add(&s, &i);
                list[n++] = i;
            }
            if (step % 1700 == 0)
                compare(&s, list, n);
        }
        compare(&s, list, n);
        assert_false(interval_set_remove(&s, &(struct interval){-5, -4, 1}));
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
    assert_true(interval_set_bytes(&s) > 500 * sizeof(struct interval));
    interval_set_clear(&s);
    assert_int_equal(interval_set_bytes(&s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_a_list),
        cmocka_unit_test(finds_stop_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
