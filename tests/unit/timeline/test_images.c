/* Images of whole trees: what was loaded changes exactly as what was never saved; and what is
 * cut short, anywhere, leaves an empty structure and no memory. */
#include "reload.h"

#include "base/memory.h"
#include "timeline/leaf_head.h"

/* Bytes of an image that are read at once, or not at all (base/image.c): what is written after
 * so many less `keep` is cut off behind its first `keep` bytes. */
#define BLOCK (1u << 20)
#define BLOCK_HEAD 16

static char *padding;

static int make_padding(void **state)
{
    (void)state;
    padding = memory_zeroed(1, BLOCK);
    return 0;
}

static int free_padding(void **state)
{
    (void)state;
    memory_free(padding);
    return 0;
}

/* Bytes of the image of one structure. */
static size_t image_size(image_of *of, void *at)
{
    struct stat status;
    int fd = saved(of, at);
    assert_int_equal(fstat(fd, &status), 0);
    close(fd);
    size_t blocks = (size_t)status.st_size / (BLOCK + BLOCK_HEAD) + 2; /* the last has no bytes */
    return (size_t)status.st_size - blocks * BLOCK_HEAD;
}

/* Loads what is left of an image that ends behind the structure's first `keep` bytes. */
static void load_cut(image_of *of, void *at, size_t keep, void *to)
{
    int fd = image_file();
    size_t blocks = keep / BLOCK + 1, pad = blocks * BLOCK - keep;
    struct image *io = image_save(fd);
    image_bytes(io, padding, pad);
    of(at, io);
    assert_int_equal(image_close(io), 0);
    assert_int_equal(ftruncate(fd, (off_t)blocks * (BLOCK + BLOCK_HEAD)), 0);
    io = image_load(fd);
    image_bytes(io, padding, pad);
    assert_false(image_failed(io));
    of(to, io);
    assert_true(image_failed(io));
    assert_int_not_equal(image_close(io), 0);
    close(fd);
}

/* --- lines --- */

/* A step of a busy, a late, or a thinning line: the same for the same dice. */
static void line_change(struct timeline *t, uint64_t *s, int64_t step)
{
    int64_t delta[TIMELINE_MAX_WIDTH] = {0}, time = step * 1000 + dice(s, 2) * 500;
    uint32_t what = dice(s, 16);
    if (what == 0)
        time -= dice(s, 4000) * INT64_C(1000);
    if (what == 1)
        time = (int64_t)(dice_next(s) % (uint64_t)(step + 1)) * 1000;
    for (unsigned w = 0; w < t->width; w++) {
        if (t->moments >> w & 1)
            delta[w] = (int64_t)((uint64_t)delta[w - 1] * (uint64_t)time);
        else
            delta[w] = (int64_t)dice(s, 3) - 1;
    }
    timeline_add(t, time, delta);
}

static void same_lines(struct timeline *a, struct timeline *b)
{
    int first = saved(line_image, a), second = saved(line_image, b);
    same_files(first, second);
    close(first);
    close(second);
}

/* Of one width, so long that the tree is of `depth` at least; twins, of which one is loaded
 * again and again. */
static void line_twins(unsigned width, unsigned moments, unsigned depth, int64_t steps)
{
    struct timeline plain, loaded;
    uint64_t s = 77 + width, same = s;
    timeline_init_moments(&plain, width, moments);
    timeline_init_moments(&loaded, width, moments);
    for (int64_t step = 0; step < steps; step++) {
        line_change(&plain, &s, step);
        line_change(&loaded, &same, step);
        if (step % (steps / 13) == 0)
            reload_line(&loaded);
    }
    same_lines(&plain, &loaded);
    assert_true(loaded.depth >= depth);
    for (int64_t at = 0; at < steps; at += steps / 999 + 1) {
        int64_t got[TIMELINE_MAX_WIDTH], want[TIMELINE_MAX_WIDTH];
        timeline_before(&plain, at * 1000, want);
        timeline_before(&loaded, at * 1000, got);
        assert_memory_equal(got, want, width * sizeof(int64_t));
    }
    timeline_clear(&plain);
    reload_line(&loaded);
    timeline_clear(&loaded);
}

static void loaded_lines_change_as_their_twins(void **state)
{
    (void)state;
    line_twins(1, 0, 3, 700000);
    line_twins(3, 2, 2, 40000);
    line_twins(12, 0, 2, 60000);
    line_twins(7, 0x12, 2, 30000);
}

static void a_line_that_was_never_begun_stays_so(void **state)
{
    (void)state;
    struct timeline zeros = {0}, fresh;
    reload(line_image, &zeros, &fresh);
    assert_memory_equal(&fresh, &zeros, sizeof zeros);
    timeline_init_moments(&zeros, 5, 10);
    reload_line(&zeros);
    assert_null(zeros.root);
    assert_int_equal(zeros.width, 5);
    assert_int_equal(zeros.moments, 10);
    assert_int_equal(zeros.stored, 3);
}

/* What is left of a tree when its hot leaves are gone. */
static void a_packed_root_is_an_image_too(void **state)
{
    (void)state;
    struct timeline t;
    timeline_init(&t, 1);
    int64_t at = 0, got;
    for (; at < 600; at++)
        timeline_add(&t, at, (int64_t[]){1});
    while (t.depth > 0)
        timeline_add(&t, --at, (int64_t[]){-1});
    assert_true(leaf_is_packed(t.root));
    reload_line(&t);
    assert_true(leaf_is_packed(t.root));
    timeline_before(&t, 100, &got);
    assert_int_equal(got, 100);
    while (at > 0) {
        timeline_add(&t, --at, (int64_t[]){-1});
        reload_line(&t);
    }
    assert_null(t.root);
}

/* Cut behind every byte of a small image, and at random places of a large one. */
static void cut_line(int64_t steps, unsigned width, unsigned cuts)
{
    struct timeline t, fresh;
    uint64_t s = 5;
    timeline_init(&t, width);
    for (int64_t step = 0; step < steps; step++)
        line_change(&t, &s, step);
    size_t size = image_size(line_image, &t);
    for (size_t i = 0; i < (size < cuts ? size : cuts); i++) {
        memset(&fresh, 0x5a, sizeof fresh);
        load_cut(line_image, &t, size <= cuts ? i : dice(&s, (uint32_t)size), &fresh);
        assert_null(fresh.root);
        assert_int_equal(timeline_bytes(&fresh), 0);
        if (i % 2)
            timeline_add(&fresh, 7, (int64_t[]){1});
        timeline_clear(&fresh);
    }
    timeline_clear(&t);
}

static void cut_lines_are_empty(void **state)
{
    (void)state;
    cut_line(0, 2, 100);
    cut_line(1, 12, 200);
    cut_line(3, 2, 200);
    cut_line(400, 1, 300);
    cut_line(9000, 3, 300);
    cut_line(150000, 2, 60);
}

/* --- interval sets --- */

/* Intervals that come open, of which the set keeps so many to be ended later. */
#define OPEN 64
struct coming {
    struct interval open[OPEN];
    uint64_t dice;
};

static void set_change(struct interval_set *set, struct coming *c, int64_t step)
{
    uint64_t *s = &c->dice;
    struct interval *i = &c->open[dice(s, OPEN)];
    int64_t start = step * 1000;
    if (i->ref > 0) {
        int64_t end = i->start + (int64_t)dice(s, 90000) * 10;
        if (dice(s, 9) == 0)
            interval_set_remove(set, i);
        else if (dice(s, 9) > 0)
            interval_set_end(set, i, end);
    }
    if (dice(s, 20) == 0)
        start = (int64_t)(dice_next(s) % (uint64_t)(step + 1)) * 1000;
    *i = (struct interval){start, INTERVAL_OPEN, 1 + (uint32_t)step / 2};
    interval_set_add(set, i);
}

struct found {
    uint64_t count, mix;
};

static bool take(void *data, const struct interval *i)
{
    struct found *f = data;
    f->count++;
    f->mix = f->mix * 31 + (uint64_t)i->start + (uint64_t)i->end * 17 + i->ref;
    return true;
}

static void set_twins(unsigned depth, int64_t steps)
{
    struct interval_set plain = {0}, loaded = {0};
    struct coming c = {.dice = 9}, same = c;
    for (int64_t step = 0; step < steps; step++) {
        set_change(&plain, &c, step);
        set_change(&loaded, &same, step);
        if (step % (steps / 13) == 0)
            reload_set(&loaded);
    }
    assert_true(loaded.depth >= depth);
    int first = saved(set_image, &plain), second = saved(set_image, &loaded);
    same_files(first, second);
    close(first);
    close(second);
    for (int64_t at = 0; at < steps; at += steps / 200 + 1) {
        struct found got = {0}, want = {0};
        interval_set_at(&plain, at * 1000, take, &want);
        interval_set_at(&loaded, at * 1000, take, &got);
        assert_int_equal(got.count, want.count);
        assert_int_equal(got.mix, want.mix);
    }
    interval_set_clear(&plain);
    reload_set(&loaded);
    interval_set_clear(&loaded);
}

static void loaded_sets_change_as_their_twins(void **state)
{
    (void)state;
    set_twins(3, 300000);
    set_twins(2, 20000);
    set_twins(0, 60);
}

static void cut_set(int64_t steps, unsigned cuts)
{
    struct interval_set set = {0}, fresh;
    struct coming c = {.dice = 3};
    for (int64_t step = 0; step < steps; step++)
        set_change(&set, &c, step);
    size_t size = image_size(set_image, &set);
    for (size_t i = 0; i < (size < cuts ? size : cuts); i++) {
        memset(&fresh, 0x5a, sizeof fresh);
        load_cut(set_image, &set, size <= cuts ? i : dice(&c.dice, (uint32_t)size), &fresh);
        assert_null(fresh.root);
        assert_int_equal(fresh.depth, 0);
        assert_int_equal(fresh.entries, 0);
        if (i % 2)
            interval_set_add(&fresh, &(struct interval){3, 4, 5});
        interval_set_clear(&fresh);
    }
    interval_set_clear(&set);
}

static void cut_sets_are_empty(void **state)
{
    (void)state;
    cut_set(0, 100);
    cut_set(3, 200);
    cut_set(700, 300);
    cut_set(20000, 300);
    cut_set(260000, 40);
}

/* --- link sets --- */

static void cut_links(bool values, uint32_t count, unsigned cuts)
{
    uint64_t s = 12;
    struct link_set *set = link_set_new(values), *fresh;
    for (uint32_t i = 0; i < count; i++) {
        struct link l = {(int64_t)i * 1000 - dice(&s, 50) * INT64_C(1000), (int64_t)i * 1000, 0};
        l.value = values ? dice(&s, 100) : 0;
        link_set_book(set, &l, i % 5 == 0 && i > 10 ? -1 : 1);
    }
    size_t size = image_size(links_image, &set);
    for (size_t i = 0; i < (size < cuts ? size : cuts); i++) {
        memset(&fresh, 0x5a, sizeof fresh);
        load_cut(links_image, &set, size <= cuts ? i : dice(&s, (uint32_t)size), &fresh);
        assert_null(fresh);
    }
    link_set_free(set);
}

static void cut_links_are_absent(void **state)
{
    (void)state;
    cut_links(false, 0, 100);
    cut_links(true, 5, 300);
    cut_links(true, 3000, 300);
    cut_links(false, 30000, 300);
    cut_links(false, 240000, 30); /* with stacks */
}

/* --- what cannot be --- */

/* Of images of nothing but the given words. */
static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        image_of *of;
        uint32_t words[12];
    } bad[] = {
        {line_image, {1, 0x00010000, 1}},                        /* no width */
        {line_image, {1, 0x000d0000, 1}},                        /* too wide */
        {line_image, {1, 0x00020001, 1}},                        /* a moment of nothing */
        {line_image, {1, 0x00020008, 1}},                        /* one too many */
        {line_image, {1, 0xff010000, 1}},                        /* too deep */
        {line_image, {1, 0x00010000, 0}},                        /* entries of nothing */
        {line_image, {1, 0x00010000, 1, 0x00010002, 0}},         /* a leaf with no room */
        {line_image, {1, 0x00010000, 1, 0x0fff0002, 0}},         /* with too much */
        {line_image, {1, 0x00010000, 1, 2, 9}},                  /* packed, too short */
        {line_image, {1, 0x00010000, 1, 2, 1u << 30}},           /* too long */
        {line_image, {1, 0x00010000, 1, 0xffff, 64}},            /* too many entries */
        {line_image, {1, 0x01010000, 1, 0, 0, 0, 0}},            /* an inner node of none */
        {line_image, {1, 0x01010000, 1, 0, 0, 0, 33}},           /* of too many */
        {set_image, {1, 0x00010011}},                            /* too deep */
        {set_image, {1, 0}},                                     /* intervals of nothing */
        {set_image, {1, 0x00010000, 0x00010002, 0}},             /* a leaf with no room */
        {set_image, {1, 0x00010001, 0, 0, 0, 0}},                /* an inner node of none */
        {set_image, {1, 0x00010001, 0, 0, 0, 33}},               /* of too many */
        {links_image, {3}},                                      /* of no kind */
        {links_image, {0xffffff01, 0xff}},                       /* too many fresh ones */
        {links_image, {1, 0, 0x100, 0, 0}},                      /* more runs than links */
        {links_image, {1, 0, 0x100, 0, 0x100, 0, 0}},            /* a run of none */
        {links_image, {1, 0, 0, 0, 0x300}},                      /* links that are nowhere */
        {links_image, {1, 0, 0, 0, 0x100, 0, 0x200}},            /* more stacks than links */
        {links_image, {1, 0, 0, 0, 0x100, 0, 0x100, 0, 0}},      /* a stack of none */
        {links_image, {1, 0, 0, 0, 0x100, 0, 0x100, 0, 0x1100}}, /* of too many */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = image_file();
        struct image *io = image_save(fd);
        uint32_t words[12];
        memcpy(words, bad[i].words, sizeof words);
        image_bytes(io, words, sizeof words);
        assert_int_equal(image_close(io), 0);
        union {
            struct timeline line;
            struct interval_set set;
            struct link_set *links;
        } at;
        io = image_load(fd);
        bad[i].of(&at, io);
        assert_true(image_failed(io));
        image_close(io);
        if (bad[i].of == line_image)
            timeline_clear(&at.line);
        else if (bad[i].of == set_image)
            interval_set_clear(&at.set);
        else
            assert_null(at.links);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded_lines_change_as_their_twins),
        cmocka_unit_test(a_line_that_was_never_begun_stays_so),
        cmocka_unit_test(a_packed_root_is_an_image_too),
        cmocka_unit_test(cut_lines_are_empty),
        cmocka_unit_test(loaded_sets_change_as_their_twins),
        cmocka_unit_test(cut_sets_are_empty),
        cmocka_unit_test(cut_links_are_absent),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, make_padding, free_padding);
}
