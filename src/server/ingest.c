#include "server/ingest.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/thread.h"
#include "server/group.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* One is being committed, one applied, and one may lie between. */
#define GROUPS 3u
/* Outcomes are told after so many applied events, or at the group's end: large batches
 * need not wait for each other, small ones share one wake-up. */
#define TELL_EVENTS 256u
/* A group of so few is applied by the committer when the applier has nothing to do: waking
 * it takes longer, and more tickets join meanwhile. */
#define APPLY_AT_ONCE 64u

/* So many gathered events are handed over before the turn ends: decoding more must not keep
 * the disk waiting. */
#define GATHER_EVENTS 64u

struct ingest {
    struct ingest_settings settings;
    struct ingest_totals totals;
    pthread_t committer, applier;
    pthread_mutex_t lock;                /* of what follows up to `groups` */
    pthread_cond_t wake;                 /* the committer: there is a ticket, or the end */
    struct ingest_ticket *first, **last; /* the queue */
    /* What is not handed over yet, to be put behind the queue's end. */
    struct ingest_ticket *gathered, **gathered_last;
    atomic_size_t gathered_events;
    size_t waiting_bytes;
    bool stopping;
    pthread_cond_t committed_more, applied_more;
    uint64_t committed, applied; /* groups so far: those between them are on their way */
    bool committed_all;

    struct group groups[GROUPS]; /* the one of number n is groups[n % GROUPS] */
    uint64_t next_sequence;      /* the committer's: of the next record */
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

uint64_t ingest_mark(void *data, uint64_t sequence)
{
    const struct ingest_ids *ids = data;
    return journal_mark(ids->journal, sequence);
}

static void tickets_done(struct ingest_ticket *from, const struct ingest_ticket *end)
{
    while (from != end) {
        struct ingest_ticket *next = from->next; /* `done` may free the tickets */
        while (next != end && next->done == from->done)
            next = next->next;
        from->done(from, next);
        from = next;
    }
}

/* --- applying, on either thread --- */

static void count_ticket(struct ingest_totals *totals, const struct ingest_ticket *t)
{
    atomic_store(&totals->last_sequence, t->sequence);
    atomic_fetch_add(&totals->accepted, t->accepted);
    atomic_fetch_add(&totals->duplicates, t->duplicates);
}

/* Applies a group in the journal's order and tells its tickets. */
static void apply(struct ingest *g, const struct group *group)
{
    struct ingest_ticket *untold = group->tickets;
    size_t at = 0, told_at = 0;
    atomic_fetch_add(&g->totals.groups, 1);
    for (struct ingest_ticket *t = group->tickets, *next; t != NULL; t = next) {
        next = t->next;
        at = group_apply(group, g->settings.sites, t, at);
        count_ticket(&g->totals, t);
        if (at - told_at >= TELL_EVENTS || next == NULL) {
            tickets_done(untold, next);
            untold = next;
            told_at = at;
            if (next != NULL)
                thread_let_others();
        }
    }
}

/* --- the committer --- */

static void tickets_fail(struct ingest_ticket *tickets, const struct problem *problem)
{
    for (struct ingest_ticket *t = tickets; t != NULL; t = t->next) {
        t->problem = *problem;
        t->accepted = t->duplicates = 0;
    }
    tickets_done(tickets, NULL);
}

/* The sequence of each ticket's last record; the journal's last before when it has none. */
static void tickets_number(const struct group *group, uint64_t last)
{
    size_t end = 0;
    for (struct ingest_ticket *t = group->tickets; t != NULL; t = t->next) {
        end += t->accepted;
        if (t->accepted > 0)
            last = group->records[end - 1].sequence;
        t->sequence = last;
    }
}

/* Makes a group of the tickets durable. False when it was refused. */
static bool commit(struct ingest *g, struct group *group, struct ingest_ticket *tickets)
{
    const struct ingest_settings *s = &g->settings;
    struct problem problem = {0};
    group_begin(group, tickets, g->next_sequence);
    if (group_commit(group, s->journal, s->ids, s->id_check, sites_now_us(s->sites), &problem) <
        0) {
        atomic_fetch_add(&g->totals.failed_groups, 1);
        log_write(LOG_ERROR, "events refused, nothing stored: %s", problem.message);
        tickets_fail(tickets, &problem);
        return false;
    }
    tickets_number(group, g->next_sequence - 1);
    if (group->count > 0)
        g->next_sequence = group->records[group->count - 1].sequence + 1;
    id_index_committed(s->ids, g->next_sequence - 1);
    return true;
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

/* Waits until at most so many groups are committed and not applied; the lock is held. */
static void wait_for_applier(struct ingest *g, uint64_t most)
{
    while (g->committed - g->applied > most)
        pthread_cond_wait(&g->applied_more, &g->lock);
}

/* Commits the tickets at hand, if there are any; the lock is held, but for the work. */
static void commit_waiting(struct ingest *g)
{
    if (g->first == NULL)
        return;
    wait_for_applier(g, GROUPS - 1); /* meanwhile more tickets join */
    struct ingest_ticket *tickets = take_tickets(g);
    struct group *group = &g->groups[g->committed % GROUPS];
    bool alone = g->committed == g->applied;
    pthread_mutex_unlock(&g->lock);
    bool durable = commit(g, group, tickets), at_once = alone && group->count <= APPLY_AT_ONCE;
    if (durable && at_once)
        apply(g, group);
    pthread_mutex_lock(&g->lock);
    if (!durable)
        return;
    g->committed++;
    if (at_once)
        g->applied++;
    else
        pthread_cond_signal(&g->committed_more);
}

/* Does a step of a chore when its time has come, with no group on its way: it must find the
 * floors as the journal has them. The lock is held, but for the step. */
static void do_chore(struct ingest *g, const struct ingest_chore *chore, time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (g->stopping || chore->step == NULL || now.tv_sec < *at)
        return;
    *at = now.tv_sec;
    bool more = false;
    if (chore->due == NULL || chore->due(chore->data, g->next_sequence - 1)) {
        wait_for_applier(g, 0);
        pthread_mutex_unlock(&g->lock);
        more = chore->step(chore->data, g->next_sequence - 1);
        pthread_mutex_lock(&g->lock);
    }
    if (!more)
        *at += chore->interval_s;
}

/* Does what is to be done; when the first of the chores comes next. */
static struct timespec do_chores(struct ingest *g, time_t at[INGEST_CHORES])
{
    struct timespec next = {.tv_sec = INT32_MAX};
    for (unsigned i = 0; i < INGEST_CHORES; i++) {
        const struct ingest_chore *chore = &g->settings.chores[i];
        do_chore(g, chore, &at[i]);
        if (chore->step != NULL && at[i] < next.tv_sec)
            next.tv_sec = at[i];
    }
    return next;
}

static void *committer(void *data)
{
    struct ingest *g = data;
    time_t at[INGEST_CHORES] = {0};
    thread_works_long();
    struct timespec chore_at = {0}; /* at once */
    pthread_mutex_lock(&g->lock);
    while (g->first != NULL || !g->stopping) {
        wait_for_work(g, &chore_at);
        commit_waiting(g);
        chore_at = do_chores(g, at);
    }
    g->committed_all = true;
    pthread_cond_signal(&g->committed_more);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* --- the applier --- */

static void *applier(void *data)
{
    struct ingest *g = data;
    thread_works_long();
    pthread_mutex_lock(&g->lock);
    for (;;) {
        while (g->applied == g->committed && !g->committed_all)
            pthread_cond_wait(&g->committed_more, &g->lock);
        if (g->applied == g->committed)
            break;
        const struct group *group = &g->groups[g->applied % GROUPS];
        pthread_mutex_unlock(&g->lock);
        apply(g, group);
        pthread_mutex_lock(&g->lock);
        g->applied++;
        pthread_cond_signal(&g->applied_more);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* --- from outside --- */

/* Puts what is gathered behind the queue; the lock is held. Who calls it wakes the
 * committer when it is free again, or that would wake only to wait for it. */
static bool hand_over(struct ingest *g)
{
    if (g->gathered == NULL)
        return false;
    *g->last = g->gathered;
    g->last = g->gathered_last;
    g->gathered = NULL;
    g->gathered_last = &g->gathered;
    atomic_store(&g->gathered_events, 0);
    return true;
}

static void ingest_free(struct ingest *g)
{
    pthread_cond_destroy(&g->wake);
    pthread_cond_destroy(&g->committed_more);
    pthread_cond_destroy(&g->applied_more);
    pthread_mutex_destroy(&g->lock);
    for (unsigned i = 0; i < GROUPS; i++)
        group_clear(&g->groups[i]);
    free(g);
}

/* Asks the threads to finish and waits for them. */
static void ingest_join(struct ingest *g, bool both)
{
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    hand_over(g);
    g->committed_all = !both;
    pthread_cond_signal(&g->wake);
    pthread_cond_signal(&g->committed_more);
    pthread_mutex_unlock(&g->lock);
    if (both)
        pthread_join(g->committer, NULL);
    pthread_join(g->applier, NULL);
}

int ingest_start(const struct ingest_settings *settings, struct ingest **out,
                 struct problem *problem)
{
    struct ingest *g = calloc(1, sizeof *g);
    if (g == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start the writer.");
    g->settings = *settings;
    g->last = &g->first;
    g->gathered_last = &g->gathered;
    g->next_sequence = settings->last_sequence + 1;
    atomic_store(&g->totals.last_sequence, settings->last_sequence);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&g->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&g->committed_more, NULL);
    pthread_cond_init(&g->applied_more, NULL);
    pthread_mutex_init(&g->lock, NULL);
    bool applies = pthread_create(&g->applier, NULL, applier, g) == 0;
    if (!applies || pthread_create(&g->committer, NULL, committer, g) != 0) {
        if (applies)
            ingest_join(g, false);
        ingest_free(g);
        return problem_set(problem, PROBLEM_INTERNAL, "The writer's threads cannot be started.");
    }
    *out = g;
    return 0;
}

static int take_in(struct ingest *g, struct ingest_ticket *ticket, size_t most,
                   struct problem *problem)
{
    int result = 0;
    bool handed = false;
    ticket->next = NULL;
    ticket->problem = (struct problem){0};
    pthread_mutex_lock(&g->lock);
    if (g->stopping) {
        result = problem_set(problem, PROBLEM_STOPPING,
                             "The server is stopping: send this again when it is back.");
    } else if ((g->first != NULL || g->gathered != NULL) &&
               g->waiting_bytes + ticket->bytes > LIMIT_QUEUED_BYTES) {
        result = problem_set(problem, PROBLEM_BUSY,
                             "Too many events are waiting to be stored: send this again later.");
    } else {
        *g->gathered_last = ticket;
        g->gathered_last = &ticket->next;
        g->waiting_bytes += ticket->bytes;
        atomic_store(&g->totals.waiting_bytes, g->waiting_bytes);
        if (atomic_fetch_add(&g->gathered_events, ticket->event_count) + ticket->event_count >=
            most)
            handed = hand_over(g);
    }
    pthread_mutex_unlock(&g->lock);
    if (handed)
        pthread_cond_signal(&g->wake);
    return result;
}

int ingest_submit(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem)
{
    return take_in(g, ticket, 0, problem);
}

int ingest_gather(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem)
{
    return take_in(g, ticket, GATHER_EVENTS, problem);
}

void ingest_hand_over(struct ingest *g)
{
    if (atomic_load(&g->gathered_events) == 0)
        return;
    pthread_mutex_lock(&g->lock);
    bool handed = hand_over(g);
    pthread_mutex_unlock(&g->lock);
    if (handed)
        pthread_cond_signal(&g->wake);
}

void ingest_stop(struct ingest *g)
{
    if (g == NULL)
        return;
    ingest_join(g, true);
    ingest_free(g);
}

const struct ingest_totals *ingest_get_totals(const struct ingest *g)
{
    return &g->totals;
}
