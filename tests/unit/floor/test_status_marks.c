/* An agent's marks against a plain array: ids that are GUIDs, nearly GUIDs and other text. */
#include "floor/status_marks.h"

#include "base/limits.h"
#include "support/check.h"

#define COUNT 2000u

struct plain {
    int64_t time_us;
    char id[LIMIT_ID_BYTES];
    size_t len;
    uint32_t status;
};

static void make_id(struct plain *p, uint64_t *seed)
{
    struct guid g;
    for (unsigned i = 0; i < sizeof g.bytes; i++)
        g.bytes[i] = (uint8_t)dice(seed, 256);
    guid_format(&g, p->id);
    p->len = GUID_TEXT_BYTES;
    unsigned kind = dice(seed, 5);
    if (kind == 0)
        p->id[dice(seed, GUID_TEXT_BYTES)] = 'A'; /* upper case, or no GUID */
    else if (kind == 1)
        p->len = 1 + dice(seed, GUID_TEXT_BYTES);
    else if (kind == 2)
        memset(p->id, 'x', p->len = 1 + dice(seed, LIMIT_ID_BYTES));
}

static void check_all(const struct agent *a, const struct plain *plain, size_t count)
{
    char text[GUID_TEXT_BYTES];
    assert_int_equal(a->mark_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a->marks[i].time_us, plain[i].time_us);
        assert_int_equal(a->marks[i].status, plain[i].status);
        struct span id = status_mark_id(a, i, text);
        assert_true(span_equal(id, (struct span){plain[i].id, plain[i].len}));
    }
}

static void agree_with_an_array(void **state)
{
    static struct plain plain[COUNT];
    static bool needed[COUNT];
    uint64_t seed = 3;
    struct agent a = {0};
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        size_t at = i - dice(&seed, i < 3 ? (uint32_t)i + 1 : 3);
        memmove(plain + at + 1, plain + at, (i - at) * sizeof *plain);
        plain[at].time_us = (int64_t)dice_next(&seed);
        plain[at].status = dice(&seed, 100);
        make_id(&plain[at], &seed);
        status_marks_insert(&a, at, plain[at].time_us, (struct span){plain[at].id, plain[at].len},
                            plain[at].status);
    }
    check_all(&a, plain, COUNT);
    size_t kept = 0;
    for (size_t i = 0; i < COUNT; i++) {
        needed[i] = dice(&seed, 3) == 0;
        if (needed[i])
            plain[kept++] = plain[i];
    }
    status_marks_keep(&a, needed);
    check_all(&a, plain, kept);
    memset(needed, 0, sizeof needed);
    status_marks_keep(&a, needed);
    check_all(&a, plain, 0);
    status_marks_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
