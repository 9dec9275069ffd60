/* Jobs of several threads: each is run once, those of one thread begin in their order when
 * one decodes, and the end waits for all. */
#include "server/decoders.h"

#include "base/limits.h"
#include "support/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define GIVERS 4u
#define JOBS 500u

struct job {
    struct decode_job base;
    struct giver *giver;
    unsigned number;
};

struct giver {
    struct decoders *decoders;
    struct job jobs[JOBS];
    _Atomic unsigned run, out_of_order;
};

static void run(struct decode_job *base, struct decoder *decoder)
{
    struct job *job = (struct job *)(void *)base;
    if (decoder == NULL || atomic_fetch_add(&job->giver->run, 1) != job->number)
        atomic_fetch_add(&job->giver->out_of_order, 1);
}

static void *give(void *data)
{
    struct giver *g = data;
    struct problem problem;
    for (unsigned i = 0; i < JOBS; i++) {
        g->jobs[i] = (struct job){{.run = run, .bytes = 1000}, g, i};
        if (decoders_do(g->decoders, &g->jobs[i].base, &problem) != 0)
            atomic_fetch_add(&g->out_of_order, 1);
    }
    return NULL;
}

static void check_with(unsigned threads)
{
    struct problem problem;
    struct decoders *d;
    struct giver *givers = calloc(GIVERS, sizeof *givers);
    pthread_t ids[GIVERS];
    assert_non_null(givers);
    assert_int_equal(decoders_start(threads, &d, &problem), 0);
    for (unsigned i = 0; i < GIVERS; i++) {
        givers[i].decoders = d;
        assert_int_equal(pthread_create(&ids[i], NULL, give, &givers[i]), 0);
    }
    for (unsigned i = 0; i < GIVERS; i++)
        pthread_join(ids[i], NULL);
    decoders_stop(d);
    for (unsigned i = 0; i < GIVERS; i++) {
        assert_int_equal(atomic_load(&givers[i].run), JOBS);
        if (threads == 1)
            assert_int_equal(atomic_load(&givers[i].out_of_order), 0);
    }
    free(givers);
}

static void one_thread_keeps_the_order(void **state)
{
    (void)state;
    check_with(1);
}

static void several_run_each_job_once(void **state)
{
    (void)state;
    check_with(3);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned begun;

static void wait_at_gate(struct decode_job *job, struct decoder *decoder)
{
    (void)job;
    (void)decoder;
    atomic_fetch_add(&begun, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

/* The one that is being decoded counts no longer; one alone is always taken. */
static void too_much_is_refused(void **state)
{
    struct decode_job jobs[4];
    const size_t bytes[] = {1, LIMIT_UNDECODED_BYTES + 1, 1, LIMIT_UNDECODED_BYTES};
    struct problem problem;
    struct decoders *d;
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        jobs[i] = (struct decode_job){.run = wait_at_gate, .bytes = bytes[i]};
    assert_int_equal(decoders_start(1, &d, &problem), 0);
    pthread_mutex_lock(&gate);
    assert_int_equal(decoders_do(d, &jobs[0], &problem), 0);
    while (atomic_load(&begun) == 0)
        sched_yield();
    assert_int_equal(decoders_do(d, &jobs[1], &problem), 0);
    assert_int_equal(decoders_do(d, &jobs[2], &problem), -1);
    assert_int_equal(problem.code, PROBLEM_BUSY);
    pthread_mutex_unlock(&gate);
    while (atomic_load(&begun) < 2)
        sched_yield();
    pthread_mutex_lock(&gate);
    assert_int_equal(decoders_do(d, &jobs[3], &problem), 0);
    pthread_mutex_unlock(&gate);
    decoders_stop(d);
    assert_int_equal(atomic_load(&begun), 3);
}

static void ends_without_work(void **state)
{
    struct problem problem;
    struct decoders *d;
    (void)state;
    assert_int_equal(decoders_start(2, &d, &problem), 0);
    decoders_stop(d);
    decoders_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(several_run_each_job_once),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(ends_without_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
