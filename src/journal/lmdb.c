/* The journal over LMDB: one database of records by sequence, in blocks, one of notes.
 * A commit is one LMDB transaction; it is durable when mdb_txn_commit returns 0. */
#include "journal/block_visit.h"
#include "journal/lmdb_env.h"
#include "journal/lmdb_tail.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A scan gives its snapshot back after so many records: old pages can be used again. */
#define SCAN_RENEW 4096u
/* How long another process may still have the lock, and how often it is asked. */
#define LOCK_PATIENCE_MS 1000u
#define LOCK_PAUSE_MS 20u

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

/* So many bytes appended leave a few pages of the map behind each. */
#define FORGET_BYTES (UINT64_C(32) << 20)

/* Writes records whose sequences are set behind all others. 0 or an error of LMDB's. */
static int put_records(struct lmdb_journal *j, MDB_txn *txn, const struct journal_record *records,
                       size_t n)
{
    int error = 0;
    for (size_t at = 0; at < n && error == 0;) {
        MDB_val v = {0};
        size_t count = block_plan(records + at, n - at, &v.mv_size);
        struct sequence_key key = sequence_key_of(records[at].sequence);
        MDB_val k = key_value(&key);
        error = mdb_put(txn, j->records, &k, &v, MDB_APPEND | MDB_RESERVE);
        if (error == 0)
            block_write(records + at, count, v.mv_data);
        at += count;
        j->appended_bytes += v.mv_size;
    }
    return error;
}

/* So many records are durable more. */
static void appended(struct lmdb_journal *j, uint64_t count, uint64_t next_sequence)
{
    j->next_sequence = next_sequence;
    atomic_fetch_add(&j->record_count, count);
    if (j->appended_bytes >= FORGET_BYTES) {
        j->appended_bytes = 0;
        lmdb_map_forget(j);
    }
}

static int lmdb_append(struct journal *base, struct journal_record *records, size_t n,
                       struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        records[i].sequence = j->next_sequence + i;
    if (write_end(txn, put_records(j, txn, records, n), problem) < 0)
        return -1;
    appended(j, n, j->next_sequence + n);
    return 0;
}

static struct span span_of_value(const MDB_val *value)
{
    return (struct span){value->mv_data, value->mv_size};
}

static enum record_status open_value(const MDB_val *key, const MDB_val *value, struct block *out)
{
    return block_open(sequence_of_key(key), span_of_value(value), out);
}

/* Finds the value with the first record whose sequence is not lower. One that is damaged
 * and might have it counts as having it. */
static int seek(MDB_cursor *cursor, uint64_t sequence, MDB_val *k, MDB_val *v)
{
    struct sequence_key key = sequence_key_of(sequence);
    struct block b;
    *k = key_value(&key);
    int error = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (error != 0 && error != MDB_NOTFOUND)
        return error;
    if (error == 0 && sequence_of_key(k) == sequence)
        return 0;
    /* The block before may reach so far. */
    error = mdb_cursor_get(cursor, k, v, error == 0 ? MDB_PREV : MDB_LAST);
    if (error == 0 &&
        (open_value(k, v, &b) != RECORD_OK || block_sequence(&b, b.count - 1) >= sequence))
        return 0;
    if (error != 0 && error != MDB_NOTFOUND)
        return error;
    return mdb_cursor_get(cursor, k, v, error == 0 ? MDB_NEXT : MDB_FIRST);
}

/* Goes through records with a cursor, giving the snapshot back every so often. */
int lmdb_journal_walk(struct journal *base, uint64_t from, const struct journal_checks *checks,
                      struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    int result = 0, error = 0;
    uint64_t next_key = 0; /* where to go on after the snapshot was given back */
    while (error == 0 && result == 0) {
        MDB_cursor *cursor;
        MDB_val k, value;
        error = mdb_cursor_open(txn, j->records, &cursor);
        if (error != 0)
            break;
        struct sequence_key key = sequence_key_of(next_key);
        k = key_value(&key);
        error = next_key == 0 ? seek(cursor, from, &k, &value)
                              : mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
        for (unsigned seen = 0; error == 0 && result == 0 && seen < SCAN_RENEW;) {
            next_key = sequence_of_key(&k) + 1;
            result = block_visit_from(sequence_of_key(&k), span_of_value(&value), from, checks,
                                      &seen, problem);
            if (result == 0)
                error = mdb_cursor_get(cursor, &k, &value, MDB_NEXT);
        }
        mdb_cursor_close(cursor);
        mdb_txn_reset(txn);
        lmdb_map_forget(j);
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
    return lmdb_journal_walk(base, from, &checks, problem);
}

static int lmdb_check(struct journal *base, const struct journal_checks *checks,
                      struct problem *problem)
{
    return lmdb_journal_walk(base, 0, checks, problem);
}

static int lmdb_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
                     struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    MDB_cursor *cursor;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    int result = 1, error = mdb_cursor_open(txn, j->records, &cursor);
    if (error == 0) {
        MDB_val k, v;
        error = seek(cursor, sequence, &k, &v);
        if (error == 0)
            result = block_visit_one(sequence_of_key(&k), span_of_value(&v), sequence, visit, data,
                                     problem);
        mdb_cursor_close(cursor);
    }
    if (error != 0 && error != MDB_NOTFOUND)
        result = lmdb_read_problem(error, problem);
    read_end(j, txn);
    return result;
}

static int note_put(struct lmdb_journal *j, MDB_txn *txn, const char *key, struct span value)
{
    MDB_val k = {strlen(key), (void *)(uintptr_t)key};
    MDB_val v = {value.len, (void *)(uintptr_t)value.data};
    return mdb_put(txn, j->notes, &k, &v, 0);
}

/* Marks which of a block's records are among the sequences from *at on, up to the first
 * that cannot be in it; moves *at behind them. Returns how many were marked. */
static size_t mark_gone(const struct block *b, const uint64_t *sequences, size_t n, size_t *at,
                        bool *gone)
{
    size_t marked = 0;
    for (size_t first = *at; *at < n; ++*at) {
        uint64_t sequence = sequences[*at];
        size_t i = block_find(b, sequence);
        if (i < b->count && block_sequence(b, i) == sequence) {
            marked += !gone[i];
            gone[i] = true;
        } else if (*at > first && (sequence < b->key || i == b->count)) {
            break;
        }
    }
    return marked;
}

/* Removes the sequences from *at on that one block has, and writes what is left of it. */
static int remove_some(struct lmdb_journal *j, MDB_txn *txn, MDB_cursor *cursor,
                       const uint64_t *sequences, size_t n, size_t *at, uint64_t *removed)
{
    MDB_val k, v;
    struct block b;
    int error = seek(cursor, sequences[*at], &k, &v);
    if (error == MDB_NOTFOUND) {
        ++*at;
        return 0;
    }
    if (error == 0 && open_value(&k, &v, &b) != RECORD_OK)
        error = MDB_CORRUPTED;
    if (error != 0)
        return error;
    bool *gone = calloc(b.count, sizeof *gone);
    char *left = malloc(v.mv_size);
    size_t marked = gone == NULL || left == NULL ? 0 : mark_gone(&b, sequences, n, at, gone);
    struct sequence_key key = sequence_key_of(b.key);
    k = key_value(&key);
    if (gone == NULL || left == NULL) {
        error = ENOMEM;
    } else if (marked == b.count) {
        error = mdb_del(txn, j->records, &k, NULL);
    } else if (marked > 0) {
        MDB_val rest = {block_without(&b, gone, left), left};
        error = mdb_put(txn, j->records, &k, &rest, 0);
    }
    *removed += marked;
    free(left);
    free(gone);
    return error;
}

static int lmdb_remove(struct journal *base, const uint64_t *sequences, size_t n,
                       struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    MDB_cursor *cursor;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    uint64_t removed = 0;
    int error = mdb_cursor_open(txn, j->records, &cursor);
    for (size_t at = 0; at < n && error == 0;)
        error = remove_some(j, txn, cursor, sequences, n, &at, &removed);
    /* The newest may have gone: their sequences are not used again all the same. */
    uint64_t next = htole64(j->next_sequence);
    if (error == 0)
        error = note_put(j, txn, NOTE_NEXT, (struct span){(const char *)&next, sizeof next});
    if (write_end(txn, error, problem) < 0) /* it closes the cursor too */
        return -1;
    atomic_fetch_sub(&j->record_count, removed);
    return 0;
}

/* The first and the last sequence; 0 when it is empty. */
static int find_ends(struct lmdb_journal *j, MDB_txn *txn, struct journal_stats *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    struct block b;
    int error = mdb_cursor_open(txn, j->records, &cursor);
    if (error != 0)
        return error;
    if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0) {
        out->first_sequence = sequence_of_key(&key);
        if (open_value(&key, &value, &b) == RECORD_OK)
            out->first_sequence = block_sequence(&b, 0);
    }
    if (mdb_cursor_get(cursor, &key, &value, MDB_LAST) == 0) {
        out->last_sequence = sequence_of_key(&key);
        if (open_value(&key, &value, &b) == RECORD_OK)
            out->last_sequence = block_sequence(&b, b.count - 1);
    }
    mdb_cursor_close(cursor);
    return 0;
}

static int lmdb_get_stats(struct journal *base, struct journal_stats *out, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    MDB_stat stat;
    MDB_envinfo info;
    *out = (struct journal_stats){0};
    mdb_stat(txn, j->records, &stat);
    mdb_env_info(j->env, &info);
    out->bytes_used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    int error;
    if (j->read_only) {
        error = lmdb_survey(j, txn, &out->records, &out->first_sequence, &out->last_sequence);
    } else {
        error = find_ends(j, txn, out);
        out->records = atomic_load(&j->record_count);
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

/* --- for the tail in front of it --- */

int lmdb_journal_position(struct journal *base, struct lmdb_position *out, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    struct journal_stats ends = {0};
    uint64_t noted = 0;
    MDB_txn *txn;
    if (read_begin(j, &txn, problem) < 0)
        return -1;
    *out = (struct lmdb_position){0};
    int error = lmdb_note_number(j, txn, NOTE_TAIL, &out->generation);
    if (error == 0 || error == MDB_NOTFOUND)
        error = find_ends(j, txn, &ends);
    if (error == 0)
        error = lmdb_note_number(j, txn, NOTE_NEXT, &noted);
    read_end(j, txn);
    out->next = noted > ends.last_sequence ? noted : ends.last_sequence + 1;
    return error == 0 || error == MDB_NOTFOUND ? 0 : lmdb_read_problem(error, problem);
}

int lmdb_journal_take(struct journal *base, const struct lmdb_take *take, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (write_begin(j, &txn, problem) < 0)
        return -1;
    int error = 0;
    for (size_t i = 0; i < take->count && error == 0; i++) {
        const struct tail_place *place = &take->places[i];
        struct sequence_key key = sequence_key_of(place->key);
        MDB_val k = key_value(&key), v = {.mv_size = place->length};
        error = mdb_put(txn, j->records, &k, &v, MDB_APPEND | MDB_RESERVE);
        if (error == 0)
            error = tail_file_read(take->file, place->offset, v.mv_data, place->length);
        j->appended_bytes += place->length;
    }
    if (error == 0)
        error = put_records(j, txn, take->records, take->record_count);
    uint64_t generation = htole64(take->after.generation);
    const struct span note = {(const char *)&generation, sizeof generation};
    if (error == 0 && take->after.generation != 0)
        error = note_put(j, txn, NOTE_TAIL, note);
    if (write_end(txn, error, problem) < 0)
        return -1;
    /* Sequences in the tail have no gaps, and are followed by those of the records. */
    uint64_t first = take->count > 0          ? take->places[0].key
                     : take->record_count > 0 ? take->records[0].sequence
                                              : take->after.next;
    appended(j, take->after.next - first, take->after.next);
    return 0;
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

/* A server that was killed as it forked leaves a child with the lock, until that gets its turn
 * (server/snapshot_keeper.c). An errno, or 0. */
static int lock_patiently(int fd)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_PAUSE_MS) {
        if (waited >= LOCK_PATIENCE_MS)
            return errno;
        nanosleep(&pause, NULL);
    }
    return 0;
}

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
    if (lock_patiently(j->lock_fd) != 0)
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
