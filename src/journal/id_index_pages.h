/* Memory in whole pages, which goes back to the system when it is freed: what comes and
 * goes in megabytes leaves no holes in the heap. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_PAGES_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_PAGES_H

#include <stddef.h>

/* Cleared, and there at once, since all of it is used soon; NULL when there is no memory. */
void *id_pages_get(size_t bytes);

/* Frees; `bytes` as they were asked for. NULL is fine. */
void id_pages_free(void *pages, size_t bytes);

#endif
