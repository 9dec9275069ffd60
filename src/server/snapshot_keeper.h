/* When snapshots are made (docs/decisions/0018): while the server runs by a forked child,
 * which sees all memory as it was at one moment; at a stop by the server itself. */
#ifndef LIVEFLOOR_SERVER_SNAPSHOT_KEEPER_H
#define LIVEFLOOR_SERVER_SNAPSHOT_KEEPER_H

#include "server/snapshot.h"

struct snapshot_keeper;

struct snapshot_keeper_settings {
    struct snapshot_source source;     /* its directory is copied */
    const struct snapshot_start *from; /* borrowed, as all in it */
    uint64_t events;                   /* a snapshot after so many, at least */
};

/* NULL when there is no memory. */
struct snapshot_keeper *snapshot_keeper_new(const struct snapshot_keeper_settings *settings);

/* Says that the floors are there, before anything else begins: what was loaded may be loaded
 * again. */
void snapshot_keeper_confirm(struct snapshot_keeper *k);

/* Drops what is being written, and frees. NULL is fine. */
void snapshot_keeper_free(struct snapshot_keeper *k);

/* The writer's chore (server/ingest.h), once a second: data is the keeper. */
bool snapshot_keeper_due(void *data, uint64_t last_sequence);
bool snapshot_keeper_step(void *data, uint64_t last_sequence);

/* Retention's hook: events that the snapshot is made of are about to be removed, until
 * snapshot_keeper_go_on. -1 with *problem: then they must not be. The writer's thread. */
int snapshot_keeper_hold(void *data, struct problem *problem);
void snapshot_keeper_go_on(void *data);

/* Makes one of all there is, up to the journal's last event, when nothing runs any more. */
void snapshot_keeper_finish(struct snapshot_keeper *k, uint64_t last_sequence);

#endif
