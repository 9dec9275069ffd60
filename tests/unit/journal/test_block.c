/* Blocks of records: what goes in comes out, by index and by sequence; some can be taken
 * out; every flipped bit and every cut is noticed. */
#include "journal/block.h"
#include "support/check.h"

#include <string.h>

#define MOST 300u

struct made {
    struct journal_record records[MOST];
    char ids[MOST][16];
    char json[MOST][600];
    char *value;
    size_t count, size;
};

/* Some records and the value that takes the first `count` of them. */
static struct made *make(uint64_t *seed, uint32_t n, uint64_t first)
{
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    for (uint32_t i = 0; i < n; i++) {
        int id_len = snprintf(m->ids[i], sizeof m->ids[i], "id-%u", i);
        uint32_t json_len = dice(seed, sizeof m->json[i]);
        memset(m->json[i], 'a' + (int)(i % 26), json_len);
        m->records[i] = (struct journal_record){.sequence = first + i,
                                                .site_id = 1 + i,
                                                .arrival_us = 7,
                                                .time_us = -(int64_t)i,
                                                .id = {m->ids[i], (size_t)id_len},
                                                .json = {m->json[i], json_len}};
    }
    m->count = block_plan(m->records, n, &m->size);
    m->value = malloc(m->size);
    assert_non_null(m->value);
    block_write(m->records, m->count, m->value);
    return m;
}

static void made_free(struct made *m)
{
    free(m->value);
    free(m);
}

static bool same(const struct journal_record *a, const struct journal_record *b)
{
    return a->sequence == b->sequence && a->site_id == b->site_id &&
           a->arrival_us == b->arrival_us && a->time_us == b->time_us && span_equal(a->id, b->id) &&
           span_equal(a->json, b->json);
}

static struct block open_sound(uint64_t key, const char *value, size_t size)
{
    struct block b;
    assert_int_equal(block_open(key, (struct span){value, size}, &b), RECORD_OK);
    return b;
}

static void records_come_back(void **state)
{
    uint64_t seed = 11;
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint64_t first = 1 + dice_next(&seed) % 1000000000000;
        struct made *m = make(&seed, 1 + dice(&seed, MOST), first);
        struct block b = open_sound(first, m->value, m->size);
        assert_int_equal(b.count, m->count);
        assert_true(m->size <= BLOCK_BYTES || m->count == 1);
        for (size_t i = 0; i < b.count; i++) {
            struct journal_record got;
            assert_int_equal(block_sequence(&b, i), first + i);
            assert_int_equal(block_find(&b, first + i), i);
            assert_int_equal(block_read(&b, i, &got), RECORD_OK);
            assert_true(same(&got, &m->records[i]));
        }
        assert_int_equal(block_find(&b, 0), 0);
        assert_int_equal(block_find(&b, first + b.count), b.count);
        made_free(m);
    }
}

static void a_record_by_itself_is_no_block(void **state)
{
    uint64_t seed = 12;
    (void)state;
    struct made *m = make(&seed, 1, 5);
    struct journal_record got;
    assert_int_equal(m->size, record_size(&m->records[0]));
    assert_int_equal(record_read(5, (struct span){m->value, m->size}, &got), RECORD_OK);
    made_free(m);
    /* A record that fills more than a block has a value for itself. */
    static char text[2 * BLOCK_BYTES];
    struct journal_record large[2] = {{.sequence = 1, .json = {text, sizeof text}},
                                      {.sequence = 2, .json = {text, 1}}};
    size_t size;
    assert_int_equal(block_plan(large, 2, &size), 1);
    assert_int_equal(size, record_size(&large[0]));
    large[0].json.len = 1;
    large[1].json.len = sizeof text;
    assert_int_equal(block_plan(large, 2, &size), 1);
    assert_int_equal(block_plan(large, 1, &size), 1);
}

static void some_can_be_taken_out(void **state)
{
    uint64_t seed = 13;
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct made *m = make(&seed, 2 + dice(&seed, 20), 1000);
        struct block b = open_sound(1000, m->value, m->size);
        bool gone[MOST] = {false};
        size_t left = b.count;
        for (size_t i = 0; i < b.count; i++)
            if (left > 1 && dice(&seed, 2) != 0) {
                gone[i] = true;
                left--;
            }
        char *rest = malloc(m->size);
        assert_non_null(rest);
        size_t size = block_without(&b, gone, rest), at = 0;
        assert_true(size <= m->size);
        struct block c = open_sound(1000, rest, size);
        assert_int_equal(c.count, left);
        for (size_t i = 0; i < b.count; i++) {
            struct journal_record got;
            assert_int_equal(block_find(&c, 1000 + i), at);
            if (gone[i])
                continue;
            assert_int_equal(block_read(&c, at++, &got), RECORD_OK);
            assert_true(same(&got, &m->records[i]));
        }
        free(rest);
        made_free(m);
    }
}

/* Is all of it sound and as it was made? */
static bool all_sound(const struct made *m, uint64_t key, size_t size)
{
    struct block b;
    struct journal_record got;
    if (block_open(key, (struct span){m->value, size}, &b) != RECORD_OK)
        return false;
    for (size_t i = 0; i < b.count; i++)
        if (block_read(&b, i, &got) != RECORD_OK)
            return false;
    return true;
}

static void every_flipped_bit_is_noticed(void **state)
{
    uint64_t seed = 14;
    (void)state;
    struct made *m = make(&seed, 4, 77);
    assert_true(all_sound(m, 77, m->size));
    for (size_t bit = 0; bit < m->size * 8; bit++) {
        m->value[bit / 8] = (char)(m->value[bit / 8] ^ 1 << (bit % 8));
        assert_false(all_sound(m, 77, m->size));
        m->value[bit / 8] = (char)(m->value[bit / 8] ^ 1 << (bit % 8));
    }
    for (size_t cut = 0; cut < m->size; cut++)
        assert_false(all_sound(m, 77, cut));
    assert_false(all_sound(m, 78, m->size)); /* under another's key */
    /* One damaged record leaves the others to be read. */
    m->value[m->size - 1] ^= 1;
    struct block b = open_sound(77, m->value, m->size);
    struct journal_record got;
    assert_int_equal(block_read(&b, 2, &got), RECORD_OK);
    assert_int_equal(block_read(&b, 3, &got), RECORD_DAMAGED);
    m->value[0] = BLOCK_VERSION + 1;
    assert_int_equal(block_open(77, (struct span){m->value, m->size}, &b), RECORD_NEWER);
    made_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(a_record_by_itself_is_no_block),
        cmocka_unit_test(some_can_be_taken_out),
        cmocka_unit_test(every_flipped_bit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
