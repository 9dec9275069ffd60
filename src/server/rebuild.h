/* From the journal to the state, at start. */
#ifndef LIVEFLOOR_SERVER_REBUILD_H
#define LIVEFLOOR_SERVER_REBUILD_H

#include "journal/id_index.h"
#include "journal/journal.h"
#include "server/sites.h"

/* Reads the journal into the floors and the id index; the floors hold what is up to
 * `applied` already (0: nothing). Logs its progress. -1 with *problem for a damaged record
 * (it says which, and to run `livefloor check`). */
int rebuild(struct journal *journal, struct sites *sites, struct id_index *ids, uint64_t applied,
            struct problem *problem);

#endif
