/* The journal over LMDB: one database of records by sequence, in blocks, one of notes.
 * A commit is one LMDB transaction; it is durable when mdb_txn_commit returns 0. */
#include "journal/block_visit.h"
#include "journal/lmdb_tail.h"
#include "journal/lmdb_txn.h"
#include "journal/lmdb_value.h"

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

/* --- records --- */

/* So many bytes appended leave a few pages of the maps behind each, and duplicates among them
 * more. */
#define FORGET_BYTES (UINT64_C(32) << 20)

/* What was read counts no more as this process's memory. */
static void forget(struct lmdb_journal *j)
{
    lmdb_map_forget(j);
    segments_forget(&j->segments);
}

/* Writes records whose sequences are set behind all others. 0 or an error of LMDB's. */
static int put_records(struct lmdb_journal *j, MDB_txn *txn, const struct journal_record *records,
                       size_t n)
{
    int error = 0;
    for (size_t at = 0; at < n && error == 0;) {
        MDB_val v = {0};
        size_t count = block_plan(records + at, n - at, &v.mv_size);
        struct sequence_key key = sequence_key_of(records[at].sequence);
        MDB_val k = lmdb_key_value(&key);
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
        forget(j);
    }
}

static int lmdb_append(struct journal *base, struct journal_record *records, size_t n,
                       struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (lmdb_write_begin(j, &txn, problem) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        records[i].sequence = j->next_sequence + i;
    if (lmdb_write_end(txn, put_records(j, txn, records, n), problem) < 0)
        return -1;
    appended(j, n, j->next_sequence + n);
    return 0;
}

/* A walk through records. */
struct walk {
    struct lmdb_journal *j;
    uint64_t from;
    const struct journal_checks *checks;
    struct problem *problem;
    uint64_t key;    /* where to go on after the snapshot was given back; 0: from the begin */
    uint64_t gone;   /* the key of the value whose segment was not there */
    bool look_again; /* in a new snapshot, from `key` on */
    unsigned seen;   /* records, in this snapshot */
    int error;       /* LMDB's, or a file's */
};

/* Visits one value. What the visitor returned. */
static int walk_value(struct walk *w, const MDB_val *k, const MDB_val *v)
{
    struct stored_value stored;
    enum record_status status;
    uint64_t key = sequence_of_key(k);
    int error = lmdb_value_hold(w->j, k, v, &stored, &status);
    if (error == ENOENT && w->gone != key) {
        /* Perhaps a removal has written the rest of it elsewhere meanwhile. */
        w->gone = w->key = key;
        w->look_again = true;
        return 0;
    }
    w->key = key + 1;
    if (error != 0 && error != ENOENT) {
        w->error = error;
        return 0;
    }
    if (error == ENOENT || status != RECORD_OK)
        return block_damage(w->checks, key, lmdb_value_range(k, v).count,
                            status == RECORD_OK ? RECORD_DAMAGED : status, w->problem);
    int result = block_visit_from(key, stored.bytes, w->from, w->checks, &w->seen, w->problem);
    lmdb_value_release(w->j, &stored);
    return result;
}

/* Goes on in one snapshot, not for long. What the visitor returned. */
static int walk_some(struct walk *w, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val k, value;
    int result = 0;
    w->error = mdb_cursor_open(txn, w->j->records, &cursor);
    if (w->error != 0)
        return 0;
    struct sequence_key key = sequence_key_of(w->key);
    k = lmdb_key_value(&key);
    w->seen = 0;
    w->look_again = false;
    w->error = w->key == 0 ? lmdb_seek(cursor, w->from, &k, &value)
                           : mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
    while (w->error == 0 && result == 0 && !w->look_again && w->seen < SCAN_RENEW) {
        result = walk_value(w, &k, &value);
        if (result == 0 && w->error == 0 && !w->look_again)
            w->error = mdb_cursor_get(cursor, &k, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return result;
}

int lmdb_journal_walk(struct journal *base, uint64_t from, const struct journal_checks *checks,
                      struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    struct walk w = {.j = j, .from = from, .checks = checks, .problem = problem};
    MDB_txn *txn;
    int result = 0;
    if (lmdb_read_begin(j, &txn, problem) < 0)
        return -1;
    while (w.error == 0 && result == 0) {
        result = walk_some(&w, txn);
        mdb_txn_reset(txn);
        forget(j);
        if (w.error == 0)
            w.error = mdb_txn_renew(txn);
    }
    lmdb_read_end(j, txn);
    if (w.error != 0 && w.error != MDB_NOTFOUND)
        return lmdb_read_problem(w.error, problem);
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

/* Reads in one snapshot: what the visitor returned, 1 when it is not there. *error: LMDB's or a
 * file's. */
static int read_once(struct lmdb_journal *j, MDB_txn *txn, uint64_t sequence, journal_visit *visit,
                     void *data, struct problem *problem, int *error)
{
    struct stored_value stored;
    enum record_status status;
    MDB_cursor *cursor;
    MDB_val k, v;
    int result = 1;
    *error = mdb_cursor_open(txn, j->records, &cursor);
    if (*error != 0)
        return result;
    *error = lmdb_seek(cursor, sequence, &k, &v);
    if (*error == 0)
        *error = lmdb_value_hold(j, &k, &v, &stored, &status);
    if (*error == 0 && status != RECORD_OK)
        result = block_damage_problem(sequence, status, problem);
    if (*error == 0 && status == RECORD_OK) {
        result = block_visit_one(stored.key, stored.bytes, sequence, visit, data, problem);
        lmdb_value_release(j, &stored);
    }
    mdb_cursor_close(cursor);
    return result;
}

static int lmdb_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
                     struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    int error;
    if (lmdb_read_begin(j, &txn, problem) < 0)
        return -1;
    int result = read_once(j, txn, sequence, visit, data, problem, &error);
    if (error == ENOENT) { /* a removal meanwhile */
        mdb_txn_reset(txn);
        error = mdb_txn_renew(txn);
        if (error == 0)
            result = read_once(j, txn, sequence, visit, data, problem, &error);
    }
    if (error == ENOENT)
        result = block_damage_problem(sequence, RECORD_DAMAGED, problem);
    else if (error != 0 && error != MDB_NOTFOUND)
        result = lmdb_read_problem(error, problem);
    lmdb_read_end(j, txn);
    return result;
}

/* The first and the last sequence; 0 when it is empty. */
static int find_ends(struct lmdb_journal *j, MDB_txn *txn, struct journal_stats *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int error = mdb_cursor_open(txn, j->records, &cursor);
    if (error != 0)
        return error;
    if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0)
        out->first_sequence = lmdb_value_range(&key, &value).first;
    if (mdb_cursor_get(cursor, &key, &value, MDB_LAST) == 0)
        out->last_sequence = lmdb_value_range(&key, &value).last;
    mdb_cursor_close(cursor);
    return 0;
}

static int lmdb_get_stats(struct journal *base, struct journal_stats *out, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (lmdb_read_begin(j, &txn, problem) < 0)
        return -1;
    MDB_stat stat;
    MDB_envinfo info;
    *out = (struct journal_stats){0};
    mdb_stat(txn, j->records, &stat);
    mdb_env_info(j->env, &info);
    out->bytes_used =
        ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize + segments_bytes(&j->segments);
    int error;
    if (j->read_only) {
        error = lmdb_survey(j, txn, &out->records, &out->first_sequence, &out->last_sequence);
    } else {
        error = find_ends(j, txn, out);
        out->records = atomic_load(&j->record_count);
    }
    lmdb_read_end(j, txn);
    return error == 0 ? 0 : lmdb_read_problem(error, problem);
}

static int lmdb_put_note(struct journal *base, const char *key, struct span value,
                         struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (lmdb_write_begin(j, &txn, problem) < 0)
        return -1;
    return lmdb_write_end(txn, lmdb_note_put(j, txn, key, value), problem);
}

static long lmdb_get_note(struct journal *base, const char *key, char *out, size_t cap,
                          struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (lmdb_read_begin(j, &txn, problem) < 0)
        return -1;
    MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v;
    int error = mdb_get(txn, j->notes, &k, &v);
    long length = 0;
    if (error == 0 && v.mv_size <= cap) {
        memcpy(out, v.mv_data, v.mv_size);
        length = (long)v.mv_size;
    }
    lmdb_read_end(j, txn);
    return error == 0 || error == MDB_NOTFOUND ? length : lmdb_read_problem(error, problem);
}

/* --- for the tail in front of it --- */

int lmdb_journal_position(struct journal *base, struct lmdb_position *out, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    struct journal_stats ends = {0};
    uint64_t noted = 0;
    MDB_txn *txn;
    if (lmdb_read_begin(j, &txn, problem) < 0)
        return -1;
    *out = (struct lmdb_position){0};
    int error = lmdb_note_number(j, txn, NOTE_TAIL, &out->generation);
    if (error == 0 || error == MDB_NOTFOUND)
        error = find_ends(j, txn, &ends);
    if (error == 0)
        error = lmdb_note_number(j, txn, NOTE_NEXT, &noted);
    lmdb_read_end(j, txn);
    out->next = noted > ends.last_sequence ? noted : ends.last_sequence + 1;
    return error == 0 || error == MDB_NOTFOUND ? 0 : lmdb_read_problem(error, problem);
}

/* A value of the tail's file as it is, of one in a segment a reference to it. */
static int take_place(struct lmdb_journal *j, MDB_txn *txn, const struct lmdb_take *take,
                      const struct tail_place *place)
{
    char reference[SEGMENT_REF_BYTES];
    struct sequence_key key = sequence_key_of(place->key);
    MDB_val k = lmdb_key_value(&key), v = {.mv_size = place->length};
    if (place->segment != 0) {
        const struct segment_ref ref = {place->segment, place->offset, place->length, place->count};
        segment_ref_write(place->key, &ref, reference);
        v = (MDB_val){sizeof reference, reference};
        j->appended_bytes += place->length;
        return mdb_put(txn, j->records, &k, &v, MDB_APPEND);
    }
    int error = mdb_put(txn, j->records, &k, &v, MDB_APPEND | MDB_RESERVE);
    j->appended_bytes += place->length;
    return error == 0 ? tail_file_read(take->file, place->offset, v.mv_data, place->length) : error;
}

int lmdb_journal_take(struct journal *base, const struct lmdb_take *take, struct problem *problem)
{
    struct lmdb_journal *j = mine(base);
    MDB_txn *txn;
    if (lmdb_write_begin(j, &txn, problem) < 0)
        return -1;
    /* Its places lie in one segment at most. */
    int error = segments_uses_reserve(&j->segments) < 0 ? ENOMEM : 0;
    for (size_t i = 0; i < take->count && error == 0; i++)
        error = take_place(j, txn, take, &take->places[i]);
    if (error == 0)
        error = put_records(j, txn, take->records, take->record_count);
    uint64_t generation = htole64(take->after.generation);
    const struct span note = {(const char *)&generation, sizeof generation};
    if (error == 0 && take->after.generation != 0)
        error = lmdb_note_put(j, txn, NOTE_TAIL, note);
    if (lmdb_write_end(txn, error, problem) < 0)
        return -1;
    for (size_t i = 0; i < take->count; i++)
        if (take->places[i].segment != 0)
            segments_uses_add(&j->segments, take->places[i].segment);
    /* Sequences in the tail have no gaps, and are followed by those of the records. */
    uint64_t first = take->count > 0          ? take->places[0].key
                     : take->record_count > 0 ? take->records[0].sequence
                                              : take->after.next;
    appended(j, take->after.next - first, take->after.next);
    return 0;
}

struct segments *lmdb_journal_segments(struct journal *base)
{
    return &mine(base)->segments;
}

/* --- opening and closing --- */

static void lmdb_close(struct journal *base)
{
    struct lmdb_journal *j = mine(base);
    lmdb_env_close(j);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    pthread_rwlock_destroy(&j->env_lock);
    segments_clear(&j->segments);
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
    segments_init(&j->segments, j->directory);
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
