/* Two threads: one reads the journal and decodes ahead, the other applies. They pass
 * batches round a small ring. */
#include "server/rebuild.h"

#include "base/arena.h"
#include "base/instant.h"
#include "base/log.h"
#include "event/decode.h"

#include <pthread.h>
#include <stdlib.h>

/* A line of progress after so many records. */
#define PROGRESS_RECORDS 1000000u
/* Events in a batch: little enough to be in the cache still when they are applied. */
#define BATCH_EVENTS 256u
#define BATCHES 4u
/* What comes so many events later is brought from the reader's cache, its id half as late. */
#define AHEAD 2u

struct batch {
    struct event events[BATCH_EVENTS];
    size_t count;
    struct arena *arena; /* what they point to */
};

struct rebuilder {
    struct journal *journal;
    struct sites *sites;
    struct id_index *ids;
    struct decoder *decoder;
    uint64_t applied_to; /* the last sequence that the floors hold already */
    uint64_t records;
    int64_t now_us;

    struct batch batches[BATCHES]; /* the one of number n is batches[n % BATCHES] */
    pthread_mutex_t lock;          /* of what follows */
    pthread_cond_t read_more, applied_more;
    uint64_t read, applied; /* batches so far */
    bool read_all;

    int failed; /* the reader's outcome */
    struct problem problem;
};

static int no_memory(struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL,
                       "There is not enough memory for the journal's events.");
}

/* --- the reader --- */

/* Hands the batch over and begins the next one, when there is one free. */
static void batch_pass(struct rebuilder *r)
{
    pthread_mutex_lock(&r->lock);
    r->read++;
    pthread_cond_signal(&r->read_more);
    while (r->read - r->applied == BATCHES)
        pthread_cond_wait(&r->applied_more, &r->lock);
    struct batch *next = &r->batches[r->read % BATCHES];
    pthread_mutex_unlock(&r->lock);
    next->count = 0;
    arena_reset(next->arena);
}

static int take_record(void *data, const struct journal_record *record)
{
    struct rebuilder *r = data;
    struct batch *b = &r->batches[r->read % BATCHES];
    struct problem why;
    if (id_index_add(r->ids, record->site_id, record->id, record->sequence) < 0)
        return no_memory(&r->problem);
    id_index_committed(r->ids, record->sequence);
    if (record->sequence <= r->applied_to)
        return 0;
    if (decode_stored_into(r->decoder, record->json, b->arena, &b->events[b->count], &why) < 0)
        return problem_set(&r->problem, PROBLEM_INTERNAL,
                           "Record %llu of the journal cannot be understood (%s): run "
                           "`livefloor check`.",
                           (unsigned long long)record->sequence, why.message);
    if (++r->records % PROGRESS_RECORDS == 0)
        log_write(LOG_INFO, "read %llu events from the journal", (unsigned long long)r->records);
    if (++b->count == BATCH_EVENTS)
        batch_pass(r);
    return 0;
}

static void *reader(void *data)
{
    struct rebuilder *r = data;
    /* What both have is not read at all. */
    uint64_t covered = id_index_covered(r->ids);
    uint64_t from = 1 + (covered < r->applied_to ? covered : r->applied_to);
    r->failed = journal_scan(r->journal, from, take_record, r, &r->problem);
    pthread_mutex_lock(&r->lock);
    r->read++; /* the last one, which is not full */
    r->read_all = true;
    pthread_cond_signal(&r->read_more);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* --- the applier --- */

static int apply_batch(struct rebuilder *r, const struct batch *b)
{
    for (size_t at = 0; at < b->count;) {
        int64_t id = b->events[at].site_id;
        struct site *site = sites_get(r->sites, id);
        if (site == NULL)
            return -1;
        struct floor *floor = site_write_begin(site);
        for (; at < b->count && b->events[at].site_id == id; at++) {
            if (at + 2 * AHEAD < b->count) {
                event_prefetch(&b->events[at + 2 * AHEAD]);
                event_prefetch_id(&b->events[at + AHEAD]);
            }
            floor_apply(floor, &b->events[at], r->now_us);
        }
        site_write_end(site);
    }
    return 0;
}

/* Applies what the reader brings, to its end. -1 when there was no room for a site. */
static int apply_all(struct rebuilder *r)
{
    int failed = 0;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        while (r->applied == r->read && !r->read_all)
            pthread_cond_wait(&r->read_more, &r->lock);
        if (r->applied == r->read)
            break;
        const struct batch *b = &r->batches[r->applied % BATCHES];
        pthread_mutex_unlock(&r->lock);
        if (failed == 0)
            failed = apply_batch(r, b);
        pthread_mutex_lock(&r->lock);
        r->applied++;
        pthread_cond_signal(&r->applied_more);
    }
    pthread_mutex_unlock(&r->lock);
    return failed;
}

static int run(struct rebuilder *r, struct problem *problem)
{
    pthread_t thread;
    r->now_us = sites_now_us(r->sites);
    r->decoder = decoder_new();
    bool room = r->decoder != NULL;
    for (unsigned i = 0; i < BATCHES; i++)
        room = (r->batches[i].arena = arena_new()) != NULL && room;
    if (!room || pthread_create(&thread, NULL, reader, r) != 0)
        return no_memory(problem);
    int failed = apply_all(r);
    pthread_join(thread, NULL);
    if (r->failed != 0) {
        *problem = r->problem;
        return r->failed;
    }
    return failed == 0 ? 0 : no_memory(problem);
}

int rebuild(struct journal *journal, struct sites *sites, struct id_index *ids, uint64_t applied,
            struct problem *problem)
{
    struct rebuilder *r = calloc(1, sizeof *r);
    if (r == NULL)
        return no_memory(problem);
    r->journal = journal;
    r->sites = sites;
    r->ids = ids;
    r->applied_to = applied;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->read_more, NULL);
    pthread_cond_init(&r->applied_more, NULL);
    int failed = run(r, problem);
    if (failed == 0 && r->records > 0)
        log_write(LOG_INFO, "%llu events read in %.1f s", (unsigned long long)r->records,
                  (double)(sites_now_us(sites) - r->now_us) / (double)US_PER_SECOND);
    pthread_cond_destroy(&r->applied_more);
    pthread_cond_destroy(&r->read_more);
    pthread_mutex_destroy(&r->lock);
    for (unsigned i = 0; i < BATCHES; i++)
        arena_free(r->batches[i].arena);
    decoder_free(r->decoder);
    free(r);
    return failed;
}
