/* Floors that were saved and loaded against floors that were not. */
#include "base/image.h"
#include "base/memory.h"
#include "floor/floor.h"
#include "floor/state.h"
#include "journal/file_archive.h"
#include "random_events.h"
#include "server/query.h"

#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_US 120000000
#define END_US (RANDOM_START_US + 2 * RANDOM_SPAN_US)

static struct archive *archive;
static FILE *file;

static struct floor_settings settings_of(int mode)
{
    return (struct floor_settings){.site_id = 10000,
                                   .visitor_timeout_us = TIMEOUT_US,
                                   .archive = mode == 0 ? NULL : archive,
                                   .archive_at_once = mode == 2};
}

/* --- saving and loading --- */

/* The size of its image, which lies behind so many other bytes. */
static uint64_t save(struct floor *f, size_t before)
{
    struct stat status;
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    struct image *io = image_save(fileno(file));
    unsigned char *filler = memory_zeroed(before, 1);
    image_bytes(io, filler, before);
    memory_free(filler);
    floor_save(f, io);
    assert_int_equal(image_close(io), 0);
    assert_int_equal(fstat(fileno(file), &status), 0);
    return (uint64_t)status.st_size;
}

static struct floor *load(const struct floor_settings *settings, size_t before, int *error)
{
    struct image *io = image_load(fileno(file));
    unsigned char *filler = memory_zeroed(before, 1);
    image_bytes(io, filler, before);
    memory_free(filler);
    struct floor *f = floor_load(settings, io);
    assert_int_equal(f == NULL, image_failed(io));
    *error = image_close(io);
    return f;
}

static unsigned char *file_bytes(uint64_t size)
{
    unsigned char *bytes = memory_get(size);
    assert_int_equal(pread(fileno(file), bytes, size, 0), size);
    return bytes;
}

/* Goes on with what was saved, which saves to the same bytes. */
static struct floor *save_and_load(struct floor *f, const struct floor_settings *settings)
{
    int error;
    uint64_t size = save(f, 0);
    unsigned char *first = file_bytes(size);
    struct floor *loaded = load(settings, 0, &error);
    assert_int_equal(error, 0);
    assert_int_equal(save(loaded, 0), size);
    unsigned char *second = file_bytes(size);
    assert_memory_equal(first, second, size);
    memory_free(first);
    memory_free(second);
    floor_free(f);
    return loaded;
}

/* --- the same answers --- */

static struct question random_question(uint64_t *seed, int64_t now_us, int64_t horizon_us)
{
    int64_t one = RANDOM_START_US + (int64_t)(dice_next(seed) % (2 * RANDOM_SPAN_US));
    int64_t other = RANDOM_START_US + (int64_t)(dice_next(seed) % (2 * RANDOM_SPAN_US));
    struct question q = {.now_us = now_us,
                         .horizon_us = horizon_us,
                         .has_start = true,
                         .has_end = dice(seed, 4) != 0,
                         .start_us = one < other ? one : other,
                         .end_us = one < other ? other : one,
                         .has_department = dice(seed, 3) == 0,
                         .department = random_guid('d', dice(seed, 4)),
                         .page_index = 1,
                         .page_size = 1000,
                         .status_distribution = dice(seed, 2) == 0};
    return q;
}

/* What is in memory, and what of it may be put away. */
static void vaults_alike(const struct vault *a, const struct vault *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->entry_count, b->entry_count);
    assert_int_equal(a->entry_end, b->entry_end);
    assert_int_equal(a->resting, b->resting);
    assert_int_equal(a->away.count, b->away.count);
}

static void answers_alike(const struct floor *a, const struct floor *b, uint64_t *seed,
                          int64_t now_us, int64_t horizon_us, int questions)
{
    struct arena *arena = arena_new();
    struct buffer one = {0}, other = {0};
    vaults_alike(&a->chats, &b->chats);
    vaults_alike(&a->visitors, &b->visitors);
    assert_int_equal(floor_anomalies(a), floor_anomalies(b));
    assert_int_equal(floor_version(a), floor_version(b));
    assert_int_equal(floor_utc_offset_min(a), floor_utc_offset_min(b));
    assert_int_equal(floor_next_waiting(a), floor_next_waiting(b));
    for (int i = 0; i < questions; i++) {
        enum view view = (enum view)(i % 4);
        struct question q = random_question(seed, now_us, horizon_us);
        buffer_reset(&one);
        buffer_reset(&other);
        question_answer(view, a, &q, arena, &one, NULL);
        question_answer(view, b, &q, arena, &other, NULL);
        assert_int_equal(one.len, other.len);
        assert_memory_equal(one.data, other.data, one.len);
        arena_reset(arena);
    }
    buffer_free(&one);
    buffer_free(&other);
    arena_free(arena);
}

/* --- the tests --- */

struct twins {
    struct floor_settings settings;
    struct floor *plain, *saved;
    int64_t now_us;
    uint32_t events;
};

static struct twins twins_new(int mode)
{
    struct twins t = {.settings = settings_of(mode), .now_us = RANDOM_START_US};
    t.plain = floor_new(&t.settings);
    t.saved = floor_new(&t.settings);
    return t;
}

static void twins_free(struct twins *t)
{
    floor_free(t->plain);
    floor_free(t->saved);
}

static void twins_take(struct twins *t, uint64_t *seed, uint32_t count, uint32_t chats)
{
    struct random_event r;
    for (uint32_t i = 0; i < count; i++) {
        random_event(&r, seed, t->events++, chats);
        floor_apply(t->plain, &r.event, t->now_us);
        floor_apply(t->saved, &r.event, t->now_us);
        t->now_us += dice(seed, 2) ? (int64_t)dice(seed, 40000000) : 0;
        if (dice(seed, 40) == 0)
            t->saved = save_and_load(t->saved, &t->settings);
    }
}

static void twins_forget(struct twins *t, uint64_t *seed, int64_t horizon_us)
{
    struct forget_cursor one = {0}, other = {0};
    while (floor_forget(t->plain, horizon_us, &one, 7)) {
        assert_true(floor_forget(t->saved, horizon_us, &other, 7));
        if (dice(seed, 4) == 0)
            t->saved = save_and_load(t->saved, &t->settings);
    }
    assert_false(floor_forget(t->saved, horizon_us, &other, 7));
}

static void a_loaded_floor_goes_on_the_same(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 30; s++) {
        uint64_t seed = s * 7919;
        struct twins t = twins_new((int)(s % 3));
        t.saved = save_and_load(t.saved, &t.settings); /* an empty one */
        for (int part = 0; part < 4; part++) {
            twins_take(&t, &seed, 100, 5 + 20 * (uint32_t)(s % 4));
            answers_alike(t.plain, t.saved, &seed, t.now_us, INT64_MIN, 40);
        }
        int64_t horizon_us = RANDOM_START_US + RANDOM_SPAN_US / 3;
        twins_forget(&t, &seed, horizon_us);
        answers_alike(t.plain, t.saved, &seed, t.now_us, horizon_us, 40);
        twins_take(&t, &seed, 60, 30);
        t.now_us = END_US;
        floor_advance(t.plain, t.now_us);
        floor_advance(t.saved, t.now_us);
        answers_alike(t.plain, t.saved, &seed, t.now_us, horizon_us, 40);
        twins_free(&t);
    }
}

/* Of an image a block is there or not: so the end of the first, behind which nothing is whole,
 * is put anywhere in the floor. */
static void what_is_missing_is_noticed(void **state)
{
    (void)state;
    const uint64_t block = 1u << 20;
    for (int mode = 0; mode < 3; mode++) {
        uint64_t seed = 20261125 + (uint64_t)mode;
        int error;
        struct twins t = twins_new(mode);
        twins_take(&t, &seed, 500, 40);
        uint64_t size = save(t.saved, 0);
        assert_in_range(size, 10000, block / 2);
        for (uint32_t i = 0; i < 250; i++) {
            uint32_t whole = i < 100 ? i : dice(&seed, (uint32_t)size - 100);
            uint64_t all = save(t.saved, block - whole);
            assert_int_equal(ftruncate(fileno(file), (off_t)(all - 17 - dice(&seed, 80))), 0);
            assert_null(load(&t.settings, block - whole, &error));
            assert_int_not_equal(error, 0);
        }
        twins_free(&t);
    }
}

static void other_settings_are_refused(void **state)
{
    (void)state;
    int error;
    uint64_t seed = 5;
    struct twins t = twins_new(1);
    twins_take(&t, &seed, 50, 10);
    save(t.saved, 0);
    for (int i = 0; i < 4; i++) {
        struct floor_settings other = t.settings;
        other.site_id += i == 0;
        other.visitor_timeout_us += i == 1;
        other.archive = i == 2 ? NULL : other.archive;
        struct floor *loaded = load(&other, 0, &error);
        assert_int_equal(loaded != NULL, i == 3);
        assert_int_equal(error == 0, i == 3);
        floor_free(loaded);
    }
    twins_free(&t);
}

static void a_full_disk_harms_nothing(void **state)
{
    (void)state;
    uint64_t seed = 6;
    FILE *full = fopen("/dev/full", "r+");
    struct twins t = twins_new(1);
    twins_take(&t, &seed, 200, 20);
    for (int i = 0; i < 3; i++) {
        struct image *io = image_save(fileno(full));
        char *filler = memory_zeroed(1u << 20, 1);
        image_bytes(io, filler, i == 0 ? 0 : (1u << 20) - 5000u * (unsigned)i);
        memory_free(filler);
        floor_save(t.saved, io);
        assert_int_not_equal(image_close(io), 0);
    }
    twins_take(&t, &seed, 50, 20);
    answers_alike(t.plain, t.saved, &seed, t.now_us, INT64_MIN, 40);
    twins_free(&t);
    fclose(full);
}

static int set_up(void **state)
{
    (void)state;
    file = tmpfile();
    return file == NULL ? -1 : file_archive_open("/tmp", &archive, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    archive->close(archive);
    return fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_floor_goes_on_the_same),
        cmocka_unit_test(what_is_missing_is_noticed),
        cmocka_unit_test(other_settings_are_refused),
        cmocka_unit_test(a_full_disk_harms_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
