/* Which ids a journal holds: finds duplicates (metrics.md §3). In memory, filled
 * again from a scan at start. Not thread-safe: the writer's own. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct id_index;

/* Asked, on a hash match, whether the record `sequence` really has this id. */
typedef bool id_index_verify(void *data, uint64_t sequence, int64_t site_id, struct span id);

/* NULL when there is no memory. */
struct id_index *id_index_new(id_index_verify *verify, void *data);
void id_index_free(struct id_index *x);

/* The sequence of the id of that site, or 0. */
uint64_t id_index_find(const struct id_index *x, int64_t site_id, struct span id);

/* Adds an id that is not there. Returns -1 when there is no memory. */
int id_index_add(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence);

/* Forgets an id (retention). */
void id_index_remove(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence);

uint64_t id_index_count(const struct id_index *x);

#endif
