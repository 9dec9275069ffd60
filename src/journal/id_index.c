#include "journal/id_index.h"
#include "base/limits.h"
#include "journal/id_index_cover.h"
#include "journal/id_index_job.h"
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <xxhash.h>

/* Questions whose misses of the cache overlap. */
#define FIND_AT_ONCE 8u
/* After a failed write, the next attempt. */
#define RETRY_S 10

/* Writing that fails: said once, tried again later. */
struct trouble {
    bool said;
    time_t retry_at;
};

struct id_index {
    struct id_index_options options; /* the directory's text is ours */
    uint64_t seed;

    struct id_table now;    /* the newest ids */
    struct id_table frozen; /* ids on their way to a run, unchanged; or empty */
    struct id_run_head frozen_head;
    struct id_run *runs[ID_RUNS_MAX]; /* the rest, in the order of sequences */
    size_t run_count;

    uint64_t frozen_to; /* sequences up to this are in runs or in `frozen` */
    uint64_t committed, drop_below;

    struct id_worker worker;
    struct id_trash trash; /* for the next job */
    bool busy;             /* a job is under way */
    bool settled;          /* nothing to do but when the table is full */
    struct trouble with_tables, with_merges;
};

static void say(struct id_index *x, const char *text)
{
    if (x->options.say != NULL)
        x->options.say(x->options.data, text);
}

static uint64_t table_ids(const struct id_index *x)
{
    return x->options.table_ids != 0 ? x->options.table_ids : LIMIT_ID_TABLE_IDS;
}

static uint64_t ribbon_ids(const struct id_index *x)
{
    return x->options.ribbon_ids != 0 ? x->options.ribbon_ids : ID_FILTER_RIBBON_IDS;
}

/* Enough that a group fits on top of what waits to be full. */
static uint64_t table_room(const struct id_index *x)
{
    return table_ids(x) + table_ids(x) / 2;
}

/* --- opening and closing --- */

int id_index_open(const struct id_index_options *options, struct id_index **out,
                  struct problem *problem)
{
    struct id_index *x = calloc(1, sizeof *x);
    if (x == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory for the index of ids.");
    id_worker_init(&x->worker);
    x->options = *options;
    if (options->directory != NULL)
        x->options.directory = strdup(options->directory);
    bool memory = options->directory == NULL || x->options.directory != NULL;
    if (!memory || id_table_make(&x->now, 0) < 0) {
        id_index_free(x);
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory for the index of ids.");
    }
    /* A secret: nobody can choose ids that all have one hash. */
    if (getrandom(&x->seed, sizeof x->seed, 0) != sizeof x->seed)
        x->seed = (uint64_t)(uintptr_t)x ^ (uint64_t)time(NULL);
    if (x->options.directory != NULL)
        x->run_count = id_cover_open(&x->options, x->runs, ID_RUNS_MAX);
    if (x->run_count > 0) {
        x->seed = x->runs[0]->head.seed;
        x->frozen_to = x->committed = x->runs[x->run_count - 1]->head.last;
    }
    *out = x;
    return 0;
}

struct id_index *id_index_new(id_index_verify *verify, void *data)
{
    const struct id_index_options options = {.verify = verify, .data = data};
    struct id_index *x = NULL;
    return id_index_open(&options, &x, NULL) == 0 ? x : NULL;
}

/* --- background work --- */

static time_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void failed(struct id_index *x, struct trouble *trouble, const char *why)
{
    char line[ID_BUILD_WHY_BYTES + 200];
    if (atomic_load(&x->worker.stop))
        return; /* it was given up for the end */
    trouble->retry_at = seconds() + RETRY_S;
    if (trouble->said)
        return;
    trouble->said = true;
    snprintf(line, sizeof line, "a file of the index of ids cannot be written (%s): %s", why,
             trouble == &x->with_tables ? "the ids stay in memory, and it is tried again"
                                        : "there are more than need be, and it is tried again");
    say(x, line);
}

static bool may_try(const struct trouble *trouble)
{
    return !trouble->said || seconds() >= trouble->retry_at;
}

static void worked(struct id_index *x, struct trouble *trouble)
{
    if (trouble->said)
        say(x, "the files of the index of ids can be written again");
    trouble->said = false;
}

/* Says it once, and lets the next start make it anew. */
static void report_damage(struct id_index *x, struct id_run *run)
{
    char line[PATH_MAX + 200];
    if (!atomic_load(&run->damaged) || run->reported)
        return;
    run->reported = true;
    snprintf(line, sizeof line,
             "%s of the index of ids is damaged: events that it may hold are refused; start again, "
             "and it is made anew from the journal",
             run->path);
    say(x, line);
    remove(run->path);
}

static void trash_run(struct id_index *x, struct id_run *run)
{
    x->trash.runs[x->trash.run_count++] = run;
}

/* Takes in what the background made. */
static void install(struct id_index *x)
{
    struct id_job *job = &x->worker.job;
    struct trouble *trouble = job->table != NULL ? &x->with_tables : &x->with_merges;
    x->busy = false;
    if (job->table == NULL && job->run_count == 0)
        return;
    if (job->made == NULL) {
        for (size_t i = 0; i < x->run_count; i++)
            report_damage(x, x->runs[i]);
        failed(x, trouble, job->build.why);
        return;
    }
    worked(x, trouble);
    if (job->table != NULL) {
        x->trash.table = x->frozen;
        x->frozen = (struct id_table){0};
        x->runs[x->run_count++] = job->made;
        return;
    }
    /* They were the last ones, and nothing was added meanwhile. */
    for (size_t i = 0; i < job->run_count; i++)
        trash_run(x, job->runs[i]);
    x->run_count -= job->run_count;
    x->runs[x->run_count++] = job->made;
}

/* Lets the table's ids go to a run, when it is full. */
static void freeze(struct id_index *x)
{
    struct id_table fresh;
    const struct id_run_head head = {.seed = x->seed,
                                     .first = x->frozen_to + 1,
                                     .last = x->committed,
                                     .mark = x->options.mark(x->options.data, x->committed)};
    if (head.mark == 0 || id_table_make(&fresh, table_room(x)) < 0)
        return;
    if (x->now.highest > x->committed && id_table_move_above(&x->now, x->committed, &fresh) < 0) {
        id_table_free(&fresh);
        return;
    }
    x->frozen = x->now;
    x->frozen_head = head;
    x->frozen_to = x->committed;
    x->now = fresh;
}

static bool may_freeze(const struct id_index *x)
{
    return x->now.count >= table_ids(x) && x->now.before.slots == NULL &&
           x->frozen.now.slots == NULL && x->run_count < ID_RUNS_MAX && x->committed > x->frozen_to;
}

/* The runs at the end that should become one: each is less than twice what follows it.
 * So their sizes about double from run to run, and there are few. Returns how many. */
static size_t merge_due(const struct id_index *x)
{
    uint64_t sum = 0;
    size_t at = x->run_count;
    while (at > 0 && !atomic_load(&x->runs[at - 1]->damaged) &&
           (at == x->run_count || x->runs[at - 1]->head.count < 2 * sum))
        sum += x->runs[--at]->head.count;
    return x->run_count - at > 1 ? x->run_count - at : 0;
}

/* Finds the next job, if any. */
static bool next_job(struct id_index *x)
{
    struct id_job *job = &x->worker.job;
    *job = (struct id_job){.build = {.directory = x->options.directory,
                                     .drop_below = x->drop_below,
                                     .removed_to = x->options.removed_to,
                                     .ribbon_ids = ribbon_ids(x)}};
    if (may_freeze(x))
        freeze(x);
    if (x->frozen.now.slots != NULL && may_try(&x->with_tables)) {
        job->table = &x->frozen;
        job->head = x->frozen_head;
    } else if (may_try(&x->with_merges)) {
        job->run_count = merge_due(x);
        memcpy(job->runs, x->runs + x->run_count - job->run_count,
               job->run_count * sizeof(struct id_run *));
    }
    bool any = job->table != NULL || job->run_count > 0 || x->trash.run_count > 0 ||
               x->trash.table.now.slots != NULL;
    if (any) {
        job->trash = x->trash;
        x->trash = (struct id_trash){0};
    }
    return any;
}

/* Ends a job that is done, and begins the next. */
static void step(struct id_index *x)
{
    if (x->busy && !atomic_load_explicit(&x->worker.done, memory_order_acquire))
        return;
    if (x->busy)
        install(x);
    bool any = next_job(x);
    x->settled = !any && !x->with_tables.said && !x->with_merges.said;
    if (!any)
        return;
    if (id_worker_ask(&x->worker) == 0) {
        x->busy = true;
        return;
    }
    x->trash = x->worker.job.trash;
    x->worker.job.trash = (struct id_trash){0};
    failed(x, x->worker.job.table != NULL ? &x->with_tables : &x->with_merges,
           "there can be no thread for it");
}

void id_index_committed(struct id_index *x, uint64_t sequence)
{
    if (sequence > x->committed)
        x->committed = sequence;
    if (x->options.directory != NULL && (!x->settled || may_freeze(x)))
        step(x);
}

void id_index_settle(struct id_index *x)
{
    if (x->options.directory == NULL)
        return;
    if (x->busy)
        id_worker_wait(&x->worker);
    x->with_tables.retry_at = x->with_merges.retry_at = 0;
    while (id_table_move_on(&x->now))
        ; /* a table that is being moved cannot be frozen */
    step(x);
    while (x->busy) {
        id_worker_wait(&x->worker);
        step(x); /* what failed is not begun again */
    }
}

void id_index_free(struct id_index *x)
{
    if (x == NULL)
        return;
    id_worker_end(&x->worker);
    if (x->busy)
        install(x);
    id_trash_sweep(&x->trash);
    id_table_free(&x->now);
    id_table_free(&x->frozen);
    for (size_t i = 0; i < x->run_count; i++)
        id_run_close(x->runs[i]);
    free((void *)(uintptr_t)x->options.directory);
    free(x);
}

uint64_t id_index_covered(const struct id_index *x)
{
    return x->run_count == 0 ? 0 : x->runs[x->run_count - 1]->head.last;
}

void id_index_set_removed(struct id_index *x, int64_t removed_to, uint64_t first_sequence)
{
    x->options.removed_to = removed_to;
    x->drop_below = first_sequence;
}

/* --- ids --- */

uint64_t id_index_hash(const struct id_index *x, int64_t site_id, struct span id)
{
    return XXH3_64bits_withSeed(id.data, id.len, x->seed ^ (uint64_t)site_id);
}

uint64_t id_index_find_newest(const struct id_index *x, const struct id_query *query)
{
    return id_table_find(&x->now, query, x->options.verify, x->options.data);
}

static uint64_t find_in_tables(const struct id_index *x, const struct id_query *q)
{
    uint64_t sequence = id_index_find_newest(x, q);
    if (sequence == 0 && x->frozen.now.slots != NULL)
        sequence = id_table_find(&x->frozen, q, x->options.verify, x->options.data);
    return sequence;
}

/* What is unknown stays so unless another run has the id. */
static uint64_t find_in_run(struct id_index *x, struct id_run *run, const struct id_query *q,
                            uint64_t so_far)
{
    if (so_far != 0 && so_far != ID_INDEX_UNKNOWN)
        return so_far;
    uint64_t sequence = id_run_find(run, q, x->options.verify, x->options.data);
    if (sequence == ID_INDEX_UNKNOWN) {
        atomic_store(&run->damaged, true);
        report_damage(x, run);
    }
    return sequence != 0 ? sequence : so_far;
}

static void find_some(struct id_index *x, const struct id_query *queries, size_t n,
                      uint64_t *sequences)
{
    for (size_t i = 0; i < n; i++) {
        id_table_prefetch(&x->now, queries[i].hash);
        id_table_prefetch(&x->frozen, queries[i].hash);
    }
    for (size_t r = 0; r < x->run_count; r++)
        for (size_t i = 0; i < n; i++)
            id_filter_prefetch(&x->runs[r]->filter, queries[i].hash);
    for (size_t i = 0; i < n; i++)
        sequences[i] = find_in_tables(x, &queries[i]);
    for (size_t r = x->run_count; r-- > 0;)
        for (size_t i = 0; i < n; i++)
            if (id_filter_has(&x->runs[r]->filter, queries[i].hash))
                sequences[i] = find_in_run(x, x->runs[r], &queries[i], sequences[i]);
}

void id_index_find_all(struct id_index *x, const struct id_query *queries, size_t n,
                       uint64_t *sequences)
{
    for (size_t at = 0; at < n; at += FIND_AT_ONCE)
        find_some(x, queries + at, n - at < FIND_AT_ONCE ? n - at : FIND_AT_ONCE, sequences + at);
}

uint64_t id_index_find(struct id_index *x, int64_t site_id, struct span id)
{
    const struct id_query query = {id_index_hash(x, site_id, id), site_id, id};
    uint64_t sequence;
    find_some(x, &query, 1, &sequence);
    return sequence;
}

int id_index_add_hash(struct id_index *x, uint64_t hash, uint64_t sequence)
{
    if (sequence <= x->frozen_to)
        return 0;
    if (x->options.directory != NULL && x->now.count >= LIMIT_ID_MEMORY_IDS)
        return -1;
    return id_table_add(&x->now, hash, sequence);
}

int id_index_add(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence)
{
    return id_index_add_hash(x, id_index_hash(x, site_id, id), sequence);
}

void id_index_remove_hash(struct id_index *x, uint64_t hash, uint64_t sequence)
{
    id_table_remove(&x->now, hash, sequence);
}

void id_index_remove(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence)
{
    id_index_remove_hash(x, id_index_hash(x, site_id, id), sequence);
}

uint64_t id_index_count(const struct id_index *x)
{
    uint64_t count = x->now.count + x->frozen.count;
    for (size_t i = 0; i < x->run_count; i++)
        count += x->runs[i]->head.count;
    return count;
}

uint64_t id_index_bytes(const struct id_index *x)
{
    uint64_t bytes = sizeof *x + id_table_bytes(&x->now) + id_table_bytes(&x->frozen);
    for (size_t i = 0; i < x->run_count; i++)
        bytes += id_run_bytes(x->runs[i]);
    return bytes;
}

unsigned id_index_runs(const struct id_index *x)
{
    return (unsigned)x->run_count;
}

uint64_t id_index_mark_of(const struct journal_record *record)
{
    const uint64_t numbers[] = {record->sequence, (uint64_t)record->site_id,
                                (uint64_t)record->arrival_us, (uint64_t)record->time_us};
    uint64_t mark = XXH3_64bits(numbers, sizeof numbers);
    mark = XXH3_64bits_withSeed(record->id.data, record->id.len, mark);
    mark = XXH3_64bits_withSeed(record->json.data, record->json.len, mark);
    return mark != 0 ? mark : 1;
}
