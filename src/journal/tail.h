/* The journal as it is opened: a tail of two files, written one after the other, and of
 * segments beside them, in front of LMDB (docs/decisions/0013-tail.md, 0022-segments.md). Between
 * the files of this implementation. */
#ifndef LIVEFLOOR_JOURNAL_TAIL_H
#define LIVEFLOOR_JOURNAL_TAIL_H

#include "journal/lmdb_tail.h"

#include <pthread.h>
#include <stdatomic.h>

struct tail_journal {
    struct journal base;
    struct journal *store; /* LMDB's */
    bool read_only;
    char *directory;
    char *paths[2];
    uint64_t most;         /* bytes of a file */
    uint64_t most_segment; /* a segment with so many is full */

    /* Held by whoever writes to the store, before `lock`. */
    pthread_mutex_t store_lock;

    pthread_mutex_t lock; /* of what follows up to `must_move` */
    pthread_cond_t wake;  /* the mover: a file is full, or the end */
    bool full, stopping;
    struct tail_file files[2]; /* a generation is in the file of its parity */
    uint64_t generation;       /* the oldest that is not moved */
    uint64_t writing;          /* this one, or the one behind it: what appends go to */
    uint64_t moved_to;         /* the store has all sequences before */
    uint64_t next;             /* of the next record */
    bool must_move;            /* before anything else is appended: see tail_append */

    pthread_t mover;
    bool has_mover;
    _Atomic uint64_t record_count; /* a writer's, of all */
    char *group;                   /* the appender's, for one group */
    size_t group_cap;
};

/* --- tail_move.c: from the tail into the store. The caller holds store_lock. --- */

/* Moves all there is; and n new records, whose sequences are set, in the last commit. -1 with
 * *problem when some of it is not moved yet, and none of the records is there. */
int tail_move_all(struct tail_journal *t, const struct journal_record *records, size_t n,
                  struct problem *problem);

/* Moves the oldest generation when it is not the one being written. */
int tail_move_full(struct tail_journal *t, struct problem *problem);

/* The thread that moves full files. */
void tail_mover_start(struct tail_journal *t);
void tail_mover_stop(struct tail_journal *t);

/* --- tail_append.c --- */

int tail_append(struct journal *base, struct journal_record *records, size_t n,
                struct problem *problem);

/* --- tail_read.c: the store, then the tail --- */

int tail_walk(struct tail_journal *t, uint64_t from, const struct journal_checks *checks,
              struct problem *problem);
int tail_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
              struct problem *problem);

/* A reader in another process looks at the files anew. */
int tail_refresh(struct tail_journal *t, struct problem *problem);

#endif
