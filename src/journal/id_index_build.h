/* Writes runs: from a table, or from other runs that follow each other. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_BUILD_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_BUILD_H

#include "journal/id_index_run.h"
#include "journal/id_index_table.h"

#include <stdatomic.h>

#define ID_BUILD_WHY_BYTES 200u

/* What a run is built with. */
struct id_build {
    const char *directory;        /* made when missing */
    uint64_t drop_below;          /* ids of lower sequences are left out */
    int64_t removed_to;           /* for the head */
    uint64_t ribbon_ids;          /* id_filter_shape_for */
    const atomic_bool *stop;      /* when it becomes true: give up soon */
    char why[ID_BUILD_WHY_BYTES]; /* what went wrong */
};

/* The name of the file that is being written. */
extern const char ID_BUILD_UNFINISHED[];

/* "DIR/FIRST-LAST.run" into out; -1 when it does not fit. */
int id_build_path(const char *directory, uint64_t first, uint64_t last, char *out, size_t size);

/* Writes a table's ids, all of which have sequences in [first, last], as a durable run.
 * Of head, seed, first, last and mark are taken. 0 and *out, which the caller
 * closes, or -1 with b->why; then there is no file. */
int id_build_from_table(struct id_build *b, const struct id_run_head *head,
                        const struct id_table *table, struct id_run **out);

/* Merges runs, in the order of their sequences, into one; they stay. As above. A run
 * that cannot be read is marked as damaged. */
int id_build_from_runs(struct id_build *b, struct id_run *const *runs, size_t count,
                       struct id_run **out);

#endif
