/* The events that are committed together: some tickets' new ones, in order. Made by the
 * committing thread, then handed to the applying one (ingest.c). */
#ifndef LIVEFLOOR_SERVER_GROUP_H
#define LIVEFLOOR_SERVER_GROUP_H

#include "server/ingest.h"

struct group {
    struct ingest_ticket *tickets; /* list; a ticket's events follow those of the one before */
    struct journal_record *records;
    const struct decoded_event **events; /* beside each record */
    size_t count, cap;
    uint64_t next_sequence; /* what the journal will give to the first record */
};

/* Frees what it holds. */
void group_clear(struct group *g);

/* Begins anew with some tickets. */
void group_begin(struct group *g, struct ingest_ticket *tickets, uint64_t next_sequence);

/* Puts the tickets' new events into the group and their ids into the index, counts
 * accepted and duplicates of each ticket, and commits the group to the journal. 0; or -1
 * with *problem: nothing is stored and none of its ids is left in the index. */
int group_commit(struct group *g, struct journal *journal, struct id_index *ids,
                 struct ingest_ids *check, int64_t arrival_us, struct problem *problem);

/* Applies the events of a ticket, which are those from `at` on; returns where the next
 * ticket's begin. */
size_t group_apply(const struct group *g, struct sites *sites, const struct ingest_ticket *ticket,
                   size_t at);

#endif
