/* Instants and TimeSpans as text. */
#include "base/instant.h"
#include "support/check.h"

#include <time.h>

static int64_t instant(const char *text)
{
    int64_t us = 0;
    bool zone;
    assert_int_equal(instant_parse(span_of(text), &us, &zone), INSTANT_OK);
    return us;
}

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool zone;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, true},
        {"1970-01-01t00:00:00z", 0, true},
        {"1970-01-01T00:00:00", 0, false},
        {"1970-01-01T00:00:00.1", 100000, false},
        {"1970-01-01T00:00:00.123456Z", 123456, true},
        {"1970-01-01T00:00:00.1234569999999999999Z", 123456, true},
        {"1969-12-31T23:59:59.999999Z", -1, true},
        {"1970-01-01T02:00:00+02:00", 0, true},
        {"1970-01-01T02:00:00 02:00", 0, true},
        {"1969-12-31T10:15:00-13:45", 0, true},
        {"1970-01-01T14:00:00+14:00", 0, true},
        {"1970-01-01T00:00:00-00:00", 0, true},
        {"2000-02-29T00:00:00Z", 951782400000000, true},
        {"2026-11-23T10:00:00.123Z", 1795428000123000, true},
        {"2100-03-01T00:00:00Z", 4107542400000000, true},
        {"0001-01-01T00:00:00Z", -62135596800000000, true},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = 42;
        bool zone = !cases[i].zone;
        assert_int_equal(instant_parse(span_of(cases[i].text), &us, &zone), INSTANT_OK);
        assert_int_equal(us, cases[i].us);
        assert_int_equal(zone, cases[i].zone);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum instant_status status;
    } cases[] = {
        {"", INSTANT_MALFORMED},
        {"2026", INSTANT_MALFORMED},
        {"2026-11-23", INSTANT_MALFORMED},
        {"2026-11-23 10:00:00Z", INSTANT_MALFORMED},
        {"2026-11-23T10:00Z", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00.Z", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00,5Z", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00ZZ", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00+2:00", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00+0200", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00+02", INSTANT_MALFORMED},
        {"2026-11-23T10:00:00+02:00Z", INSTANT_MALFORMED},
        {"26-11-23T10:00:00Z", INSTANT_MALFORMED},
        {"2026-1-23T10:00:00Z", INSTANT_MALFORMED},
        {"-026-11-23T10:00:00Z", INSTANT_MALFORMED},
        {"2026-02-30T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-02-29T00:00:00Z", INSTANT_NO_SUCH},
        {"1900-02-29T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-00-01T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-13-01T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-01-00T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-04-31T00:00:00Z", INSTANT_NO_SUCH},
        {"2026-11-23T24:00:00Z", INSTANT_NO_SUCH},
        {"2026-11-23T10:60:00Z", INSTANT_NO_SUCH},
        {"2016-12-31T23:59:60Z", INSTANT_NO_SUCH},
        {"2026-11-23T10:00:00+00:13", INSTANT_NO_SUCH},
        {"2026-11-23T10:00:00+14:15", INSTANT_NO_SUCH},
        {"2026-11-23T10:00:00-15:00", INSTANT_NO_SUCH},
        {"2026-11-23T10:00:00+13:75", INSTANT_NO_SUCH},
        {"0000-12-31T00:00:00Z", INSTANT_NO_SUCH},
        {"0001-01-01T00:00:00+01:00", INSTANT_NO_SUCH},
        {"9999-12-31T23:59:59-01:00", INSTANT_NO_SUCH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us;
        bool zone;
        if (instant_parse(span_of(cases[i].text), &us, &zone) != cases[i].status)
            fail_msg("%s", cases[i].text);
    }
}

static void writes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0001-01-01T00:00:00Z",        "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z", "2026-11-23T10:00:00.123Z",    "2026-11-23T10:00:00.000001Z",
        "2024-02-29T12:34:56.100Z",    "2000-12-31T00:00:00Z",        "1999-12-31T23:59:59Z",
    };
    char out[INSTANT_TEXT_BYTES];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = instant_format(instant(texts[i]), out);
        assert_string_equal(out, texts[i]);
        assert_int_equal(len, strlen(texts[i]));
    }
    /* Out of the years of four digits it still fits. */
    assert_true(instant_format(INT64_MIN, out) < sizeof out);
    assert_true(instant_format(INT64_MAX, out) < sizeof out);
}

/* Every day of eight centuries, and the first hours of each, as the C library has them. */
static void agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t day = -150000; day < 150000; day++) {
        time_t seconds = (time_t)(day * 86400 + (day & 0xFFFF));
        struct tm tm;
        char wanted[64], out[INSTANT_TEXT_BYTES];
        gmtime_r(&seconds, &tm);
        snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        instant_format((int64_t)seconds * US_PER_SECOND, out);
        assert_string_equal(out, wanted);
        assert_int_equal(instant(wanted), (int64_t)seconds * US_PER_SECOND);
    }
}

static void writes_timespans(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "00:00:00"},
        {24837050000, "06:53:57.0500000"},
        {US_PER_DAY + 2 * US_PER_HOUR, "1.02:00:00"},
        {1, "00:00:00.0000010"},
        {US_PER_SECOND, "00:00:01"},
        {US_PER_DAY - 1, "23:59:59.9999990"},
        {10 * US_PER_DAY, "10.00:00:00"},
        {-1, "-00:00:00.0000010"},
        {-US_PER_DAY - US_PER_HOUR, "-1.01:00:00"},
        {INT64_MAX, "106751991.04:00:54.7758070"},
        {INT64_MIN, "-106751991.04:00:54.7758080"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TIMESPAN_TEXT_BYTES];
        assert_int_equal(timespan_format(cases[i].us, out), strlen(cases[i].text));
        assert_string_equal(out, cases[i].text);
    }
}

static void tells_the_time(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * US_PER_SECOND, now = clock_now_us();
    assert_true(now >= before - US_PER_SECOND && now < before + US_PER_MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(writes),
        cmocka_unit_test(agrees_with_the_library),
        cmocka_unit_test(writes_timespans),
        cmocka_unit_test(tells_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
