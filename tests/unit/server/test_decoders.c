/* Jobs of several threads: each is run once, those of one thread begin in their order when
 * one decodes, and the end waits for all. */
#include "server/decoders.h"

#include "support/check.h"

#include <pthread.h>
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
    for (unsigned i = 0; i < JOBS; i++) {
        g->jobs[i] = (struct job){{.run = run}, g, i};
        decoders_do(g->decoders, &g->jobs[i].base);
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
        cmocka_unit_test(ends_without_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
