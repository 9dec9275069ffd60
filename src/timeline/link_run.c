#include "timeline/link_run.h"

#include "base/memory.h"
#include "timeline/link_run_form.h"
#include "timeline/unit.h"

#include <stdlib.h>

static int by_to(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static int by_instant(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sets ranks; of equal froms in the order of `to`. `used` is zeroed. */
static void rank_all(const struct link *links, const int64_t *from, uint32_t n, uint16_t *rank,
                     uint16_t *used)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t low = 0, high = n;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (from[middle] < links[i].from)
                low = middle + 1;
            else
                high = middle;
        }
        rank[i] = (uint16_t)(low + used[low]++);
    }
}

/* Finds base, unit and planes of the values; sets numbers. */
static void values_plan(struct link_run *r, const struct link *links, uint64_t *number)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    struct unit unit = {0};
    for (uint32_t i = 0; i < r->n; i++) {
        least = links[i].value < least ? links[i].value : least;
        most = links[i].value > most ? links[i].value : most;
        r->value_total += (uint64_t)links[i].value;
    }
    for (uint32_t i = 0; i < r->n; i++)
        unit_take(&unit, (uint64_t)links[i].value - (uint64_t)least);
    for (uint32_t i = 0; i < r->n; i++)
        number[i] = unit_exact(&unit, (uint64_t)links[i].value - (uint64_t)least);
    r->value_base = (uint64_t)least;
    r->value_unit = unit.value;
    r->planes = bits_width(unit_exact(&unit, (uint64_t)most - (uint64_t)least));
}

static bool in_order(const struct link *links, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_to(&links[i - 1], &links[i]) > 0)
            return false;
    return true;
}

struct link_run *link_run_new(struct link *links, size_t n, bool with_values)
{
    struct link_run *r = memory_zeroed(1, sizeof *r);
    r->n = (uint32_t)n;
    if (!in_order(links, n))
        qsort(links, n, sizeof *links, by_to);
    int64_t *times = memory_get(n * sizeof *times);
    for (size_t i = 0; i < n; i++)
        times[i] = links[i].to;
    r->to = series_new(times, r->n);
    for (size_t i = 0; i < n; i++)
        times[i] = links[i].from;
    qsort(times, n, sizeof *times, by_instant);
    r->from = series_new(times, r->n);
    uint16_t *rank = memory_zeroed(2 * n, sizeof *rank);
    rank_all(links, times, r->n, rank, rank + n);
    uint64_t *number = with_values ? memory_get(n * sizeof *number) : NULL;
    if (with_values)
        values_plan(r, links, number);
    link_run_rows_new(r);
    struct link_run_walk walk = {0};
    link_run_rows_write(r, &walk, r->n, rank, number);
    memory_free(number);
    memory_free(rank);
    memory_free(times);
    return r;
}

void link_run_free(struct link_run *r)
{
    if (r == NULL)
        return;
    series_clear(&r->from);
    series_clear(&r->to);
    link_run_rows_free(r);
    memory_free(r);
}

size_t link_run_count(const struct link_run *r)
{
    return r->n;
}

void link_run_unpack_with(const struct link_run *r, const int64_t *from, struct link *out)
{
    int64_t *times = memory_get(r->n * sizeof *times);
    uint16_t *rank = memory_get(r->n * sizeof *rank);
    struct link_run_walk walk = {0};
    link_run_ranks_read(r, &walk, r->n, rank);
    series_read(&r->to, times);
    for (uint32_t i = 0; i < r->n; i++)
        out[i] = (struct link){from[rank[i]], times[i], (int64_t)link_run_value(r, i)};
    memory_free(times);
    memory_free(rank);
}

void link_run_unpack(const struct link_run *r, struct link *out)
{
    int64_t *from = memory_get(r->n * sizeof *from);
    series_read(&r->from, from);
    link_run_unpack_with(r, from, out);
    memory_free(from);
}

size_t link_run_bytes(const struct link_run *r)
{
    return sizeof *r + series_bytes(&r->from) + series_bytes(&r->to) + link_run_rows_bytes(r);
}
