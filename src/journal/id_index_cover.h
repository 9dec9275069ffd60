/* Which files of an index hold good at start. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_COVER_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_COVER_H

#include "journal/id_index_run.h"

/* Opens the runs that cover the journal from its first sequence on without a gap and end
 * with a record that the journal still has, in their order; returns how many. All other
 * files of the index are deleted, and said if anything was wrong. */
size_t id_cover_open(const struct id_index_options *options, struct id_run **runs, size_t most);

#endif
