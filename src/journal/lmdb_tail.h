/* What the tail needs of the LMDB journal behind it besides the table of functions. */
#ifndef LIVEFLOOR_JOURNAL_LMDB_TAIL_H
#define LIVEFLOOR_JOURNAL_LMDB_TAIL_H

#include "journal/journal_ops.h"
#include "journal/tail_file.h"

/* How far the store is. */
struct lmdb_position {
    uint64_t generation; /* the tail's oldest that counts; 0: there was never a tail */
    uint64_t next;       /* the sequence that would come next without a tail */
};
int lmdb_journal_position(struct journal *j, struct lmdb_position *out, struct problem *problem);

/* Takes values out of the tail's file as they are, references to those in its segment, then new
 * records whose sequences are set, and what the position is after all of them (generation 0: as it
 * was), in one durable commit. 0 or -1: then nothing has changed. */
struct lmdb_take {
    const struct tail_file *file;
    const struct tail_place *places;
    size_t count;
    const struct journal_record *records;
    size_t record_count;
    struct lmdb_position after;
};
int lmdb_journal_take(struct journal *j, const struct lmdb_take *take, struct problem *problem);

/* Its segments. What a writer does with their uses, it does as it writes to the store. */
struct segments *lmdb_journal_segments(struct journal *j);

/* journal_scan and journal_check of the store, from a sequence on. */
int lmdb_journal_walk(struct journal *j, uint64_t from, const struct journal_checks *checks,
                      struct problem *problem);

#endif
