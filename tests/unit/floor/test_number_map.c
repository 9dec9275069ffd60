/* The map of numbers against a plain array: hashes far apart, near each other and equal. */
#include "floor/number_map.h"

#include "support/check.h"

#include <stdbool.h>

#define COUNT 40000u

struct wanted {
    uint32_t number;
    unsigned asked;
};

static bool is_wanted(const void *data, uint32_t number)
{
    struct wanted *w = (struct wanted *)(uintptr_t)data;
    w->asked++;
    return number == w->number;
}

static uint32_t find(const struct number_map *m, uint32_t hash, uint32_t number, unsigned *asked)
{
    struct wanted w = {.number = number};
    uint32_t found = number_map_find(m, hash, is_wanted, &w);
    *asked = w.asked;
    return found;
}

/* All hashes are multiples of `step`, modulo 2^32 / `spread`. */
static void play(uint32_t step, uint32_t spread, uint32_t number_step, uint64_t seed)
{
    static uint32_t hash[COUNT];
    struct number_map m = {0};
    unsigned asked;
    assert_int_equal(find(&m, 7, 7, &asked), NONE);
    for (uint32_t i = 0; i < COUNT; i++) {
        hash[i] = (uint32_t)dice_next(&seed) / spread / step * step;
        number_map_add(&m, hash[i], i * number_step);
        uint32_t other = dice(&seed, i + 1);
        assert_int_equal(find(&m, hash[other], other * number_step, &asked), other * number_step);
    }
    assert_int_equal(m.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(find(&m, hash[i], i * number_step, &asked), i * number_step);
        assert_true(asked > 0);
        assert_int_equal(find(&m, hash[i], NONE, &asked), NONE);
    }
    number_map_clear(&m);
    assert_int_equal(number_map_bytes(&m), 0);
}

static void finds_what_was_added(void **state)
{
    (void)state;
    play(1, 1, 1, 1);
    play(1, 1, (NUMBER_MAP_NUMBERS - 1) / COUNT, 2); /* long numbers in a small map */
    play(1, 1000, 1, 3);                             /* all near each other */
    play(1u << 26, 1, 1, 4);                         /* many of each hash */
}

static void the_longest_number_alone(void **state)
{
    struct number_map m = {0};
    unsigned asked;
    (void)state;
    number_map_add(&m, UINT32_MAX, NUMBER_MAP_NUMBERS - 1);
    number_map_add(&m, 0, 0);
    assert_int_equal(find(&m, UINT32_MAX, NUMBER_MAP_NUMBERS - 1, &asked), NUMBER_MAP_NUMBERS - 1);
    assert_int_equal(find(&m, 0, 0, &asked), 0);
    number_map_clear(&m);
}

static void is_small(void **state)
{
    struct number_map m = {0};
    uint64_t seed = 5;
    (void)state;
    for (uint32_t i = 0; i < 200000; i++) {
        number_map_add(&m, (uint32_t)(dice_next(&seed) >> 32), i);
        if (i > 1000)
            assert_true(number_map_bytes(&m) < (size_t)(i + 1) * 13 / 2);
    }
    unsigned asked;
    for (uint32_t i = 0; i < 1000; i++) {
        find(&m, (uint32_t)(dice_next(&seed) >> 32), NONE, &asked);
        assert_true(asked < 3);
    }
    number_map_clear(&m);
}

static void chosen_hashes_make_it_no_larger(void **state)
{
    struct number_map m = {0};
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        number_map_add(&m, 12345, i);
    assert_true(number_map_bytes(&m) < COUNT * 13 / 2);
    number_map_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(the_longest_number_alone),
        cmocka_unit_test(is_small),
        cmocka_unit_test(chosen_hashes_make_it_no_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
