/* Verification of a whole journal, for `livefloor check`. */
#ifndef LIVEFLOOR_JOURNAL_JOURNAL_CHECK_H
#define LIVEFLOOR_JOURNAL_JOURNAL_CHECK_H

#include "journal/journal.h"

struct journal_checks {
    journal_visit *record; /* each sound record; non-zero ends the check */
    /* Each place that is not: its first sequence, how many records are lost with it as far as is
     * known (1 or more, one after the other), and what is wrong, in a few words (a constant). */
    void (*damaged)(void *data, uint64_t sequence, uint64_t count, const char *why);
    void *data;
};

/* Goes through all records in order, also behind damaged ones. 0, what `record`
 * returned, or -1 with *problem when the store itself cannot be read. */
int journal_check(struct journal *j, const struct journal_checks *checks, struct problem *problem);

#endif
