#include "journal/lmdb_env.h"
#include "journal/lmdb_value.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAP_DEFAULT (UINT64_C(1) << 40) /* sparse: an address range, not memory */
#define MAP_LEAST (UINT64_C(1) << 30)
#define READERS 512u

struct sequence_key sequence_key_of(uint64_t sequence)
{
    struct sequence_key key;
    sequence = htobe64(sequence);
    memcpy(key.bytes, &sequence, sizeof key.bytes);
    return key;
}

uint64_t sequence_of_key(const MDB_val *key)
{
    uint64_t sequence = 0;
    if (key->mv_size == sizeof sequence)
        memcpy(&sequence, key->mv_data, sizeof sequence);
    return be64toh(sequence);
}

int lmdb_store_problem(int error, struct problem *problem)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG || error == MDB_MAP_FULL)
        return problem_set(problem, PROBLEM_STORE,
                           "The store is full: nothing was kept; make room on its disk and send "
                           "this again.");
    if (error == EIO) /* what LMDB makes of a write that was cut short */
        return problem_set(problem, PROBLEM_STORE,
                           "The store's disk is full or failing: nothing was kept; see to it and "
                           "send this again.");
    return problem_set(problem, PROBLEM_STORE,
                       "The store cannot write now (%s): nothing was kept; send this again later.",
                       mdb_strerror(error));
}

int lmdb_read_problem(int error, struct problem *problem)
{
    return problem_set(problem, PROBLEM_STORE, "The store cannot be read now (%s).",
                       mdb_strerror(error));
}

static int open_problem(const struct lmdb_journal *j, int error, struct problem *problem)
{
    if (error == MDB_VERSION_MISMATCH || error == MDB_INVALID)
        return problem_set(problem, PROBLEM_STORE,
                           "The store in %s is not a journal of this program, or is broken (%s).",
                           j->directory, mdb_strerror(error));
    return problem_set(problem, PROBLEM_STORE, "The store in %s cannot be opened: %s.",
                       j->directory, mdb_strerror(error));
}

/* Opens the environment with the largest map that the system allows. */
static int env_map(struct lmdb_journal *j)
{
    unsigned flags = MDB_NOTLS | (j->read_only ? MDB_RDONLY : 0u);
    int error = ENOMEM;
    for (uint64_t map = j->map_bytes; map >= MAP_LEAST || map == j->map_bytes; map /= 2) {
        error = mdb_env_create(&j->env);
        if (error != 0)
            return error;
        mdb_env_set_maxdbs(j->env, 2);
        mdb_env_set_maxreaders(j->env, READERS);
        error = mdb_env_set_mapsize(j->env, map);
        if (error == 0)
            error = mdb_env_open(j->env, j->directory, flags, 0600);
        if (error == 0)
            return 0;
        mdb_env_close(j->env);
        j->env = NULL;
        if (error != ENOMEM && error != EINVAL && error != EFBIG)
            return error;
    }
    return error;
}

int lmdb_note_number(const struct lmdb_journal *j, MDB_txn *txn, const char *key, uint64_t *out)
{
    MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v;
    int error = mdb_get(txn, j->notes, &k, &v);
    if (error != 0)
        return error;
    if (v.mv_size != sizeof *out)
        return MDB_INVALID;
    memcpy(out, v.mv_data, sizeof *out);
    *out = le64toh(*out);
    return 0;
}

/* The format is written once and then looked at; a newer one is refused. A writer
 * raises an older one, since what it will write has the newest. */
static int format_check(struct lmdb_journal *j, MDB_txn *txn, struct problem *problem)
{
    uint64_t format = 0;
    int error = lmdb_note_number(j, txn, NOTE_FORMAT, &format);
    if (error != 0 && (error != MDB_NOTFOUND || j->read_only))
        return open_problem(j, error, problem);
    if (format > JOURNAL_FORMAT)
        return problem_set(problem, PROBLEM_STORE,
                           "The store in %s has format %llu, this program knows up to %u: use a "
                           "newer livefloor.",
                           j->directory, (unsigned long long)format, JOURNAL_FORMAT);
    if (format == JOURNAL_FORMAT || j->read_only)
        return 0;
    format = htole64(JOURNAL_FORMAT);
    MDB_val k = {strlen(NOTE_FORMAT), (void *)(uintptr_t)NOTE_FORMAT};
    MDB_val v = {sizeof format, &format};
    error = mdb_put(txn, j->notes, &k, &v, 0);
    return error == 0 ? 0 : lmdb_store_problem(error, problem);
}

/* Counts what a value refers to; 0 or an errno. */
static int count_use(struct lmdb_journal *j, const struct value_range *range)
{
    if (range->status != RECORD_OK)
        segments_uses_unsure(&j->segments);
    if (j->read_only || range->segment == 0)
        return 0;
    if (segments_uses_reserve(&j->segments) < 0)
        return ENOMEM;
    segments_uses_add(&j->segments, range->segment);
    return 0;
}

int lmdb_survey(struct lmdb_journal *j, MDB_txn *txn, uint64_t *count, uint64_t *first,
                uint64_t *last)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    *count = *first = *last = 0;
    segments_uses_reset(&j->segments);
    int error = mdb_cursor_open(txn, j->records, &cursor);
    if (error != 0)
        return error;
    error = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    while (error == 0) {
        struct value_range range = lmdb_value_range(&key, &value);
        if (*count == 0)
            *first = range.first;
        *last = range.last;
        *count += range.count;
        error = count_use(j, &range);
        if (error == 0)
            error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

/* A writer knows how many records there are and what comes next. */
static int writer_survey(struct lmdb_journal *j, MDB_txn *txn)
{
    uint64_t count, first, last, noted;
    int error = lmdb_survey(j, txn, &count, &first, &last);
    if (error != 0)
        return error;
    atomic_store(&j->record_count, count);
    j->next_sequence = last + 1;
    error = lmdb_note_number(j, txn, NOTE_NEXT, &noted);
    if (error == 0 && noted > j->next_sequence)
        j->next_sequence = noted;
    return error == MDB_NOTFOUND ? 0 : error;
}

static int databases_open(struct lmdb_journal *j, struct problem *problem)
{
    MDB_txn *txn;
    unsigned create = j->read_only ? 0 : MDB_CREATE;
    int error = mdb_txn_begin(j->env, NULL, j->read_only ? MDB_RDONLY : 0, &txn);
    if (error != 0)
        return open_problem(j, error, problem);
    error = mdb_dbi_open(txn, "records", create, &j->records);
    if (error == 0)
        error = mdb_dbi_open(txn, "notes", create, &j->notes);
    if (error == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return problem_set(problem, PROBLEM_STORE, "There is no journal in %s.", j->directory);
    }
    if (error == 0 && !j->read_only)
        error = writer_survey(j, txn);
    if (error != 0) {
        mdb_txn_abort(txn);
        return open_problem(j, error, problem);
    }
    if (format_check(j, txn, problem) < 0) {
        mdb_txn_abort(txn);
        return -1;
    }
    error = mdb_txn_commit(txn);
    return error == 0 ? 0 : open_problem(j, error, problem);
}

/* Where the environment's file is mapped, which LMDB does not tell. */
static uintptr_t map_find(MDB_env *env)
{
    struct stat s;
    int fd;
    if (mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &s) != 0)
        return 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return 0;
    char line[4352];
    uintptr_t found = 0;
    while (found == 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, offset, inode;
        unsigned major_number, minor_number;
        if (sscanf(line, "%lx-%*x %*s %lx %x:%x %lu", &from, &offset, &major_number, &minor_number,
                   &inode) == 5 &&
            offset == 0 && inode == s.st_ino && makedev(major_number, minor_number) == s.st_dev)
            found = from;
    }
    fclose(maps);
    return found;
}

void lmdb_map_forget(const struct lmdb_journal *j)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (j->map != 0 && mdb_env_info(j->env, &info) == 0 && mdb_env_stat(j->env, &stat) == 0)
        madvise((void *)j->map, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

int lmdb_env_open(struct lmdb_journal *j, struct problem *problem)
{
    if (j->map_bytes == 0)
        j->map_bytes = MAP_DEFAULT;
    int error = env_map(j), dead;
    if (error == ENOENT)
        return problem_set(problem, PROBLEM_STORE, "There is no journal in %s.", j->directory);
    if (error != 0)
        return open_problem(j, error, problem);
    mdb_reader_check(j->env, &dead); /* of processes that were killed */
    if (databases_open(j, problem) < 0) {
        lmdb_env_close(j);
        return -1;
    }
    j->map = map_find(j->env);
    return 0;
}

void lmdb_env_close(struct lmdb_journal *j)
{
    if (j->env != NULL)
        mdb_env_close(j->env);
    j->env = NULL;
}

int lmdb_env_reopen(struct lmdb_journal *j, struct problem *problem)
{
    pthread_rwlock_wrlock(&j->env_lock);
    lmdb_env_close(j);
    int failed = lmdb_env_open(j, problem);
    pthread_rwlock_unlock(&j->env_lock);
    return failed;
}
