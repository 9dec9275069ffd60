/* The journal: the durable, append-only sequence of accepted events, the only
 * truth (docs/journal-format.md). This interface has more than one possible
 * implementation; tail.c, before lmdb.c, is the one. */
#ifndef LIVEFLOOR_JOURNAL_JOURNAL_H
#define LIVEFLOOR_JOURNAL_JOURNAL_H

#include "base/problem.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* One record: an accepted event in its normal JSON text, when it came, and what
 * is needed to find it without decoding that text. */
struct journal_record {
    uint64_t sequence; /* from 1, ascending, never used again; append gives it */
    int64_t site_id;
    int64_t arrival_us;
    int64_t time_us;  /* the event's own time */
    struct span id;   /* the event's id */
    struct span json; /* the event (event/decode.h, decoded_event.json) */
};

struct journal_options {
    const char *directory; /* made when missing */
    bool read_only;        /* for export and check beside a running server */
    uint64_t map_bytes;    /* LMDB's fixed, sparse map; 0 is the default (1 TiB) */
    uint64_t tail_bytes;   /* each of the tail's two files; 0 is the default (limits.h) */
};

struct journal_stats {
    uint64_t records, first_sequence, last_sequence; /* 0 when empty */
    uint64_t next_sequence; /* what the next record gets, even where the last ones were removed; 0
                             * for a reader */
    uint64_t bytes_used;    /* on disk, pages in use */
};

/* Opens or creates. A directory that another writer holds, a newer format or a
 * broken file is an error that says so. Returns 0 or -1 with *problem. */
int journal_open(const struct journal_options *options, struct journal **out,
                 struct problem *problem);
void journal_close(struct journal *j);

/* Appends n records as one durable commit: after 0 they survive a power cut; after
 * -1 (PROBLEM_STORE: a full disk, a failed write) none of them is there and the
 * journal is usable again as soon as the cause is gone. Fills in the sequences.
 * One thread at a time appends or removes. */
int journal_append(struct journal *j, struct journal_record *records, size_t n,
                   struct problem *problem);

/* Visits records from a sequence on, in order; the record is valid during the
 * call. A visitor that returns non-zero ends it, and that is returned. -1 with
 * *problem for a record that is damaged (it names the sequence). May run beside
 * an append and sees what was committed when it began; never keeps an old
 * snapshot open for long (it renews its read transaction every so often). */
typedef int journal_visit(void *data, const struct journal_record *record);
int journal_scan(struct journal *j, uint64_t from_sequence, journal_visit *visit, void *data,
                 struct problem *problem);

/* Reads one record; valid until `visit` returns. 1 when there is none such. */
int journal_read(struct journal *j, uint64_t sequence, journal_visit *visit, void *data,
                 struct problem *problem);

/* A number that tells this journal's record `sequence` from what another journal may have there
 * (id_index_mark_of); 0 when there is none, or it cannot be read. */
uint64_t journal_mark(struct journal *j, uint64_t sequence);

/* Removes records (retention) in one durable commit; sequences that are not there
 * are ignored. */
int journal_remove(struct journal *j, const uint64_t *sequences, size_t n, struct problem *problem);

int journal_get_stats(struct journal *j, struct journal_stats *out, struct problem *problem);

/* Small durable facts beside the records (such as what retention has removed
 * up to). Value copied out; returns its length, 0 when there is none, or -1. */
int journal_put_note(struct journal *j, const char *key, struct span value,
                     struct problem *problem);
long journal_get_note(struct journal *j, const char *key, char *out, size_t cap,
                      struct problem *problem);

#endif
