#include "journal/id_index_run.h"

#include "journal/little_endian.h"
#include "base/whole.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const char MAGIC[8] = {'l', 'i', 'v', 'e', 'f', 'i', 'd', 's'};

/* Where numbers lie in the head's block, behind its checksum. */
enum {
    AT_MAGIC = 8,
    AT_VERSION = 16,
    AT_SEED = 24,
    AT_FIRST = 32,
    AT_LAST = 40,
    AT_MARK = 48,
    AT_REMOVED_TO = 56,
    AT_COUNT = 64,
    AT_LINES = 72,
    AT_TAIL = 80,
    AT_COLUMNS = 88
};

#define HEAD_NUMBER UINT64_MAX /* the number of the head's block, for its checksum */
#define CHECK_BLOCKS 128u      /* read at once when a run is opened */

unsigned id_run_sequence_bytes(uint64_t first, uint64_t last)
{
    unsigned bytes = 3;
    while (bytes < 8 && (last - first) >> (8 * bytes) != 0)
        bytes++;
    return bytes;
}

uint64_t id_run_block_ids(const struct id_run_head *head)
{
    return (ID_RUN_BLOCK_BYTES - ID_RUN_CHECKSUM_BYTES) /
           (ID_RUN_HASH_BYTES + head->sequence_bytes);
}

uint64_t id_run_blocks(const struct id_run_head *head)
{
    uint64_t each = id_run_block_ids(head);
    return head->count / each + (head->count % each != 0);
}

uint64_t id_run_block_checksum(const uint8_t *block, uint64_t seed, uint64_t number)
{
    return XXH3_64bits_withSeed(block + ID_RUN_CHECKSUM_BYTES,
                                ID_RUN_BLOCK_BYTES - ID_RUN_CHECKSUM_BYTES, seed + number);
}

uint64_t id_run_tail_checksum(const struct id_run *run)
{
    uint64_t fences = XXH3_64bits(run->fences, run->blocks * sizeof *run->fences);
    return XXH3_64bits_withSeed(run->filter.words, id_filter_bytes(&run->filter.shape), fences);
}

void id_run_head_write(const struct id_run_head *head, uint64_t tail_checksum, uint8_t *block)
{
    memset(block, 0, ID_RUN_BLOCK_BYTES);
    memcpy(block + AT_MAGIC, MAGIC, sizeof MAGIC);
    put64(block + AT_VERSION, ID_RUN_VERSION);
    put64(block + AT_SEED, head->seed);
    put64(block + AT_FIRST, head->first);
    put64(block + AT_LAST, head->last);
    put64(block + AT_MARK, head->mark);
    put64(block + AT_REMOVED_TO, (uint64_t)head->removed_to);
    put64(block + AT_COUNT, head->count);
    put64(block + AT_LINES, head->filter.lines);
    put64(block + AT_COLUMNS, head->filter.columns);
    put64(block + AT_TAIL, tail_checksum);
    put64(block, id_run_block_checksum(block, 0, HEAD_NUMBER));
}

int id_run_head_read(const uint8_t *block, struct id_run_head *head, uint64_t *tail_checksum)
{
    if (get64(block) != id_run_block_checksum(block, 0, HEAD_NUMBER) ||
        memcmp(block + AT_MAGIC, MAGIC, sizeof MAGIC) != 0 ||
        get64(block + AT_VERSION) != ID_RUN_VERSION)
        return -1;
    *head = (struct id_run_head){
        .seed = get64(block + AT_SEED),
        .first = get64(block + AT_FIRST),
        .last = get64(block + AT_LAST),
        .mark = get64(block + AT_MARK),
        .removed_to = (int64_t)get64(block + AT_REMOVED_TO),
        .count = get64(block + AT_COUNT),
        .filter = {get64(block + AT_LINES), (unsigned)get64(block + AT_COLUMNS)}};
    *tail_checksum = get64(block + AT_TAIL);
    head->sequence_bytes = id_run_sequence_bytes(head->first, head->last);
    return head->first == 0 || head->last < head->first || !id_filter_is_shape(&head->filter) ? -1
                                                                                              : 0;
}

static bool block_is_whole(const struct id_run *run, const uint8_t *block, uint64_t number)
{
    return get64(block) == id_run_block_checksum(block, run->head.seed, number);
}

int id_run_read_blocks(const struct id_run *run, uint64_t number, uint64_t count, uint8_t *blocks)
{
    if (read_whole(run->fd, blocks, count * ID_RUN_BLOCK_BYTES,
                   (number + 1) * ID_RUN_BLOCK_BYTES) != 0)
        return -1;
    for (uint64_t i = 0; i < count; i++)
        if (!block_is_whole(run, blocks + i * ID_RUN_BLOCK_BYTES, number + i))
            return -1;
    return 0;
}

static int check_blocks(const struct id_run *run)
{
    uint8_t *blocks = malloc((size_t)CHECK_BLOCKS * ID_RUN_BLOCK_BYTES);
    int failed = blocks == NULL ? -1 : 0;
    for (uint64_t b = 0; failed == 0 && b < run->blocks; b += CHECK_BLOCKS)
        failed = id_run_read_blocks(
            run, b, run->blocks - b < CHECK_BLOCKS ? run->blocks - b : CHECK_BLOCKS, blocks);
    free(blocks);
    return failed;
}

/* The file's size as the head has it; 0 when no file can be that large. */
static uint64_t size_of(const struct id_run_head *head)
{
    uint64_t blocks = id_run_blocks(head), bound = UINT64_C(1) << 62;
    if (blocks > bound / (2 * ID_RUN_BLOCK_BYTES) ||
        head->filter.lines > bound / (2 * ID_FILTER_LINE_BYTES))
        return 0;
    return (blocks + 1) * ID_RUN_BLOCK_BYTES + blocks * sizeof(uint32_t) +
           id_filter_bytes(&head->filter);
}

static int read_run(struct id_run *run, const char **why)
{
    uint8_t block[ID_RUN_BLOCK_BYTES];
    uint64_t tail_checksum;
    struct stat stat;
    *why = "it is damaged, or of another version";
    if (read_whole(run->fd, block, sizeof block, 0) != 0 ||
        id_run_head_read(block, &run->head, &tail_checksum) < 0 || fstat(run->fd, &stat) != 0 ||
        (uint64_t)stat.st_size != size_of(&run->head))
        return -1;
    run->blocks = id_run_blocks(&run->head);
    size_t fence_bytes = run->blocks * sizeof *run->fences;
    run->fences = malloc(fence_bytes + 1); /* a run may be empty */
    if (run->fences == NULL || id_filter_make(&run->filter, run->head.filter) < 0) {
        *why = "there is no memory for it";
        return -1;
    }
    uint64_t at = (run->blocks + 1) * ID_RUN_BLOCK_BYTES;
    *why = "it is damaged";
    if (read_whole(run->fd, run->fences, fence_bytes, at) != 0 ||
        read_whole(run->fd, run->filter.words, id_filter_bytes(&run->head.filter),
                   at + fence_bytes) < 0 ||
        id_run_tail_checksum(run) != tail_checksum)
        return -1;
    return check_blocks(run);
}

int id_run_open(const char *path, struct id_run **out, const char **why)
{
    struct id_run *run = calloc(1, sizeof *run);
    *why = "there is no memory for it";
    if (run == NULL)
        return -1;
    run->fd = -1;
    run->path = strdup(path);
    if (run->path == NULL) {
        id_run_close(run);
        return -1;
    }
    *why = "it cannot be opened";
    run->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (run->fd < 0 || read_run(run, why) < 0) {
        id_run_close(run);
        return -1;
    }
    *out = run;
    return 0;
}

void id_run_close(struct id_run *run)
{
    if (run == NULL)
        return;
    if (run->fd >= 0)
        close(run->fd);
    id_filter_free(&run->filter);
    free(run->fences);
    free(run->path);
    free(run);
}

uint64_t id_run_block_count(const struct id_run *run, uint64_t number)
{
    uint64_t each = id_run_block_ids(&run->head);
    uint64_t left = run->head.count - number * each;
    return left < each ? left : each;
}

static const uint8_t *entry(const struct id_run *run, const uint8_t *block, uint64_t index)
{
    return block + ID_RUN_CHECKSUM_BYTES + index * (ID_RUN_HASH_BYTES + run->head.sequence_bytes);
}

uint64_t id_run_hash_at(const struct id_run *run, const uint8_t *block, uint64_t index)
{
    /* An entry has at least 9 bytes; the hash's 6 come first. */
    return get64(entry(run, block, index)) << 16;
}

uint64_t id_run_sequence_at(const struct id_run *run, const uint8_t *block, uint64_t index)
{
    const uint8_t *at = entry(run, block, index) + ID_RUN_HASH_BYTES;
    uint64_t delta = 0;
    for (unsigned i = run->head.sequence_bytes; i-- > 0;)
        delta = delta << 8 | at[i];
    return run->head.first + delta;
}

/* The first block that may hold a hash with these top bits. Hashes are spread evenly:
 * the place is near where its size says. */
static uint64_t first_block(const struct id_run *run, uint32_t top)
{
    uint64_t at = ((uint64_t)top * run->blocks) >> 32;
    while (at > 0 && le32toh(run->fences[at]) >= top)
        at--;
    while (at + 1 < run->blocks && le32toh(run->fences[at + 1]) < top)
        at++;
    return at;
}

/* The first entry of a block that is not below a hash. */
static uint64_t first_entry(const struct id_run *run, const uint8_t *block, uint64_t count,
                            uint64_t hash)
{
    uint64_t low = 0;
    while (low < count) {
        uint64_t middle = (low + count) / 2;
        if (id_run_hash_at(run, block, middle) < hash)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

uint64_t id_run_find(const struct id_run *run, const struct id_query *q, id_index_verify *verify,
                     void *data)
{
    uint8_t block[ID_RUN_BLOCK_BYTES];
    uint64_t hash = q->hash & ID_RUN_HASH_MASK;
    uint32_t top = (uint32_t)(hash >> 32);
    if (run->blocks == 0)
        return 0;
    uint64_t start = first_block(run, top);
    for (uint64_t b = start; b < run->blocks; b++) {
        if (b > start && le32toh(run->fences[b]) > top)
            break;
        if (id_run_read_blocks(run, b, 1, block) < 0)
            return ID_INDEX_UNKNOWN;
        uint64_t count = id_run_block_count(run, b);
        for (uint64_t i = first_entry(run, block, count, hash);
             i < count && id_run_hash_at(run, block, i) == hash; i++) {
            uint64_t sequence = id_run_sequence_at(run, block, i);
            if (verify(data, sequence, q->site_id, q->id))
                return sequence;
        }
    }
    return 0;
}

size_t id_run_bytes(const struct id_run *run)
{
    return sizeof *run + run->blocks * sizeof *run->fences + id_filter_bytes(&run->filter.shape);
}
