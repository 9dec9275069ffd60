/* Transactions of the journal over LMDB, and finding a value in one. */
#ifndef LIVEFLOOR_JOURNAL_LMDB_TXN_H
#define LIVEFLOOR_JOURNAL_LMDB_TXN_H

#include "journal/lmdb_env.h"

/* 0, or -1 with *problem: then there is nothing to end. */
int lmdb_read_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem);
void lmdb_read_end(struct lmdb_journal *j, MDB_txn *txn);

/* After a failed commit the environment may want to be opened again, which this does. */
int lmdb_write_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem);

/* Ends a write: commits when error is 0, else takes all of it back. 0 or -1 with *problem. */
int lmdb_write_end(MDB_txn *txn, int error, struct problem *problem);

/* Finds the value with the first record whose sequence is not lower. One that is damaged
 * and might have it counts as having it. 0 or an error of LMDB's. */
int lmdb_seek(MDB_cursor *cursor, uint64_t sequence, MDB_val *k, MDB_val *v);

MDB_val lmdb_key_value(struct sequence_key *key);

/* 0 or an error of LMDB's. */
int lmdb_note_put(struct lmdb_journal *j, MDB_txn *txn, const char *key, struct span value);

/* journal_remove (journal.h). */
int lmdb_remove(struct journal *base, const uint64_t *sequences, size_t n, struct problem *problem);

#endif
