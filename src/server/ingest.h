/* The one writer: takes decoded batches from all workers, drops duplicates, commits
 * them to the journal as one group, applies them to the floors in journal order, and
 * only then says done. A group is applied while the next one is committed, each by a
 * thread of its own (docs/architecture.md, "Threads"). */
#ifndef LIVEFLOOR_SERVER_INGEST_H
#define LIVEFLOOR_SERVER_INGEST_H

#include "base/problem.h"
#include "event/decode.h"
#include "journal/id_index.h"
#include "journal/journal.h"
#include "server/sites.h"

#include <stdatomic.h>

struct ingest;

/* One request's batch. The caller owns it and all that the events point to, and keeps
 * both until `done` is called. */
struct ingest_ticket {
    const struct decoded_event *events;
    size_t event_count;
    size_t bytes; /* what it holds in memory, for LIMIT_QUEUED_BYTES */
    /* Called on one of the writer's threads when the outcome stands, which it is for all
     * tickets from this one up to `end`, linked by `next`: all with the same `done`. */
    void (*done)(struct ingest_ticket *first, const struct ingest_ticket *end);
    void *user;

    /* The outcome: problem.code is 0 when all is durable and visible. */
    struct problem problem;
    size_t accepted, duplicates;
    uint64_t sequence; /* of the last record of this batch, or of the journal */

    struct ingest_ticket *next; /* the queue's */
};

/* Tells whether a record really has an id: in the journal, or in the group that is
 * about to be written. The data of ingest_verify_id. */
struct ingest_ids {
    struct journal *journal;
    const struct journal_record *group;
    size_t group_count;
};

/* Background work on the committing thread, asked for every so many seconds. Both functions
 * are told the sequence of the journal's last event. */
#define INGEST_CHORES 2u
struct ingest_chore {
    /* Whether there is anything to do; quick, and beside the applier. NULL: always. */
    bool (*due)(void *data, uint64_t last_sequence);
    /* While no group is on its way, so that all floors are as the journal is: does a short
     * step, says whether there is more to do at once. NULL: no chore. */
    bool (*step)(void *data, uint64_t last_sequence);
    void *data;
    unsigned interval_s;
};

struct ingest_settings {
    struct journal *journal;
    struct id_index *ids;        /* made with ingest_verify_id and … */
    struct ingest_ids *id_check; /* … this as its data */
    struct sites *sites;
    uint64_t last_sequence; /* that the journal has ever given, at start */
    struct ingest_chore chores[INGEST_CHORES];
};

/* Running totals, for /metrics. */
struct ingest_totals {
    _Atomic uint64_t accepted, duplicates, groups, failed_groups, waiting_bytes, last_sequence;
};

/* Starts the writer's threads. 0 or -1. */
int ingest_start(const struct ingest_settings *settings, struct ingest **out,
                 struct problem *problem);

/* Hands a ticket over; from any thread. -1 with *problem when too much is waiting
 * (PROBLEM_BUSY) or the writer is stopping; then `done` is not called. */
int ingest_submit(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem);

/* The same, but the writer need not look before ingest_hand_over: what is gathered until
 * then becomes durable together, with one wake-up. From any thread, as is the other. */
int ingest_gather(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem);
void ingest_hand_over(struct ingest *g);

/* Finishes what is queued, then ends the thread and frees. NULL is fine. */
void ingest_stop(struct ingest *g);

const struct ingest_totals *ingest_get_totals(const struct ingest *g);

/* An id_index_verify; data is a struct ingest_ids. */
bool ingest_verify_id(void *data, uint64_t sequence, int64_t site_id, struct span id);

/* An id_index_mark; data is the same. */
uint64_t ingest_mark(void *data, uint64_t sequence);

#endif
