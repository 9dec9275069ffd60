/* The background thread of an index, and what it is given to do: one job at a time. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_JOB_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_JOB_H

#include "journal/id_index_build.h"

#include <pthread.h>

/* More runs than this only when merging fails for long; then ids stay in memory. */
#define ID_RUNS_MAX 64u

/* What nobody looks at any more; its files are deleted. */
struct id_trash {
    struct id_run *runs[ID_RUNS_MAX];
    size_t run_count;
    struct id_table table;
};

struct id_job {
    /* First: sweep this. */
    struct id_trash trash;
    /* Then: a run of a table, … */
    const struct id_table *table;
    struct id_run_head head;
    /* … or one of several runs, or nothing. */
    struct id_run *runs[ID_RUNS_MAX];
    size_t run_count;

    struct id_build build;
    struct id_run *made; /* NULL: it failed, build.why tells; or there was nothing to make */
};

struct id_worker {
    pthread_t thread;
    bool running; /* there is a thread: from the first job on */
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool ending;
    bool asked;
    atomic_bool done; /* set by the thread when the job is */
    atomic_bool stop; /* for the job: give up */
    struct id_job job;
};

void id_worker_init(struct id_worker *w);

/* Does w->job in the background. -1 when there can be no thread. */
int id_worker_ask(struct id_worker *w);

/* Waits until the job that was asked for is done. */
void id_worker_wait(struct id_worker *w);

/* Makes the job end soon, done or not, and ends the thread. */
void id_worker_end(struct id_worker *w);

/* Deletes the files, frees the memory. */
void id_trash_sweep(struct id_trash *t);

#endif
