/* Copies a journal's records into a new journal, some to a durable commit, and does nothing
 * else: what of an ingest's time is the journal's alone.
 *
 *   copy_journal FROM TO RECORDS_PER_COMMIT
 *
 * FROM is a server's directory, TO a new one. Prints one line of JSON; reading is not in its
 * time. */
#include "base/arena.h"
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct copier {
    struct journal *to;
    struct journal_record *records;
    struct arena *arena;
    size_t count, per_commit;
    unsigned long long copied;
    double seconds;
    struct problem *problem;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int commit(struct copier *c)
{
    double began = seconds();
    int failed = c->count > 0 ? journal_append(c->to, c->records, c->count, c->problem) : 0;
    c->seconds += seconds() - began;
    c->copied += c->count;
    c->count = 0;
    arena_reset(c->arena);
    return failed;
}

static int take(void *data, const struct journal_record *record)
{
    struct copier *c = data;
    struct journal_record *copy = &c->records[c->count++];
    *copy = *record;
    copy->id = arena_copy(c->arena, record->id);
    copy->json = arena_copy(c->arena, record->json);
    if (copy->id.data == NULL || copy->json.data == NULL)
        return problem_set(c->problem, PROBLEM_INTERNAL, "no memory");
    return c->count == c->per_commit ? commit(c) : 0;
}

static int open_in(const char *directory, bool read_only, struct journal **out,
                   struct problem *problem)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/journal", directory);
    return journal_open(&(struct journal_options){.directory = path, .read_only = read_only}, out,
                        problem);
}

int main(int argc, char **argv)
{
    struct problem problem = {0};
    struct journal *from;
    if (argc != 4) {
        fprintf(stderr, "usage: copy_journal FROM TO RECORDS_PER_COMMIT\n");
        return 2;
    }
    struct copier c = {.arena = arena_new(), .problem = &problem};
    c.per_commit = strtoul(argv[3], NULL, 10);
    c.records = malloc((c.per_commit + 1) * sizeof *c.records);
    if (c.per_commit == 0 || c.records == NULL || c.arena == NULL)
        return 1;
    if (open_in(argv[1], true, &from, &problem) < 0 ||
        open_in(argv[2], false, &c.to, &problem) < 0 ||
        journal_scan(from, 1, take, &c, &problem) != 0 || commit(&c) != 0) {
        fprintf(stderr, "copy_journal: %s\n", problem.message);
        return 1;
    }
    journal_close(from);
    journal_close(c.to);
    arena_free(c.arena);
    free(c.records);
    printf("{\"records\": %llu, \"records_per_s\": %.0f, \"seconds\": %.3f}\n", c.copied,
           (double)c.copied / c.seconds, c.seconds);
    return 0;
}
