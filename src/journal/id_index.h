/* Which ids a journal holds: finds duplicates (metrics.md §3), however old the first is.
 * The newest ids are in a table in memory, all others in sorted files, "runs", of which
 * memory keeps a filter of about half a byte for each id (docs/decisions/0009). A hit is
 * always verified against the journal. The files may be deleted when nothing runs: what
 * they do not cover is added again from the journal at start.
 *
 * Not thread-safe: the writer's own; it has one background thread for its files. Only
 * id_index_hash may be called from any thread. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_H

#include "base/problem.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct id_index;
struct journal_record;

/* Asked, on a hash match, whether the record `sequence` really has this id. */
typedef bool id_index_verify(void *data, uint64_t sequence, int64_t site_id, struct span id);

/* A number that tells the journal's record `sequence` from what any other journal may
 * have there (id_index_mark_of), or 0 when there is none. */
typedef uint64_t id_index_mark(void *data, uint64_t sequence);

/* Takes a line for the log: files that were dropped, or that cannot be written. */
typedef void id_index_say(void *data, const char *text);

struct id_index_options {
    const char *directory; /* for the files, made when missing; NULL: all stays in memory */
    id_index_verify *verify;
    id_index_mark *mark; /* these two are not needed without a directory */
    id_index_say *say;
    void *data;          /* of all three */
    int64_t removed_to;  /* id_index_set_removed, as it is now */
    uint64_t table_ids;  /* that go from memory to a file at once; 0: LIMIT_ID_TABLE_IDS */
    uint64_t ribbon_ids; /* in a run with the smaller kind of filter; 0: ID_FILTER_RIBBON_IDS */
};

/* An id with its hash: what is asked for. */
struct id_query {
    uint64_t hash; /* id_index_hash */
    int64_t site_id;
    struct span id;
};

/* No answer: a file cannot be read. Nothing may be taken for new then. */
#define ID_INDEX_UNKNOWN UINT64_MAX

/* Opens the index with what its files cover; the journal is open. Files that are damaged,
 * of a newer version, behind a gap or not of this journal are said and deleted. -1 only
 * when there is no memory. */
int id_index_open(const struct id_index_options *options, struct id_index **out,
                  struct problem *problem);

/* An index in memory alone. NULL when there is no memory. */
struct id_index *id_index_new(id_index_verify *verify, void *data);

/* Ends the background work and frees. NULL is fine. */
void id_index_free(struct id_index *x);

/* All records up to this sequence are in files: only what follows must be added at start
 * (adding more does no harm). */
uint64_t id_index_covered(const struct id_index *x);

/* Says that every record up to `sequence` is durable in the journal, was added and keeps
 * its sequence: what may go to a file. Begins and ends background work; short. */
void id_index_committed(struct id_index *x, uint64_t sequence);

/* Says that records may be removed from now on (retention); `removed_to` never falls in
 * one journal: files made later are not for a copy of the journal from before. Ids of
 * sequences below `first_sequence`, which the journal no longer has, leave with time. */
void id_index_set_removed(struct id_index *x, int64_t removed_to, uint64_t first_sequence);

/* The hash of a site's id in this index. */
uint64_t id_index_hash(const struct id_index *x, int64_t site_id, struct span id);

/* The sequence of the id, 0, or ID_INDEX_UNKNOWN. */
uint64_t id_index_find(struct id_index *x, int64_t site_id, struct span id);

/* The same for n ids, faster than one by one. */
void id_index_find_all(struct id_index *x, const struct id_query *queries, size_t n,
                       uint64_t *sequences);

/* Looks only among what was added since the last id_index_committed, and some more: for
 * ids that id_index_find_all did not find, when others were added since. */
uint64_t id_index_find_newest(const struct id_index *x, const struct id_query *query);

/* Adds an id that is not there. Sequences that are covered already are passed over.
 * Returns -1 when there is no memory, or LIMIT_ID_MEMORY_IDS wait for a file. */
int id_index_add(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence);
int id_index_add_hash(struct id_index *x, uint64_t hash, uint64_t sequence);

/* Forgets an id: of a group that failed, or (when it is still in memory; it does no harm
 * in a file) of a record that was removed. */
void id_index_remove(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence);
void id_index_remove_hash(struct id_index *x, uint64_t hash, uint64_t sequence);

/* Ids held; some of records that are gone are among them. */
uint64_t id_index_count(const struct id_index *x);

/* Bytes of memory held, and how many runs there are. */
uint64_t id_index_bytes(const struct id_index *x);
unsigned id_index_runs(const struct id_index *x);

/* Waits until nothing is left to be done in the background, or it fails. For tests. */
void id_index_settle(struct id_index *x);

/* What id_index_mark returns of a record; never 0. */
uint64_t id_index_mark_of(const struct journal_record *record);

#endif
