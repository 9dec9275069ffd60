/* The tail on a disk that fails at any moment: nothing that was refused comes back, nothing
 * that was acknowledged goes, and it goes on when the disk does. */
#include "failing_disk.h"
#include "tail_dir.h"

#include <stdatomic.h>

#define SMALL (64u << 10)
#define GROUP 30u
#define LARGE_GROUP 300u /* does not fit into a file of the tail: goes to a segment */

static char directory[64], copy[80];

static int make(void **state)
{
    (void)state;
    disk.store_fails = false;
    disk.tail_writes = disk.tail_syncs = -1;
    disk.before = NULL;
    disk.calls = 0;
    snprintf(directory, sizeof directory, "/tmp/livefloor-trouble-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int drop(void **state)
{
    (void)state;
    tail_dir_drop(directory);
    return 0;
}

static void store_fails(bool fails)
{
    pthread_mutex_lock(&disk.lock);
    disk.store_fails = fails;
    pthread_mutex_unlock(&disk.lock);
}

/* The store takes nothing: both files become full, then appends are refused; all that was
 * acknowledged stays to be read, also after a start, until the store takes it. */
static void when_both_files_are_full(void **state)
{
    struct problem problem = {0};
    unsigned held = 0;
    (void)state;
    struct journal *j = tail_open(directory, false, SMALL);
    store_fails(true);
    while (tail_fill(j, held, GROUP, &problem) == 0)
        held += GROUP;
    assert_int_equal(problem.code, PROBLEM_STORE);
    assert_non_null(strstr(problem.message, "full"));
    assert_in_range(held, 7 * GROUP, 12 * GROUP);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tail_fill(j, held, GROUP, &problem), -1);
    tail_expect(j, held);
    for (int i = 0; i < 2; i++) {
        journal_close(j);
        j = tail_open(directory, false, SMALL);
        tail_expect(j, held);
        assert_int_equal(tail_fill(j, held, GROUP, &problem), -1);
    }
    struct journal *reader = tail_open(directory, true, SMALL);
    tail_expect(reader, held);
    journal_close(reader);
    store_fails(false);
    assert_int_equal(tail_fill(j, held, GROUP, &problem), 0);
    held += GROUP;
    tail_expect(j, held);
    journal_close(j);
    j = tail_open(directory, false, SMALL);
    tail_expect(j, held);
    journal_close(j);
}

/* What a crash at this moment leaves. */
static void expect_after_a_crash(uint64_t count)
{
    snprintf(copy, sizeof copy, "%s-copy", directory);
    tail_dir_drop(copy);
    assert_true(tail_dir_copy(directory, copy));
    struct journal *j = tail_open(copy, true, SMALL);
    tail_expect(j, count);
    journal_close(j);
    j = tail_open(copy, false, SMALL);
    tail_expect(j, count);
    journal_close(j);
    tail_dir_drop(copy);
}

/* The n-th write or sync of a run fails. The refused group has other records than what is
 * sent after it, so that it is known when it comes back. */
static void one_failure(unsigned group, int writes, int syncs)
{
    struct problem problem = {0};
    unsigned held = 0, failures = 0;
    struct journal *j = tail_open(directory, false, SMALL);
    disk.tail_writes = writes;
    disk.tail_syncs = syncs;
    for (unsigned i = 0; i < 14; i++) {
        if (tail_fill(j, held + (disk.tail_writes == 0 || disk.tail_syncs == 0 ? 5000 : 0), group,
                      &problem) == 0) {
            held += group;
            continue;
        }
        failures++;
        assert_int_equal(problem.code, PROBLEM_STORE);
        tail_expect(j, held);
        expect_after_a_crash(held); /* it is out of the way at once */
        assert_int_equal(tail_fill(j, held, group, &problem), 0);
        held += group;
        expect_after_a_crash(held);
    }
    assert_int_equal(failures, 1);
    tail_expect(j, held);
    journal_close(j);
    j = tail_open(directory, false, SMALL);
    tail_expect(j, held);
    journal_close(j);
    tail_dir_drop(directory);
    assert_int_equal(mkdir(directory, 0700), 0);
}

static void a_refused_group_does_not_come_back(void **state)
{
    (void)state;
    /* The first write of each file is the zeros that it is made of. */
    for (int n = 1; n < 9; n++) {
        one_failure(GROUP, -1, n - 1);
        one_failure(LARGE_GROUP, -1, n - 1);
        if (n < 4)
            one_failure(GROUP, n, -1);
        if (n < 4)
            one_failure(LARGE_GROUP, n - 1, -1);
    }
}

/* The store fails together with the sync: the group is on the disk, and nothing can say that
 * it does not count. So nothing else is acknowledged before that can be said. */
static void nor_when_the_store_fails_too(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        struct problem problem = {0};
        unsigned held = 0;
        struct journal *j = tail_open(directory, false, SMALL);
        for (int i = 0; i < n; i++, held += GROUP)
            assert_int_equal(tail_fill(j, held, GROUP, &problem), 0);
        if (n == 0) { /* the file is there */
            assert_int_equal(tail_fill(j, held, 1, &problem), 0);
            held = 1;
        }
        store_fails(true);
        disk.tail_syncs = 0;
        assert_int_equal(tail_fill(j, 5000, GROUP, &problem), -1);
        assert_int_equal(tail_fill(j, held, GROUP, &problem), -1);
        tail_expect(j, held);
        store_fails(false);
        assert_int_equal(tail_fill(j, held, 1, &problem), 0);
        expect_after_a_crash(held + 1);
        journal_close(j);
        j = tail_open(directory, false, SMALL);
        tail_expect(j, held + 1);
        journal_close(j);
        tail_dir_drop(directory);
        assert_int_equal(mkdir(directory, 0700), 0);
    }
}

/* --- a copy before each call that writes --- */

#define COPIES 400u
static struct {
    unsigned count;
    uint64_t least[COPIES], most[COPIES];
} copies;
static _Atomic uint64_t acknowledged, sent;

static void copy_name(unsigned number, char *path, size_t cap)
{
    snprintf(path, cap, "%s-%u", directory, number);
}

static void take_copy(void)
{
    char path[128];
    if (copies.count == COPIES)
        return;
    copy_name(copies.count, path, sizeof path);
    copies.least[copies.count] = atomic_load(&acknowledged);
    if (!tail_dir_copy(directory, path))
        return;
    copies.most[copies.count++] = atomic_load(&sent);
}

static uint64_t count_in(const char *path, bool read_only)
{
    struct journal *j = tail_open(path, read_only, SMALL);
    struct tail_seen s = tail_scan_all(j);
    assert_false(s.wrong);
    assert_int_equal(s.damaged, 0);
    tail_expect(j, s.count);
    journal_close(j);
    return s.count;
}

static void every_stage_of_a_move_can_be_the_last(void **state)
{
    struct problem problem;
    (void)state;
    copies.count = 0;
    struct journal *j = tail_open(directory, false, SMALL);
    disk.before = take_copy;
    for (unsigned i = 0; i < 40; i++) {
        unsigned count = i % 9 == 8 ? 400 : GROUP; /* now and then past the tail */
        atomic_fetch_add(&sent, count);
        assert_int_equal(tail_fill(j, (unsigned)atomic_load(&acknowledged), count, &problem), 0);
        atomic_fetch_add(&acknowledged, count);
    }
    journal_close(j);
    disk.before = NULL;
    assert_true(copies.count > 80);
    for (unsigned i = 0; i < copies.count; i++) {
        char path[128];
        copy_name(i, path, sizeof path);
        uint64_t count = count_in(path, true);
        assert_in_range(count, copies.least[i], copies.most[i]);
        assert_int_equal(count_in(path, false), count);
        assert_int_equal(count_in(path, false), count);
        tail_dir_drop(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(when_both_files_are_full, make, drop),
        cmocka_unit_test_setup_teardown(a_refused_group_does_not_come_back, make, drop),
        cmocka_unit_test_setup_teardown(nor_when_the_store_fails_too, make, drop),
        cmocka_unit_test_setup_teardown(every_stage_of_a_move_can_be_the_last, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
