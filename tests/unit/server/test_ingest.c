/* The writer over a journal in memory that can fail and wait: nothing is told before it
 * is durable and applied, whatever order threads come in. */
#include "server/ingest.h"

#include "base/instant.h"
#include "journal/journal_ops.h"
#include "support/check.h"

#include <pthread.h>

#define RECORDS 8192u
#define THREADS 4u
#define TICKETS 150u
#define BATCH 40u
#define IDS 1000u
#define SITES 3u

/* --- a journal in memory --- */

struct memory_journal {
    struct journal base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct {
        int64_t site_id;
        char id[16];
    } records[RECORDS];
    size_t count;
    uint64_t skip;    /* sequences left out before the next record */
    unsigned appends; /* so far */
    unsigned fail_at; /* this one fails; 0: none does */
    unsigned wait_at; /* this one waits … */
    bool go;          /* … for this */
};

static struct memory_journal *memory_of(struct journal *j)
{
    return (struct memory_journal *)(void *)j;
}

static int memory_append(struct journal *base, struct journal_record *records, size_t n,
                         struct problem *problem)
{
    struct memory_journal *j = memory_of(base);
    int failed = 0;
    pthread_mutex_lock(&j->lock);
    j->appends++;
    while (j->appends == j->wait_at && !j->go)
        pthread_cond_wait(&j->changed, &j->lock);
    if (j->appends == j->fail_at)
        failed = problem_set(problem, PROBLEM_STORE, "full");
    for (size_t i = 0; i < n && failed == 0; i++) {
        records[i].sequence = j->skip + j->count + 1;
        j->records[j->count].site_id = records[i].site_id;
        memset(j->records[j->count].id, 0, sizeof j->records[0].id);
        memcpy(j->records[j->count++].id, records[i].id.data, records[i].id.len);
    }
    pthread_mutex_unlock(&j->lock);
    return failed;
}

static int memory_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
                       struct problem *problem)
{
    struct memory_journal *j = memory_of(base);
    struct journal_record record = {.sequence = sequence};
    (void)problem;
    pthread_mutex_lock(&j->lock);
    bool there = sequence > j->skip && sequence <= j->skip + j->count;
    if (there) {
        record.site_id = j->records[sequence - j->skip - 1].site_id;
        record.id = span_of(j->records[sequence - j->skip - 1].id);
    }
    pthread_mutex_unlock(&j->lock);
    return there ? visit(data, &record) : 1;
}

static size_t memory_count(struct memory_journal *j)
{
    pthread_mutex_lock(&j->lock);
    size_t count = j->count;
    pthread_mutex_unlock(&j->lock);
    return count;
}

static const struct journal_ops MEMORY_OPS = {.append = memory_append, .read = memory_read};

/* --- a writer with all that it needs --- */

struct fixture {
    struct memory_journal journal;
    struct ingest_ids check;
    struct id_index *ids;
    struct sites *sites;
    struct ingest *ingest;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct problem problem;
    assert_non_null(f);
    f->journal.base.ops = &MEMORY_OPS;
    pthread_mutex_init(&f->journal.lock, NULL);
    pthread_cond_init(&f->journal.changed, NULL);
    f->check.journal = &f->journal.base;
    f->ids = id_index_new(ingest_verify_id, &f->check);
    f->sites = sites_new(1800 * US_PER_SECOND, NULL);
    const struct ingest_settings settings = {
        .journal = &f->journal.base,
        .ids = f->ids,
        .id_check = &f->check,
        .sites = f->sites,
    };
    assert_int_equal(ingest_start(&settings, &f->ingest, &problem), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    ingest_stop(f->ingest);
    sites_free(f->sites);
    id_index_free(f->ids);
    pthread_cond_destroy(&f->journal.changed);
    pthread_mutex_destroy(&f->journal.lock);
    free(f);
    return 0;
}

/* --- a batch whose outcome can be waited for --- */

struct batch {
    struct ingest_ticket ticket;
    struct fixture *fixture;
    struct decoded_event events[BATCH];
    char ids[BATCH][16];
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool done;
};

/* On the writer's thread: durable and visible before it is told. */
static void ticket_told(const struct ingest_ticket *ticket)
{
    struct batch *b = ticket->user;
    if (ticket->problem.code == 0) {
        uint64_t last = atomic_load(&ingest_get_totals(b->fixture->ingest)->last_sequence);
        assert_true(ticket->sequence <= last);
        assert_true(ticket->sequence <=
                    b->fixture->journal.skip + memory_count(&b->fixture->journal));
    }
    pthread_mutex_lock(&b->lock);
    b->done = true;
    pthread_cond_signal(&b->told);
    pthread_mutex_unlock(&b->lock);
}

static void batch_told(struct ingest_ticket *first, const struct ingest_ticket *end)
{
    for (struct ingest_ticket *t = first, *next; t != end; t = next) {
        next = t->next; /* whoever was told may free it */
        ticket_told(t);
    }
}

static struct batch *batch_new(struct fixture *f)
{
    struct batch *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->fixture = f;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->told, NULL);
    return b;
}

static void batch_free(struct batch *b)
{
    pthread_cond_destroy(&b->told);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static void batch_add(struct batch *b, int64_t site_id, unsigned id)
{
    size_t at = b->ticket.event_count++;
    int len = snprintf(b->ids[at], sizeof b->ids[at], "e%u", id);
    struct event *e = &b->events[at].event;
    *e = (struct event){.type = EVENT_VISITOR_SEEN,
                        .fields = FIELD_VISITOR,
                        .time_us = 1000000LL * id,
                        .site_id = site_id,
                        .id = {b->ids[at], (size_t)len},
                        .visitor = {{[15] = (uint8_t)(id % 7)}}};
    b->events[at].json = SPAN("{}");
}

typedef int submit_fn(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem);

static void batch_submit(struct batch *b, submit_fn *submit)
{
    struct problem problem = {0};
    b->ticket.events = b->events;
    b->ticket.bytes = 1;
    b->ticket.done = batch_told;
    b->ticket.user = b;
    b->done = false;
    assert_int_equal(submit(b->fixture->ingest, &b->ticket, &problem), 0);
}

static void batch_send(struct batch *b)
{
    batch_submit(b, ingest_submit);
}

static void batch_wait(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->done)
        pthread_cond_wait(&b->told, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* A batch of one event, sent. */
static struct batch *send_one(struct fixture *f, int64_t site_id, unsigned id)
{
    struct batch *b = batch_new(f);
    batch_add(b, site_id, id);
    batch_send(b);
    return b;
}

/* The same, gathered only. */
static struct batch *gather_one(struct fixture *f, int64_t site_id, unsigned id)
{
    struct batch *b = batch_new(f);
    batch_add(b, site_id, id);
    batch_submit(b, ingest_gather);
    return b;
}

static void expect(struct batch *b, size_t accepted, size_t duplicates, uint64_t sequence)
{
    batch_wait(b);
    assert_int_equal(b->ticket.problem.code, 0);
    assert_int_equal(b->ticket.accepted, accepted);
    assert_int_equal(b->ticket.duplicates, duplicates);
    assert_int_equal(b->ticket.sequence, sequence);
    batch_free(b);
}

/* --- the tests --- */

struct client {
    struct fixture *fixture;
    uint64_t seed;
    size_t sent, accepted, duplicates;
};

static void *client_run(void *data)
{
    struct client *s = data;
    for (unsigned n = 0; n < TICKETS; n++) {
        struct batch *b = batch_new(s->fixture);
        for (uint32_t i = dice(&s->seed, BATCH) + 1; i > 0; i--)
            batch_add(b, 1 + dice(&s->seed, SITES), dice(&s->seed, IDS));
        batch_send(b);
        batch_wait(b);
        assert_int_equal(b->ticket.problem.code, 0);
        assert_int_equal(b->ticket.accepted + b->ticket.duplicates, b->ticket.event_count);
        s->sent += b->ticket.event_count;
        s->accepted += b->ticket.accepted;
        s->duplicates += b->ticket.duplicates;
        batch_free(b);
    }
    return NULL;
}

static void each_event_once(void **state)
{
    struct fixture *f = *state;
    struct client clients[THREADS];
    pthread_t threads[THREADS];
    static bool seen[SITES][IDS];
    size_t accepted = 0, sent = 0, duplicates = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        clients[i] = (struct client){.fixture = f, .seed = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, client_run, &clients[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        accepted += clients[i].accepted;
        duplicates += clients[i].duplicates;
        sent += clients[i].sent;
    }
    assert_int_equal(accepted, f->journal.count);
    assert_int_equal(accepted + duplicates, sent);
    assert_int_equal(atomic_load(&ingest_get_totals(f->ingest)->accepted), accepted);
    assert_int_equal(atomic_load(&ingest_get_totals(f->ingest)->duplicates), duplicates);
    assert_int_equal(atomic_load(&ingest_get_totals(f->ingest)->last_sequence), accepted);
    assert_int_equal(sites_count(f->sites, NULL), SITES);
    for (size_t i = 0; i < f->journal.count; i++) {
        unsigned id = (unsigned)strtoul(f->journal.records[i].id + 1, NULL, 10);
        bool *there = &seen[f->journal.records[i].site_id - 1][id];
        assert_false(*there);
        *there = true;
    }
}

/* The first group is told while the second is still being committed; a duplicate of the
 * second waits for it. */
static void commits_while_it_applies(void **state)
{
    struct fixture *f = *state;
    f->journal.wait_at = 2;
    struct batch *first = send_one(f, 1, 1);
    batch_wait(first);
    struct batch *second = send_one(f, 1, 2), *same = send_one(f, 1, 2);
    struct batch *third = send_one(f, 1, 1);
    expect(first, 1, 0, 1);
    assert_int_equal(memory_count(&f->journal), 1);
    pthread_mutex_lock(&second->lock);
    assert_false(second->done);
    pthread_mutex_unlock(&second->lock);
    pthread_mutex_lock(&f->journal.lock);
    f->journal.go = true;
    pthread_cond_signal(&f->journal.changed);
    pthread_mutex_unlock(&f->journal.lock);
    expect(second, 1, 0, 2);
    expect(same, 0, 1, 2);
    expect(third, 0, 1, 2);
}

/* A group that could not be stored is refused whole, and can be sent again. */
static void refused_groups_leave_nothing(void **state)
{
    struct fixture *f = *state;
    f->journal.fail_at = 2;
    expect(send_one(f, 1, 1), 1, 0, 1);
    struct batch *refused = batch_new(f);
    batch_add(refused, 1, 1);
    batch_add(refused, 1, 2);
    batch_add(refused, 1, 3);
    batch_send(refused);
    batch_wait(refused);
    assert_int_equal(refused->ticket.problem.code, PROBLEM_STORE);
    assert_int_equal(refused->ticket.accepted, 0);
    assert_int_equal(refused->ticket.duplicates, 0);
    assert_int_equal(atomic_load(&ingest_get_totals(f->ingest)->failed_groups), 1);
    assert_int_equal(atomic_load(&ingest_get_totals(f->ingest)->last_sequence), 1);
    batch_send(refused);
    expect(refused, 2, 1, 3);
}

/* The journal may give other sequences than expected. */
static void follows_the_journals_sequences(void **state)
{
    struct fixture *f = *state;
    f->journal.skip = 100;
    expect(send_one(f, 1, 1), 1, 0, 101);
    expect(send_one(f, 1, 1), 0, 1, 101);
    expect(send_one(f, 1, 2), 1, 0, 102);
}

/* What is gathered is one group, and waits for being handed over … */
static void gathers_a_turn(void **state)
{
    struct fixture *f = *state;
    struct batch *batches[5];
    ingest_hand_over(f->ingest); /* nothing */
    for (unsigned i = 0; i < 5; i++)
        batches[i] = gather_one(f, 1, 1 + i % 4);
    assert_int_equal(memory_count(&f->journal), 0);
    ingest_hand_over(f->ingest);
    for (unsigned i = 0; i < 4; i++)
        expect(batches[i], 1, 0, i + 1);
    expect(batches[4], 0, 1, 4);
    assert_int_equal(f->journal.appends, 1);
}

/* … or for something that is submitted behind it, or for many more, or for the end. */
static void gathers_not_for_ever(void **state)
{
    struct fixture *f = *state;
    struct batch *batches[200];
    struct batch *first = gather_one(f, 1, 1), *second = send_one(f, 1, 2);
    expect(first, 1, 0, 1);
    expect(second, 1, 0, 2);
    for (unsigned i = 0; i < 200; i++)
        batches[i] = gather_one(f, 1, 3 + i);
    for (unsigned i = 0; i < 64; i++)
        batch_wait(batches[i]);
    ingest_stop(f->ingest);
    f->ingest = NULL;
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(batches[i]->ticket.sequence, 3 + i);
        batch_wait(batches[i]);
        batch_free(batches[i]);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_event_once),
        TEST(commits_while_it_applies),
        TEST(refused_groups_leave_nothing),
        TEST(follows_the_journals_sequences),
        TEST(gathers_a_turn),
        TEST(gathers_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
