/* The journal over LMDB: one database of records by sequence, one of notes. A commit
 * is one LMDB transaction; it is durable when mdb_txn_commit returns 0. */
#include "journal/lmdb_env.h"
#include "journal/record.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A scan gives its snapshot back after so many records: old pages can be used again. */
#define SCAN_RENEW 4096u

static struct lmdb_journal *mine(struct journal *j)
{
    return (struct lmdb_journal *)(void *)j;
}

static MDB_val key_value(struct sequence_key *key)
{
    return (MDB_val){sizeof key->bytes, key->bytes};
}

/* --- transactions --- */

static int read_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem)
{
    pthread_rwlock_rdlock(&j->env_lock);
    int error = j->env == NULL ? ENODEV : mdb_txn_begin(j->env, NULL, MDB_RDONLY, txn);
    if (error == 0)
        return 0;
    pthread_rwlock_unlock(&j->env_lock);
    return lmdb_read_problem(error, problem);
}

static void read_end(struct lmdb_journal *j, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    pthread_rwlock_unlock(&j->env_lock);
}

/* After a failed commit the environment may want to be opened again. */
static int write_begin(struct lmdb_journal *j, MDB_txn **txn, struct problem *problem)
{
    int error = j->env == NULL ? MDB_PANIC : mdb_txn_begin(j->env, NULL, 0, txn);
    if (error == MDB_PANIC) {
        if (lmdb_env_reopen(j, problem) < 0)
            return -1;
        error = mdb_txn_begin(j->env, NULL, 0, txn);
    }
    return error == 0 ? 0 : lmdb_store_problem(error, problem);
}

/* Ends a write: commits when error is 0, else takes all of it back. */
static int write_end(MDB_txn *txn, int error, struct problem *problem)
{
    if (error == 0)
        error = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return error == 0 ? 0 : lmdb_store_problem(error, problem);
}

/* --- records --- */

static int lmdb_append(struct journal *base, struct journal_record *records, size_t n,
                       struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    int error = 0;
    for (size_t i = 0; i < n && error == 0; i++) {
        records[i].sequence = j->next_sequence + i;
        struct sequence_key key = sequence_key_of(records[i].sequence);
        MDB_val k = key_value(&key), v = {record_size(&records[i]), NULL};
        error = mdb_put(txn, j->records, &k, &v, MDB_APPEND | MDB_RESERVE);
        if (error == 0)
            record_write(&records[i], v.mv_data);
    }
    if (write_end(txn, error, problem) < 0)
        return -1;
    j->next_sequence += n;
    return 0;
}

static const char *describe(enum record_status status)
{
    return status == RECORD_NEWER ? "was written by a newer version of livefloor" : "is damaged";
}

static int damage_problem(uint64_t sequence, enum record_status status, struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL,
                       "Record %llu of the journal %s: run `livefloor check`.",
                       (unsigned long long)sequence, describe(status));
}

/* Goes through records with a cursor, giving the snapshot back every so often. */
static int walk(struct lmdb_journal *j, uint64_t from, const struct journal_checks *checks,
                struct problem *problem)
{
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    int result = 0, error = 0;
    while (error == 0 && result == 0) {
        MDB_cursor *cursor;
        MDB_val value;
        struct sequence_key key = sequence_key_of(from);
        MDB_val k = key_value(&key);
        error = mdb_cursor_open(txn, j->records, &cursor);
        if (error != 0)
            break;
        error = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
        for (unsigned i = 0; error == 0 && result == 0 && i < SCAN_RENEW; i++) {
            struct journal_record record;
            uint64_t sequence = sequence_of_key(&k);
            enum record_status status =
                record_read(sequence, (struct span){value.mv_data, value.mv_size}, &record);
            if (status == RECORD_OK)
                result = checks->record(checks->data, &record);
            else if (checks->damaged != NULL)
                checks->damaged(checks->data, sequence, describe(status));
            else
                result = damage_problem(sequence, status, problem);
            from = sequence + 1;
            if (result == 0)
                error = mdb_cursor_get(cursor, &k, &value, MDB_NEXT);
        }
        mdb_cursor_close(cursor);
        mdb_txn_reset(txn);
        if (error == 0)
            error = mdb_txn_renew(txn);
    }
    read_end(j, txn);
    if (error != 0 && error != MDB_NOTFOUND)
        return lmdb_read_problem(error, problem);
    return result;
}

static int lmdb_scan(struct journal *base, uint64_t from, journal_visit *visit, void *data,
                     struct problem *problem)
{
    const struct journal_checks checks = {.record = visit, .data = data};
    return walk(mine(base), from, &checks, problem);
}

static int lmdb_check(struct journal *base, const struct journal_checks *checks,
                      struct problem *problem)
{
    return walk(mine(base), 0, checks, problem);
}

static int lmdb_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
                     struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    struct sequence_key key = sequence_key_of(sequence);
    MDB_val k = key_value(&key), v;
    int error = mdb_get(txn, j->records, &k, &v), result;
    if (error == 0) {
        struct journal_record record;
        enum record_status status =
            record_read(sequence, (struct span){v.mv_data, v.mv_size}, &record);
        result =
            status == RECORD_OK ? visit(data, &record) : damage_problem(sequence, status, problem);
    } else {
        result = error == MDB_NOTFOUND ? 1 : lmdb_read_problem(error, problem);
    }
    read_end(j, txn);
    return result;
}

static int note_put(struct lmdb_journal *j, MDB_txn *txn, const char *key, struct span value)
{
    MDB_val k = {strlen(key), (void *)(uintptr_t)key};
    MDB_val v = {value.len, (void *)(uintptr_t)value.data};
    return mdb_put(txn, j->notes, &k, &v, 0);
}

static int lmdb_remove(struct journal *base, const uint64_t *sequences, size_t n,
                       struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    int error = 0;
    for (size_t i = 0; i < n && error == 0; i++) {
        struct sequence_key key = sequence_key_of(sequences[i]);
        MDB_val k = key_value(&key);
        error = mdb_del(txn, j->records, &k, NULL);
        if (error == MDB_NOTFOUND)
            error = 0;
    }
    /* The newest may have gone: their sequences are not used again all the same. */
    uint64_t next = htole64(j->next_sequence);
    if (error == 0)
        error = note_put(j, txn, NOTE_NEXT, (struct span){(const char *)&next, sizeof next});
    return write_end(txn, error, problem);
}

static int lmdb_get_stats(struct journal *base, struct journal_stats *out, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    MDB_stat stat;
    MDB_envinfo info;
    MDB_cursor *cursor;
    MDB_val key, value;
    *out = (struct journal_stats){0};
    mdb_stat(txn, j->records, &stat);
    mdb_env_info(j->env, &info);
    out->records = stat.ms_entries;
    out->bytes_used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    int error = mdb_cursor_open(txn, j->records, &cursor);
    if (error == 0) {
        if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0)
            out->first_sequence = sequence_of_key(&key);
        if (mdb_cursor_get(cursor, &key, &value, MDB_LAST) == 0)
            out->last_sequence = sequence_of_key(&key);
        mdb_cursor_close(cursor);
    }
    read_end(j, txn);
    return error == 0 ? 0 : lmdb_read_problem(error, problem);
}

static int lmdb_put_note(struct journal *base, const char *key, struct span value,
                         struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    return write_end(txn, note_put(j, txn, key, value), problem);
}

static long lmdb_get_note(struct journal *base, const char *key, char *out, size_t cap,
                          struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v;
    int error = mdb_get(txn, j->notes, &k, &v);
    long length = 0;
    if (error == 0 && v.mv_size <= cap) {
        memcpy(out, v.mv_data, v.mv_size);
        length = (long)v.mv_size;
    }
    read_end(j, txn);
    return error == 0 || error == MDB_NOTFOUND ? length : lmdb_read_problem(error, problem);
}

/* --- opening and closing --- */

static void lmdb_close(struct journal *base)
{
    struct lmdb_journal *j = mine(base);
    lmdb_env_close(j);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    pthread_rwlock_destroy(&j->env_lock);
    free(j->directory);
    free(j);
}

static const struct journal_ops LMDB_OPS = {
    .close = lmdb_close,
    .append = lmdb_append,
    .scan = lmdb_scan,
    .read = lmdb_read,
    .remove = lmdb_remove,
    .get_stats = lmdb_get_stats,
    .put_note = lmdb_put_note,
    .get_note = lmdb_get_note,
    .check = lmdb_check,
};

/* One writer for a directory, over all processes. */
static int writer_lock(struct lmdb_journal *j, struct problem *problem)
{
    if (mkdir(j->directory, 0700) != 0 && errno != EEXIST)
        return problem_set(problem, PROBLEM_STORE, "The directory %s cannot be made: %s.",
                           j->directory, strerror(errno));
    char *path;
    if (asprintf(&path, "%s/writer.lock", j->directory) < 0)
        return problem_set(problem, PROBLEM_STORE, "There is no memory to open the store.");
    j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = errno;
    free(path);
    if (j->lock_fd < 0)
        return problem_set(problem, PROBLEM_STORE, "The store in %s cannot be written: %s.",
                           j->directory, strerror(error));
    if (flock(j->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return problem_set(problem, PROBLEM_STORE,
                           "Another livefloor is serving %s: stop it, or use another directory.",
                           j->directory);
    return 0;
}

int lmdb_journal_open(const struct journal_options *options, struct journal **out,
                      struct problem *problem)
{
    struct lmdb_journal *j = calloc(1, sizeof *j);
    if (j == NULL)
        return problem_set(problem, PROBLEM_STORE, "There is no memory to open the store.");
    *j = (struct lmdb_journal){.base = {&LMDB_OPS},
                               .directory = strdup(options->directory),
                               .read_only = options->read_only,
                               .map_bytes = options->map_bytes,
                               .lock_fd = -1};
    pthread_rwlock_init(&j->env_lock, NULL);
    int failed = 0;
    if (j->directory == NULL)
        failed = problem_set(problem, PROBLEM_STORE, "There is no memory to open the store.");
    if (failed == 0 && !j->read_only)
        failed = writer_lock(j, problem);
    if (failed == 0)
        failed = lmdb_env_open(j, problem);
    if (failed != 0) {
        lmdb_close(&j->base);
        return -1;
    }
    *out = &j->base;
    return 0;
}
