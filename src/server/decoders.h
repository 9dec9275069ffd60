/* Threads that decode large bodies, so that the workers who answer questions do not: while
 * one decodes a thousand events it answers nobody (docs/decisions/0017-who-waits.md). */
#ifndef LIVEFLOOR_SERVER_DECODERS_H
#define LIVEFLOOR_SERVER_DECODERS_H

#include "base/problem.h"
#include "event/decode.h"

struct decoders;

/* One body's work. The caller's, until `run` has been called. */
struct decode_job {
    /* On one of the threads, with its decoder; may free the job. */
    void (*run)(struct decode_job *job, struct decoder *decoder);
    size_t bytes;            /* the body's, for LIMIT_UNDECODED_BYTES */
    struct decode_job *next; /* the queue's */
};

/* Starts so many threads (at least 1). 0; or -1 with *problem. */
int decoders_start(unsigned count, struct decoders **out, struct problem *problem);

/* Hands a job over; from any thread. Jobs begin in the order in which they came. 0; or -1
 * with *problem (PROBLEM_BUSY) when too much is waiting: then `run` is not called. */
int decoders_do(struct decoders *d, struct decode_job *job, struct problem *problem);

/* Finishes what was handed over, ends the threads and frees. NULL is fine. */
void decoders_stop(struct decoders *d);

#endif
