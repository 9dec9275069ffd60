/* Accept-Encoding and If-None-Match, word by word. */
#include "server/respond.h"
#include "support/check.h"

static void gzip_is_taken_only_where_it_is_welcome(void **state)
{
    static const struct {
        const char *field;
        bool welcome;
    } cases[] = {
        {"", false},           {"gzip", true},           {"GZIP", true},
        {"x-gzip", true},      {"deflate", false},       {"deflate, gzip", true},
        {"gzip;q=0", false},   {"gzip; q=0.000", false}, {"gzip;q=0.001", true},
        {"*", true},           {"*;q=0", false},         {"*, gzip;q=0", false},
        {"gzip, *;q=0", true}, {"gzipped", false},       {",,gzip,,", true},
        {";q=1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (accepts_gzip(span_of(cases[i].field)) != cases[i].welcome)
            fail_msg("%s", cases[i].field);
}

static void etags_match_weakly(void **state)
{
    const struct span tag = SPAN("\"abc\"");
    (void)state;
    assert_true(etag_matches(SPAN("\"abc\""), tag));
    assert_true(etag_matches(SPAN("W/\"abc\""), tag));
    assert_true(etag_matches(SPAN("\"x\" , \"abc\""), tag));
    assert_true(etag_matches(SPAN("*"), tag));
    assert_false(etag_matches(SPAN("\"abcd\""), tag));
    assert_false(etag_matches(SPAN("abc"), tag));
    assert_false(etag_matches(SPAN(""), tag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_taken_only_where_it_is_welcome),
        cmocka_unit_test(etags_match_weakly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
