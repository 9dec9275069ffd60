#include "base/limits.h"
#include "journal/block_visit.h"
#include "journal/segment_ref.h"
#include "journal/segments.h"
#include "journal/tail.h"

/* The values of one transaction: from a place on. */
static size_t count_some(const struct tail_file *f, size_t from)
{
    size_t count = 0;
    for (uint64_t bytes = 0; from + count < f->count && bytes < LIMIT_TAIL_MOVE_BYTES; count++)
        bytes += f->places[from + count].segment != 0 ? SEGMENT_REF_BYTES
                                                      : f->places[from + count].length;
    return count;
}

/* Where a move ends. */
struct end {
    uint64_t generation, next; /* what comes behind it */
    const struct journal_record *records;
    size_t record_count; /* these are among what is before `next` */
};

/* One commit: places from one on. Those that are damaged stay, and all behind them. */
static int move_some(struct tail_journal *t, size_t at, size_t count, const struct end *end,
                     struct problem *problem)
{
    struct tail_file *f = &t->files[t->generation % 2];
    bool last = at + count == f->count;
    struct lmdb_take take = {.file = f, .places = f->places + at, .count = count};
    for (size_t i = at; i < at + count; i++)
        if (f->places[i].length == 0)
            return block_damage_problem(f->places[i].key, RECORD_DAMAGED, problem);
    if (last) {
        take.records = end->records;
        take.record_count = end->record_count;
        take.after = (struct lmdb_position){end->generation, end->next};
    } else {
        take.after = (struct lmdb_position){t->generation, f->places[at + count].key};
    }
    if (lmdb_journal_take(t->store, &take, problem) < 0)
        return -1;
    bool unused = last && f->segment_fd >= 0 && f->segment_end == 0;
    if (unused) /* its first group has failed */
        segment_delete(t->directory, t->generation);
    pthread_mutex_lock(&t->lock);
    t->moved_to = take.after.next;
    if (t->next < t->moved_to)
        t->next = t->moved_to;
    if (last) {
        tail_file_clear(f);
        t->generation = end->generation;
    }
    pthread_mutex_unlock(&t->lock);
    return 0;
}

/* Moves the oldest generation, whose file nobody writes to meanwhile, and says in the last
 * commit that it counts no more: from then on its file may be written anew. */
static int move_generation(struct tail_journal *t, const struct end *end, struct problem *problem)
{
    const struct tail_file *f = &t->files[t->generation % 2];
    uint64_t generation = t->generation;
    size_t at = 0;
    while (at < f->count && f->places[at].key < t->moved_to)
        at++; /* a move that failed came so far */
    while (t->generation == generation) {
        size_t count = count_some(f, at);
        if (move_some(t, at, count, end, problem) < 0)
            return -1;
        at += count;
    }
    return 0;
}

int tail_move_full(struct tail_journal *t, struct problem *problem)
{
    pthread_mutex_lock(&t->lock);
    bool full = t->generation < t->writing;
    const struct tail_file *other = &t->files[t->writing % 2];
    const struct end end = {.generation = t->generation + 1,
                            .next = other->count > 0 ? other->places[0].key : t->next};
    pthread_mutex_unlock(&t->lock);
    return full ? move_generation(t, &end, problem) : 0;
}

/* The same when there is nothing to move. */
static int store_only(struct tail_journal *t, const struct journal_record *records, size_t n,
                      struct problem *problem)
{
    const struct lmdb_take take = {
        .records = records, .record_count = n, .after = {.next = t->next + n}};
    if (lmdb_journal_take(t->store, &take, problem) < 0)
        return -1;
    pthread_mutex_lock(&t->lock);
    t->moved_to = t->next = take.after.next;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

/* Is nothing in the tail, and was nothing begun? */
static bool is_empty(const struct tail_journal *t)
{
    const struct tail_file *f = &t->files[t->writing % 2];
    return t->generation == t->writing && f->end == 0 && f->segment_fd < 0;
}

int tail_move_all(struct tail_journal *t, const struct journal_record *records, size_t n,
                  struct problem *problem)
{
    if (is_empty(t) && !t->must_move)
        return n == 0 ? 0 : store_only(t, records, n, problem);
    if (tail_move_full(t, problem) < 0)
        return -1;
    /* Nothing that either file holds may count from now on. */
    const struct end end = {
        .generation = t->writing + 2, .next = t->next + n, .records = records, .record_count = n};
    if (move_generation(t, &end, problem) < 0)
        return -1;
    pthread_mutex_lock(&t->lock);
    t->writing = end.generation;
    t->must_move = false;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

static void *mover(void *data)
{
    struct tail_journal *t = data;
    struct problem problem;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        if (!t->full) {
            pthread_cond_wait(&t->wake, &t->lock);
            continue;
        }
        t->full = false;
        pthread_mutex_unlock(&t->lock);
        pthread_mutex_lock(&t->store_lock);
        tail_move_full(t, &problem); /* whoever needs the room tries again, and is told */
        pthread_mutex_unlock(&t->store_lock);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

void tail_mover_start(struct tail_journal *t)
{
    /* Without it, an append that finds no room moves. */
    t->has_mover = pthread_create(&t->mover, NULL, mover, t) == 0;
}

void tail_mover_stop(struct tail_journal *t)
{
    if (!t->has_mover)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->mover, NULL);
    t->has_mover = false;
}
