/* Places against a plain array: handles near each other and far apart, and none. */
#include "floor/places.h"

#include "support/check.h"

#define COUNT 5000u

static uint32_t some_place(uint64_t *seed, uint32_t at, unsigned spread)
{
    if (dice(seed, 4) == 0)
        return dice(seed, 1000); /* in memory */
    return PLACE_AWAY | (at * 16 + dice(seed, spread)) % PLACE_AWAY;
}

static void agree_with_an_array(void **state)
{
    static const unsigned spreads[] = {1, 500, 200000, 2000000000};
    static uint32_t place[COUNT];
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        uint64_t seed = 17 + round;
        struct places p = {0};
        for (uint32_t i = 0; i < COUNT; i++) {
            places_add(&p, place[i] = some_place(&seed, i, spreads[round]));
            for (unsigned n = 0; n < 3; n++) {
                uint32_t at = dice(&seed, i + 1);
                places_set(&p, at, place[at] = some_place(&seed, at, spreads[round]));
                at = dice(&seed, i + 1);
                assert_int_equal(places_get(&p, at), place[at]);
            }
        }
        for (uint32_t i = 0; i < COUNT; i++) /* all are handles: blocks are shut … */
            places_set(&p, i, place[i] = PLACE_AWAY | (place[i] & 1023) | i / 64 * 1024);
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(places_get(&p, i), place[i]);
        assert_true(places_bytes(&p) < COUNT * 2);
        places_set(&p, 70, place[70] = 5); /* … and opened again */
        places_set(&p, 200, place[200] = UINT32_MAX);
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(places_get(&p, i), place[i]);
        places_clear(&p);
        assert_int_equal(places_bytes(&p), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
