/* The journal on a real disk. */
#include "journal/journal_check.h"
#include "support/check.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/livefloor-journal-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int drop_directory(void **state)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    return rmdir(directory);
}

static struct journal *open_journal(bool read_only)
{
    struct journal *j = NULL;
    struct problem problem = {0};
    const struct journal_options options = {.directory = directory, .read_only = read_only};
    if (journal_open(&options, &j, &problem) != 0)
        fail_msg("%s", problem.message);
    return j;
}

static int append(struct journal *j, unsigned from, unsigned count, struct problem *problem)
{
    static struct journal_record records[1000];
    static char ids[1000][16];
    for (unsigned i = 0; i < count; i++) {
        int len = snprintf(ids[i], sizeof ids[i], "id-%u", from + i);
        records[i] = (struct journal_record){
            .site_id = 1, .time_us = from + i, .id = {ids[i], (size_t)len}, .json = {"{}", 2}};
    }
    return journal_append(j, records, count, problem);
}

struct seen {
    uint64_t count, first, last;
    bool gap;
};

static int see(void *data, const struct journal_record *record)
{
    struct seen *s = data;
    if (s->count++ == 0)
        s->first = record->sequence;
    else if (record->sequence != s->last + 1)
        s->gap = true;
    s->last = record->sequence;
    return 0;
}

static struct seen scan(struct journal *j, uint64_t from)
{
    struct seen s = {0};
    struct problem problem = {0};
    assert_int_equal(journal_scan(j, from, see, &s, &problem), 0);
    return s;
}

static void records_are_there_after_opening_again(void **state)
{
    struct problem problem = {0};
    (void)state;
    struct journal *j = open_journal(false);
    assert_int_equal(scan(j, 1).count, 0);
    assert_int_equal(append(j, 0, 1000, &problem), 0);
    assert_int_equal(append(j, 1000, 10, &problem), 0);
    journal_close(j);
    j = open_journal(false);
    struct seen s = scan(j, 1);
    assert_int_equal(s.count, 1010);
    assert_int_equal(s.first, 1);
    assert_false(s.gap);
    assert_int_equal(scan(j, 1005).count, 6);
    struct seen one = {0};
    assert_int_equal(journal_read(j, 77, see, &one, &problem), 0);
    assert_int_equal(one.first, 77);
    assert_int_equal(journal_read(j, 9999, see, &one, &problem), 1);
    struct journal_stats stats;
    assert_int_equal(journal_get_stats(j, &stats, &problem), 0);
    assert_int_equal(stats.records, 1010);
    assert_int_equal(stats.last_sequence, 1010);
    journal_close(j);
}

static void a_sequence_is_never_used_again(void **state)
{
    struct problem problem = {0};
    (void)state;
    struct journal *j = open_journal(false);
    assert_int_equal(append(j, 0, 10, &problem), 0);
    assert_int_equal(journal_remove(j, (uint64_t[]){2, 9, 10, 500}, 4, &problem), 0);
    assert_int_equal(scan(j, 1).count, 7);
    journal_close(j);
    j = open_journal(false);
    assert_int_equal(append(j, 10, 1, &problem), 0);
    assert_int_equal(scan(j, 1).last, 11);
    journal_close(j);
}

static void notes_are_kept(void **state)
{
    struct problem problem = {0};
    char out[8];
    (void)state;
    struct journal *j = open_journal(false);
    assert_int_equal(journal_get_note(j, "a", out, sizeof out, &problem), 0);
    assert_int_equal(journal_put_note(j, "a", SPAN("12345"), &problem), 0);
    journal_close(j);
    j = open_journal(true);
    assert_int_equal(journal_get_note(j, "a", out, sizeof out, &problem), 5);
    assert_memory_equal(out, "12345", 5);
    journal_close(j);
}

static void there_is_one_writer(void **state)
{
    struct journal *first = open_journal(false), *second;
    struct problem problem = {0};
    const struct journal_options options = {.directory = directory};
    (void)state;
    assert_int_equal(journal_open(&options, &second, &problem), -1);
    assert_non_null(strstr(problem.message, "Another livefloor"));
    journal_close(first);
}

static void without_a_journal_there_is_nothing_to_read(void **state)
{
    struct problem problem = {0};
    struct journal *j;
    const struct journal_options options = {.directory = directory, .read_only = true};
    (void)state;
    assert_int_equal(journal_open(&options, &j, &problem), -1);
    assert_non_null(strstr(problem.message, "no journal"));
}

static void a_failed_commit_leaves_nothing_and_passes(void **state)
{
    struct problem problem = {0};
    struct rlimit limit, full;
    unsigned held = 0;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct journal *j = open_journal(false);
    getrlimit(RLIMIT_FSIZE, &limit);
    full = limit;
    full.rlim_cur = 256 << 10;
    setrlimit(RLIMIT_FSIZE, &full);
    while (append(j, held, 100, &problem) == 0)
        held += 100;
    assert_int_equal(problem.code, PROBLEM_STORE);
    assert_int_equal(append(j, held, 100, &problem), -1);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_true(held > 0);
    assert_int_equal(scan(j, 1).count, held);
    assert_int_equal(append(j, held, 100, &problem), 0);
    journal_close(j);
    j = open_journal(false);
    struct seen s = scan(j, 1);
    assert_int_equal(s.count, held + 100);
    assert_false(s.gap);
    journal_close(j);
}

/* Appends until it is killed; says on the pipe what is durable. */
static void append_for_ever(int to)
{
    struct journal *j = open_journal(false);
    struct problem problem;
    for (uint32_t held = (uint32_t)scan(j, 1).count;;) {
        if (append(j, held, 37, &problem) != 0)
            _exit(1);
        held += 37;
        if (write(to, &held, sizeof held) != sizeof held)
            _exit(1);
    }
}

static void what_was_durable_survives_a_kill(void **state)
{
    uint64_t seed = 4711;
    (void)state;
    for (int round = 0; round < 30; round++) {
        int ends[2];
        uint32_t held = 0, told;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            append_for_ever(ends[1]);
        close(ends[1]);
        uint32_t reads = dice(&seed, 12) + 1;
        while (reads-- > 0 && read(ends[0], &told, sizeof told) == sizeof told)
            held = told;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &told, sizeof told) == sizeof told)
            held = told;
        close(ends[0]);
        struct journal *j = open_journal(false);
        struct seen s = scan(j, 1);
        assert_true(s.count >= held);
        assert_int_equal(s.count % 37, 0); /* no group by halves */
        assert_false(s.gap);
        journal_close(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_there_after_opening_again, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_sequence_is_never_used_again, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(notes_are_kept, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(there_is_one_writer, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(without_a_journal_there_is_nothing_to_read, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_failed_commit_leaves_nothing_and_passes, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(what_was_durable_survives_a_kill, make_directory,
                                        drop_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
