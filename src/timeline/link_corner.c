#include "timeline/link_corner.h"

#include "timeline/byte_lanes.h"
#include "timeline/link_run_form.h"

static bool is_empty(const struct link_corner *c)
{
    return c->rank == c->run->n || c->high == 0;
}

/* One end decides. */
static bool is_simple(const struct link_corner *c)
{
    return c->run->planes == 0 && (c->rank == 0 || c->high == c->run->n);
}

/* The edge that is nearest to the place `high`. */
static uint32_t corner_edge(const struct link_corner *c)
{
    uint32_t edge = (c->high + LINK_RUN_EDGE / 2) / LINK_RUN_EDGE;
    return edge < link_run_edges(c->run->n) ? edge : link_run_edges(c->run->n) - 1;
}

void link_corner_prefetch(const struct link_corner *c)
{
    const struct link_run *r = c->run;
    if (is_empty(c) || is_simple(c))
        return;
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
static uint64_t corner_sum(const struct link_corner *c, uint32_t in_bucket)
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

static void take_rows(const struct link_corner *c, struct link_totals *totals)
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

void link_corner_take(const struct link_corner *c, struct link_totals *totals)
{
    if (is_empty(c))
        return;
    if (!is_simple(c)) {
        take_rows(c, totals);
        return;
    }
    uint32_t count = c->high - c->rank; /* and their value is the same */
    totals->count += count;
    totals->value = (int64_t)((uint64_t)totals->value + c->run->value_base * count);
}
