/* Archives in files: what was put is there, also for the next process, as far as it was
 * flushed. */
#include "journal/file_archive.h"
#include "support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDS 3000u

static char folder[] = "/tmp/livefloor-archive-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/archive", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Now and then one that is longer than the archive's buffer. */
static size_t size_of_record(uint32_t number)
{
    return number % 997 == 500 ? 300001 : 1 + number * 37 % 700;
}

static void put_some(struct archive *a, uint32_t *handles, uint32_t from, uint32_t to, int salt)
{
    static unsigned char bytes[300001];
    for (uint32_t i = from; i < to; i++) {
        memset(bytes, (int)i + salt, size_of_record(i));
        assert_true(a->put(a, bytes, size_of_record(i), &handles[i]));
    }
}

static void check_some(struct archive *a, const uint32_t *handles, uint32_t from, uint32_t to,
                       int salt)
{
    static unsigned char bytes[300001];
    for (uint32_t i = from; i < to; i++) {
        size_t size = size_of_record(i);
        assert_true(a->get(a, handles[i], bytes, size) == size);
        for (size_t at = 0; at < size; at += 1 + size / 7)
            assert_int_equal(bytes[at], (unsigned char)((int)i + salt));
    }
}

static struct archive *open_at(struct file_archive_extent extent)
{
    struct archive *a;
    struct problem problem = {0};
    assert_int_equal(file_archive_open_at(path, extent, &a, &problem), 0);
    return a;
}

static void holds_what_was_put(void **state)
{
    (void)state;
    static uint32_t handles[RECORDS];
    struct archive *a;
    assert_int_equal(file_archive_open(folder, &a, NULL), 0);
    put_some(a, handles, 0, RECORDS, 0);
    check_some(a, handles, 0, RECORDS, 0);
    a->close(a);
}

/* What comes after a flush is gone when the next one opens it there, and what it puts lies in
 * that place. */
static void goes_on_where_it_was_flushed(void **state)
{
    (void)state;
    static uint32_t handles[RECORDS], gone[100];
    struct file_archive_extent extent = {0}, later;
    for (uint32_t done = 0; done < RECORDS; done += 500) {
        struct archive *a = open_at(extent);
        check_some(a, handles, 0, done, 0);
        put_some(a, handles, done, done + 500, 0);
        assert_int_equal(file_archive_flush(a, &extent), 0);
        put_some(a, gone, 0, 100, 99);
        assert_int_equal(file_archive_flush(a, &later), 0);
        assert_true(later.length >= extent.length);
        a->close(a);
    }
}

/* A long record at the end leaves the file as long as its units. */
static void the_last_record_may_be_long(void **state)
{
    (void)state;
    uint32_t handles[501];
    struct file_archive_extent extent;
    struct archive *a = open_at((struct file_archive_extent){0});
    put_some(a, handles, 500, 501, 3);
    assert_int_equal(file_archive_flush(a, &extent), 0);
    a->close(a);
    a = open_at(extent);
    check_some(a, handles, 500, 501, 3);
    a->close(a);
}

static void a_shorter_file_is_refused(void **state)
{
    (void)state;
    uint32_t handles[100];
    struct file_archive_extent extent;
    struct problem problem;
    struct stat status;
    struct archive *a = open_at((struct file_archive_extent){0});
    put_some(a, handles, 0, 100, 0);
    assert_int_equal(file_archive_flush(a, &extent), 0);
    a->close(a);
    struct file_archive_extent longer = {.length = extent.length + 32};
    assert_int_equal(file_archive_open_at(path, longer, &a, &problem), -1);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, extent.length);
    unlink(path);
    assert_int_equal(file_archive_open_at(path, extent, &a, &problem), -1);
    assert_int_not_equal(stat(path, &status), 0);
}

static void counts_what_was_dropped(void **state)
{
    (void)state;
    struct file_archive_extent extent;
    struct archive *a = open_at((struct file_archive_extent){0});
    uint32_t handle;
    assert_true(a->put(a, "0123456789012345678901234567890123456789", 40, &handle));
    a->drop(a, 40);
    assert_int_equal(file_archive_flush(a, &extent), 0);
    assert_int_equal(extent.length, 64);
    assert_int_equal(extent.dropped, 64);
    a->close(a);
    a = open_at(extent);
    a->drop(a, 1);
    assert_int_equal(file_archive_flush(a, &extent), 0);
    assert_int_equal(extent.dropped, 96);
    a->close(a);
}

/* What cannot be read ends the process, and the archive: the next start does not count on it. */
static void a_gap_ends_it(void **state)
{
    (void)state;
    struct file_archive_extent extent = {0};
    struct archive *a = open_at(extent);
    uint32_t handles[10];
    put_some(a, handles, 0, 10, 1);
    assert_int_equal(file_archive_flush(a, &extent), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        unsigned char bytes[16];
        struct rlimit none = {0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        a->get(a, (uint32_t)(extent.length / 32) + 100, bytes, sizeof bytes);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    a->close(a);
    struct problem problem;
    assert_int_equal(file_archive_open_at(path, extent, &a, &problem), -1);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_put),
        cmocka_unit_test(goes_on_where_it_was_flushed),
        cmocka_unit_test(the_last_record_may_be_long),
        cmocka_unit_test(a_shorter_file_is_refused),
        cmocka_unit_test(counts_what_was_dropped),
        cmocka_unit_test(a_gap_ends_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
