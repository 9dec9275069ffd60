#include "journal/record.h"

#include "journal/little_endian.h"

#include <endian.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Offsets in the head. All numbers are little-endian. */
enum {
    AT_VERSION = 0,  /* u8 */
    AT_FLAGS = 1,    /* u8, 0 */
    AT_ID_LEN = 2,   /* u16 */
    AT_JSON_LEN = 4, /* u32 */
    AT_ARRIVAL = 8,  /* i64 µs */
    AT_TIME = 16,    /* i64 µs */
    AT_SITE = 24,    /* i64 */
    AT_CHECKSUM = 32 /* u64: XXH3 of the bytes 0..31, id and JSON, seeded with the sequence */
};

static uint64_t checksum(uint64_t sequence, const uint8_t *bytes, size_t size)
{
    /* The head before the checksum, mixed with all that follows it. */
    uint64_t head = XXH3_64bits_withSeed(bytes, AT_CHECKSUM, sequence);
    return XXH3_64bits_withSeed(bytes + RECORD_HEAD_BYTES, size - RECORD_HEAD_BYTES, head);
}

size_t record_size(const struct journal_record *record)
{
    return RECORD_HEAD_BYTES + record->id.len + record->json.len;
}

void record_write(const struct journal_record *record, void *out)
{
    uint8_t *bytes = out;
    uint16_t id_len = htole16((uint16_t)record->id.len);
    bytes[AT_VERSION] = RECORD_VERSION;
    bytes[AT_FLAGS] = 0;
    memcpy(bytes + AT_ID_LEN, &id_len, sizeof id_len);
    put32(bytes + AT_JSON_LEN, (uint32_t)record->json.len);
    put64(bytes + AT_ARRIVAL, (uint64_t)record->arrival_us);
    put64(bytes + AT_TIME, (uint64_t)record->time_us);
    put64(bytes + AT_SITE, (uint64_t)record->site_id);
    memcpy(bytes + RECORD_HEAD_BYTES, record->id.data, record->id.len);
    memcpy(bytes + RECORD_HEAD_BYTES + record->id.len, record->json.data, record->json.len);
    put64(bytes + AT_CHECKSUM, checksum(record->sequence, bytes, record_size(record)));
}

enum record_status record_read(uint64_t sequence, struct span bytes, struct journal_record *out)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    uint16_t id_len;
    if (bytes.len < RECORD_HEAD_BYTES)
        return RECORD_DAMAGED;
    if (at[AT_VERSION] > RECORD_VERSION)
        return RECORD_NEWER;
    memcpy(&id_len, at + AT_ID_LEN, sizeof id_len);
    id_len = le16toh(id_len);
    uint32_t json_len = get32(at + AT_JSON_LEN);
    if (at[AT_VERSION] != RECORD_VERSION ||
        bytes.len != RECORD_HEAD_BYTES + (size_t)id_len + json_len ||
        get64(at + AT_CHECKSUM) != checksum(sequence, at, bytes.len))
        return RECORD_DAMAGED;
    if (at[AT_FLAGS] != 0)
        return RECORD_NEWER; /* no flag is known yet */
    *out = (struct journal_record){
        .sequence = sequence,
        .site_id = (int64_t)get64(at + AT_SITE),
        .arrival_us = (int64_t)get64(at + AT_ARRIVAL),
        .time_us = (int64_t)get64(at + AT_TIME),
        .id = {bytes.data + RECORD_HEAD_BYTES, id_len},
        .json = {bytes.data + RECORD_HEAD_BYTES + id_len, json_len},
    };
    return RECORD_OK;
}
