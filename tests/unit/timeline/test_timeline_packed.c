/* The timeline with packed leaves against a sorted array: instants and values of many
 * kinds, changes that come back to what is packed, moments; and through images between the
 * changes. */
#include "reload.h"
#include "support/check.h"
#include "timeline/timeline.h"

#include <string.h>

#define MAX_ENTRIES 9000
#define WIDTH TIMELINE_MAX_WIDTH

struct entry {
    int64_t time;
    int64_t value[WIDTH];
};

static struct entry model[MAX_ENTRIES];
static size_t entries;

struct kind {
    unsigned width, moments;
    int64_t start, unit, gap; /* instants: start + unit * number; about gap units apart */
    int values;               /* how wild the values are, 0..3 */
    int order;                /* 0: appends and amendments, 1: also late ones, 2: anywhere */
};

static int64_t times_time(int64_t value, int64_t time)
{
    return (int64_t)((uint64_t)value * (uint64_t)time);
}

static int64_t wild(uint64_t *s, int values)
{
    switch (dice(s, 8) % 2 ? 0 : values) {
    case 0:
        return (int64_t)dice(s, 3) - 1;
    case 1:
        return dice(s, 2) ? 0 : 1000000 * (int64_t)dice(s, 90);
    case 2:
        return dice(s, 5) ? 0 : (int64_t)dice(s, 1000000) * -77;
    default:
        return dice(s, 9) ? (int64_t)dice_next(s) : dice(s, 2) ? INT64_MIN : INT64_MAX;
    }
}

static size_t model_find(int64_t time)
{
    size_t low = 0, high = entries;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (model[middle].time < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void model_add(unsigned width, int64_t time, const int64_t *delta)
{
    size_t at = model_find(time);
    if (at == entries || model[at].time != time) {
        memmove(&model[at + 1], &model[at], (entries - at) * sizeof model[0]);
        model[at] = (struct entry){.time = time};
        entries++;
    }
    bool any = false;
    for (unsigned w = 0; w < width; w++) {
        model[at].value[w] = (int64_t)((uint64_t)model[at].value[w] + (uint64_t)delta[w]);
        any = any || model[at].value[w] != 0;
    }
    if (!any) {
        memmove(&model[at], &model[at + 1], (entries - at - 1) * sizeof model[0]);
        entries--;
    }
}

static void sum(int64_t *to, const int64_t *from, unsigned width)
{
    for (unsigned w = 0; w < width; w++)
        to[w] = (int64_t)((uint64_t)to[w] + (uint64_t)from[w]);
}

/* The measures that were asked for are as wanted. */
static void check_asked(const struct timeline_ask *ask, const int64_t *want)
{
    for (unsigned w = 0; w < ask->line->width; w++)
        if (!ask->without_moments || !(ask->line->moments >> w & 1))
            assert_int_equal(ask->out[w], want[w]);
}

/* More questions than go down together, one place asked for several times in a row, with all
 * measures and without moments; and the two steps that make it up. */
static void compare_many(const struct timeline *t, unsigned width)
{
    enum { MANY = 3 * TIMELINE_SIDE_BY_SIDE + 1 };
    struct timeline_ask ask[MANY];
    struct timeline_way way[TIMELINE_SIDE_BY_SIDE];
    int64_t want[MANY][WIDTH], got[MANY][WIDTH];
    if (entries == 0)
        return;
    for (size_t i = 0; i < MANY; i++) {
        int64_t at = model[i / 3 * (entries - 1) / (MANY / 3)].time;
        at = at > INT64_MAX - 2 ? at : at + (int64_t)(i % 3);
        ask[i] = (struct timeline_ask){t, at, got[i], false};
        timeline_before(t, at, want[i]);
    }
    timeline_before_all(ask, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_memory_equal(got[i], want[i], width * sizeof(int64_t));
    for (size_t i = 0; i < MANY; i++)
        ask[i].without_moments = i % 2;
    memset(got, 0x5a, sizeof got);
    timeline_before_all(ask, MANY);
    for (size_t i = 0; i < MANY; i++) {
        check_asked(&ask[i], want[i]);
        ask[i].without_moments = false;
    }
    memset(got, 0x5a, sizeof got);
    timeline_sum_up(way, timeline_descend(ask + 1, TIMELINE_SIDE_BY_SIDE, way));
    for (size_t i = 1; i <= TIMELINE_SIDE_BY_SIDE; i++)
        assert_memory_equal(got[i], want[i], width * sizeof(int64_t));
}

/* Every entry's time and the instant after it, in one go. */
static void compare(const struct timeline *t, unsigned width)
{
    assert_int_equal(t->entries, entries);
    int64_t first, want[WIDTH] = {0}, got[5][WIDTH];
    assert_int_equal(timeline_first(t, &first), entries > 0);
    if (entries > 0)
        assert_true(first == model[0].time);
    for (size_t i = 0; i < entries; i += 2) {
        struct timeline_ask ask[5];
        int64_t want_all[5][WIDTH] = {{0}};
        size_t n = 0;
        for (size_t k = i; k < i + 2 && k < entries; k++) {
            ask[n] = (struct timeline_ask){t, model[k].time, got[n], false};
            memcpy(want_all[n++], want, sizeof want);
            sum(want, model[k].value, width);
            if (model[k].time == INT64_MAX)
                continue;
            ask[n] = (struct timeline_ask){t, model[k].time + 1, got[n], false};
            memcpy(want_all[n++], want, sizeof want);
        }
        timeline_before_all(ask, n);
        for (size_t q = 0; q < n; q++)
            assert_memory_equal(got[q], want_all[q], width * sizeof(int64_t));
        if (i % 64 == 0) {
            timeline_before(t, ask[0].time_us, got[4]);
            assert_memory_equal(got[4], want_all[0], width * sizeof(int64_t));
        }
    }
    compare_many(t, width);
    timeline_before(t, INT64_MIN, got[0]);
    assert_true(got[0][0] == 0 && got[0][width - 1] == 0);
}

static int64_t next_time(const struct kind *k, uint64_t *s, int step)
{
    int64_t number = (int64_t)step * k->gap + dice(s, (uint32_t)k->gap + 1);
    if (k->order >= 1 && dice(s, 10) == 0)
        number -= 700 * k->gap;
    if (k->order == 2 && dice(s, 3) == 0)
        number = (int64_t)(dice_next(s) % (uint64_t)(k->gap * (step + 1)));
    return (int64_t)((uint64_t)k->start + (uint64_t)k->unit * (uint64_t)number);
}

static void change(const struct kind *k, struct timeline *t, uint64_t *s, int step)
{
    int64_t time, delta[WIDTH] = {0};
    uint32_t what = dice(s, 10);
    bool away = entries > 0 && what == 0, amend = entries > 0 && what < 4;
    size_t recent = entries < 60 || dice(s, 50) == 0 ? entries : 60;
    size_t at = amend ? entries - 1 - dice(s, (uint32_t)recent) : 0;
    time = amend ? model[at].time : next_time(k, s, step);
    for (unsigned w = 0; w < k->width; w++) {
        if (k->moments >> w & 1)
            delta[w] = times_time(delta[w - 1], time);
        else
            delta[w] = away ? (int64_t)(0 - (uint64_t)model[at].value[w]) : wild(s, k->values);
    }
    bool any = false;
    for (unsigned w = 0; w < k->width; w++)
        any = any || delta[w] != 0;
    timeline_add(t, time, delta);
    if (any)
        model_add(k->width, time, delta);
}

/* Through an image after every so many changes; 0: never. */
static void run(const struct kind *k, uint64_t seed, int steps, int reload_each)
{
    uint64_t s = seed;
    struct timeline t;
    timeline_init_moments(&t, k->width, k->moments);
    entries = 0;
    for (int step = 0; step < steps; step++) {
        change(k, &t, &s, step);
        if (reload_each > 0 && step % reload_each == 0)
            reload_line(&t);
        if (step % (steps / 5) == 0)
            compare(&t, k->width);
    }
    compare(&t, k->width);
    /* From the front, as retention does, and from anywhere. */
    while (entries > 0) {
        size_t at = seed % 2 ? 0 : dice(&s, (uint32_t)entries);
        int64_t delta[WIDTH];
        for (unsigned w = 0; w < k->width; w++)
            delta[w] = (int64_t)(0 - (uint64_t)model[at].value[w]);
        timeline_add(&t, model[at].time, delta);
        memmove(&model[at], &model[at + 1], (entries - at - 1) * sizeof model[0]);
        entries--;
        if (reload_each > 0 && entries % (size_t)reload_each < 2)
            reload_line(&t);
        if (entries % (size_t)(steps / 3) == 0)
            compare(&t, k->width);
    }
    assert_int_equal(timeline_bytes(&t), 0);
    assert_null(t.root);
    timeline_clear(&t);
}

static void run_all(int steps, int reload_each)
{
    const int64_t now = INT64_C(1700000000000000);
    const struct kind kinds[] = {
        {12, 0, now, 1000000, 3, 1, 1},
        {6, 0, now, 1000, 2600, 2, 0},
        {3, 0, now, 1, 2600000, 0, 1},
        {1, 0, now, 1000000, 1, 0, 2},
        {7, 0x12, now, 1000, 300, 0, 1},
        {4, 0xa, -now, 1000000, 40, 0, 2},
        {2, 2, now, 1, 1, 1, 2},
        {5, 0x14, now, 7777, 9, 3, 1},
        {12, 0xaaa, -500000, 1, 200, 3, 2},
        {2, 0, INT64_MIN, INT64_C(1) << 50, 1, 3, 2}, /* from end to end of time */
        {3, 4, INT64_MIN, INT64_C(0x7ffff), 5000000000, 2, 1},
        {1, 0, INT64_MAX - 6000, 1, 1, 3, 0},
        {6, 0x20, 0, INT64_C(3) << 40, 60, 1, 2},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        run(&kinds[i], (i + 1) * 7919, steps, reload_each);
}

static void random_changes_agree_with_an_array(void **state)
{
    (void)state;
    run_all(5000, 0);
}

static void images_between_changes_make_no_difference(void **state)
{
    (void)state;
    run_all(5000, 211);
}

/* While it grows from nothing, and shrinks to it. */
static void short_lines_are_images_too(void **state)
{
    (void)state;
    run_all(40, 1);
}

static void all_moment_masks_agree_with_plain_measures(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 5; width++)
        for (unsigned moments = 0; moments < 1u << width; moments += 2) {
            struct kind k = {width, moments, -3000, 1, 4, 2, 1};
            if (moments & moments >> 1)
                continue; /* a moment of a moment */
            run(&k, width * 1000 + moments + 1, 700, 0);
            run(&k, width * 1000 + moments + 2, 700, 100);
        }
}

/* What the floor books, in many more entries than may stay hot. */
static void cold_entries_take_few_bytes(void **state)
{
    (void)state;
    struct timeline t;
    uint64_t s = 5;
    timeline_init(&t, 12);
    for (int64_t i = 0; i < 200000; i++) {
        int64_t accepted = dice(&s, 10) > 0;
        timeline_add(&t, i * 3000000,
                     (int64_t[]){1, accepted, !accepted, 0, !accepted, 1,
                                 1000000 * (int64_t)dice(&s, 90), accepted,
                                 accepted * 1000000 * (int64_t)dice(&s, 300), 0, 0, 0});
    }
    assert_in_range(timeline_bytes(&t), 1, 200000 * 6);
    timeline_clear(&t);
    timeline_init_moments(&t, 2, 2);
    for (int64_t i = 0; i < 400000; i++) {
        int64_t step = i % 2 ? -1 : 1, time = i * 2000;
        timeline_add(&t, time, (int64_t[]){step, step * time});
    }
    assert_in_range(timeline_bytes(&t), 1, 400000 * 3 / 2);
    int64_t got[2];
    timeline_between(&t, 100000, 600000000, got);
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], -2000 * INT64_C(149975));
    timeline_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_an_array),
        cmocka_unit_test(images_between_changes_make_no_difference),
        cmocka_unit_test(short_lines_are_images_too),
        cmocka_unit_test(all_moment_masks_agree_with_plain_measures),
        cmocka_unit_test(cold_entries_take_few_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
