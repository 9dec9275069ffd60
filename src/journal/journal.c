#include "journal/journal_ops.h"

#include "journal/id_index.h"

int journal_open(const struct journal_options *options, struct journal **out,
                 struct problem *problem)
{
    return tail_journal_open(options, out, problem);
}

void journal_close(struct journal *j)
{
    if (j != NULL)
        j->ops->close(j);
}

int journal_append(struct journal *j, struct journal_record *records, size_t n,
                   struct problem *problem)
{
    return n == 0 ? 0 : j->ops->append(j, records, n, problem);
}

int journal_scan(struct journal *j, uint64_t from_sequence, journal_visit *visit, void *data,
                 struct problem *problem)
{
    return j->ops->scan(j, from_sequence, visit, data, problem);
}

int journal_read(struct journal *j, uint64_t sequence, journal_visit *visit, void *data,
                 struct problem *problem)
{
    return j->ops->read(j, sequence, visit, data, problem);
}

static int note_mark(void *data, const struct journal_record *record)
{
    *(uint64_t *)data = id_index_mark_of(record);
    return 0;
}

uint64_t journal_mark(struct journal *j, uint64_t sequence)
{
    struct problem problem;
    uint64_t mark = 0;
    journal_read(j, sequence, note_mark, &mark, &problem);
    return mark;
}

int journal_remove(struct journal *j, const uint64_t *sequences, size_t n, struct problem *problem)
{
    return n == 0 ? 0 : j->ops->remove(j, sequences, n, problem);
}

int journal_get_stats(struct journal *j, struct journal_stats *out, struct problem *problem)
{
    return j->ops->get_stats(j, out, problem);
}

int journal_put_note(struct journal *j, const char *key, struct span value, struct problem *problem)
{
    return j->ops->put_note(j, key, value, problem);
}

long journal_get_note(struct journal *j, const char *key, char *out, size_t cap,
                      struct problem *problem)
{
    return j->ops->get_note(j, key, out, cap, problem);
}

int journal_check(struct journal *j, const struct journal_checks *checks, struct problem *problem)
{
    return j->ops->check(j, checks, problem);
}
