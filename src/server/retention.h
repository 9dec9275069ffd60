/* Retention: what is older than the horizon and not needed any more goes, in the
 * background (docs/decisions/0005). */
#ifndef LIVEFLOOR_SERVER_RETENTION_H
#define LIVEFLOOR_SERVER_RETENTION_H

#include "journal/id_index.h"
#include "journal/journal.h"
#include "server/sites.h"

struct retention;

/* Who must know: before a pass removes its first event (-1 with *problem: it may not), and
 * after such a pass. Both are called by retention_step. */
struct retention_watcher {
    int (*before)(void *data, struct problem *problem);
    void (*after)(void *data);
    void *data;
};

/* NULL when there is no memory. `days` 0 keeps all. */
struct retention *retention_new(struct journal *journal, struct id_index *ids, struct sites *sites,
                                unsigned days);

/* Before the first retention_step. */
void retention_watch(struct retention *r, const struct retention_watcher *watcher);
void retention_free(struct retention *r);

/* Takes another number of days (the configuration was read again); any thread. */
void retention_set_days(struct retention *r, unsigned days);
unsigned retention_days(const struct retention *r);

/* The first instant held, INT64_MIN when all is. What was removed up to an instant does not come
 * back: it never moves back before that, not even over a restart. Any thread. */
int64_t retention_horizon(struct retention *r, int64_t now_us);

/* Whether that instant is what was removed up to, not what the number of days says. Any thread. */
bool retention_is_of_note(struct retention *r, int64_t now_us);

/* The journal's note: what was older may have been removed. INT64_MIN: nothing was. */
int64_t retention_removed_to(struct journal *journal);

/* A short step of the work; true when there is more to do at once. The writer's
 * chore (server/ingest.h): data is the struct retention. */
bool retention_step(void *data, uint64_t last_sequence);

#endif
