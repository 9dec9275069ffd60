#include "journal/segment_ref.h"

#include "journal/little_endian.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* All numbers are little-endian. */
enum {
    AT_VERSION = 0,  /* u8 */
    AT_UNUSED = 1,   /* u8 three times, 0 */
    AT_COUNT = 4,    /* u32 */
    AT_CHECKSUM = 8, /* u64: XXH3 of the bytes 0..7, seeded with the key, as seed of the rest */
    AT_SEGMENT = 16, /* u64 */
    AT_OFFSET = 24,  /* u64 */
    AT_LENGTH = 32,  /* u32 */
    AT_REST = 36     /* u32, 0 */
};

static uint64_t checksum(uint64_t key, const char *bytes)
{
    uint64_t head = XXH3_64bits_withSeed(bytes, AT_CHECKSUM, key);
    return XXH3_64bits_withSeed(bytes + AT_SEGMENT, SEGMENT_REF_BYTES - AT_SEGMENT, head);
}

bool segment_ref_is(struct span value)
{
    return value.len > 0 && (uint8_t)value.data[AT_VERSION] == SEGMENT_REF_VERSION;
}

void segment_ref_write(uint64_t key, const struct segment_ref *ref, void *out)
{
    char *bytes = out;
    memset(bytes, 0, SEGMENT_REF_BYTES);
    bytes[AT_VERSION] = SEGMENT_REF_VERSION;
    put32(bytes + AT_COUNT, ref->count);
    put64(bytes + AT_SEGMENT, ref->segment);
    put64(bytes + AT_OFFSET, ref->offset);
    put32(bytes + AT_LENGTH, ref->length);
    put64(bytes + AT_CHECKSUM, checksum(key, bytes));
}

enum record_status segment_ref_read(uint64_t key, struct span value, struct segment_ref *out)
{
    if (value.len != SEGMENT_REF_BYTES || !segment_ref_is(value) ||
        get64(value.data + AT_CHECKSUM) != checksum(key, value.data))
        return RECORD_DAMAGED;
    *out = (struct segment_ref){
        .segment = get64(value.data + AT_SEGMENT),
        .offset = get64(value.data + AT_OFFSET),
        .length = get32(value.data + AT_LENGTH),
        .count = get32(value.data + AT_COUNT),
    };
    for (size_t i = AT_UNUSED; i < AT_COUNT; i++)
        if (value.data[i] != 0)
            return RECORD_NEWER;
    if (get32(value.data + AT_REST) != 0)
        return RECORD_NEWER;
    bool sound = out->count > 0 && out->length > 0 && out->offset <= UINT64_MAX / 2;
    return sound ? RECORD_OK : RECORD_DAMAGED;
}
