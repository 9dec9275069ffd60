/* Outside ids to GUIDs (metrics.md §4), with a cache in front of SHA-1. */
#ifndef LIVEFLOOR_EVENT_ID_MAP_H
#define LIVEFLOOR_EVENT_ID_MAP_H

#include "base/guid.h"

/* A cache of mapped ids, of one thread. What is not in it is computed, so that it
 * changes how fast an answer comes and never the answer. */
struct id_map;

/* NULL when there is no memory. */
struct id_map *id_map_new(void);
void id_map_free(struct id_map *m);

/* guid_of_id, through the cache. */
struct guid id_map_guid(struct id_map *m, int64_t site_id, struct span text);

#endif
