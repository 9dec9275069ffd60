/* The timeline against a plain array: every kind of change, every question. */
#include "support/check.h"
#include "timeline/timeline.h"

#include <string.h>

#define WIDTH 3
#define TIMES 700

struct model {
    int64_t value[TIMES][WIDTH];
};

static void model_before(const struct model *m, int64_t t, int64_t *out)
{
    memset(out, 0, WIDTH * sizeof *out);
    for (int64_t i = 0; i < t && i < TIMES; i++)
        for (int w = 0; w < WIDTH; w++)
            out[w] += m->value[i][w];
}

static void compare(const struct timeline *t, const struct model *m)
{
    uint32_t entries = 0;
    int64_t first = -1;
    for (int64_t i = 0; i < TIMES; i++) {
        bool used = m->value[i][0] || m->value[i][1] || m->value[i][2];
        if (used && first < 0)
            first = i;
        entries += used;
    }
    assert_int_equal(t->entries, entries);
    int64_t found = -1;
    assert_int_equal(timeline_first(t, &found), first >= 0);
    assert_int_equal(found, first);
    int64_t next = INT64_MAX;
    for (int64_t at = TIMES; at-- > 0;) {
        bool used = m->value[at][0] || m->value[at][1] || m->value[at][2];
        next = used ? at : next;
        int64_t said = timeline_next(t, at);
        assert_true(said >= at && said <= next);
        assert_int_equal(said == INT64_MAX, next == INT64_MAX);
    }
    for (int64_t at = 0; at <= TIMES; at++) {
        int64_t got[WIDTH], want[WIDTH];
        timeline_before(t, at, got);
        model_before(m, at, want);
        assert_memory_equal(got, want, sizeof got);
    }
}

static void random_changes_agree_with_an_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t s = seed * 7919;
        struct model m = {0};
        struct timeline t;
        timeline_init(&t, WIDTH);
        int appends = 0;
        for (int step = 0; step < 12000; step++) {
            int64_t time = seed % 2 ? (int64_t)dice(&s, TIMES) : appends++ % TIMES;
            int64_t delta[WIDTH] = {0};
            if (dice(&s, 3) == 0) { /* take the entry away */
                for (int w = 0; w < WIDTH; w++)
                    delta[w] = -m.value[time][w];
            } else {
                for (int w = 0; w < WIDTH; w++)
                    delta[w] = (int64_t)dice(&s, 5) - 2;
            }
            for (int w = 0; w < WIDTH; w++)
                m.value[time][w] += delta[w];
            timeline_add(&t, time, delta);
            if (step % 1500 == 0)
                compare(&t, &m);
        }
        compare(&t, &m);
        for (int64_t i = 0; i < TIMES; i++) {
            int64_t delta[WIDTH];
            for (int w = 0; w < WIDTH; w++)
                delta[w] = -m.value[i][w];
            timeline_add(&t, i, delta);
        }
        assert_int_equal(t.entries, 0);
        assert_int_equal(timeline_bytes(&t), 0);
        timeline_clear(&t);
    }
}

static void appends_stay_packed_and_late_entries_land_in_place(void **state)
{
    (void)state;
    struct timeline t;
    timeline_init(&t, 1);
    for (int64_t i = 0; i < 100000; i++)
        timeline_add(&t, 2 * i, (int64_t[]){1});
    assert_true(timeline_bytes(&t) < 100000 * 16 * 5 / 4);
    for (int64_t i = 0; i < 100000; i += 7)
        timeline_add(&t, 2 * i + 1, (int64_t[]){1000000});
    int64_t got;
    timeline_between(&t, 20001, 120001, &got);
    int64_t late = 0;
    for (int64_t i = 0; i < 100000; i += 7)
        late += 2 * i + 1 >= 20001 && 2 * i + 1 < 120001;
    assert_int_equal(got, 50000 + 1000000 * late);
    timeline_clear(&t);
}

/* Long packed leaves, halved and joined again, and the nodes above them: what is asked
 * between any changes is what an array says. */
static void a_long_history_with_late_changes(void **state)
{
    enum { COUNT = 90000, NEWEST = 3000, CHECKS = 150 };
    static int64_t value[COUNT][2], before[COUNT + 1][2];
    (void)state;
    for (uint64_t round = 1; round <= 4; round++) {
        uint64_t s = round * 104729;
        struct timeline t;
        uint32_t entries = 0;
        timeline_init(&t, 2);
        memset(value, 0, sizeof value);
        for (int64_t i = 0; i < COUNT; i++) {
            int64_t at = i;
            if (dice(&s, round % 2 ? 50 : 5) == 0) /* late: anywhere, or lately */
                at = round < 3 ? dice(&s, (uint32_t)i + 1)
                               : i - dice(&s, i < NEWEST ? (uint32_t)i + 1 : NEWEST);
            bool was = value[at][0] != 0 || value[at][1] != 0;
            int64_t delta[2] = {-value[at][0], -value[at][1]}; /* what is there goes … */
            if (!was || dice(&s, 2) == 0) {                    /* … or is amended */
                delta[0] = 1 + dice(&s, 3);
                delta[1] = dice(&s, 20000) * 1000;
            }
            timeline_add(&t, at * 1000, delta);
            value[at][0] += delta[0];
            value[at][1] += delta[1];
            entries += (value[at][0] != 0 || value[at][1] != 0) - (uint32_t)was;
            if (i % (COUNT / CHECKS) != 0 && i + 1 != COUNT)
                continue;
            assert_int_equal(t.entries, entries);
            for (int64_t k = 0; k < COUNT; k++)
                for (int w = 0; w < 2; w++)
                    before[k + 1][w] = before[k][w] + value[k][w];
            for (int question = 0; question < 300; question++) {
                int64_t got[2], time = dice(&s, (uint32_t)i + 2);
                timeline_before(&t, time * 1000 - dice(&s, 2) * 7, got);
                assert_memory_equal(got, before[time], sizeof got);
            }
        }
        timeline_clear(&t);
    }
}

static void first_moments_wrap_around_to_the_right_integral(void **state)
{
    (void)state;
    struct timeline t;
    timeline_init(&t, 2);
    const int64_t day = 86400LL * 1000000, now = 20000 * day;
    /* A million agents, each in for one second: the moments overflow on the way. */
    for (int64_t i = 0; i < 1000; i++) {
        int64_t in = now + i * 1000, out = in + 1000000;
        timeline_add(&t, in, (int64_t[]){1000, (int64_t)(1000u * (uint64_t)in)});
        timeline_add(&t, out, (int64_t[]){-1000, (int64_t)(0 - 1000u * (uint64_t)out)});
    }
    int64_t at_end[2];
    timeline_before(&t, now + day, at_end);
    int64_t integral = (int64_t)((uint64_t)at_end[0] * (uint64_t)(now + day) - (uint64_t)at_end[1]);
    assert_int_equal(integral, 1000000LL * 1000000);
    timeline_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_an_array),
        cmocka_unit_test(appends_stay_packed_and_late_entries_land_in_place),
        cmocka_unit_test(a_long_history_with_late_changes),
        cmocka_unit_test(first_moments_wrap_around_to_the_right_integral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
