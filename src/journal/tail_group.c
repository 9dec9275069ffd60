#include "journal/tail_group.h"

#include "journal/little_endian.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Offsets of a group's head; the table follows, then the values. */
enum {
    AT_MAGIC = 0,       /* "livetail" */
    AT_VERSION = 8,     /* u32 */
    AT_VALUES = 12,     /* u32 */
    AT_GENERATION = 16, /* u64 */
    AT_FIRST = 24,      /* u64 */
    AT_NEXT = 32,       /* u64 */
    AT_LENGTH = 40,     /* u64 */
    AT_UNUSED = 48,     /* u64, 0 */
    AT_CHECKSUM = 56,   /* u64: XXH3 of the bytes 0..55, with it as seed of all behind it */
    AT_TABLE = 64,      /* for each value: */
    ROW_RECORDS = 0,    /* u32 */
    ROW_LENGTH = 4,     /* u32 */
    ROW_BYTES = 8
};

#define VERSION 1u
static const char MAGIC[8] = {'l', 'i', 'v', 'e', 't', 'a', 'i', 'l'};

static uint64_t checksum(const char *bytes, size_t length)
{
    uint64_t head = XXH3_64bits(bytes, AT_CHECKSUM);
    return XXH3_64bits_withSeed(bytes + AT_TABLE, length - AT_TABLE, head);
}

/* The bytes of a group and how many values it has. */
static size_t plan(const struct journal_record *records, size_t n, size_t *values)
{
    size_t bytes = AT_TABLE;
    *values = 0;
    for (size_t at = 0; at < n;) {
        size_t size;
        at += block_plan(records + at, n - at, &size);
        bytes += size + ROW_BYTES;
        ++*values;
    }
    return bytes;
}

size_t tail_group_plan(const struct journal_record *records, size_t n)
{
    size_t values;
    return plan(records, n, &values);
}

uint64_t tail_group_room(uint64_t length)
{
    return (length + TAIL_UNIT - 1) / TAIL_UNIT * TAIL_UNIT;
}

void tail_group_write(uint64_t generation, const struct journal_record *records, size_t n,
                      void *out)
{
    char *bytes = out;
    size_t values, length = plan(records, n, &values), end = AT_TABLE + values * ROW_BYTES;
    char *row = bytes + AT_TABLE;
    memcpy(bytes + AT_MAGIC, MAGIC, sizeof MAGIC);
    put32(bytes + AT_VERSION, VERSION);
    put32(bytes + AT_VALUES, (uint32_t)values);
    put64(bytes + AT_GENERATION, generation);
    put64(bytes + AT_FIRST, records[0].sequence);
    put64(bytes + AT_NEXT, records[n - 1].sequence + 1);
    put64(bytes + AT_LENGTH, length);
    put64(bytes + AT_UNUSED, 0);
    for (size_t at = 0; at < n; row += ROW_BYTES) {
        size_t size, count = block_plan(records + at, n - at, &size);
        block_write(records + at, count, bytes + end);
        put32(row + ROW_RECORDS, (uint32_t)count);
        put32(row + ROW_LENGTH, (uint32_t)size);
        end += size;
        at += count;
    }
    put64(bytes + AT_CHECKSUM, checksum(bytes, length));
    memset(bytes + length, 0, tail_group_room(length) - length);
}

bool tail_group_head(const char *head, struct tail_group *out)
{
    if (memcmp(head + AT_MAGIC, MAGIC, sizeof MAGIC) != 0 || get32(head + AT_VERSION) != VERSION)
        return false;
    *out = (struct tail_group){.generation = get64(head + AT_GENERATION),
                               .first = get64(head + AT_FIRST),
                               .next = get64(head + AT_NEXT),
                               .length = get64(head + AT_LENGTH),
                               .values = get32(head + AT_VALUES)};
    return out->values > 0 && out->length >= AT_TABLE && out->first < out->next &&
           (out->length - AT_TABLE) / ROW_BYTES >= out->values;
}

bool tail_group_next(const struct tail_group *group, const char *bytes, struct tail_value *value)
{
    if (value->index == group->values)
        return false;
    const char *row = bytes + AT_TABLE + (size_t)value->index * ROW_BYTES;
    bool first = value->index == 0;
    value->offset =
        first ? AT_TABLE + (size_t)group->values * ROW_BYTES : value->offset + value->length;
    value->key = first ? group->first : value->next;
    value->length = get32(row + ROW_LENGTH);
    value->next = value->key + get32(row + ROW_RECORDS);
    value->index++;
    return true;
}

/* Do the rows and the values fill the group? */
static bool table_is_sound(const struct tail_group *group, const char *bytes)
{
    uint64_t end = AT_TABLE + (uint64_t)group->values * ROW_BYTES, next = group->first;
    for (size_t i = 0; i < group->values; i++) {
        const char *row = bytes + AT_TABLE + i * ROW_BYTES;
        if (get32(row + ROW_RECORDS) == 0 || get32(row + ROW_LENGTH) == 0)
            return false;
        next += get32(row + ROW_RECORDS);
        end += get32(row + ROW_LENGTH);
    }
    return end == group->length && next == group->next;
}

bool tail_group_sound(const struct tail_group *group, const char *bytes)
{
    return get64(bytes + AT_CHECKSUM) == checksum(bytes, group->length) &&
           table_is_sound(group, bytes);
}
