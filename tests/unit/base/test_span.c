/* Spans: equality, order, and what counts as text. */
#include "base/span.h"
#include "support/check.h"

static void compares(void **state)
{
    (void)state;
    assert_true(span_equal(SPAN("abc"), SPAN("abc")));
    assert_false(span_equal(SPAN("abc"), SPAN("abd")));
    assert_false(span_equal(SPAN("abc"), SPAN("ab")));
    assert_true(span_equal((struct span){NULL, 0}, SPAN("")));
    assert_true(span_equal_nocase(SPAN("RightNow"), SPAN("rIGHTnOW")));
    assert_false(span_equal_nocase(SPAN("a[c"), SPAN("a{c")));
    assert_false(span_equal_nocase(SPAN("\xC3\x84"), SPAN("\xC3\xA4")));
    assert_true(span_compare(SPAN("a"), SPAN("b")) < 0);
    assert_true(span_compare(SPAN("ab"), SPAN("a")) > 0);
    assert_true(span_compare(SPAN("a\xFF"), SPAN("ab")) > 0);
    assert_int_equal(span_compare((struct span){NULL, 0}, SPAN("")), 0);
}

static void knows_text(void **state)
{
    (void)state;
    static const struct span good[] = {
        {"", 0},
        {"plain", 5},
        {"\xC2\x80 \xDF\xBF", 5},
        {"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12},
        {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8},
    };
    static const struct span bad[] = {
        {"a\0b", 3},
        {"\x80", 1},
        {"\xC0\x80", 2},
        {"\xC1\xBF", 2},
        {"\xC2", 1},
        {"\xC2 ", 2},
        {"\xE0\x9F\xBF", 3},
        {"\xED\xA0\x80", 3},
        {"\xE2\x82", 2},
        {"\xE2\x82 ", 3},
        {"\xF0\x8F\xBF\xBF", 4},
        {"\xF4\x90\x80\x80", 4},
        {"\xF5\x80\x80\x80", 4},
        {"\xF0\x90\x80", 3},
        {"\xFF", 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(span_is_text(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(span_is_text(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(knows_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
