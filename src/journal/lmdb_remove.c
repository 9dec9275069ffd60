/* Removal from the journal over LMDB. */
#include "journal/lmdb_txn.h"
#include "journal/lmdb_value.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

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

/* One removal. */
struct removal {
    struct lmdb_journal *j;
    MDB_txn *txn;
    MDB_cursor *cursor;
    const uint64_t *sequences;
    size_t n, at;      /* `at` of n are done */
    uint64_t removed;  /* records */
    uint64_t *dropped; /* the segment of each value that was taken out of one; room for n */
    size_t drops;
};

/* Writes what is left of a block, here, wherever it was; or deletes it. */
static int rewrite(struct removal *r, const struct block *b, const bool *gone, size_t marked)
{
    struct sequence_key key = sequence_key_of(b->key);
    MDB_val k = lmdb_key_value(&key);
    if (marked == b->count)
        return mdb_del(r->txn, r->j->records, &k, NULL);
    char *left = malloc(b->value.len);
    if (left == NULL)
        return ENOMEM;
    MDB_val rest = {block_without(b, gone, left), left};
    int error = mdb_put(r->txn, r->j->records, &k, &rest, 0);
    free(left);
    return error;
}

static int remove_from(struct removal *r, const struct block *b, uint64_t segment)
{
    bool *gone = calloc(b->count, sizeof *gone);
    if (gone == NULL)
        return ENOMEM;
    size_t marked = mark_gone(b, r->sequences, r->n, &r->at, gone);
    int error = marked > 0 ? rewrite(r, b, gone, marked) : 0;
    if (marked > 0 && segment != 0)
        r->dropped[r->drops++] = segment;
    r->removed += marked;
    free(gone);
    return error;
}

/* Removes the sequences from `at` on that one block has. */
static int remove_some(struct removal *r)
{
    MDB_val k, v;
    struct block b;
    struct stored_value stored;
    enum record_status status;
    int error = lmdb_seek(r->cursor, r->sequences[r->at], &k, &v);
    if (error == MDB_NOTFOUND) {
        r->at++;
        return 0;
    }
    if (error != 0)
        return error;
    struct value_range range = lmdb_value_range(&k, &v);
    error = lmdb_value_hold(r->j, &k, &v, &stored, &status);
    if (error != 0)
        return error == ENOENT ? MDB_CORRUPTED : error;
    if (status != RECORD_OK || block_open(stored.key, stored.bytes, &b) != RECORD_OK)
        error = MDB_CORRUPTED;
    else
        error = remove_from(r, &b, range.segment);
    lmdb_value_release(r->j, &stored);
    return error;
}

int lmdb_remove(struct journal *base, const uint64_t *sequences, size_t n, struct problem *problem)
{
    struct removal r = {.j = (struct lmdb_journal *)(void *)base, .sequences = sequences, .n = n};
    if (lmdb_write_begin(r.j, &r.txn, problem) < 0)
        return -1;
    r.dropped = calloc(n, sizeof *r.dropped);
    int error = r.dropped == NULL ? ENOMEM : mdb_cursor_open(r.txn, r.j->records, &r.cursor);
    while (r.at < n && error == 0)
        error = remove_some(&r);
    /* The newest may have gone: their sequences are not used again all the same. */
    uint64_t next = htole64(r.j->next_sequence);
    if (error == 0)
        error =
            lmdb_note_put(r.j, r.txn, NOTE_NEXT, (struct span){(const char *)&next, sizeof next});
    int failed = lmdb_write_end(r.txn, error, problem); /* it closes the cursor too */
    for (size_t i = 0; failed == 0 && i < r.drops; i++)
        segments_uses_drop(&r.j->segments, r.dropped[i]);
    free(r.dropped);
    if (failed == 0)
        atomic_fetch_sub(&r.j->record_count, r.removed);
    return failed;
}
