/* Images: what is loaded is what was saved, and what is not whole is refused. */
#include "base/image.h"
#include "base/memory.h"
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS 400u

static int new_file(void)
{
    char name[] = "/tmp/livefloor-image-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    return fd;
}

/* Sizes of all kinds: none, some, and now and then more than a block. */
static size_t size_of_part(uint64_t *seed)
{
    return dice(seed, 50) == 0 ? dice(seed, 3u << 20) : dice(seed, 300);
}

static int write_parts(int fd, uint64_t seed)
{
    struct image *io = image_save(fd);
    assert_non_null(io);
    assert_false(image_loads(io));
    for (unsigned i = 0; i < PARTS; i++) {
        uint32_t size = (uint32_t)size_of_part(&seed);
        unsigned char *bytes = memory_get(size);
        for (uint32_t at = 0; at < size; at++)
            bytes[at] = (unsigned char)(i + at * 7 + at / 251);
        image_bytes(io, &size, sizeof size);
        assert_ptr_equal(image_array(io, bytes, size, 1), bytes);
        memory_free(bytes);
    }
    return image_close(io);
}

/* How many parts are as they were written; *error as image_close says. */
static unsigned read_parts(int fd, uint64_t seed, int *error)
{
    struct image *io = image_load(fd);
    unsigned whole = 0;
    assert_true(image_loads(io));
    for (unsigned i = 0; i < PARTS; i++) {
        uint32_t size = 77, wanted = (uint32_t)size_of_part(&seed);
        image_bytes(io, &size, sizeof size);
        unsigned char *bytes = image_array(io, NULL, size, 1);
        if (image_failed(io)) {
            if (bytes == NULL)
                assert_int_equal(size, 0);
            memory_free(bytes);
            continue;
        }
        assert_int_equal(size, wanted);
        for (uint32_t at = 0; at < size; at++)
            assert_int_equal(bytes[at], (unsigned char)(i + at * 7 + at / 251));
        memory_free(bytes);
        whole++;
    }
    *error = image_close(io);
    return whole;
}

static void loads_what_was_saved(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        int fd = new_file(), error;
        assert_int_equal(write_parts(fd, seed), 0);
        assert_int_equal(read_parts(fd, seed, &error), PARTS);
        assert_int_equal(error, 0);
        close(fd);
    }
}

static void nothing_is_an_image_too(void **state)
{
    (void)state;
    int fd = new_file();
    assert_int_equal(image_close(image_save(fd)), 0);
    assert_int_equal(image_close(image_load(fd)), 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(image_close(image_load(fd)), EIO);
    close(fd);
}

/* One bit anywhere, and an end anywhere, is noticed before what is behind it is used. */
static void damage_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 11, random = 20261125;
    int fd = new_file(), error;
    struct stat status;
    assert_int_equal(write_parts(fd, seed), 0);
    assert_int_equal(fstat(fd, &status), 0);
    for (int i = 0; i < 60; i++) {
        off_t at = (off_t)dice(&random, (unsigned)status.st_size);
        unsigned char old, bad;
        assert_int_equal(pread(fd, &old, 1, at), 1);
        bad = (unsigned char)(old ^ 1u << dice(&random, 8));
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        read_parts(fd, seed, &error);
        assert_int_equal(error, EIO);
        assert_int_equal(pwrite(fd, &old, 1, at), 1);
    }
    assert_int_equal(read_parts(fd, seed, &error), PARTS);
    for (int i = 0; i < 60; i++) {
        off_t end = i == 0 ? status.st_size - 1 : (off_t)dice(&random, (unsigned)status.st_size);
        int cut = new_file();
        unsigned char *all = memory_get((size_t)status.st_size);
        assert_int_equal(pread(fd, all, (size_t)status.st_size, 0), status.st_size);
        assert_int_equal(pwrite(cut, all, (size_t)end, 0), end);
        read_parts(cut, seed, &error);
        assert_int_equal(error, EIO);
        memory_free(all);
        close(cut);
    }
    close(fd);
}

static void what_is_left_over_is_refused(void **state)
{
    (void)state;
    int fd = new_file(), value = 5;
    struct image *io = image_save(fd);
    image_bytes(io, &value, sizeof value);
    image_bytes(io, &value, sizeof value);
    assert_int_equal(image_close(io), 0);
    io = image_load(fd);
    image_bytes(io, &value, sizeof value);
    assert_int_equal(image_close(io), EIO);
    io = image_load(fd);
    image_bytes(io, &value, sizeof value);
    image_bytes(io, &value, sizeof value);
    image_bytes(io, &value, sizeof value); /* more than there was */
    assert_int_equal(value, 0);
    assert_int_equal(image_close(io), EIO);
    io = image_load(fd);
    image_refuse(io);
    assert_true(image_failed(io));
    assert_int_equal(image_close(io), EIO);
    close(fd);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "r+");
    assert_non_null(full);
    struct image *io = image_save(fileno(full));
    char text[100] = {0};
    image_bytes(io, text, sizeof text);
    assert_int_equal(image_close(io), ENOSPC);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_was_saved), cmocka_unit_test(nothing_is_an_image_too),
        cmocka_unit_test(damage_is_refused),    cmocka_unit_test(what_is_left_over_is_refused),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
