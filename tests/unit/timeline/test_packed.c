/* Packed leaves against the arrays they were made from. */
#include "base/memory.h"
#include "support/check.h"
#include "timeline/packed.h"

#include <string.h>

static int64_t times[PACKED_MAX];
static int64_t values[PACKED_MAX * PACKED_MAX_COLUMNS];

/* Around each time, a microsecond apart. */
static void check_near(const struct packed *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 1 + n / 16)
        for (int64_t apart = -3; apart <= 3; apart++) {
            uint32_t before = 0;
            int64_t t = (int64_t)((uint64_t)times[i] + (uint64_t)apart);
            while (before < n && times[before] < t)
                before++;
            assert_int_equal(packed_before(p, t), before);
        }
}

static void compare(uint32_t n, unsigned columns)
{
    /* Every mask comes up in time; none is there in a third. */
    unsigned moments = n * columns % 3 ? (n * 2654435761u >> 7) & ((1u << columns) - 1) : 0;
    struct packed *p = packed_new(n, times, values, columns, moments);
    int64_t back[PACKED_MAX], want[PACKED_MAX_COLUMNS] = {0}, moment[PACKED_MAX_COLUMNS] = {0};
    assert_true(leaf_is_packed(p));
    assert_true(packed_first(p) == times[0]);
    packed_times(p, n, back);
    assert_memory_equal(back, times, n * sizeof times[0]);
    for (unsigned c = 0; c < columns; c++) {
        packed_column(p, c, n, back, 1);
        for (uint32_t i = 0; i < n; i++)
            assert_true(back[i] == values[i * columns + c]);
    }
    for (uint32_t k = 0; k <= n; k++) {
        int64_t got[PACKED_MAX_COLUMNS] = {0};
        packed_sums(p, k, got);
        assert_memory_equal(got, want, columns * sizeof want[0]);
        memset(got, 0, sizeof got);
        packed_moments(p, k, got);
        assert_memory_equal(got, moment, columns * sizeof moment[0]);
        for (unsigned c = 0; k < n && c < columns; c++) {
            uint64_t value = (uint64_t)values[k * columns + c];
            want[c] = (int64_t)((uint64_t)want[c] + value);
            if (moments >> c & 1)
                moment[c] = (int64_t)((uint64_t)moment[c] + value * (uint64_t)times[k]);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = i;
        while (first > 0 && times[first - 1] == times[i])
            first--;
        assert_int_equal(packed_before(p, times[i]), first);
        if (times[i] > INT64_MIN && (first == 0 || times[first - 1] < times[i] - 1))
            assert_int_equal(packed_before(p, times[i] - 1), first);
        if (times[i] < INT64_MAX && (i + 1 == n || times[i + 1] > times[i]))
            assert_int_equal(packed_before(p, times[i] + 1), i + 1);
    }
    check_near(p, n);
    assert_int_equal(packed_before(p, INT64_MIN), 0);
    if (times[n - 1] < INT64_MAX)
        assert_int_equal(packed_before(p, INT64_MAX), n);
    packed_free(p);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Instants over the lowest `bits` bits, multiples of `unit`, from `start` on. */
static void make_times(uint64_t *s, uint32_t n, unsigned bits, uint64_t unit, int64_t start)
{
    for (uint32_t i = 0; i < n; i++)
        times[i] = (int64_t)((uint64_t)start +
                             (bits == 0 ? 0 : dice_next(s) >> (64 - bits)) / unit * unit);
    qsort(times, n, sizeof times[0], by_value);
}

/* Makes some of them a microsecond later, or more. */
static void make_later(uint64_t *s, uint32_t n, unsigned most)
{
    for (uint32_t i = 0; i < n; i++)
        times[i] += dice(s, 3) == 0 ? dice(s, most + 1) : 0;
    qsort(times, n, sizeof times[0], by_value);
}

static void make_column(uint64_t *s, uint32_t n, unsigned column, unsigned columns)
{
    unsigned kind = dice(s, 9);
    int64_t base = (int64_t)dice_next(s) >> dice(s, 64);
    for (uint32_t i = 0; i < n; i++) {
        int64_t *value = &values[i * columns + column];
        int64_t left = column > 0 ? value[-1] : 0;
        int64_t choice[9] = {
            base,
            dice(s, 2),
            (int64_t)dice(s, 3) - 1,
            left == 0,
            left != 0 ? (int64_t)dice(s, 1000) * 1000 : 0,
            left == 0 ? (int64_t)dice(s, 9) * 250 : 0,
            dice(s, 30) == 0 ? base : 0,
            (int64_t)dice_next(s) >> dice(s, 64),
            (int64_t)((uint64_t)base + dice(s, 70) * UINT64_C(1000000)),
        };
        *value = choice[kind];
    }
}

static void random_leaves_come_back(void **state)
{
    (void)state;
    uint64_t s = 4711;
    const uint64_t units[] = {1, 1000, 1000000, 60000000, 7};
    for (int round = 0; round < 3000; round++) {
        uint32_t n = 1 + dice(&s, round % 4 == 0 ? PACKED_MAX : 12);
        unsigned columns = 1 + dice(&s, PACKED_MAX_COLUMNS), bits = dice(&s, 64);
        make_times(&s, n, bits, units[dice(&s, 5)], bits == 63 ? INT64_MIN : -123456789);
        for (unsigned c = 0; c < columns; c++)
            make_column(&s, n, c, columns);
        compare(n, columns);
    }
}

static void a_microsecond_after_whole_milliseconds(void **state)
{
    (void)state;
    uint64_t s = 99;
    size_t bytes[3];
    for (int round = 0; round < 600; round++) {
        uint32_t n = 1 + dice(&s, round % 4 == 0 ? PACKED_MAX : 12);
        make_times(&s, n, 10 + dice(&s, 40), round % 2 ? 1000 : 60000000,
                   (int64_t)dice(&s, 2000) * -1000 + (round % 7 == 0));
        make_later(&s, n, round % 11 == 0 ? 2 : 1);
        make_column(&s, n, 0, 1);
        compare(n, 1);
    }
    for (unsigned most = 0; most < 3; most++) {
        make_times(&s, LEAF_FULL, 32, 1000, 1700000000000000);
        make_later(&s, LEAF_FULL, most);
        memset(values, 0, sizeof values);
        struct packed *p = packed_new(LEAF_FULL, times, values, 1, 0);
        bytes[most] = packed_bytes(p);
        packed_free(p);
    }
    assert_in_range(bytes[1], bytes[0], bytes[0] + LEAF_FULL / 8 + 16);
    assert_true(bytes[2] > bytes[1] + LEAF_FULL);
}

static void extremes_come_back(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= PACKED_MAX; n++) {
        for (uint32_t i = 0; i < n; i++) {
            times[i] = i < n / 2 ? INT64_MIN : INT64_MAX;
            values[3 * i] = i % 2 ? INT64_MIN : INT64_MAX;
            values[3 * i + 1] = i % 3 ? 0 : INT64_MIN;
            values[3 * i + 2] = i + 1 == n;
        }
        compare(n, 3);
    }
}

/* Instants of whole seconds cost as little in microseconds as in seconds. */
static void a_common_unit_is_found(void **state)
{
    (void)state;
    size_t bytes[2];
    for (int micro = 0; micro < 2; micro++) {
        for (int64_t i = 0; i < LEAF_FULL; i++) {
            times[i] = (1700000000 + i * i % 7 + 10 * i) * (micro ? 1000000 : 1);
            values[i] = (i * 31 % 90) * (micro ? 1000000 : 1);
        }
        struct packed *p = packed_new(LEAF_FULL, times, values, 1, 0);
        bytes[micro] = packed_bytes(p);
        packed_free(p);
        compare(LEAF_FULL, 1);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_in_range(bytes[0], 1, 2 * LEAF_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_leaves_come_back),
        cmocka_unit_test(a_microsecond_after_whole_milliseconds),
        cmocka_unit_test(extremes_come_back),
        cmocka_unit_test(a_common_unit_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
