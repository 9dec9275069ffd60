#include "journal/block_visit.h"

static const char *describe(enum record_status status)
{
    return status == RECORD_NEWER ? "was written by a newer version of livefloor" : "is damaged";
}

int block_damage_problem(uint64_t sequence, enum record_status status, struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL,
                       "Record %llu of the journal %s: run `livefloor check`.",
                       (unsigned long long)sequence, describe(status));
}

int block_damage(const struct journal_checks *checks, uint64_t sequence, uint64_t count,
                 enum record_status status, struct problem *problem)
{
    if (checks->damaged == NULL)
        return block_damage_problem(sequence, status, problem);
    checks->damaged(checks->data, sequence, count, describe(status));
    return 0;
}

int block_visit_from(uint64_t key, struct span value, uint64_t from,
                     const struct journal_checks *checks, unsigned *seen, struct problem *problem)
{
    struct block b;
    int result = 0;
    enum record_status status = block_open(key, value, &b);
    if (status != RECORD_OK)
        return block_damage(checks, key, 1, status, problem);
    for (size_t i = block_find(&b, from); i < b.count && result == 0; i++) {
        struct journal_record record;
        status = block_read(&b, i, &record);
        result = status == RECORD_OK
                     ? checks->record(checks->data, &record)
                     : block_damage(checks, block_sequence(&b, i), 1, status, problem);
        ++*seen;
    }
    return result;
}

int block_visit_one(uint64_t key, struct span value, uint64_t sequence, journal_visit *visit,
                    void *data, struct problem *problem)
{
    struct block b;
    struct journal_record record;
    enum record_status status = block_open(key, value, &b);
    if (status != RECORD_OK)
        return block_damage_problem(sequence, status, problem);
    size_t at = block_find(&b, sequence);
    if (at == b.count || block_sequence(&b, at) != sequence)
        return 1;
    status = block_read(&b, at, &record);
    return status == RECORD_OK ? visit(data, &record)
                               : block_damage_problem(sequence, status, problem);
}
