#include "server/group.h"

#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>

/* Readers get a turn after so many events applied under one write lock: some tens of
 * microseconds. */
#define APPLY_RUN 32u
/* What comes so many events later is brought from the cache of the core that decoded it, its
 * id half as late. */
#define AHEAD 2u

void group_clear(struct group *g)
{
    free(g->records);
    free(g->events);
    *g = (struct group){0};
}

void group_begin(struct group *g, struct ingest_ticket *tickets, uint64_t next_sequence)
{
    g->tickets = tickets;
    g->count = 0;
    g->next_sequence = next_sequence;
}

static int group_reserve(struct group *g, size_t count)
{
    if (count <= g->cap)
        return 0;
    struct journal_record *records = realloc(g->records, count * sizeof *records);
    if (records == NULL)
        return -1;
    g->records = records;
    const struct decoded_event **events = realloc(g->events, count * sizeof *events);
    if (events == NULL)
        return -1;
    g->events = events;
    g->cap = count;
    return 0;
}

static int no_memory(struct problem *problem)
{
    return problem_set(problem, PROBLEM_STORE, "There is no memory for this now: try again later.");
}

/* Ids looked up at a time, so that the index's misses overlap. */
#define LOOK_UP 64u

struct look_up {
    struct id_query queries[LOOK_UP];
    uint64_t sequences[LOOK_UP];
};

static void look_up_ids(struct id_index *ids, const struct decoded_event *events, size_t n,
                        struct look_up *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i].event;
        out->queries[i] =
            (struct id_query){id_index_hash(ids, e->site_id, e->id), e->site_id, e->id};
    }
    id_index_find_all(ids, out->queries, n, out->sequences);
}

/* Adds an event that is new. */
static int add_event(struct group *g, struct id_index *ids, struct ingest_ids *check,
                     const struct decoded_event *d, uint64_t hash, struct problem *problem)
{
    const struct event *e = &d->event;
    uint64_t sequence = g->next_sequence + g->count;
    g->records[g->count] = (struct journal_record){.sequence = sequence,
                                                   .site_id = e->site_id,
                                                   .time_us = e->time_us,
                                                   .id = e->id,
                                                   .json = d->json};
    g->events[g->count] = d;
    if (id_index_add_hash(ids, hash, sequence) < 0)
        return no_memory(problem);
    g->count++;
    check->group_count = g->count;
    return 0;
}

/* Puts a ticket's new events into the group. */
static int group_add(struct group *g, struct id_index *ids, struct ingest_ids *check,
                     struct ingest_ticket *ticket, struct problem *problem)
{
    struct look_up l;
    if (group_reserve(g, g->count + ticket->event_count) < 0)
        return no_memory(problem);
    check->group = g->records; /* it may have moved */
    ticket->accepted = ticket->duplicates = 0;
    for (size_t i = 0; i < ticket->event_count; i++) {
        size_t in_look = i % LOOK_UP, left = ticket->event_count - i;
        if (in_look == 0 && i > 0)
            thread_let_others();
        if (in_look == 0)
            look_up_ids(ids, &ticket->events[i], left < LOOK_UP ? left : LOOK_UP, &l);
        uint64_t found = l.sequences[in_look];
        if (found == 0) /* unless one before it in the same look has the same id */
            found = id_index_find_newest(ids, &l.queries[in_look]);
        if (found == ID_INDEX_UNKNOWN)
            return problem_set(problem, PROBLEM_STORE,
                               "The index of ids is damaged: start the server again.");
        if (found != 0) {
            ticket->duplicates++;
            continue;
        }
        if (add_event(g, ids, check, &ticket->events[i], l.queries[in_look].hash, problem) < 0)
            return -1;
        ticket->accepted++;
    }
    return 0;
}

/* The same of all tickets. */
static int group_fill(struct group *g, struct id_index *ids, struct ingest_ids *check,
                      struct problem *problem)
{
    for (struct ingest_ticket *t = g->tickets; t != NULL; t = t->next)
        if (group_add(g, ids, check, t, problem) < 0)
            return -1;
    return 0;
}

static void group_forget_ids(struct group *g, struct id_index *ids)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct event *e = &g->events[i]->event;
        id_index_remove(ids, e->site_id, e->id, g->next_sequence + i);
    }
}

/* The journal gave other sequences than expected (records were removed at its end). */
static void group_correct_ids(struct group *g, struct id_index *ids)
{
    if (g->count == 0 || g->records[0].sequence == g->next_sequence)
        return;
    group_forget_ids(g, ids);
    for (size_t i = 0; i < g->count; i++) {
        const struct event *e = &g->events[i]->event;
        /* Room was made for them a moment ago. */
        id_index_add(ids, e->site_id, e->id, g->records[i].sequence);
    }
}

int group_commit(struct group *g, struct journal *journal, struct id_index *ids,
                 struct ingest_ids *check, int64_t arrival_us, struct problem *problem)
{
    int failed = group_fill(g, ids, check, problem);
    for (size_t i = 0; i < g->count; i++)
        g->records[i].arrival_us = arrival_us;
    if (failed == 0 && g->count > 0)
        failed = journal_append(journal, g->records, g->count, problem);
    check->group_count = 0;
    if (failed != 0)
        group_forget_ids(g, ids);
    else
        group_correct_ids(g, ids);
    return failed;
}

size_t group_apply(const struct group *g, struct sites *sites, const struct ingest_ticket *ticket,
                   size_t at)
{
    int64_t now = sites_now_us(sites);
    size_t end = at + ticket->accepted;
    while (at < end) {
        int64_t id = g->events[at]->event.site_id;
        struct site *site = sites_get(sites, id);
        size_t run_end = end - at < APPLY_RUN ? end : at + APPLY_RUN;
        if (site == NULL) {
            /* Durable all the same: a start with more memory shows it. */
            log_write(LOG_ERROR, "no room for site %lld: its events are kept but not shown",
                      (long long)id);
            for (; at < end && g->events[at]->event.site_id == id; at++)
                ;
            continue;
        }
        struct floor *floor = site_write_begin(site);
        for (; at < run_end && g->events[at]->event.site_id == id; at++) {
            if (at + 2 * AHEAD < g->count) {
                event_prefetch(&g->events[at + 2 * AHEAD]->event);
                event_prefetch_id(&g->events[at + AHEAD]->event);
            }
            floor_apply(floor, &g->events[at]->event, now);
        }
        site_write_end(site);
        if (at < end)
            thread_let_others();
    }
    return end;
}
