#include "journal/id_index_job.h"

#include "base/thread.h"

#include <signal.h>
#include <unistd.h>

void id_trash_sweep(struct id_trash *t)
{
    for (size_t i = 0; i < t->run_count; i++) {
        unlink(t->runs[i]->path);
        id_run_close(t->runs[i]);
    }
    t->run_count = 0;
    id_table_free(&t->table);
}

static void do_job(struct id_job *job)
{
    id_trash_sweep(&job->trash);
    job->made = NULL;
    if (job->table != NULL)
        id_build_from_table(&job->build, &job->head, job->table, &job->made);
    else if (job->run_count > 0)
        id_build_from_runs(&job->build, job->runs, job->run_count, &job->made);
}

static void *work(void *data)
{
    struct id_worker *w = data;
    thread_works_long();
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->asked && !w->ending)
            pthread_cond_wait(&w->change, &w->lock);
        if (!w->asked)
            break;
        pthread_mutex_unlock(&w->lock);
        do_job(&w->job);
        pthread_mutex_lock(&w->lock);
        w->asked = false;
        atomic_store_explicit(&w->done, true, memory_order_release);
        pthread_cond_broadcast(&w->change);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void id_worker_init(struct id_worker *w)
{
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->change, NULL);
}

/* The thread takes no signals: they are for others. */
static int thread_start(struct id_worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->running = pthread_create(&w->thread, NULL, work, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->running ? 0 : -1;
}

int id_worker_ask(struct id_worker *w)
{
    if (!w->running && thread_start(w) < 0)
        return -1;
    pthread_mutex_lock(&w->lock);
    w->job.build.stop = &w->stop;
    w->asked = true;
    atomic_store(&w->done, false);
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
    return 0;
}

void id_worker_wait(struct id_worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->asked)
        pthread_cond_wait(&w->change, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

void id_worker_end(struct id_worker *w)
{
    atomic_store(&w->stop, true);
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
    pthread_cond_destroy(&w->change);
    pthread_mutex_destroy(&w->lock);
}
