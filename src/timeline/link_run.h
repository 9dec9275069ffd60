/* link_run: an unchanging run of links under one question: the ranks of `from` in the order
 * of `to`, with counts between them. About 20 bits a link and both ends as series; with
 * values, their bits twice and 16 bits more. */
#ifndef LIVEFLOOR_TIMELINE_LINK_RUN_H
#define LIVEFLOOR_TIMELINE_LINK_RUN_H

#include "timeline/link_set.h"

struct link_run;

#define LINK_RUN_MAX 65536u /* links: ranks have two bytes */

/* Builds a run of 1 to LINK_RUN_MAX links; `links` is sorted by the call. */
struct link_run *link_run_new(struct link *links, size_t n, bool with_values);
void link_run_free(struct link_run *r);

size_t link_run_count(const struct link_run *r);

/* Writes the links back, in order of `to`; or with these froms, ascending, when it is in a
 * stack. */
void link_run_unpack(const struct link_run *r, struct link *out);
void link_run_unpack_with(const struct link_run *r, const int64_t *from, struct link *out);

size_t link_run_bytes(const struct link_run *r);

#endif
