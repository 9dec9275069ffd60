#include "server/ingest.h"

#include "base/limits.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Readers get a turn after so many events applied under one write lock. */
#define APPLY_RUN 256u

/* An event of the group being written. */
struct group_item {
    const struct decoded_event *event;
    struct ingest_ticket *ticket;
};

struct ingest {
    struct ingest_settings settings;
    struct ingest_totals totals;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct ingest_ticket *first, **last; /* the queue */
    size_t waiting_bytes;
    bool stopping;

    /* The writer's own. */
    struct journal_record *records;
    struct group_item *items;
    size_t count, cap;
    uint64_t next_sequence; /* what the journal will give to the group's first record */
};

struct id_question {
    int64_t site_id;
    struct span id;
    bool same;
};

static int compare_id(void *data, const struct journal_record *record)
{
    struct id_question *q = data;
    q->same = record->site_id == q->site_id && span_equal(record->id, q->id);
    return 0;
}

bool ingest_verify_id(void *data, uint64_t sequence, int64_t site_id, struct span id)
{
    const struct ingest_ids *ids = data;
    struct id_question q = {site_id, id, false};
    struct problem problem;
    if (ids->group_count > 0 && sequence >= ids->group[0].sequence)
        compare_id(&q, &ids->group[sequence - ids->group[0].sequence]);
    else
        journal_read(ids->journal, sequence, compare_id, &q, &problem);
    return q.same;
}

static int group_reserve(struct ingest *g, size_t count)
{
    if (count <= g->cap)
        return 0;
    struct journal_record *records = realloc(g->records, count * sizeof *records);
    if (records == NULL)
        return -1;
    g->records = records;
    struct group_item *items = realloc(g->items, count * sizeof *items);
    if (items == NULL)
        return -1;
    g->items = items;
    g->cap = count;
    return 0;
}

/* Puts a ticket's new events into the group. -1 when there is no memory. */
static int group_add(struct ingest *g, struct ingest_ticket *ticket)
{
    if (group_reserve(g, g->count + ticket->event_count) < 0)
        return -1;
    g->settings.id_check->group = g->records; /* it may have moved */
    ticket->accepted = ticket->duplicates = 0;
    for (size_t i = 0; i < ticket->event_count; i++) {
        const struct decoded_event *d = &ticket->events[i];
        const struct event *e = &d->event;
        if (id_index_find(g->settings.ids, e->site_id, e->id) != 0) {
            ticket->duplicates++;
            continue;
        }
        uint64_t sequence = g->next_sequence + g->count;
        g->records[g->count] = (struct journal_record){.sequence = sequence,
                                                       .site_id = e->site_id,
                                                       .time_us = e->time_us,
                                                       .id = e->id,
                                                       .json = d->json};
        g->items[g->count] = (struct group_item){d, ticket};
        if (id_index_add(g->settings.ids, e->site_id, e->id, sequence) < 0)
            return -1;
        g->count++;
        g->settings.id_check->group_count = g->count;
        ticket->accepted++;
    }
    return 0;
}

static void group_forget_ids(struct ingest *g)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct event *e = &g->items[i].event->event;
        id_index_remove(g->settings.ids, e->site_id, e->id, g->next_sequence + i);
    }
}

/* The journal gave other sequences than expected (records were removed at its end). */
static void group_correct_ids(struct ingest *g)
{
    if (g->count == 0 || g->records[0].sequence == g->next_sequence)
        return;
    group_forget_ids(g);
    for (size_t i = 0; i < g->count; i++) {
        const struct event *e = &g->items[i].event->event;
        /* Room was made for them a moment ago. */
        id_index_add(g->settings.ids, e->site_id, e->id, g->records[i].sequence);
    }
}

static void group_apply(struct ingest *g)
{
    int64_t now = sites_now_us(g->settings.sites);
    for (size_t i = 0; i < g->count;) {
        struct site *site = sites_get(g->settings.sites, g->items[i].event->event.site_id);
        int64_t id = g->items[i].event->event.site_id;
        size_t end = i;
        if (site == NULL) {
            /* Durable all the same: a start with more memory shows it. */
            log_write(LOG_ERROR, "no room for site %lld: its events are kept but not shown",
                      (long long)id);
            for (; i < g->count && g->items[i].event->event.site_id == id; i++)
                ;
            continue;
        }
        struct floor *floor = site_write_begin(site);
        for (; end < g->count && end - i < APPLY_RUN && g->items[end].event->event.site_id == id;
             end++)
            floor_apply(floor, &g->items[end].event->event, now);
        site_write_end(site);
        i = end;
    }
}

static void tickets_done(struct ingest_ticket *tickets)
{
    while (tickets != NULL) {
        struct ingest_ticket *next = tickets->next; /* `done` may free the ticket */
        tickets->done(tickets);
        tickets = next;
    }
}

static void tickets_fail(struct ingest_ticket *tickets, const struct problem *problem)
{
    for (struct ingest_ticket *t = tickets; t != NULL; t = t->next) {
        t->problem = *problem;
        t->accepted = t->duplicates = 0;
    }
}

/* The sequence of each ticket's last record; the journal's last when it has none. */
static void tickets_number(struct ingest *g, struct ingest_ticket *tickets, uint64_t last)
{
    for (struct ingest_ticket *t = tickets; t != NULL; t = t->next)
        t->sequence = last;
    for (size_t i = 0; i < g->count; i++)
        g->items[i].ticket->sequence = g->records[i].sequence;
}

/* One group: duplicates out, journal, floors, done. */
static void write_group(struct ingest *g, struct ingest_ticket *tickets)
{
    struct problem problem = {0};
    int failed = 0;
    g->count = 0;
    for (struct ingest_ticket *t = tickets; t != NULL && failed == 0; t = t->next)
        failed = group_add(g, t);
    if (failed != 0)
        problem_set(&problem, PROBLEM_STORE, "There is no memory for this now: try again later.");
    int64_t arrival = sites_now_us(g->settings.sites);
    for (size_t i = 0; i < g->count; i++)
        g->records[i].arrival_us = arrival;
    if (failed == 0 && g->count > 0)
        failed = journal_append(g->settings.journal, g->records, g->count, &problem);
    g->settings.id_check->group_count = 0;
    if (failed != 0) {
        group_forget_ids(g);
        tickets_fail(tickets, &problem);
        atomic_fetch_add(&g->totals.failed_groups, 1);
        log_write(LOG_ERROR, "events refused, nothing stored: %s", problem.message);
    } else {
        group_correct_ids(g);
        uint64_t last = atomic_load(&g->totals.last_sequence);
        if (g->count > 0)
            last = g->records[g->count - 1].sequence;
        g->next_sequence = last + 1 > g->next_sequence ? last + 1 : g->next_sequence;
        tickets_number(g, tickets, last);
        group_apply(g);
        atomic_store(&g->totals.last_sequence, last);
        atomic_fetch_add(&g->totals.groups, 1);
        for (struct ingest_ticket *t = tickets; t != NULL; t = t->next) {
            atomic_fetch_add(&g->totals.accepted, t->accepted);
            atomic_fetch_add(&g->totals.duplicates, t->duplicates);
        }
    }
    tickets_done(tickets);
}

/* Takes the tickets of the next group off the queue, which is not empty; the lock is
 * held. A ticket is never split: its events become durable together. */
static struct ingest_ticket *take_tickets(struct ingest *g)
{
    struct ingest_ticket *tickets = g->first, **end = &g->first;
    size_t events = 0;
    while (*end != NULL && (events == 0 || events + (*end)->event_count <= LIMIT_GROUP_EVENTS)) {
        events += (*end)->event_count;
        g->waiting_bytes -= (*end)->bytes;
        end = &(*end)->next;
    }
    g->first = *end;
    *end = NULL;
    if (g->first == NULL)
        g->last = &g->first;
    atomic_store(&g->totals.waiting_bytes, g->waiting_bytes);
    return tickets;
}

/* Waits for a ticket, the next chore or the end; the lock is held. */
static void wait_for_work(struct ingest *g, const struct timespec *chore_at)
{
    while (g->first == NULL && !g->stopping)
        if (pthread_cond_timedwait(&g->wake, &g->lock, chore_at) != 0)
            return;
}

static void *writer(void *data)
{
    struct ingest *g = data;
    struct timespec chore_at = {0}; /* at once */
    pthread_mutex_lock(&g->lock);
    while (g->first != NULL || !g->stopping) {
        wait_for_work(g, &chore_at);
        struct ingest_ticket *tickets = g->first != NULL ? take_tickets(g) : NULL;
        bool stopping = g->stopping;
        pthread_mutex_unlock(&g->lock);
        if (tickets != NULL)
            write_group(g, tickets);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (!stopping && g->settings.chore != NULL && now.tv_sec >= chore_at.tv_sec) {
            chore_at = now;
            if (!g->settings.chore(g->settings.chore_data))
                chore_at.tv_sec += g->settings.chore_interval_s;
        }
        pthread_mutex_lock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

int ingest_start(const struct ingest_settings *settings, struct ingest **out,
                 struct problem *problem)
{
    struct ingest *g = calloc(1, sizeof *g);
    if (g == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start the writer.");
    g->settings = *settings;
    g->last = &g->first;
    g->next_sequence = settings->last_sequence + 1;
    atomic_store(&g->totals.last_sequence, settings->last_sequence);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&g->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&g->lock, NULL);
    if (pthread_create(&g->thread, NULL, writer, g) != 0) {
        free(g);
        return problem_set(problem, PROBLEM_INTERNAL, "The writer's thread cannot be started.");
    }
    *out = g;
    return 0;
}

int ingest_submit(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem)
{
    int result = 0;
    ticket->next = NULL;
    ticket->problem = (struct problem){0};
    pthread_mutex_lock(&g->lock);
    if (g->stopping) {
        result = problem_set(problem, PROBLEM_STOPPING,
                             "The server is stopping: send this again when it is back.");
    } else if (g->first != NULL && g->waiting_bytes + ticket->bytes > LIMIT_QUEUED_BYTES) {
        result = problem_set(problem, PROBLEM_BUSY,
                             "Too many events are waiting to be stored: send this again later.");
    } else {
        *g->last = ticket;
        g->last = &ticket->next;
        g->waiting_bytes += ticket->bytes;
        atomic_store(&g->totals.waiting_bytes, g->waiting_bytes);
        pthread_cond_signal(&g->wake);
    }
    pthread_mutex_unlock(&g->lock);
    return result;
}

void ingest_stop(struct ingest *g)
{
    if (g == NULL)
        return;
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
    pthread_join(g->thread, NULL);
    pthread_cond_destroy(&g->wake);
    pthread_mutex_destroy(&g->lock);
    free(g->records);
    free(g->items);
    free(g);
}

const struct ingest_totals *ingest_get_totals(const struct ingest *g)
{
    return &g->totals;
}
