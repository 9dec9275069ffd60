/* What an implementation of the journal provides; journal.c hands the calls of
 * journal.h on to it. An implementation's handle begins with struct journal. */
#ifndef LIVEFLOOR_JOURNAL_JOURNAL_OPS_H
#define LIVEFLOOR_JOURNAL_JOURNAL_OPS_H

#include "journal/journal_check.h"

struct journal_ops {
    void (*close)(struct journal *j);
    int (*append)(struct journal *j, struct journal_record *records, size_t n,
                  struct problem *problem);
    int (*scan)(struct journal *j, uint64_t from, journal_visit *visit, void *data,
                struct problem *problem);
    int (*read)(struct journal *j, uint64_t sequence, journal_visit *visit, void *data,
                struct problem *problem);
    int (*remove)(struct journal *j, const uint64_t *sequences, size_t n, struct problem *problem);
    int (*get_stats)(struct journal *j, struct journal_stats *out, struct problem *problem);
    int (*put_note)(struct journal *j, const char *key, struct span value, struct problem *problem);
    long (*get_note)(struct journal *j, const char *key, char *out, size_t cap,
                     struct problem *problem);
    int (*check)(struct journal *j, const struct journal_checks *checks, struct problem *problem);
};

struct journal {
    const struct journal_ops *ops;
};

/* The implementations: the tail stands before LMDB, which can also be opened by itself
 * when the tail has nothing. */
int tail_journal_open(const struct journal_options *options, struct journal **out,
                      struct problem *problem);
int lmdb_journal_open(const struct journal_options *options, struct journal **out,
                      struct problem *problem);

#endif
