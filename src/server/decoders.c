#include "server/decoders.h"

#include "base/limits.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct decoding_thread {
    pthread_t thread;
    struct decoders *all;
    struct decoder *decoder;
};

struct decoders {
    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t more;
    struct decode_job *first, **last;
    size_t waiting_bytes;
    bool stopping;
    unsigned count; /* threads that run */
    struct decoding_thread threads[];
};

/* The next job; NULL at the end. */
static struct decode_job *next_job(struct decoders *d)
{
    pthread_mutex_lock(&d->lock);
    while (d->first == NULL && !d->stopping)
        pthread_cond_wait(&d->more, &d->lock);
    struct decode_job *job = d->first;
    if (job != NULL) {
        d->first = job->next;
        d->waiting_bytes -= job->bytes;
        if (d->first == NULL)
            d->last = &d->first;
    }
    pthread_mutex_unlock(&d->lock);
    return job;
}

static void *decode(void *data)
{
    struct decoding_thread *t = data;
    thread_works_long();
    for (struct decode_job *job; (job = next_job(t->all)) != NULL;)
        job->run(job, t->decoder);
    return NULL;
}

static bool start_thread(struct decoders *d, struct decoding_thread *t)
{
    t->all = d;
    t->decoder = decoder_new();
    if (t->decoder != NULL && pthread_create(&t->thread, NULL, decode, t) == 0)
        return true;
    decoder_free(t->decoder);
    return false;
}

int decoders_start(unsigned count, struct decoders **out, struct problem *problem)
{
    struct decoders *d = calloc(1, sizeof *d + count * sizeof d->threads[0]);
    if (d == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
    d->last = &d->first;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->more, NULL);
    while (d->count < count && start_thread(d, &d->threads[d->count]))
        d->count++;
    if (d->count < count) {
        decoders_stop(d);
        return problem_set(problem, PROBLEM_INTERNAL, "A decoding thread cannot be started.");
    }
    *out = d;
    return 0;
}

int decoders_do(struct decoders *d, struct decode_job *job, struct problem *problem)
{
    job->next = NULL;
    pthread_mutex_lock(&d->lock);
    bool room = d->first == NULL || d->waiting_bytes + job->bytes <= LIMIT_UNDECODED_BYTES;
    if (room) {
        *d->last = job;
        d->last = &job->next;
        d->waiting_bytes += job->bytes;
        pthread_cond_signal(&d->more);
    }
    pthread_mutex_unlock(&d->lock);
    return room ? 0
                : problem_set(problem, PROBLEM_BUSY,
                              "Too many events are waiting to be read: send this again later.");
}

void decoders_stop(struct decoders *d)
{
    if (d == NULL)
        return;
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_broadcast(&d->more);
    pthread_mutex_unlock(&d->lock);
    for (unsigned i = 0; i < d->count; i++) {
        pthread_join(d->threads[i].thread, NULL);
        decoder_free(d->threads[i].decoder);
    }
    pthread_cond_destroy(&d->more);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
