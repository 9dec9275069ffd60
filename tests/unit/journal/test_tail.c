/* The tail in front of the store: what it holds is found in every state that a crash can
 * leave, what is damaged is told, what is old does not come back. */
#include "tail_dir.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define SMALL (64u << 10)
#define LARGE (1u << 20) /* nothing that these tests append fills it */
#define GROUP 30u        /* records; a few units of the file */

static char directory[64], copy[80];

static int make(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/livefloor-tail-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(copy, sizeof copy, "%s-copy", directory);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tail_dir_drop(directory);
    tail_dir_drop(copy);
    return 0;
}

static void copy_anew(void)
{
    tail_dir_drop(copy);
    assert_true(tail_dir_copy(directory, copy));
}

/* What a crash at this moment leaves, as a reader and as the next writer find it. */
static void expect_after_a_crash(uint64_t count)
{
    copy_anew();
    struct journal *j = tail_open(copy, true, SMALL);
    tail_expect(j, count);
    journal_close(j);
    for (int again = 0; again < 2; again++) {
        j = tail_open(copy, false, SMALL);
        tail_expect(j, count);
        journal_close(j);
    }
}

static void a_crash_leaves_all_that_was_appended(void **state)
{
    uint64_t seed = 31;
    unsigned held = 0;
    struct problem problem;
    (void)state;
    struct journal *j = tail_open(directory, false, SMALL);
    for (int i = 0; i < 150; i++) {
        /* Some do not fit into a file at all. */
        unsigned count = 1 + dice(&seed, dice(&seed, 10) == 0 ? 300 : 40);
        assert_int_equal(tail_fill(j, held, count, &problem), 0);
        held += count;
        if (dice(&seed, 4) == 0)
            tail_expect(j, held);
        if (dice(&seed, 4) == 0)
            expect_after_a_crash(held);
        if (dice(&seed, 10) == 0) {
            struct journal *reader = tail_open(directory, true, 0);
            tail_expect(reader, held);
            journal_close(reader);
        }
        if (dice(&seed, 30) == 0) {
            journal_close(j);
            j = tail_open(directory, false, SMALL);
        }
    }
    journal_close(j);
}

/* --- the groups of a copy --- */

struct spot {
    char path[128];
    off_t at;
    struct tail_group group;
};

/* The group with a sequence as its first. */
static struct spot find_group(uint64_t first)
{
    struct spot s;
    char head[TAIL_HEAD_BYTES];
    for (int file = 0; file < 2; file++) {
        snprintf(s.path, sizeof s.path, "%s/tail-%d", copy, file);
        int fd = open(s.path, O_RDONLY);
        if (fd < 0)
            continue;
        for (s.at = 0; pread(fd, head, sizeof head, s.at) == sizeof head; s.at += TAIL_UNIT)
            if (tail_group_head(head, &s.group) && s.group.first == first) {
                close(fd);
                return s;
            }
        close(fd);
    }
    fail_msg("no group %llu", (unsigned long long)first);
    return s;
}

static void put(const struct spot *s, size_t offset, const void *bytes, size_t size)
{
    int fd = open(s->path, O_WRONLY);
    assert_int_equal(pwrite(fd, bytes, size, s->at + (off_t)offset), size);
    close(fd);
}

static void get(const struct spot *s, void *bytes, size_t size)
{
    int fd = open(s->path, O_RDONLY);
    assert_int_equal(pread(fd, bytes, size, s->at), size);
    close(fd);
}

static void fill_groups(struct journal *j, unsigned groups)
{
    struct problem problem;
    for (unsigned i = 0; i < groups; i++)
        assert_int_equal(tail_fill(j, i * GROUP, GROUP, &problem), 0);
}

static void a_torn_group_ends_the_tail(void **state)
{
    static char zeros[1 << 15], noise[1 << 15];
    (void)state;
    memset(noise, 0xa5, sizeof noise);
    struct journal *j = tail_open(directory, false, LARGE);
    fill_groups(j, 3);
    copy_anew();
    struct spot last = find_group(2 * GROUP + 1);
    for (size_t cut = last.group.length; cut-- > 0;) {
        put(&last, cut, zeros, last.group.length - cut);
        if (cut % 100 == 0)
            put(&last, cut, noise, last.group.length - cut);
        struct tail_seen s = tail_seen_in(copy, SMALL);
        assert_int_equal(s.count, 2 * GROUP);
        assert_false(s.wrong);
        assert_int_equal(s.damaged, 0);
    }
    for (size_t cut = 0; cut < last.group.length; cut += 501) {
        struct problem problem;
        copy_anew();
        put(&last, cut, zeros, last.group.length - cut);
        struct journal *writer = tail_open(copy, false, LARGE);
        tail_expect(writer, 2 * GROUP);
        assert_int_equal(tail_fill(writer, 2 * GROUP, 5, &problem), 0);
        tail_expect(writer, 2 * GROUP + 5);
        journal_close(writer);
        assert_int_equal(tail_seen_in(copy, SMALL).count, 2 * GROUP + 5);
    }
    journal_close(j);
}

static int refuse(void *data, const struct journal_record *record)
{
    (void)data, (void)record;
    return 0;
}

static void a_writer_refuses_damage(uint64_t sound)
{
    struct problem problem = {0};
    struct journal *j = tail_open(copy, false, LARGE);
    assert_int_equal(journal_scan(j, 1, refuse, NULL, &problem), -1);
    assert_non_null(strstr(problem.message, "livefloor check"));
    assert_int_equal(tail_fill(j, 1000, 1, &problem), -1);
    journal_close(j);
    struct tail_seen s = tail_seen_in(copy, SMALL);
    assert_int_equal(s.count, sound);
    assert_int_equal(s.damaged, 1);
}

static void damage_before_sound_groups_is_told(void **state)
{
    (void)state;
    struct journal *j = tail_open(directory, false, LARGE);
    fill_groups(j, 5);
    for (unsigned group = 0; group < 5; group += 2) {
        copy_anew();
        struct spot at = find_group(group * GROUP + 1);
        char *bytes = malloc(at.group.length);
        get(&at, bytes, at.group.length);
        for (size_t i = 0; i < at.group.length; i += i < 200 ? 1 : 61) {
            char flipped = (char)(bytes[i] ^ 0x10);
            put(&at, i, &flipped, 1);
            struct tail_seen s = tail_seen_in(copy, SMALL);
            assert_int_equal(s.count, 4 * GROUP);
            /* Of the last one nobody knows that it was acknowledged. */
            assert_int_equal(s.damaged, group == 4 ? 0 : 1);
            assert_int_equal(s.lost, group == 4 ? 0 : GROUP);
            if (group < 4)
                assert_int_equal(s.first_damaged, group * GROUP + 1);
            if (i == 100 && group < 4)
                a_writer_refuses_damage(4 * GROUP);
            put(&at, i, &bytes[i], 1);
        }
        free(bytes);
    }
    journal_close(j);
}

/* The last group of one file is damaged, and the other file goes on. */
static void damage_between_the_files_is_told(void **state)
{
    unsigned held = 0;
    struct problem problem;
    struct stat s;
    char path[128];
    (void)state;
    struct journal *j = tail_open(directory, false, SMALL);
    /* A copy is made before each append: one of them stands just behind the change. */
    for (unsigned i = 0;; i++) {
        assert_int_equal(tail_fill(j, held, GROUP, &problem), 0);
        held += GROUP;
        copy_anew();
        snprintf(path, sizeof path, "%s/tail-0", copy);
        bool both = stat(path, &s) == 0;
        snprintf(path, sizeof path, "%s/tail-1", copy);
        if (both && stat(path, &s) == 0)
            break;
    }
    struct spot before = find_group(held - 2 * GROUP + 1);
    struct tail_seen sound = tail_seen_in(copy, SMALL);
    assert_int_equal(sound.count, held);
    put(&before, 80, "?", 1);
    struct tail_seen seen = tail_seen_in(copy, SMALL);
    /* Unless the mover was there before the copy. */
    if (seen.count != held) {
        assert_int_equal(seen.count, held - GROUP);
        assert_int_equal(seen.damaged, 1);
        assert_int_equal(seen.first_damaged, held - 2 * GROUP + 1);
    }
    journal_close(j);
}

/* --- reading beside a writer --- */

static _Atomic uint64_t durable;
static _Atomic bool writing;

/* Scans as long as there is writing; false when something was not as it must be. */
static bool scans_are_whole(const char *path, struct journal *own)
{
    bool sound = true, more = true;
    uint64_t before = 0;
    while (more && sound) {
        more = atomic_load(&writing);
        uint64_t least = atomic_load(&durable);
        struct tail_seen s = {0};
        struct problem problem = {0};
        struct journal *j = own;
        const struct journal_options options = {.directory = path, .read_only = true};
        const struct journal_checks checks = {tail_see, tail_see_damage, &s};
        if (own == NULL && journal_open(&options, &j, &problem) != 0)
            return false;
        if (least < before) /* another process does not see the number */
            least = before;
        sound = journal_check(j, &checks, &problem) == 0 && !s.wrong && s.damaged == 0 &&
                s.count >= least;
        struct tail_seen one = {.last = s.count - 1};
        if (s.count > 0 && sound)
            sound = journal_read(j, s.count, tail_see, &one, &problem) == 0 && !one.wrong;
        before = s.count;
        if (own == NULL) {
            journal_close(j);
            more = s.count < 20000;
        }
    }
    return sound;
}

static void *scan_own(void *j)
{
    return scans_are_whole(NULL, j) ? NULL : j;
}

static void reading_goes_on_beside_a_writer(void **state)
{
    struct problem problem;
    uint64_t seed = 41;
    pthread_t thread;
    void *failed;
    int status;
    (void)state;
    journal_close(tail_open(directory, false, SMALL)); /* for the reader to find */
    atomic_store(&durable, 0);
    atomic_store(&writing, true);
    pid_t child = fork();
    if (child == 0)
        _exit(scans_are_whole(directory, NULL) ? 0 : 1);
    struct journal *j = tail_open(directory, false, SMALL);
    assert_int_equal(pthread_create(&thread, NULL, scan_own, j), 0);
    for (unsigned held = 0; held < 20000;) {
        unsigned count = 1 + dice(&seed, dice(&seed, 20) == 0 ? 500 : 60);
        assert_int_equal(tail_fill(j, held, count, &problem), 0);
        held += count;
        atomic_store(&durable, held);
    }
    atomic_store(&writing, false);
    pthread_join(thread, &failed);
    assert_null(failed);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_crash_leaves_all_that_was_appended, make, drop),
        cmocka_unit_test_setup_teardown(a_torn_group_ends_the_tail, make, drop),
        cmocka_unit_test_setup_teardown(damage_before_sound_groups_is_told, make, drop),
        cmocka_unit_test_setup_teardown(damage_between_the_files_is_told, make, drop),
        cmocka_unit_test_setup_teardown(reading_goes_on_beside_a_writer, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
