/* Numbers and strings as metrics.md §1 writes them. */
#include "render/render.h"
#include "support/check.h"

#include <string.h>

static void ratio_is(int64_t num, int64_t den, const char *want)
{
    struct buffer b = {0};
    render_ratio(&b, (struct ratio){num, den});
    buffer_append_char(&b, '\0');
    assert_string_equal(b.data, want);
    buffer_free(&b);
}

static void ratios(void **state)
{
    (void)state;
    ratio_is(0, 0, "0.0");
    ratio_is(5, 0, "0.0");
    ratio_is(0, 7, "0.0");
    ratio_is(7, 7, "1.0");
    ratio_is(11, 50, "0.22");
    ratio_is(1, 3, "0.333333");
    ratio_is(2, 3, "0.666667");
    ratio_is(3, 2, "1.5");
    ratio_is(1, 2000000, "0.0");      /* half to even, down */
    ratio_is(3, 2000000, "0.000002"); /* half to even, up */
    ratio_is(1, 2000001, "0.0");
    ratio_is(-1, 4, "-0.25");
    ratio_is(INT64_MAX, 1000000, "9223372036854.775807");
    ratio_is(INT64_MAX, INT64_MAX, "1.0");
    ratio_is(1, INT64_MAX, "0.0");
}

static void strings(void **state)
{
    static const char text[] = "a\"b\\c\n\r\t\x01\x1f\xc3\xa9\x7f/";
    struct buffer b = {0};
    (void)state;
    render_string(&b, (struct span){text, sizeof text - 1});
    buffer_append_char(&b, '\0');
    assert_string_equal(b.data, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\xc3\xa9\x7f/\"");
    buffer_reset(&b);
    render_string(&b, (struct span){NULL, 0});
    assert_int_equal(b.len, 2);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ratios), cmocka_unit_test(strings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
