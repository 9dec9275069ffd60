#include "journal/lmdb_value.h"

#include <errno.h>

static struct span span_of_value(const MDB_val *value)
{
    return (struct span){value->mv_data, value->mv_size};
}

struct value_range lmdb_value_range(const MDB_val *key, const MDB_val *value)
{
    uint64_t first = sequence_of_key(key);
    struct value_range range = {RECORD_OK, first, first, 1, 0};
    struct span bytes = span_of_value(value);
    struct segment_ref ref;
    struct block b;
    if (segment_ref_is(bytes)) {
        range.status = segment_ref_read(first, bytes, &ref);
        if (range.status == RECORD_OK) {
            range.last = first + ref.count - 1;
            range.count = ref.count;
            range.segment = ref.segment;
        }
        return range;
    }
    range.status = block_open(first, bytes, &b);
    if (range.status == RECORD_OK) {
        range.first = block_sequence(&b, 0);
        range.last = block_sequence(&b, b.count - 1);
        range.count = b.count;
    }
    return range;
}

int lmdb_value_hold(struct lmdb_journal *j, const MDB_val *key, const MDB_val *value,
                    struct stored_value *out, enum record_status *status)
{
    struct segment_ref ref;
    *out = (struct stored_value){.key = sequence_of_key(key), .bytes = span_of_value(value)};
    *status = RECORD_OK;
    if (!segment_ref_is(out->bytes))
        return 0;
    *status = segment_ref_read(out->key, out->bytes, &ref);
    if (*status != RECORD_OK)
        return 0;
    int error = segments_hold(&j->segments, ref.segment, ref.offset + ref.length, &out->hold);
    if (error == ENODATA) {
        *status = RECORD_DAMAGED;
        return 0;
    }
    if (error == 0)
        out->bytes = (struct span){out->hold.bytes + ref.offset, ref.length};
    return error;
}

void lmdb_value_release(struct lmdb_journal *j, struct stored_value *value)
{
    segments_release(&j->segments, &value->hold);
}
