/* A table of ids in memory: hash and sequence, open addressing, 16 bytes a slot. A full
 * one is moved into one of twice the size a few slots at a time, so that no single
 * addition takes long. A slot's place is the top bits of its hash, so that going through
 * the slots is nearly the order of hashes. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_TABLE_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_TABLE_H

#include "journal/id_index.h"

#include <stddef.h>

struct id_slot {
    uint64_t hash;
    uint64_t sequence; /* 0: free; ID_INDEX_UNKNOWN: its id was removed */
};

struct id_slots {
    struct id_slot *slots;
    unsigned bits; /* there are 2^bits */
    uint64_t used; /* with those removed */
};

struct id_table {
    struct id_slots now, before; /* before: being moved into now, from `moved` on */
    uint64_t moved;
    uint64_t count;   /* ids held */
    uint64_t highest; /* the highest sequence ever added */
};

/* Makes an empty table with room for so many ids. 0, or -1 when there is no memory. */
int id_table_make(struct id_table *t, uint64_t ids);
void id_table_free(struct id_table *t);

/* Adds; -1 when there is no memory. */
int id_table_add(struct id_table *t, uint64_t hash, uint64_t sequence);

/* Goes on moving a full table into a larger one; false when nothing is left to move. */
bool id_table_move_on(struct id_table *t);

/* Removes; false when it is not there. */
bool id_table_remove(struct id_table *t, uint64_t hash, uint64_t sequence);

/* The sequence of the question's id, or 0. Asks `verify` about each with its hash. */
uint64_t id_table_find(const struct id_table *t, const struct id_query *q, id_index_verify *verify,
                       void *data);

/* Moves all ids with sequences above a bound into another table. -1: no memory; then
 * nothing is moved. */
int id_table_move_above(struct id_table *t, uint64_t sequence, struct id_table *to);

/* Copies all ids out, ascending by hash and sequence; the table is not being moved.
 * `out` has room for `count`. Returns how many. */
size_t id_table_sorted(const struct id_table *t, struct id_slot *out);

/* The memory held, in bytes. */
size_t id_table_bytes(const struct id_table *t);

/* Brings a hash's place into the processor's cache. */
static inline void id_table_prefetch(const struct id_table *t, uint64_t hash)
{
    if (t->now.slots != NULL)
        __builtin_prefetch(&t->now.slots[hash >> (64 - t->now.bits)]);
}

#endif
