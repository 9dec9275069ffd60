/* A group of the journal's tail. Whatever the bytes: no crash, and what reads as sound lies
 * within them. Each is tried a second time with its checksum set right, so that what it guards is
 * tried too. */
#include "target.h"

#include "journal/tail_group.h"

#include <endian.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct tail_group *group, const char *bytes)
{
    struct tail_value v = {0};
    size_t values = 0;
    while (tail_group_next(group, bytes, &v)) {
        struct block b;
        struct journal_record record;
        must(v.offset >= TAIL_HEAD_BYTES && v.offset + v.length <= group->length);
        must(v.key >= group->first && v.key < v.next && v.next <= group->next);
        if (block_open(v.key, (struct span){bytes + v.offset, v.length}, &b) == RECORD_OK)
            for (size_t i = 0; i < b.count; i++)
                block_read(&b, i, &record);
        values++;
    }
    must(values == group->values);
}

static void set_checksum(char *bytes, size_t length)
{
    uint64_t head = XXH3_64bits(bytes, TAIL_HEAD_BYTES - 8);
    uint64_t sum =
        htole64(XXH3_64bits_withSeed(bytes + TAIL_HEAD_BYTES, length - TAIL_HEAD_BYTES, head));
    memcpy(bytes + TAIL_HEAD_BYTES - 8, &sum, sizeof sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tail_group group;
    if (size < TAIL_HEAD_BYTES || !tail_group_head((const char *)data, &group) ||
        group.length > size)
        return 0;
    char *bytes = malloc(group.length); /* just these, so that reading beyond is seen */
    must(bytes != NULL);
    memcpy(bytes, data, group.length);
    if (tail_group_sound(&group, bytes))
        check(&group, bytes);
    set_checksum(bytes, group.length);
    if (tail_group_sound(&group, bytes))
        check(&group, bytes);
    free(bytes);
    return 0;
}
