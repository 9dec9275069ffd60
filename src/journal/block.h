/* What the journal's store keeps under one key: a record by itself, or a block of some
 * that were committed together (docs/journal-format.md). Pure; also what the fuzzer
 * feeds. */
#ifndef LIVEFLOOR_JOURNAL_BLOCK_H
#define LIVEFLOOR_JOURNAL_BLOCK_H

#include "journal/record.h"

#define BLOCK_VERSION 2u
/* So many bytes of records, unless one alone has more: sixteen pages of the store. The
 * larger, the less there is to do for each record; the smaller, the less is written anew
 * when some of them are removed. */
#define BLOCK_BYTES (63u << 10)

/* How many of n records (from 1 on) the next value takes, and the bytes of that value. */
size_t block_plan(const struct journal_record *records, size_t n, size_t *size);

/* Writes the value of that size and of those records, whose sequences ascend; the first
 * one's is its key. */
void block_write(const struct journal_record *records, size_t n, void *out);

/* A value being read. Its spans point into the value. */
struct block {
    uint64_t key;
    struct span value;
    size_t count;      /* of records, 1 at least */
    const char *table; /* NULL: one record by itself */
};

/* Takes a value in hand. Its records may still be damaged, each by itself. */
enum record_status block_open(uint64_t key, struct span value, struct block *out);

/* The sequence of one of its records. */
uint64_t block_sequence(const struct block *b, size_t index);

/* The first of its records whose sequence is not lower; count when there is none. */
size_t block_find(const struct block *b, uint64_t sequence);

enum record_status block_read(const struct block *b, size_t index, struct journal_record *out);

/* The value without some of its records, of which others are left: those with gone[i].
 * Writes at most value.len bytes; returns how many. */
size_t block_without(const struct block *b, const bool *gone, void *out);

#endif
