/* The vault against a plain table, through a real archive, one that is full and none. */
#include "floor/vault.h"

#include "base/memory.h"
#include "journal/file_archive.h"
#include "support/check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THINGS 3000u

/* An entity of its own length: `len` bytes of its own letter. */
struct thing {
    uint32_t number, len;
    char *text;
};

static void thing_init(void *entity, uint32_t number)
{
    *(struct thing *)entity = (struct thing){.number = number};
}

static void thing_clear(void *entity)
{
    memory_free(((struct thing *)entity)->text);
}

static void thing_pack(const void *entity, struct buffer *out)
{
    const struct thing *t = entity;
    buffer_append(out, t->text, t->len);
}

static void thing_unpack(void *entity, uint32_t number, struct span bytes)
{
    struct thing *t = entity;
    thing_init(t, number);
    t->len = (uint32_t)bytes.len;
    t->text = memory_get(bytes.len);
    if (bytes.len > 0)
        memcpy(t->text, bytes.data, bytes.len);
}

static void thing_image(void *entity, struct image *io)
{
    struct thing *t = entity;
    image_bytes(io, &t->number, sizeof t->number);
    image_bytes(io, &t->len, sizeof t->len);
    t->text = image_array(io, t->text, t->len, 1);
}

static const struct vault_kind KIND = {.size = sizeof(struct thing),
                                       .rest_least = 32,
                                       .init = thing_init,
                                       .clear = thing_clear,
                                       .pack = thing_pack,
                                       .unpack = thing_unpack,
                                       .image = thing_image};

static struct guid guid_of(uint32_t n)
{
    struct guid g = {{0}};
    memcpy(g.bytes + 3, &n, sizeof n);
    return g;
}

static void set_text(struct thing *t, char letter, uint32_t len)
{
    t->text = memory_resize(t->text, len);
    memset(t->text, letter, len);
    t->len = len;
}

static void check_text(const struct thing *t, char letter, uint32_t len)
{
    assert_int_equal(t->len, len);
    uint32_t same = 0;
    while (same < len && t->text[same] == letter)
        same++;
    assert_int_equal(same, len);
}

/* Goes on with what comes out of an image of it. */
static void save_and_load(struct vault *v)
{
    FILE *file = tmpfile();
    struct image *io = image_save(fileno(file));
    struct vault loaded;
    vault_image(v, io);
    assert_int_equal(image_close(io), 0);
    io = image_load(fileno(file));
    vault_init(&loaded, v->kind, v->archive, v->at_once);
    vault_image(&loaded, io);
    assert_int_equal(image_close(io), 0);
    fclose(file);
    assert_int_equal(loaded.entry_count, v->entry_count);
    assert_int_equal(loaded.resting, v->resting);
    assert_true(number_map_bytes(&loaded.away) <= number_map_bytes(&v->away));
    assert_true(places_bytes(&loaded.places) <= places_bytes(&v->places));
    vault_clear(v);
    *v = loaded;
}

static void play(struct archive *archive, bool at_once, uint64_t seed)
{
    static uint32_t number[THINGS], len[THINGS];
    static char letter[THINGS];
    struct vault v;
    uint32_t count = 0;
    vault_init(&v, &KIND, archive, at_once);
    memset(number, 0xff, sizeof number);
    memset(len, 0, sizeof len);
    for (int step = 0; step < 20000; step++) {
        uint32_t i = dice(&seed, dice(&seed, 2) == 0 ? 50 : THINGS);
        struct guid g = guid_of(i), found;
        assert_int_equal(vault_find(&v, &g), number[i]);
        if (number[i] == NONE) {
            number[i] = vault_intern(&v, &g);
            assert_int_equal(number[i], count++);
        }
        assert_int_equal(vault_intern(&v, &g), number[i]);
        if (dice(&seed, 3) == 0) {
            struct thing *t = vault_get(&v, number[i]);
            assert_int_equal(t->number, number[i]);
            check_text(t, letter[i], len[i]);
            letter[i] = (char)('a' + dice(&seed, 26));
            len[i] = dice(&seed, dice(&seed, 50) == 0 ? 40000 : 300);
            set_text(t, letter[i], len[i]);
            vault_rest(&v, number[i], dice(&seed, 4) != 0);
        } else {
            struct thing scratch;
            check_text(vault_peek(&v, number[i], &scratch, &found), letter[i], len[i]);
            assert_true(guid_equal(&found, &g));
            thing_clear(&scratch);
        }
        vault_trim(&v);
        if (dice(&seed, 500) == 0)
            save_and_load(&v);
        if (archive != NULL && !at_once)
            assert_true(v.resting <= 32 + v.count / 512);
    }
    assert_int_equal(v.count, count);
    vault_clear(&v);
}

static void agrees_with_a_table(void **state)
{
    struct archive *archive;
    (void)state;
    assert_int_equal(file_archive_open("/tmp", &archive, NULL), 0);
    play(archive, false, 7);
    play(archive, true, 8);
    play(NULL, false, 9);
    archive->close(archive);
}

static bool full_put(struct archive *a, const void *bytes, size_t size, uint32_t *handle)
{
    (void)a;
    (void)bytes;
    (void)size;
    (void)handle;
    return false;
}

static void a_full_archive_loses_nothing(void **state)
{
    struct archive full = {.put = full_put};
    struct vault v;
    (void)state;
    vault_init(&v, &KIND, &full, true);
    for (uint32_t i = 0; i < 500; i++) {
        struct guid g = guid_of(i);
        uint32_t n = vault_intern(&v, &g);
        set_text(vault_get(&v, n), (char)('a' + i % 26), i);
        vault_rest(&v, n, true);
        vault_trim(&v);
    }
    for (uint32_t i = 0; i < 500; i++) {
        struct guid g = guid_of(i);
        check_text(vault_get(&v, vault_find(&v, &g)), (char)('a' + i % 26), i);
    }
    vault_clear(&v);
}

/* The size of an image of the vault behind so many other bytes. */
static off_t save_behind(struct vault *v, FILE *file, size_t before)
{
    struct stat status;
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    struct image *io = image_save(fileno(file));
    char *filler = memory_zeroed(before, 1);
    image_bytes(io, filler, before);
    memory_free(filler);
    vault_image(v, io);
    assert_int_equal(image_close(io), 0);
    assert_int_equal(fstat(fileno(file), &status), 0);
    return status.st_size;
}

/* Of an image a block is there or not: so the end of the first, behind which nothing is whole,
 * is put anywhere in the vault. */
static void what_an_image_lacks_is_noticed(void **state)
{
    const uint32_t block = 1u << 20;
    uint64_t seed = 20261125;
    FILE *file = tmpfile();
    struct archive *archive;
    struct vault v, loaded;
    (void)state;
    assert_int_equal(file_archive_open("/tmp", &archive, NULL), 0);
    vault_init(&v, &KIND, archive, false);
    for (uint32_t i = 0; i < THINGS; i++) {
        struct guid g = guid_of(i);
        uint32_t n = vault_intern(&v, &g);
        set_text(vault_get(&v, n), 'x', dice(&seed, 200));
        vault_rest(&v, n, i % 50 != 0);
        vault_trim(&v);
    }
    uint32_t size = (uint32_t)save_behind(&v, file, 0);
    assert_in_range(size, 10000, block / 2);
    for (int i = 0; i < 300; i++) {
        size_t before = block - dice(&seed, size - 100);
        off_t all = save_behind(&v, file, before);
        assert_int_equal(ftruncate(fileno(file), all - 17 - dice(&seed, 80)), 0);
        struct image *io = image_load(fileno(file));
        char *filler = memory_zeroed(before, 1);
        image_bytes(io, filler, before);
        memory_free(filler);
        vault_init(&loaded, &KIND, archive, false);
        vault_image(&loaded, io);
        assert_true(image_failed(io));
        assert_int_not_equal(image_close(io), 0);
        vault_clear(&loaded);
    }
    vault_clear(&v);
    fclose(file);
    archive->close(archive);
}

static bool same_number(const void *data, uint32_t number)
{
    return *(const uint32_t *)data == number;
}

static void number_map_holds(void **state)
{
    struct number_map m = {0};
    uint32_t none = NONE;
    (void)state;
    assert_int_equal(number_map_find(&m, 1, same_number, &none), NONE);
    for (uint32_t i = 0; i < 300000; i++)
        number_map_add(&m, (i % 3 == 0 ? i / 100 : i) * 2654435761u, i);
    for (uint32_t i = 0; i < 300000; i++)
        assert_int_equal(
            number_map_find(&m, (i % 3 == 0 ? i / 100 : i) * 2654435761u, same_number, &i), i);
    assert_int_equal(number_map_find(&m, 3 * 2654435761u, same_number, &none), NONE);
    assert_true(number_map_bytes(&m) < 300000 * 14);
    number_map_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_table),
        cmocka_unit_test(a_full_archive_loses_nothing),
        cmocka_unit_test(what_an_image_lacks_is_noticed),
        cmocka_unit_test(number_map_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
