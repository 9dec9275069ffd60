/* Groups of the tail: what goes in comes out; every flipped bit and every cut is noticed. */
#include "journal/tail_group.h"
#include "support/check.h"

#include <string.h>

#define MOST 600u

struct made {
    struct journal_record records[MOST];
    char ids[MOST][16];
    char *bytes;
    size_t length, count;
    struct tail_group group;
};

static struct made *make(uint64_t *seed, uint32_t n, uint32_t most_text, uint64_t first)
{
    static char text[1000];
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    memset(text, 't', sizeof text);
    for (uint32_t i = 0; i < n; i++) {
        int id_len = snprintf(m->ids[i], sizeof m->ids[i], "id-%u", i);
        m->records[i] = (struct journal_record){.sequence = first + i,
                                                .site_id = 1,
                                                .id = {m->ids[i], (size_t)id_len},
                                                .json = {text, dice(seed, most_text)}};
    }
    m->count = n;
    m->length = tail_group_plan(m->records, n);
    m->bytes = malloc(tail_group_room(m->length));
    assert_non_null(m->bytes);
    tail_group_write(77, m->records, n, m->bytes);
    assert_true(tail_group_head(m->bytes, &m->group));
    return m;
}

static void made_free(struct made *m)
{
    free(m->bytes);
    free(m);
}

static void values_come_back(void **state)
{
    uint64_t seed = 21;
    (void)state;
    for (int round = 0; round < 200; round++) {
        uint64_t first = 1 + dice_next(&seed) % 1000000000000;
        struct made *m = make(&seed, 1 + dice(&seed, MOST), 1000, first);
        assert_true(tail_group_sound(&m->group, m->bytes));
        assert_int_equal(m->group.generation, 77);
        assert_int_equal(m->group.first, first);
        assert_int_equal(m->group.next, first + m->count);
        assert_int_equal(m->group.length, m->length);
        for (size_t i = m->length; i < tail_group_room(m->length); i++)
            assert_int_equal(m->bytes[i], 0);
        struct tail_value v = {0};
        size_t at = 0, values = 0;
        while (tail_group_next(&m->group, m->bytes, &v)) {
            struct block b;
            struct span value = {m->bytes + v.offset, v.length};
            assert_int_equal(v.key, first + at);
            assert_int_equal(block_open(v.key, value, &b), RECORD_OK);
            assert_int_equal(b.count, v.next - v.key);
            for (size_t i = 0; i < b.count; i++) {
                struct journal_record got;
                assert_int_equal(block_read(&b, i, &got), RECORD_OK);
                assert_true(span_equal(got.id, m->records[at].id));
                assert_true(span_equal(got.json, m->records[at++].json));
            }
            values++;
        }
        assert_int_equal(at, m->count);
        assert_int_equal(values, m->group.values);
        made_free(m);
    }
}

static bool reads_as_sound(const struct made *m)
{
    struct tail_group g;
    return tail_group_head(m->bytes, &g) && g.length <= m->length && tail_group_sound(&g, m->bytes);
}

static void every_flipped_bit_is_noticed(void **state)
{
    uint64_t seed = 22;
    (void)state;
    struct made *m = make(&seed, 20, 100, 5);
    for (size_t bit = 0; bit < m->length * 8; bit++) {
        m->bytes[bit / 8] = (char)(m->bytes[bit / 8] ^ 1 << (bit % 8));
        assert_false(reads_as_sound(m));
        m->bytes[bit / 8] = (char)(m->bytes[bit / 8] ^ 1 << (bit % 8));
    }
    assert_true(reads_as_sound(m));
    made_free(m);
}

static void every_cut_is_noticed(void **state)
{
    uint64_t seed = 23;
    (void)state;
    struct made *m = make(&seed, 10, 300, 5);
    for (size_t cut = 0; cut < m->length; cut++) {
        char had = m->bytes[cut];
        char *copy = malloc(m->length);
        assert_non_null(copy);
        memcpy(copy, m->bytes, cut);
        memset(copy + cut, had == 0 ? 1 : 0, m->length - cut);
        char *whole = m->bytes;
        m->bytes = copy;
        assert_false(reads_as_sound(m));
        m->bytes = whole;
        free(copy);
    }
    made_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
