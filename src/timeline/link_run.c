#include "timeline/link_run.h"

#include "base/memory.h"
#include "timeline/link_run_form.h"
#include "timeline/unit.h"

#include <stdlib.h>
#include <string.h>

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

void link_run_unpack(const struct link_run *r, struct link *out)
{
    int64_t *times = memory_get(r->n * sizeof *times);
    uint16_t *rank = memory_get(r->n * sizeof *rank);
    struct link_run_walk walk = {0};
    link_run_ranks_read(r, &walk, r->n, rank);
    series_read(&r->to, times);
    for (uint32_t i = 0; i < r->n; i++)
        out[i].to = times[i];
    series_read(&r->from, times);
    for (uint32_t i = 0; i < r->n; i++) {
        out[i].from = times[rank[i]];
        out[i].value = (int64_t)link_run_value(r, i);
    }
    memory_free(times);
    memory_free(rank);
}

/* Bytes side by side, of which one instruction compares all. */
typedef uint8_t lanes __attribute__((vector_size(LINK_RUN_LANES)));

static uint32_t lanes_sum(lanes v)
{
    uint64_t words[LINK_RUN_LANES / 8], sum = 0;
    memcpy(words, &v, sizeof words);
    for (size_t i = 0; i < LINK_RUN_LANES / 8; i++)
        sum += (words[i] & UINT64_C(0x00ff00ff00ff00ff)) +
               (words[i] >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    return (uint32_t)(sum * UINT64_C(0x0001000100010001) >> 48);
}

/* How many of `count` < LINK_RUN_EDGE bytes are at least `least`, and how many are greater. */
static void bytes_count(const uint8_t *bytes, uint32_t count, uint8_t least, uint32_t *at_least,
                        uint32_t *greater)
{
    const lanes place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const lanes limit = (lanes){0} + least;
    lanes not_less = {0}, more = {0}, x; /* of each lane: no more than EDGE / LANES */
    for (; count >= LINK_RUN_LANES; count -= LINK_RUN_LANES, bytes += LINK_RUN_LANES) {
        memcpy(&x, bytes, sizeof x);
        not_less -= (lanes)(x >= limit);
        more -= (lanes)(x > limit);
    }
    memcpy(&x, bytes, sizeof x);
    lanes counts = (lanes)(place < (lanes){0} + (uint8_t)count);
    not_less -= (lanes)(x >= limit) & counts;
    more -= (lanes)(x > limit) & counts;
    *at_least = lanes_sum(not_less);
    *greater = lanes_sum(more);
}

/* A question to one run: of the first `high` by `to`, those whose rank is at least `rank`. */
struct corner {
    const struct link_run *run;
    uint32_t rank, high;
};

/* One end decides; else it is `rank` < n and `high` > 0. */
static bool is_simple(const struct corner *c)
{
    return c->run->planes == 0 && (c->rank == 0 || c->high == c->run->n);
}

/* The edge that is nearest to the place `high`. */
static uint32_t corner_edge(const struct corner *c)
{
    uint32_t edge = (c->high + LINK_RUN_EDGE / 2) / LINK_RUN_EDGE;
    return edge < link_run_edges(c->run->n) ? edge : link_run_edges(c->run->n) - 1;
}

static void corner_prefetch(const struct corner *c)
{
    const struct link_run *r = c->run;
    uint32_t bucket = c->rank / LINK_RUN_BUCKET, edge = corner_edge(c);
    uint32_t begin = edge * LINK_RUN_EDGE < c->high ? edge * LINK_RUN_EDGE : c->high;
    uint32_t end = edge * LINK_RUN_EDGE < c->high ? c->high : edge * LINK_RUN_EDGE;
    const uint8_t *low = link_run_low(r) + (size_t)bucket * LINK_RUN_BUCKET;
    __builtin_prefetch(r->counts + (size_t)edge * link_run_buckets(r->n) + bucket);
    for (uint32_t i = begin; i < end; i += 64)
        __builtin_prefetch(r->high + i);
    for (uint32_t i = 0; i < LINK_RUN_BUCKET; i += 64)
        __builtin_prefetch(low + i);
}

/* The sum of the numbers of [begin, end) whose byte is at least `least`. */
static uint64_t numbers_sum(const struct link_run *r, const uint64_t *numbers, const uint8_t *bytes,
                            uint32_t begin, uint32_t end, uint32_t least)
{
    uint64_t sum = 0;
    for (uint32_t i = begin; i < end; i++)
        if (bytes[i] >= least)
            sum += bits_get(numbers, (size_t)i * r->planes, r->planes);
    return sum;
}

/* The sum of the numbers of a corner of which `in_bucket` links have the rank's high byte. */
static uint64_t corner_sum(const struct corner *c, uint32_t in_bucket)
{
    const struct link_run *r = c->run;
    uint32_t bucket = c->rank / LINK_RUN_BUCKET, buckets = link_run_buckets(r->n);
    uint32_t edge = corner_edge(c), at = edge * LINK_RUN_EDGE;
    const uint64_t *sums = r->sums + (size_t)edge * (buckets + 1);
    uint64_t sum = sums[buckets] - sums[bucket + 1];
    if (at < c->high)
        sum += numbers_sum(r, r->numbers, r->high, at, c->high, bucket + 1);
    else
        sum -= numbers_sum(r, r->numbers, r->high, c->high, at, bucket + 1);
    uint32_t first = bucket * LINK_RUN_BUCKET;
    return sum + numbers_sum(r, r->numbers + link_run_words(r), link_run_low(r), first,
                             first + in_bucket, c->rank % LINK_RUN_BUCKET);
}

static void corner_take(const struct corner *c, struct link_totals *totals)
{
    const struct link_run *r = c->run;
    uint32_t bucket = c->rank / LINK_RUN_BUCKET, buckets = link_run_buckets(r->n);
    uint32_t edge = corner_edge(c), at = edge * LINK_RUN_EDGE;
    const uint16_t *counts = r->counts + (size_t)edge * buckets;
    /* Of those before the edge: with the rank's high byte or a greater one; a greater one. */
    uint32_t not_less = at - counts[bucket];
    uint32_t more = bucket + 1 < buckets ? at - counts[bucket + 1] : 0, at_least, greater;
    bool behind = at < c->high;
    bytes_count(r->high + (behind ? at : c->high), behind ? c->high - at : at - c->high,
                (uint8_t)bucket, &at_least, &greater);
    not_less = behind ? not_less + at_least : not_less - at_least;
    more = behind ? more + greater : more - greater;
    uint32_t in_bucket = not_less - more, count;
    bytes_count(link_run_low(r) + (size_t)bucket * LINK_RUN_BUCKET, in_bucket,
                (uint8_t)(c->rank % LINK_RUN_BUCKET), &count, &greater);
    count += more;
    uint64_t sum = r->value_base * count;
    if (r->planes > 0)
        sum += r->value_unit * corner_sum(c, in_bucket);
    totals->count += count;
    totals->value = (int64_t)((uint64_t)totals->value + sum);
}

/* Whether a run's links lie on both sides of an end; those that all lie within are added. */
static bool is_cut(const struct link_run *r, int64_t start, int64_t end, struct link_totals *totals)
{
    if (start > r->from.last || end <= r->to.first)
        return false;
    if (start > r->from.first || end <= r->to.last)
        return true;
    totals->count += r->n;
    totals->value = (int64_t)((uint64_t)totals->value + r->value_total);
    return false;
}

static void corners_take(const struct corner *corners, size_t n, struct link_totals *totals)
{
    for (size_t i = 0; i < n; i++)
        if (!is_simple(&corners[i]))
            corner_prefetch(&corners[i]);
    for (size_t i = 0; i < n; i++) {
        const struct corner *c = &corners[i];
        if (!is_simple(c)) {
            corner_take(c, totals);
            continue;
        }
        uint32_t count = c->high - c->rank; /* and their value is the same */
        totals->count += count;
        totals->value = (int64_t)((uint64_t)totals->value + c->run->value_base * count);
    }
}

void link_runs_within(struct link_run *const *runs, size_t count, int64_t start, int64_t end,
                      struct link_totals *totals)
{
    while (count > 0) {
        struct corner corners[SERIES_SIDE_BY_SIDE / 2];
        struct series_ask asks[SERIES_SIDE_BY_SIDE];
        size_t n = 0;
        for (; count > 0 && n < SERIES_SIDE_BY_SIDE / 2; count--, runs++)
            if (is_cut(*runs, start, end, totals)) {
                asks[2 * n] = (struct series_ask){&(*runs)->from, start, 0};
                asks[2 * n + 1] = (struct series_ask){&(*runs)->to, end, 0};
                corners[n++].run = *runs;
            }
        series_before_all(asks, 2 * n);
        for (size_t i = 0; i < n; i++) {
            corners[i].rank = asks[2 * i].before;
            corners[i].high = asks[2 * i + 1].before;
        }
        corners_take(corners, n, totals);
    }
}

size_t link_run_bytes(const struct link_run *r)
{
    return sizeof *r + series_bytes(&r->from) + series_bytes(&r->to) + link_run_rows_bytes(r);
}
