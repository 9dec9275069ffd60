/* A run: an immutable file of ids, sorted by hash (docs/journal-format.md, "The index of
 * ids"). In memory are its filter and the first hash of each of its blocks; the blocks
 * are read when the filter says "perhaps". */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_RUN_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_RUN_H

#include "journal/id_index.h"
#include "journal/id_index_filter.h"

#include <limits.h>
#include <stdatomic.h>

#define ID_RUN_BLOCK_BYTES 2048u
#define ID_RUN_CHECKSUM_BYTES 8u
#define ID_RUN_HASH_BYTES 6u /* the top 48 bits of a hash are kept */
#define ID_RUN_HASH_MASK (~UINT64_C(0xffff))
#define ID_RUN_VERSION 2u

/* What a run's head says. */
struct id_run_head {
    uint64_t seed;        /* of all hashes */
    uint64_t first, last; /* the sequences it covers: all ids of records in there are in it */
    uint64_t mark;        /* what id_index_options.mark said of `last` */
    int64_t removed_to;   /* id_index_options.removed_to when it was made */
    uint64_t count;       /* ids */
    struct id_filter_shape filter;
    unsigned sequence_bytes;
};

struct id_run {
    struct id_run_head head;
    int fd;
    char *path;
    uint64_t blocks;
    uint32_t *fences; /* the top 32 bits of each block's first hash, little-endian */
    struct id_filter filter;
    atomic_bool damaged; /* a block could not be read */
    bool reported;       /* … and that was said */
};

/* Where things are: all of it follows from the head. */
uint64_t id_run_block_ids(const struct id_run_head *head);
uint64_t id_run_blocks(const struct id_run_head *head);
unsigned id_run_sequence_bytes(uint64_t first, uint64_t last);

/* The head's block, and back. Reading says -1 when it is no head of this version. */
void id_run_head_write(const struct id_run_head *head, uint64_t tail_checksum, uint8_t *block);
int id_run_head_read(const uint8_t *block, struct id_run_head *head, uint64_t *tail_checksum);

/* The checksum of block `number`, whose place in the block is its first 8 bytes. */
uint64_t id_run_block_checksum(const uint8_t *block, uint64_t seed, uint64_t number);

/* The checksum of fences and filter. */
uint64_t id_run_tail_checksum(const struct id_run *run);

/* Opens a run and checks every byte of it. 0 and *out, which the caller closes, or -1
 * and why (a constant text): damaged, not readable, of a newer version, no memory. */
int id_run_open(const char *path, struct id_run **out, const char **why);

/* Closes and frees; the file stays. NULL is fine. */
void id_run_close(struct id_run *run);

/* Reads blocks from `number` on into `blocks` (ID_RUN_BLOCK_BYTES each). -1 when one cannot
 * be read or is damaged. */
int id_run_read_blocks(const struct id_run *run, uint64_t number, uint64_t count, uint8_t *blocks);

/* How many ids block `number` has, and one of them; only the hash's top 48 bits. */
uint64_t id_run_block_count(const struct id_run *run, uint64_t number);
uint64_t id_run_hash_at(const struct id_run *run, const uint8_t *block, uint64_t index);
uint64_t id_run_sequence_at(const struct id_run *run, const uint8_t *block, uint64_t index);

/* The sequence of the question's id, 0, or ID_INDEX_UNKNOWN when it cannot be read. Does
 * not ask the filter. */
uint64_t id_run_find(const struct id_run *run, const struct id_query *q, id_index_verify *verify,
                     void *data);

/* The memory held, in bytes. */
size_t id_run_bytes(const struct id_run *run);

#endif
