/* One record's bytes: every flipped bit and every cut is noticed. */
#include "journal/record.h"
#include "support/check.h"

#include <string.h>

static const struct journal_record RECORD = {
    .sequence = 7,
    .site_id = 10000,
    .arrival_us = 1780000000000001,
    .time_us = -5,
    .id = {"an id", 5},
    .json = {"{\"type\":\"x\"}", 12},
};

static void a_record_comes_back(void **state)
{
    char bytes[128];
    struct journal_record got;
    size_t size = record_size(&RECORD);
    (void)state;
    assert_int_equal(size, RECORD_HEAD_BYTES + 17);
    record_write(&RECORD, bytes);
    assert_int_equal(record_read(7, (struct span){bytes, size}, &got), RECORD_OK);
    assert_int_equal(got.sequence, 7);
    assert_int_equal(got.site_id, 10000);
    assert_int_equal(got.arrival_us, RECORD.arrival_us);
    assert_int_equal(got.time_us, -5);
    assert_true(span_equal(got.id, RECORD.id));
    assert_true(span_equal(got.json, RECORD.json));
}

static void every_flipped_bit_is_noticed(void **state)
{
    char bytes[128];
    struct journal_record got;
    size_t size = record_size(&RECORD);
    (void)state;
    record_write(&RECORD, bytes);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << (bit % 8));
        assert_int_not_equal(record_read(7, (struct span){bytes, size}, &got), RECORD_OK);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << (bit % 8));
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(record_read(7, (struct span){bytes, cut}, &got), RECORD_DAMAGED);
    /* A record under another's sequence is none. */
    assert_int_equal(record_read(8, (struct span){bytes, size}, &got), RECORD_DAMAGED);
}

static void a_newer_version_is_told_apart(void **state)
{
    char bytes[128];
    struct journal_record got;
    (void)state;
    record_write(&RECORD, bytes);
    bytes[0] = RECORD_VERSION + 1;
    assert_int_equal(record_read(7, (struct span){bytes, record_size(&RECORD)}, &got),
                     RECORD_NEWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_newer_version_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
