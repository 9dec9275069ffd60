/* Records of the journal, blocks of them, and references to where those lie. Whatever the bytes: no
 * crash; and what reads as sound is written back to the same bytes. */
#include "target.h"

#include "journal/block.h"
#include "journal/segment_ref.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_record(struct span bytes)
{
    struct journal_record record;
    if (record_read(1, bytes, &record) != RECORD_OK)
        return;
    char *again = malloc(bytes.len);
    must(again != NULL && record_size(&record) == bytes.len);
    record_write(&record, again);
    must(memcmp(again, bytes.data, bytes.len) == 0);
    free(again);
}

static void check_block(struct span bytes)
{
    struct block b;
    struct journal_record record;
    if (block_open(1, bytes, &b) != RECORD_OK)
        return;
    for (size_t i = 0; i < b.count; i++) {
        must(block_find(&b, block_sequence(&b, i)) == i);
        block_read(&b, i, &record);
    }
    if (b.table == NULL)
        return;
    bool *gone = calloc(b.count, sizeof *gone);
    char *again = malloc(bytes.len);
    must(gone != NULL && again != NULL);
    must(block_without(&b, gone, again) == bytes.len);
    gone[b.count / 2] = true;
    must(b.count == 1 || block_without(&b, gone, again) < bytes.len);
    free(again);
    free(gone);
}

static void check_reference(struct span bytes)
{
    struct segment_ref ref;
    char again[SEGMENT_REF_BYTES];
    if (segment_ref_read(1, bytes, &ref) != RECORD_OK)
        return;
    segment_ref_write(1, &ref, again);
    must(bytes.len == sizeof again && memcmp(again, bytes.data, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    check_record(bytes);
    check_block(bytes);
    check_reference(bytes);
    return 0;
}
