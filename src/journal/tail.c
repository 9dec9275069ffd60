/* The journal as it is opened: what is appended goes to the tail's files and from there, in
 * bulk, to LMDB, which has all the rest. */
#include "journal/tail.h"
#include "journal/segments.h"

#include "base/limits.h"
#include "journal/lmdb_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* A reader counts again when records were moved meanwhile; then what it has must do. */
#define STATS_TRIES 100u

static struct tail_journal *mine(struct journal *j)
{
    return (struct tail_journal *)(void *)j;
}

static int tail_scan(struct journal *base, uint64_t from, journal_visit *visit, void *data,
                     struct problem *problem)
{
    const struct journal_checks checks = {.record = visit, .data = data};
    return tail_walk(mine(base), from, &checks, problem);
}

static int tail_check(struct journal *base, const struct journal_checks *checks,
                      struct problem *problem)
{
    return tail_walk(mine(base), 0, checks, problem);
}

static int tail_remove(struct journal *base, const uint64_t *sequences, size_t n,
                       struct problem *problem)
{
    struct tail_journal *t = mine(base);
    struct journal_stats before, after;
    pthread_mutex_lock(&t->store_lock);
    int failed = tail_move_all(t, NULL, 0, problem);
    if (failed == 0)
        failed = t->store->ops->get_stats(t->store, &before, problem);
    if (failed == 0)
        failed = t->store->ops->remove(t->store, sequences, n, problem);
    if (failed == 0 && t->store->ops->get_stats(t->store, &after, problem) == 0)
        atomic_fetch_sub(&t->record_count, before.records - after.records);
    pthread_mutex_unlock(&t->store_lock);
    return failed;
}

/* Adds what the tail has to what the store has. The tail's part is looked at first: what is
 * moved meanwhile does not count twice. */
static int writer_stats(struct tail_journal *t, struct journal_stats *out, struct problem *problem)
{
    pthread_mutex_lock(&t->lock);
    uint64_t first = t->moved_to, next = t->next, bytes = t->files[0].size + t->files[1].size;
    pthread_mutex_unlock(&t->lock);
    if (t->store->ops->get_stats(t->store, out, problem) < 0)
        return -1;
    out->records = atomic_load(&t->record_count);
    out->next_sequence = next;
    out->bytes_used += bytes;
    if (first < next) {
        out->last_sequence = next - 1;
        if (out->first_sequence == 0)
            out->first_sequence = first;
    }
    return 0;
}

static int reader_stats(struct tail_journal *t, struct journal_stats *out, struct problem *problem)
{
    struct lmdb_position at = {.next = UINT64_MAX};
    for (unsigned i = 0; i < STATS_TRIES && at.next != t->moved_to; i++)
        if (tail_refresh(t, problem) < 0 || t->store->ops->get_stats(t->store, out, problem) < 0 ||
            lmdb_journal_position(t->store, &at, problem) < 0)
            return -1;
    out->bytes_used += t->files[0].size + t->files[1].size;
    if (t->next > t->moved_to) {
        out->records += t->next - t->moved_to;
        out->last_sequence = t->next - 1;
        if (out->first_sequence == 0)
            out->first_sequence = t->moved_to;
    }
    return 0;
}

static int tail_get_stats(struct journal *base, struct journal_stats *out, struct problem *problem)
{
    struct tail_journal *t = mine(base);
    return t->read_only ? reader_stats(t, out, problem) : writer_stats(t, out, problem);
}

static int tail_put_note(struct journal *base, const char *key, struct span value,
                         struct problem *problem)
{
    struct tail_journal *t = mine(base);
    pthread_mutex_lock(&t->store_lock);
    int failed = t->store->ops->put_note(t->store, key, value, problem);
    pthread_mutex_unlock(&t->store_lock);
    return failed;
}

static long tail_get_note(struct journal *base, const char *key, char *out, size_t cap,
                          struct problem *problem)
{
    struct tail_journal *t = mine(base);
    return t->store->ops->get_note(t->store, key, out, cap, problem);
}

/* --- opening and closing --- */

static void tail_close(struct journal *base)
{
    struct tail_journal *t = mine(base);
    struct problem problem;
    tail_mover_stop(t);
    if (!t->read_only && t->generation != 0) {
        /* What cannot be moved now is moved by the next start. */
        pthread_mutex_lock(&t->store_lock);
        tail_move_all(t, NULL, 0, &problem);
        pthread_mutex_unlock(&t->store_lock);
    }
    for (unsigned i = 0; i < 2; i++) {
        tail_file_close(&t->files[i]);
        free(t->paths[i]);
    }
    journal_close(t->store);
    free(t->directory);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->store_lock);
    free(t->group);
    free(t);
}

static const struct journal_ops TAIL_OPS = {
    .close = tail_close,
    .append = tail_append,
    .scan = tail_scan,
    .read = tail_read,
    .remove = tail_remove,
    .get_stats = tail_get_stats,
    .put_note = tail_put_note,
    .get_note = tail_get_note,
    .check = tail_check,
};

/* Generations begin anywhere: files that belong to another journal do not fit by chance. */
static int first_generation(struct tail_journal *t, uint64_t *out, struct problem *problem)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return problem_set(problem, PROBLEM_STORE, "The system gives no random numbers.");
    const struct lmdb_take take = {.after = {.generation = (random >> 16) + 1, .next = t->next}};
    *out = take.after.generation;
    return lmdb_journal_take(t->store, &take, problem);
}

/* Finds what a writer before has left in the tail, and moves it if that can be done. */
static int writer_open(struct tail_journal *t, struct problem *problem)
{
    struct lmdb_position at;
    struct tail_found found;
    struct journal_stats stats;
    struct problem later;
    if (lmdb_journal_position(t->store, &at, problem) < 0 ||
        t->store->ops->get_stats(t->store, &stats, problem) < 0)
        return -1;
    t->next = t->moved_to = at.next;
    if (segments_tidy(lmdb_journal_segments(t->store), at.generation, problem) < 0)
        return -1;
    if (at.generation == 0 && first_generation(t, &at.generation, problem) < 0)
        return -1;
    for (unsigned i = 0; i < 2; i++)
        if (tail_file_open(&t->files[i], t->paths[i], false, problem) < 0)
            return -1;
    if (tail_survey(t->files, t->directory, at.generation, at.next, &found, problem) < 0)
        return -1;
    t->writing = found.writing;
    t->next = found.next;
    t->generation = at.generation;
    t->must_move = t->files[0].end > 0 || t->files[1].end > 0 || found.segments;
    atomic_store(&t->record_count, stats.records + (t->next - t->moved_to));
    tail_move_all(t, NULL, 0, &later); /* if not now, then before anything is appended */
    segments_tidy(lmdb_journal_segments(t->store), t->generation, &later);
    tail_mover_start(t);
    return 0;
}

int tail_journal_open(const struct journal_options *options, struct journal **out,
                      struct problem *problem)
{
    struct tail_journal *t = calloc(1, sizeof *t);
    if (t == NULL)
        return problem_set(problem, PROBLEM_STORE, "There is no memory to open the store.");
    t->base.ops = &TAIL_OPS;
    t->read_only = options->read_only;
    t->most = options->tail_bytes == 0 ? LIMIT_TAIL_BYTES : tail_group_room(options->tail_bytes);
    t->most_segment = t->most * LIMIT_SEGMENT_PARTS;
    t->directory = strdup(options->directory);
    pthread_mutex_init(&t->store_lock, NULL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    int failed = 0;
    for (unsigned i = 0; i < 2; i++) {
        t->files[i] = TAIL_FILE_NONE;
        if (t->directory == NULL || asprintf(&t->paths[i], "%s/tail-%u", t->directory, i) < 0) {
            t->paths[i] = NULL;
            failed = problem_set(problem, PROBLEM_STORE, "There is no memory to open the store.");
        }
    }
    if (failed == 0)
        failed = lmdb_journal_open(options, &t->store, problem);
    if (failed == 0 && !t->read_only)
        failed = writer_open(t, problem);
    if (failed < 0) {
        tail_close(&t->base);
        return -1;
    }
    *out = &t->base;
    return 0;
}
