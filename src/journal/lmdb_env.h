/* The LMDB environment of a journal: opening, its lock, its errors. */
#ifndef LIVEFLOOR_JOURNAL_LMDB_ENV_H
#define LIVEFLOOR_JOURNAL_LMDB_ENV_H

#include "journal/journal_ops.h"
#include "journal/segments.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

/* The notes of this file's own. */
#define NOTE_FORMAT "format"
#define NOTE_NEXT "next-sequence"
#define NOTE_TAIL "tail-generation"
#define JOURNAL_FORMAT 4u /* 1 knew no blocks, 2 no tail, 3 no segments */

struct lmdb_journal {
    struct journal base;
    char *directory;
    bool read_only;
    uint64_t map_bytes;
    int lock_fd; /* held by the one writer; -1 when reading only */
    /* Readers of the environment hold this shared; opening it again exclusively. */
    pthread_rwlock_t env_lock;
    MDB_env *env;
    MDB_dbi records, notes;
    uint64_t next_sequence;
    _Atomic uint64_t record_count; /* what the writer's commits have left */
    uintptr_t map;                 /* where the file is mapped; 0: not known */
    uint64_t appended_bytes;       /* since lmdb_map_forget */
    struct segments segments;
};

/* Counts the records of a transaction's snapshot, and finds the first and the last
 * sequence; those of a damaged block count as one. A writer counts the uses of segments too.
 * 0 or an error of LMDB's. */
int lmdb_survey(struct lmdb_journal *j, MDB_txn *txn, uint64_t *count, uint64_t *first,
                uint64_t *last);

/* A note that is a number. 0 or an error of LMDB's (MDB_NOTFOUND: there is none). */
int lmdb_note_number(const struct lmdb_journal *j, MDB_txn *txn, const char *key, uint64_t *out);

/* What was read of the file stays in the system's page cache, but need not count as this
 * process's memory: whoever reads it again gets it back from there. The environment is
 * open. */
void lmdb_map_forget(const struct lmdb_journal *j);

/* Opens the environment and its databases. */
int lmdb_env_open(struct lmdb_journal *j, struct problem *problem);
void lmdb_env_close(struct lmdb_journal *j);

/* A failed commit can leave LMDB refusing all that follows (MDB_PANIC): opens the
 * environment again, from what is durable. */
int lmdb_env_reopen(struct lmdb_journal *j, struct problem *problem);

/* What a failed write means for the user. Returns -1. */
int lmdb_store_problem(int error, struct problem *problem);

/* What a failed read means. Returns -1. */
int lmdb_read_problem(int error, struct problem *problem);

/* Keys are big-endian, so that their bytewise order is their order. */
struct sequence_key {
    uint8_t bytes[8];
};
struct sequence_key sequence_key_of(uint64_t sequence);
uint64_t sequence_of_key(const MDB_val *key);

#endif
