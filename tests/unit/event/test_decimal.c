/* Numbers in units of a decimal place. */
#include "event/decimal.h"
#include "support/check.h"

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned places;
        enum decimal_status status;
        int64_t value;
        int above;
    } cases[] = {
        {"0", 0, DECIMAL_EXACT, 0, 0},
        {"-0", 0, DECIMAL_EXACT, 0, 0},
        {"42", 0, DECIMAL_EXACT, 42, 0},
        {"-42", 0, DECIMAL_EXACT, -42, 0},
        {"42.0", 0, DECIMAL_EXACT, 42, 0},
        {"4.2e1", 0, DECIMAL_EXACT, 42, 0},
        {"420e-1", 0, DECIMAL_EXACT, 42, 0},
        {"42.5", 0, DECIMAL_ROUNDED, 42, 1},
        {"43.5", 0, DECIMAL_ROUNDED, 44, -1},
        {"42.50000001", 0, DECIMAL_ROUNDED, 43, -1},
        {"-42.6", 0, DECIMAL_ROUNDED, -43, 1},
        {"-42.4", 0, DECIMAL_ROUNDED, -42, -1},
        {"0.05", 0, DECIMAL_ROUNDED, 0, 1},
        {"-1e-99999999999999999999", 0, DECIMAL_ROUNDED, 0, -1},
        {"4.5", 9, DECIMAL_EXACT, 4500000000, 0},
        {"4.333333333333333", 9, DECIMAL_ROUNDED, 4333333333, 1},
        {"4.6666666666666667", 9, DECIMAL_ROUNDED, 4666666667, -1},
        {"0.0000000005", 9, DECIMAL_ROUNDED, 0, 1},
        {"0.0000000015", 9, DECIMAL_ROUNDED, 2, -1},
        {"0e99999999999", 9, DECIMAL_EXACT, 0, 0},
        {"0.000e5", 0, DECIMAL_EXACT, 0, 0},
        {"1e3", 9, DECIMAL_EXACT, 1000000000000, 0},
        {"9223372036854775799", 0, DECIMAL_EXACT, 9223372036854775799, 0},
        {"99999999999999999999", 0, DECIMAL_HUGE, 0, 0},
        {"1e999", 0, DECIMAL_HUGE, 0, 0},
        {"-1E+999", 9, DECIMAL_HUGE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 77;
        int above = 77;
        enum decimal_status status =
            decimal_read(span_of(cases[i].text), cases[i].places, &value, &above);
        if (status != cases[i].status ||
            (status != DECIMAL_HUGE && (value != cases[i].value || above != cases[i].above)))
            fail_msg("%s: %d %lld %d", cases[i].text, (int)status, (long long)value, above);
    }
}

static void knows_what_a_double_holds(void **state)
{
    (void)state;
    static const char *const fits[] = {"0",
                                       "1e307",
                                       "-9.99e307",
                                       "0e99999",
                                       "0.0e99999",
                                       "1e-999",
                                       "123456789012345678901234567890",
                                       "0.001e310"};
    static const char *const beyond[] = {"1e999", "-1e309", "10e308", "0.01e311", "1e99999999999"};
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        assert_false(decimal_overflows_double(span_of(fits[i])));
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        assert_true(decimal_overflows_double(span_of(beyond[i])));
    char digits[400];
    memset(digits, '9', sizeof digits);
    assert_true(decimal_overflows_double((struct span){digits, sizeof digits}));
    assert_false(decimal_overflows_double((struct span){digits, 300}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(knows_what_a_double_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
