#include "journal/lmdb_txn.h"

#include "journal/lmdb_value.h"

#include <errno.h>

MDB_val lmdb_key_value(struct sequence_key *key)
{
    return (MDB_val){sizeof key->bytes, key->bytes};
}

int lmdb_read_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem)
{
    pthread_rwlock_rdlock(&j->env_lock);
    int error = j->env == NULL ? ENODEV : mdb_txn_begin(j->env, NULL, MDB_RDONLY, txn);
    if (error == 0)
        return 0;
    pthread_rwlock_unlock(&j->env_lock);
    return lmdb_read_problem(error, problem);
}

void lmdb_read_end(struct lmdb_journal *j, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    pthread_rwlock_unlock(&j->env_lock);
}

int lmdb_write_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem)
{
    int error = j->env == NULL ? MDB_PANIC : mdb_txn_begin(j->env, NULL, 0, txn);
    if (error == MDB_PANIC) {
        if (lmdb_env_reopen(j, problem) < 0)
            return -1;
        error = mdb_txn_begin(j->env, NULL, 0, txn);
    }
    return error == 0 ? 0 : lmdb_store_problem(error, problem);
}

int lmdb_write_end(MDB_txn *txn, int error, struct problem *problem)
{
    if (error == 0)
        error = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return error == 0 ? 0 : lmdb_store_problem(error, problem);
}

int lmdb_note_put(struct lmdb_journal *j, MDB_txn *txn, const char *key, struct span value)
{
    MDB_val k = {strlen(key), (void *)(uintptr_t)key};
    MDB_val v = {value.len, (void *)(uintptr_t)value.data};
    return mdb_put(txn, j->notes, &k, &v, 0);
}

int lmdb_seek(MDB_cursor *cursor, uint64_t sequence, MDB_val *k, MDB_val *v)
{
    struct sequence_key key = sequence_key_of(sequence);
    *k = lmdb_key_value(&key);
    int error = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (error != 0 && error != MDB_NOTFOUND)
        return error;
    if (error == 0 && sequence_of_key(k) == sequence)
        return 0;
    /* The block before may reach so far. */
    error = mdb_cursor_get(cursor, k, v, error == 0 ? MDB_PREV : MDB_LAST);
    if (error == 0) {
        struct value_range range = lmdb_value_range(k, v);
        if (range.status != RECORD_OK || range.last >= sequence)
            return 0;
    }
    if (error != 0 && error != MDB_NOTFOUND)
        return error;
    return mdb_cursor_get(cursor, k, v, error == 0 ? MDB_NEXT : MDB_FIRST);
}
