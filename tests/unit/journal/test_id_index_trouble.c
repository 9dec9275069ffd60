/* The index of ids when the world around it is not as it was: a journal from a backup, a
 * full disk, a folder that goes, damage while it runs, a kill. */
#include "unit/journal/id_files.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Takes the journal back to an earlier state, as a backup does. */
static void journal_back_to(struct model *m, uint64_t sequence)
{
    for (; m->last > sequence; m->last--)
        if (m->number_at[m->last] != 0)
            model_forget(m, m->number_at[m->last] - 1);
}

static void an_older_journal_takes_what_it_knows(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        struct model *m = made();
        uint64_t back = 1 + round * (COUNT / 8);
        journal_back_to(m, back);
        if (round % 2 == 1) { /* another history goes on, past what the index covers */
            m->history++;
            for (unsigned number = COUNT; number-- > back;)
                model_record(m, number, m->last + 1);
        }
        start_again(m);
        assert_true(m->said >= 1);
        model_free(m);
    }
}

/* The index lost ids of removed records; a copy of the journal still has them. */
static void a_journal_from_before_a_removal_takes_nothing(void **state)
{
    (void)state;
    struct model *m = made(), *copy = calloc(1, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, m, sizeof *copy);
    model_files(m, model_delete_file, NULL);
    m->removed_to = 5;
    for (unsigned number = 0; number < 3000; number += 2)
        model_forget(m, number);
    assert_int_equal(start_again(m), 0); /* made without them */
    struct saved s = save(m);
    assert_true(start_again(m) + 2 * TABLE > m->last);
    restore(m, &s);
    assert_int_equal(start_again(copy), 0);
    assert_true(copy->said >= 1);
    saved_free(&s);
    free(copy);
    model_free(m);
}

/* A disk that takes no more: ids stay in memory, it is said once, and goes on later. */
static void a_full_disk_is_waited_for(void **state)
{
    (void)state;
    static const rlim_t limits[] = {0, 1, 1024, 5000, 20000};
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit before, less;
        struct model *m = made();
        struct id_index *x = model_open(m, TABLE);
        model_refill(m, x);
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        less = (struct rlimit){limits[i], before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
        uint64_t covered = id_index_covered(x);
        for (unsigned number = COUNT; number < COUNT + 2000; number++) {
            model_add(m, x, number);
            if (number % 300 == 0)
                id_index_settle(x);
        }
        id_index_settle(x);
        model_agrees(m, x);
        if (limits[i] < 3000)
            assert_int_equal(id_index_covered(x), covered);
        unsigned said = m->said; /* once for tables, or for merges, or each */
        assert_true(said == 1 || said == 2);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        id_index_settle(x);
        id_index_committed(x, m->last);
        id_index_settle(x);
        model_agrees(m, x);
        assert_true(id_index_covered(x) + 2 * TABLE > m->last);
        assert_int_equal(m->said, 2 * said);
        assert_int_equal(model_files(m, NULL, NULL), id_index_runs(x));
        id_index_free(x);
        m->said = 0;
        assert_true(start_again(m) + 2 * TABLE > m->last);
        assert_int_equal(m->said, 0);
        model_free(m);
    }
}

static void a_directory_that_cannot_be_made(void **state)
{
    (void)state;
    struct model *m = model_new();
    m->numbers = COUNT;
    char real[sizeof m->directory];
    memcpy(real, m->directory, sizeof real);
    put_file(m, "file", "", 0);
    strncat(m->directory, "/file", sizeof m->directory - strlen(m->directory) - 1);
    struct id_index *x = model_open(m, TABLE);
    for (unsigned number = 0; number < COUNT; number++)
        model_add(m, x, number);
    id_index_settle(x);
    model_agrees(m, x);
    assert_int_equal(id_index_covered(x), 0);
    assert_int_equal(m->said, 1);
    id_index_free(x);
    memcpy(m->directory, real, sizeof real);
    model_free(m);
}

/* Deleting the folder under a running server harms it as little. */
static void a_directory_that_goes_is_made_again(void **state)
{
    (void)state;
    struct model *m = made();
    struct id_index *x = model_open(m, TABLE);
    model_refill(m, x);
    model_files(m, model_delete_file, NULL);
    assert_int_equal(rmdir(m->directory), 0);
    for (unsigned number = COUNT; number < COUNT + 2000; number++)
        model_add(m, x, number);
    id_index_settle(x);
    model_agrees(m, x);
    id_index_free(x);
    start_again(m);
    model_free(m);
}

/* The disk gives back other bytes while it runs: known ids are never taken for new. */
static void damage_under_a_running_index_is_no_answer(void **state)
{
    (void)state;
    struct model *m = made();
    struct id_index *x = model_open(m, TABLE);
    model_refill(m, x);
    struct paths p = files_of(m);
    static char zeros[ID_RUN_BLOCK_BYTES];
    for (unsigned i = 0; i < p.count; i++) {
        int fd = open(p.path[i], O_WRONLY);
        assert_int_equal(pwrite(fd, zeros, sizeof zeros, ID_RUN_BLOCK_BYTES), sizeof zeros);
        close(fd);
    }
    unsigned unknown = 0;
    char text[16];
    for (unsigned number = 0; number < COUNT; number++) {
        uint64_t found = id_index_find(x, MODEL_SITE, model_id(number, text));
        unknown += found == ID_INDEX_UNKNOWN;
        assert_true(found == ID_INDEX_UNKNOWN || found == m->sequence_of[number]);
    }
    assert_true(unknown > 0);
    assert_int_equal(m->said, p.count); /* once for each */
    for (unsigned number = COUNT; number < COUNT + 2000; number++)
        model_add(m, x, number); /* these are not merged any more */
    id_index_settle(x);
    id_index_free(x);
    start_again(m);
    model_free(m);
}

static void a_merge_does_not_take_damage_over(void **state)
{
    (void)state;
    struct model *m = made();
    struct id_index *x = model_open(m, TABLE);
    model_refill(m, x);
    struct paths p = files_of(m);
    for (unsigned i = 0; i < p.count; i++) {
        int fd = open(p.path[i], O_WRONLY);
        assert_int_equal(pwrite(fd, "damage", 6, ID_RUN_BLOCK_BYTES + 100), 6);
        close(fd);
    }
    for (unsigned number = COUNT; number < COUNT + 2000; number++) {
        model_add(m, x, number);
        if (number % TABLE == 0)
            id_index_settle(x);
    }
    assert_true(m->said >= 1);
    id_index_free(x);
    start_again(m);
    model_free(m);
}

/* Shared with the child that is killed. */
struct progress {
    _Atomic uint64_t committed;
};

static void run_until_killed(struct model *m, struct progress *p)
{
    struct id_index *x = model_open(m, 60);
    model_refill(m, x);
    for (unsigned number = (unsigned)m->last; number < MODEL_IDS; number++) {
        p->committed = number + 1; /* durable in the journal before the index hears of it */
        model_add(m, x, number);
    }
    _exit(0);
}

static void kills_at_any_moment(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct model *m = model_new();
    m->numbers = 10000;
    struct progress *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    for (unsigned round = 0; round < 60 && m->last < MODEL_IDS - 3000; round++) {
        uint64_t wanted = m->last + dice(&seed, 900);
        pid_t child = fork();
        if (child == 0)
            run_until_killed(m, p);
        while (atomic_load(&p->committed) < wanted)
            sched_yield();
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (m->last < p->committed)
            model_record(m, (unsigned)m->last, m->last + 1);
        struct id_index *x = model_open(m, 60);
        model_refill(m, x);
        model_agrees(m, x);
        id_index_free(x);
        assert_int_equal(m->said, 0); /* a kill damages nothing */
    }
    assert_true(m->last > 2000);
    munmap(p, sizeof *p);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_journal_takes_what_it_knows),
        cmocka_unit_test(a_journal_from_before_a_removal_takes_nothing),
        cmocka_unit_test(a_full_disk_is_waited_for),
        cmocka_unit_test(a_directory_that_cannot_be_made),
        cmocka_unit_test(a_directory_that_goes_is_made_again),
        cmocka_unit_test(damage_under_a_running_index_is_no_answer),
        cmocka_unit_test(a_merge_does_not_take_damage_over),
        cmocka_unit_test(kills_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
