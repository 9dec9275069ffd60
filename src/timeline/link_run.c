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

/* A link on its way through the levels: the rank, and the value's number. */
struct passenger {
    uint32_t rank;
    uint64_t number;
};

static void level_build(struct link_run *r, unsigned level, const struct passenger *order,
                        struct passenger *next)
{
    unsigned digit = r->digits - 1 - level;
    uint64_t *row = link_run_row(r, level, 0);
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < r->n; i++)
        zeros += !(order[i].rank >> digit & 1);
    uint32_t at[2] = {0, zeros};
    for (uint32_t i = 0; i < r->n; i++) {
        unsigned bit = order[i].rank >> digit & 1;
        if (bit)
            bit_row_set(row, i);
        next[at[bit]++] = order[i];
    }
    bit_row_count(row, r->n);
    r->zeros[level] = zeros;
    for (unsigned p = 1; p <= r->planes; p++) {
        row = link_run_row(r, level, p);
        for (uint32_t i = 0; i < r->n; i++)
            if (next[i].number >> (p - 1) & 1)
                bit_row_set(row, i);
        bit_row_count(row, r->n);
    }
}

/* Sets ranks: equal froms share the rank of the first, all are on one side of any start. */
static void rank_all(const struct link *links, const int64_t *from, uint32_t n,
                     struct passenger *order)
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
        order[i].rank = low;
    }
}

/* Finds base, unit and planes of the values; sets numbers. */
static void values_plan(struct link_run *r, const struct link *links, struct passenger *order)
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
        order[i].number = unit_exact(&unit, (uint64_t)links[i].value - (uint64_t)least);
    r->value_base = (uint64_t)least;
    r->value_unit = unit.value;
    r->planes = (uint16_t)bits_width(unit_exact(&unit, (uint64_t)most - (uint64_t)least));
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
    unsigned digits = link_run_digits(n);
    struct link_run *r = memory_zeroed(1, sizeof *r + digits * sizeof r->zeros[0]);
    r->n = (uint32_t)n;
    r->digits = (uint16_t)digits;
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
    struct passenger *order[2] = {memory_zeroed(n, sizeof **order), memory_get(n * sizeof **order)};
    rank_all(links, times, r->n, order[0]);
    if (with_values)
        values_plan(r, links, order[0]);
    r->rows =
        memory_zeroed((size_t)digits * (1u + r->planes) * bit_row_words(r->n), sizeof *r->rows);
    for (unsigned level = 0; level < digits; level++)
        level_build(r, level, order[level % 2], order[!(level % 2)]);
    memory_free(order[0]);
    memory_free(order[1]);
    memory_free(times);
    return r;
}

void link_run_free(struct link_run *r)
{
    if (r == NULL)
        return;
    series_clear(&r->from);
    series_clear(&r->to);
    memory_free(r->rows);
    memory_free(r);
}

size_t link_run_count(const struct link_run *r)
{
    return r->n;
}

/* Follows all links through the levels at once: `place` is the link (its place by `to`)
 * at each place of a level. */
static void ranks_read(const struct link_run *r, uint32_t *rank, uint32_t *place, uint32_t *next)
{
    for (uint32_t i = 0; i < r->n; i++) {
        rank[i] = 0;
        place[i] = i;
    }
    for (unsigned level = 0; level < r->digits; level++) {
        const uint64_t *row = link_run_row(r, level, 0);
        uint32_t at[2] = {0, r->zeros[level]};
        for (uint32_t i = 0; i < r->n; i++) {
            unsigned bit = bit_row_get(row, i);
            rank[place[i]] = rank[place[i]] << 1 | bit;
            next[at[bit]++] = place[i];
        }
        uint32_t *swap = place;
        place = next;
        next = swap;
    }
}

void link_run_unpack(const struct link_run *r, struct link *out)
{
    int64_t *times = memory_get(r->n * sizeof *times);
    uint32_t *rank = memory_get(3 * (size_t)r->n * sizeof *rank);
    uint32_t *place = rank + r->n, *other = place + r->n;
    ranks_read(r, rank, place, other);
    series_read(&r->to, times);
    for (uint32_t i = 0; i < r->n; i++)
        out[i].to = times[i];
    series_read(&r->from, times);
    for (uint32_t i = 0; i < r->n; i++)
        out[i] = (struct link){times[rank[i]], out[i].to, (int64_t)r->value_base};
    const uint32_t *last = r->digits % 2 ? other : place;
    for (uint32_t i = 0; i < r->n && r->planes > 0; i++) {
        uint64_t number = 0;
        for (unsigned p = 0; p < r->planes; p++)
            number |= (uint64_t)bit_row_get(link_run_row(r, r->digits - 1u, p + 1), i) << p;
        out[last[i]].value = (int64_t)(r->value_base + r->value_unit * number);
    }
    memory_free(times);
    memory_free(rank);
}

/* Adds those at the places [low, high) of the order that a level makes. */
static void take(const struct link_run *r, unsigned level, uint32_t low, uint32_t high,
                 struct link_totals *totals)
{
    uint64_t sum = r->value_base * (high - low);
    for (unsigned p = 1; p <= r->planes; p++) {
        const uint64_t *row = link_run_row(r, level, p);
        sum += r->value_unit * (uint64_t)(bit_row_ones(row, high) - bit_row_ones(row, low))
               << (p - 1);
    }
    totals->count += high - low;
    totals->value = (int64_t)((uint64_t)totals->value + sum);
}

/* Adds those of the first `high` by `to` whose rank by `from` is at least `rank`. */
static void within(const struct link_run *r, uint32_t rank, uint32_t high,
                   struct link_totals *totals)
{
    uint32_t low = 0;
    bool same_value = r->planes == 0;
    if (same_value && (rank == 0 || high == r->n)) { /* one end decides */
        take(r, 0, rank, high, totals);
        return;
    }
    /* At each digit where `rank` has 0, those with 1 are greater, whatever follows. */
    for (unsigned level = 0; level < r->digits && low < high; level++) {
        const uint64_t *row = link_run_row(r, level, 0);
        uint32_t ones_low = low == 0 ? 0 : bit_row_ones(row, low);
        uint32_t ones_high = bit_row_ones(row, high), zeros = r->zeros[level];
        if (rank >> (r->digits - 1u - level) & 1) {
            low = zeros + ones_low;
            high = zeros + ones_high;
            continue;
        }
        take(r, level, zeros + ones_low, zeros + ones_high, totals);
        low -= ones_low;
        high -= ones_high;
    }
    /* What is left has exactly this rank. */
    if (low < high)
        take(r, r->digits - 1u, low, high, totals);
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

void link_runs_within(struct link_run *const *runs, size_t count, int64_t start, int64_t end,
                      struct link_totals *totals)
{
    while (count > 0) {
        const struct link_run *cut[SERIES_SIDE_BY_SIDE / 2];
        struct series_ask asks[SERIES_SIDE_BY_SIDE];
        size_t n = 0;
        for (; count > 0 && n < SERIES_SIDE_BY_SIDE / 2; count--, runs++)
            if (is_cut(*runs, start, end, totals)) {
                asks[2 * n] = (struct series_ask){&(*runs)->from, start, 0};
                asks[2 * n + 1] = (struct series_ask){&(*runs)->to, end, 0};
                cut[n++] = *runs;
            }
        series_before_all(asks, 2 * n);
        for (size_t i = 0; i < n; i++)
            within(cut[i], asks[2 * i].before, asks[2 * i + 1].before, totals);
    }
}

size_t link_run_bytes(const struct link_run *r)
{
    return sizeof *r + r->digits * sizeof r->zeros[0] + series_bytes(&r->from) +
           series_bytes(&r->to) +
           (size_t)r->digits * (1u + r->planes) * bit_row_words(r->n) * sizeof *r->rows;
}
