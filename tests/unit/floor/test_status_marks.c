/* An agent's marks against a plain array: with an archive, without one, and with one that
 * takes something now and then. */
#include "floor/status_marks.h"

#include "floor/status_times.h"
#include "journal/file_archive.h"
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
    p->len = dice(seed, 10) == 0 ? LIMIT_ID_BYTES : dice(seed, LIMIT_ID_BYTES + 1);
    for (size_t i = 0; i < p->len; i++)
        p->id[i] = (char)('a' + dice(seed, 26));
}

static void check_all(const struct agent *a, struct archive *archive, const struct plain *plain,
                      size_t count)
{
    char text[LIMIT_ID_BYTES];
    assert_int_equal(a->mark_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a->marks[i].time_us, plain[i].time_us);
        assert_int_equal(a->statuses[a->marks[i].own], plain[i].status);
        struct span id = status_mark_id(a, archive, i, text);
        assert_true(span_equal(id, (struct span){plain[i].id, plain[i].len}));
    }
}

static void play(struct archive *archive, uint64_t seed)
{
    static struct plain plain[COUNT];
    static bool needed[COUNT];
    struct agent a = {0};
    for (size_t i = 0; i < COUNT; i++) {
        size_t at = i - dice(&seed, i < 3 ? (uint32_t)i + 1 : 3);
        memmove(plain + at + 1, plain + at, (i - at) * sizeof *plain);
        plain[at].time_us = (int64_t)dice_next(&seed);
        plain[at].status = dice(&seed, 100);
        make_id(&plain[at], &seed);
        status_marks_insert(&a, archive, at, plain[at].time_us,
                            (struct span){plain[at].id, plain[at].len}, plain[at].status);
    }
    check_all(&a, archive, plain, COUNT);
    size_t kept = 0;
    for (size_t i = 0; i < COUNT; i++) {
        needed[i] = dice(&seed, 3) == 0;
        if (needed[i])
            plain[kept++] = plain[i];
    }
    status_marks_keep(&a, needed);
    check_all(&a, archive, plain, kept);
    memset(needed, 0, sizeof needed);
    status_marks_keep(&a, needed);
    check_all(&a, archive, plain, 0);
    status_marks_clear(&a);
    status_times_clear(&a);
}

/* Marks of a few instants, put in where they are looked for. */
static void play_in_order(struct archive *archive, uint64_t seed)
{
    char before[LIMIT_ID_BYTES], text[LIMIT_ID_BYTES];
    struct agent a = {0};
    struct plain p;
    for (size_t i = 0; i < COUNT / 4; i++) {
        p.time_us = dice(&seed, 20);
        make_id(&p, &seed);
        struct span id = {p.id, p.len};
        size_t at = status_marks_find(&a, archive, p.time_us, id);
        status_marks_insert(&a, archive, at, p.time_us, id, 0);
        assert_int_equal(status_marks_find(&a, archive, p.time_us, id), at);
    }
    for (size_t i = 1; i < a.mark_count; i++) {
        assert_true(a.marks[i - 1].time_us <= a.marks[i].time_us);
        if (a.marks[i - 1].time_us == a.marks[i].time_us)
            assert_true(span_compare(status_mark_id(&a, archive, i - 1, before),
                                     status_mark_id(&a, archive, i, text)) <= 0);
    }
    status_marks_clear(&a);
    status_times_clear(&a);
}

static struct archive *whole;
static uint64_t luck = 9;

static bool some_put(struct archive *a, const void *bytes, size_t size, uint32_t *handle)
{
    (void)a;
    return dice(&luck, 2) == 0 && whole->put(whole, bytes, size, handle);
}

static size_t some_get(struct archive *a, uint32_t handle, void *out, size_t cap)
{
    (void)a;
    return whole->get(whole, handle, out, cap);
}

static void agree_with_an_array(void **state)
{
    struct archive some = {.put = some_put, .get = some_get};
    (void)state;
    assert_int_equal(file_archive_open("/tmp", &whole, NULL), 0);
    play(whole, 3);
    play(NULL, 4);
    play(&some, 5);
    play_in_order(whole, 6);
    play_in_order(NULL, 7);
    whole->close(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
