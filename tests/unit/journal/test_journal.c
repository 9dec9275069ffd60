/* The journal on a real disk. */
#include "tail_dir.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static uint64_t tail_bytes; /* 0: the default */

static int make_directory(void **state)
{
    (void)state;
    tail_bytes = 0;
    snprintf(directory, sizeof directory, "/tmp/livefloor-journal-XXXXXX");
    return mkdtemp(directory) == NULL;
}

/* With a tail that is full again and again. */
static int make_small_tail(void **state)
{
    int failed = make_directory(state);
    tail_bytes = 16 << 10;
    return failed;
}

static int drop_directory(void **state)
{
    (void)state;
    tail_dir_drop(directory);
    return 0;
}

static struct journal *open_journal(bool read_only)
{
    struct journal *j = NULL;
    struct problem problem = {0};
    const struct journal_options options = {
        .directory = directory, .read_only = read_only, .tail_bytes = tail_bytes};
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

/* What a journal should hold: by sequence, whether the record is there. */
#define MODEL 6000u
struct model {
    bool there[MODEL];
    uint64_t next;
    unsigned made; /* ids so far; there[s] has its id in ids[s] */
    unsigned ids[MODEL];
};

struct comparison {
    const struct model *model;
    uint64_t at; /* the sequence that comes next at the earliest */
};

static int compare(void *data, const struct journal_record *record)
{
    struct comparison *c = data;
    char id[16];
    while (c->at < record->sequence)
        assert_false(c->model->there[c->at++]);
    assert_true(c->model->there[record->sequence]);
    snprintf(id, sizeof id, "id-%u", c->model->ids[record->sequence]);
    assert_true(span_equal(record->id, span_of(id)));
    c->at = record->sequence + 1;
    return 0;
}

static void compare_all(struct journal *j, const struct model *m, uint64_t from)
{
    struct problem problem;
    struct comparison c = {m, from};
    assert_int_equal(journal_scan(j, from, compare, &c, &problem), 0);
    while (c.at < m->next)
        assert_false(m->there[c.at++]);
}

static void compare_stats(struct journal *j, const struct model *m, bool writer)
{
    struct problem problem;
    struct journal_stats stats;
    uint64_t count = 0, first = 0, last = 0;
    for (uint64_t s = 1; s < m->next; s++)
        if (m->there[s]) {
            first = first == 0 ? s : first;
            last = s;
            count++;
        }
    assert_int_equal(journal_get_stats(j, &stats, &problem), 0);
    assert_int_equal(stats.records, count);
    assert_int_equal(stats.first_sequence, first);
    assert_int_equal(stats.last_sequence, last);
    assert_int_equal(stats.next_sequence, writer ? m->next : 0);
}

static void remove_some(struct journal *j, struct model *m, uint64_t *seed)
{
    struct problem problem;
    uint64_t gone[200], at = 1 + dice(seed, (uint32_t)m->next);
    size_t n = 0;
    for (uint32_t i = 1 + dice(seed, 150); i > 0; i--) {
        gone[n++] = at; /* some are not there, some twice, not all ascend */
        if (at < m->next)
            m->there[at] = false;
        at = dice(seed, 20) > 0 ? at + dice(seed, 3) : 1 + dice(seed, (uint32_t)m->next + 10);
    }
    assert_int_equal(journal_remove(j, gone, n, &problem), 0);
}

static void a_journal_holds_what_it_should(void **state)
{
    static struct model m;
    struct problem problem;
    uint64_t seed = 99;
    (void)state;
    m = (struct model){.next = 1};
    struct journal *j = open_journal(false);
    while (m.next + 700 < MODEL) {
        unsigned count = dice(&seed, 3) > 0 ? 1 + dice(&seed, 5) : 1 + dice(&seed, 600);
        assert_int_equal(append(j, m.made, count, &problem), 0);
        for (unsigned i = 0; i < count; i++) {
            m.ids[m.next] = m.made++;
            m.there[m.next++] = true;
        }
        if (dice(&seed, 2) == 0)
            remove_some(j, &m, &seed);
        compare_all(j, &m, dice(&seed, (uint32_t)m.next + 1));
        for (int i = 0; i < 20; i++) {
            uint64_t sequence = dice(&seed, (uint32_t)m.next + 1);
            struct comparison c = {&m, sequence};
            assert_int_equal(journal_read(j, sequence, compare, &c, &problem),
                             sequence < m.next && m.there[sequence] ? 0 : 1);
        }
        compare_stats(j, &m, true);
        if (dice(&seed, 10) == 0) {
            journal_close(j);
            j = open_journal(true);
            compare_all(j, &m, 0);
            compare_stats(j, &m, false);
            journal_close(j);
            j = open_journal(false);
            compare_stats(j, &m, true);
        }
    }
    journal_close(j);
}

/* A journal of the first format is read and from then on written in the newest; one of
 * a newer format is refused. */
static void formats(void **state)
{
    struct problem problem = {0};
    const struct journal_options options = {.directory = directory};
    char note[8] = {1};
    (void)state;
    struct journal *j = open_journal(false);
    for (unsigned i = 0; i < 5; i++) /* as the first format kept all of them */
        assert_int_equal(append(j, i, 1, &problem), 0);
    assert_int_equal(journal_put_note(j, "format", (struct span){note, 8}, &problem), 0);
    journal_close(j);
    j = open_journal(true);
    assert_int_equal(scan(j, 1).count, 5);
    journal_close(j);
    j = open_journal(false);
    assert_int_equal(append(j, 5, 500, &problem), 0);
    assert_int_equal(scan(j, 3).count, 503);
    assert_int_equal(journal_get_note(j, "format", note, sizeof note, &problem), 8);
    assert_int_equal(note[0], 4);
    note[0] = 5;
    assert_int_equal(journal_put_note(j, "format", (struct span){note, 8}, &problem), 0);
    journal_close(j);
    assert_int_equal(journal_open(&options, &j, &problem), -1);
    assert_non_null(strstr(problem.message, "newer livefloor"));
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
        cmocka_unit_test_setup_teardown(a_journal_holds_what_it_should, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_journal_holds_what_it_should, make_small_tail,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(formats, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(notes_are_kept, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(there_is_one_writer, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(without_a_journal_there_is_nothing_to_read, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_failed_commit_leaves_nothing_and_passes, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(what_was_durable_survives_a_kill, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(what_was_durable_survives_a_kill, make_small_tail,
                                        drop_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
