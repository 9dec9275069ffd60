#include "journal/block.h"

#include "journal/little_endian.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Offsets of a block's head; the table follows, then the records. */
enum {
    AT_VERSION = 0,   /* u8 */
    AT_FLAGS = 1,     /* u8, 0 */
    AT_UNUSED = 2,    /* u16, 0 */
    AT_COUNT = 4,     /* u32 */
    AT_CHECKSUM = 8,  /* u64: XXH3 of the bytes 0..7 and of the table, seeded with the key */
    AT_TABLE = 16,    /* for each record: */
    ROW_SEQUENCE = 0, /* u32: its sequence less the key */
    ROW_END = 4,      /* u32: where it ends in the value */
    ROW_BYTES = 8
};

static uint64_t checksum(uint64_t key, const char *value, size_t count)
{
    uint64_t head = XXH3_64bits_withSeed(value, AT_CHECKSUM, key);
    return XXH3_64bits_withSeed(value + AT_TABLE, count * ROW_BYTES, head);
}

static void put_head(uint64_t key, size_t count, char *value)
{
    memset(value, 0, AT_COUNT);
    value[AT_VERSION] = BLOCK_VERSION;
    put32(value + AT_COUNT, (uint32_t)count);
    put64(value + AT_CHECKSUM, checksum(key, value, count));
}

size_t block_plan(const struct journal_record *records, size_t n, size_t *size)
{
    size_t count = 0, bytes = AT_TABLE;
    while (count < n) {
        size_t more = record_size(&records[count]) + ROW_BYTES;
        if (count > 0 && bytes + more > BLOCK_BYTES)
            break;
        bytes += more;
        count++;
    }
    *size = count == 1 ? record_size(&records[0]) : bytes;
    return count;
}

void block_write(const struct journal_record *records, size_t n, void *out)
{
    char *value = out;
    uint64_t key = records[0].sequence;
    if (n == 1) {
        record_write(&records[0], value);
        return;
    }
    size_t end = AT_TABLE + n * ROW_BYTES;
    for (size_t i = 0; i < n; i++) {
        char *row = value + AT_TABLE + i * ROW_BYTES;
        record_write(&records[i], value + end);
        end += record_size(&records[i]);
        put32(row + ROW_SEQUENCE, (uint32_t)(records[i].sequence - key));
        put32(row + ROW_END, (uint32_t)end);
    }
    put_head(key, n, value);
}

static const char *row_of(const struct block *b, size_t index)
{
    return b->table + index * ROW_BYTES;
}

/* Do the sequences ascend, and do the records fill the value? */
static bool table_is_sound(const struct block *b)
{
    uint64_t end = AT_TABLE + (uint64_t)b->count * ROW_BYTES;
    for (size_t i = 0; i < b->count; i++) {
        const char *row = row_of(b, i);
        if (i > 0 && get32(row + ROW_SEQUENCE) <= get32(row - ROW_BYTES + ROW_SEQUENCE))
            return false;
        if (get32(row + ROW_END) < end)
            return false;
        end = get32(row + ROW_END);
    }
    return end == b->value.len;
}

enum record_status block_open(uint64_t key, struct span value, struct block *out)
{
    *out = (struct block){key, value, 1, NULL};
    if (value.len < AT_TABLE)
        return RECORD_DAMAGED;
    uint8_t version = (uint8_t)value.data[AT_VERSION];
    if (version == RECORD_VERSION)
        return RECORD_OK; /* its own reading tells */
    if (version != BLOCK_VERSION)
        return version > BLOCK_VERSION ? RECORD_NEWER : RECORD_DAMAGED;
    out->count = get32(value.data + AT_COUNT);
    out->table = value.data + AT_TABLE;
    if (out->count == 0 || out->count > (value.len - AT_TABLE) / ROW_BYTES ||
        get64(value.data + AT_CHECKSUM) != checksum(key, value.data, out->count) ||
        !table_is_sound(out))
        return RECORD_DAMAGED;
    bool unknown =
        value.data[AT_FLAGS] != 0 || value.data[AT_UNUSED] != 0 || value.data[AT_UNUSED + 1] != 0;
    return unknown ? RECORD_NEWER : RECORD_OK;
}

uint64_t block_sequence(const struct block *b, size_t index)
{
    return b->table == NULL ? b->key : b->key + get32(row_of(b, index) + ROW_SEQUENCE);
}

size_t block_find(const struct block *b, uint64_t sequence)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (block_sequence(b, middle) < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct span record_bytes(const struct block *b, size_t index)
{
    if (b->table == NULL)
        return b->value;
    size_t from =
        index == 0 ? AT_TABLE + b->count * ROW_BYTES : get32(row_of(b, index - 1) + ROW_END);
    return (struct span){b->value.data + from, get32(row_of(b, index) + ROW_END) - from};
}

enum record_status block_read(const struct block *b, size_t index, struct journal_record *out)
{
    return record_read(block_sequence(b, index), record_bytes(b, index), out);
}

size_t block_without(const struct block *b, const bool *gone, void *out)
{
    char *value = out;
    size_t left = 0, kept = 0;
    for (size_t i = 0; i < b->count; i++)
        left += !gone[i];
    size_t end = AT_TABLE + left * ROW_BYTES;
    for (size_t i = 0; i < b->count; i++) {
        if (gone[i])
            continue;
        char *row = value + AT_TABLE + kept++ * ROW_BYTES;
        struct span bytes = record_bytes(b, i);
        memcpy(value + end, bytes.data, bytes.len);
        end += bytes.len;
        put32(row + ROW_SEQUENCE, (uint32_t)(block_sequence(b, i) - b->key));
        put32(row + ROW_END, (uint32_t)end);
    }
    put_head(b->key, left, value);
    return end;
}
