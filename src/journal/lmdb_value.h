/* A value of LMDB's records: what it has, whether it lies there or in a segment. */
#ifndef LIVEFLOOR_JOURNAL_LMDB_VALUE_H
#define LIVEFLOOR_JOURNAL_LMDB_VALUE_H

#include "journal/block.h"
#include "journal/lmdb_env.h"
#include "journal/segment_ref.h"

/* What a value has, without looking into a segment. Of a damaged one only its key is known,
 * and one record is counted. */
struct value_range {
    enum record_status status;
    uint64_t first, last, count; /* its records' sequences */
    uint64_t segment;            /* where it lies; 0: here */
};
struct value_range lmdb_value_range(const MDB_val *key, const MDB_val *value);

/* A value's bytes, as block.h reads them: valid until it is released and the transaction ends. */
struct stored_value {
    uint64_t key;
    struct span bytes;
    struct segment_hold hold;
};

/* 0 with *status: when that is RECORD_OK, *out is to be released. ENOENT: its segment is there
 * no more; in a transaction that begins now the value is another one, or it is damaged. Other
 * errors' numbers: it cannot be read now. */
int lmdb_value_hold(struct lmdb_journal *j, const MDB_val *key, const MDB_val *value,
                    struct stored_value *out, enum record_status *status);
void lmdb_value_release(struct lmdb_journal *j, struct stored_value *value);

#endif
