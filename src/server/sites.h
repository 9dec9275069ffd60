/* The sites of one process: a floor each, sharing nothing. */
#ifndef LIVEFLOOR_SERVER_SITES_H
#define LIVEFLOOR_SERVER_SITES_H

#include "floor/floor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sites;
struct site;

/* The archive serves all floors; the caller's, closed after sites_free. NULL when there is no
 * memory. */
struct sites *sites_new(int64_t visitor_timeout_us, struct archive *archive);
void sites_free(struct sites *s);

/* The wall clock, never running backwards within the process. */
int64_t sites_now_us(struct sites *s);

/* The same for a look only: nothing is written, so a later now may be before it, but none that
 * sites_now_us gave until then is after it. */
int64_t sites_look_now_us(const struct sites *s);

/* A site that is known, or NULL. Sites are never removed while the process runs. */
struct site *sites_find(struct sites *s, int64_t site_id);

/* A site, made now when it is new. NULL when there are LIMIT_SITES or no memory. */
struct site *sites_get(struct sites *s, int64_t site_id);

/* A site with a floor of its settings (sites_floor_settings) that is there already, at start;
 * -1, and the floor stays the caller's, when there is such a site or no room. */
int sites_take(struct sites *s, struct floor *floor);
struct floor_settings sites_floor_settings(const struct sites *s, int64_t site_id);

/* Says that it was that late once: sites_now_us will not be earlier. */
void sites_not_before(struct sites *s, int64_t now_us);

/* While frozen no reader changes a floor and no site is added: with the writer at rest, all
 * floors are as they are, also for a process that is forked then. It thaws in both. */
void sites_freeze(struct sites *s);
void sites_thaw(struct sites *s);

/* The floor of a site of frozen sites, or in a process that was forked while they were. */
struct floor *site_frozen(struct site *site);

/* How many sites there are; `only` is the one when there is exactly one (may be NULL). */
size_t sites_count(struct sites *s, int64_t *only);

/* Calls back for each site (in no order). New sites wait meanwhile. */
typedef void site_visit(void *data, struct site *site);
void sites_each(struct sites *s, site_visit *visit, void *data);

int64_t site_id(const struct site *site);

/* The floor for reading, and the `now` to read it at: taken under the lock, so that
 * nothing in the floor is later; events that waited for their time have been applied.
 * To be given back with site_read_end, soon: the writer waits. */
const struct floor *site_read_begin(struct sites *s, struct site *site, int64_t *now_us);
void site_read_end(struct site *site);

/* How often the floor has been changed: while it stays, so does the floor. What was acknowledged
 * before a request came is counted when the request is looked at. Without a lock; within
 * site_read_begin and _end it does not change. */
uint64_t site_changes(const struct site *site);

/* The floor for changing it. */
struct floor *site_write_begin(struct site *site);
void site_write_end(struct site *site);

#endif
