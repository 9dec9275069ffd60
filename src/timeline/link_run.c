#include "timeline/link_run.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct level {
    uint64_t *bits;  /* 1: this digit of the rank is 1 */
    uint32_t *ones;  /* ones before each word */
    int64_t *values; /* running sums of values in this level's order (n + 1); or NULL */
    uint32_t zeros;  /* how many digits are 0 */
};

struct link_run {
    uint32_t n;
    unsigned digits;
    int64_t *from;        /* ascending */
    int64_t *to;          /* ascending */
    uint32_t *rank_of_to; /* rank of `from` of the i-th by `to` */
    int64_t *value;       /* of the i-th by `to`; or NULL */
    struct level *level;
};

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

/* How many of the ascending array are below the limit. */
static uint32_t below(const int64_t *array, uint32_t n, int64_t limit)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (array[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void level_build(struct link_run *r, struct level *level, unsigned digit, uint32_t *rank,
                        int64_t *value, uint32_t *next_rank, int64_t *next_value)
{
    uint32_t words = r->n / 64 + 1;
    level->bits = memory_zeroed(words, sizeof *level->bits);
    level->ones = memory_get(words * sizeof *level->ones);
    level->zeros = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        if (rank[i] >> digit & 1)
            level->bits[i / 64] |= UINT64_C(1) << (i % 64);
        else
            level->zeros++;
    }
    uint32_t ones = 0;
    for (uint32_t w = 0; w < words; w++) {
        level->ones[w] = ones;
        ones += (uint32_t)__builtin_popcountll(level->bits[w]);
    }
    uint32_t zero_at = 0, one_at = level->zeros;
    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t at = rank[i] >> digit & 1 ? one_at++ : zero_at++;
        next_rank[at] = rank[i];
        if (value != NULL)
            next_value[at] = value[i];
    }
    level->values = NULL;
    if (value != NULL) {
        level->values = memory_get(((size_t)r->n + 1) * sizeof *level->values);
        level->values[0] = 0;
        for (uint32_t i = 0; i < r->n; i++)
            level->values[i + 1] = level->values[i] + next_value[i];
    }
}

static void levels_build(struct link_run *r)
{
    uint32_t *rank[2];
    int64_t *value[2] = {NULL, NULL};
    for (int side = 0; side < 2; side++) {
        rank[side] = memory_get(r->n * sizeof *rank[side]);
        if (r->value != NULL)
            value[side] = memory_get(r->n * sizeof *value[side]);
    }
    memcpy(rank[0], r->rank_of_to, r->n * sizeof *rank[0]);
    if (r->value != NULL)
        memcpy(value[0], r->value, r->n * sizeof *value[0]);
    int side = 0;
    for (unsigned k = 0; k < r->digits; k++) {
        level_build(r, &r->level[k], r->digits - 1 - k, rank[side], value[side], rank[!side],
                    value[!side]);
        side = !side;
    }
    for (side = 0; side < 2; side++) {
        memory_free(rank[side]);
        memory_free(value[side]);
    }
}

struct link_run *link_run_new(struct link *links, size_t n, bool with_values)
{
    struct link_run *r = memory_zeroed(1, sizeof *r);
    r->n = (uint32_t)n;
    r->from = memory_get(n * sizeof *r->from);
    r->to = memory_get(n * sizeof *r->to);
    r->rank_of_to = memory_get(n * sizeof *r->rank_of_to);
    if (with_values)
        r->value = memory_get(n * sizeof *r->value);
    qsort(links, n, sizeof *links, by_to);
    for (size_t i = 0; i < n; i++) {
        r->from[i] = links[i].from;
        r->to[i] = links[i].to;
        if (with_values)
            r->value[i] = links[i].value;
    }
    qsort(r->from, n, sizeof *r->from, by_instant);
    /* Equal froms share the rank of the first: all are on one side of any start. */
    for (size_t i = 0; i < n; i++)
        r->rank_of_to[i] = below(r->from, r->n, links[i].from);
    while (r->digits < 32 && (UINT64_C(1) << r->digits) < n)
        r->digits++;
    r->level = memory_zeroed(r->digits, sizeof *r->level);
    levels_build(r);
    return r;
}

void link_run_free(struct link_run *r)
{
    if (r == NULL)
        return;
    for (unsigned k = 0; k < r->digits; k++) {
        memory_free(r->level[k].bits);
        memory_free(r->level[k].ones);
        memory_free(r->level[k].values);
    }
    memory_free(r->level);
    memory_free(r->from);
    memory_free(r->to);
    memory_free(r->rank_of_to);
    memory_free(r->value);
    memory_free(r);
}

size_t link_run_count(const struct link_run *r)
{
    return r->n;
}

void link_run_unpack(const struct link_run *r, struct link *out)
{
    for (uint32_t i = 0; i < r->n; i++)
        out[i] = (struct link){
            .from = r->from[r->rank_of_to[i]],
            .to = r->to[i],
            .value = r->value != NULL ? r->value[i] : 0,
        };
}

static uint32_t ones_before(const struct level *level, uint32_t at)
{
    uint64_t mask = (UINT64_C(1) << (at % 64)) - 1;
    return level->ones[at / 64] + (uint32_t)__builtin_popcountll(level->bits[at / 64] & mask);
}

void link_run_within(const struct link_run *r, int64_t start, int64_t end,
                     struct link_totals *totals)
{
    if (start > r->to[r->n - 1] || end <= r->to[0])
        return;
    uint32_t rank = below(r->from, r->n, start);
    if (rank >= r->n)
        return;
    uint32_t low = 0, high = below(r->to, r->n, end);
    if (r->value == NULL && high == r->n) { /* all end in time: no digit needs a look */
        totals->count += r->n - rank;
        return;
    }
    /* Among the first `high` by `to`, those whose rank is at least `rank`: at each
     * digit where `rank` has 0, those with 1 are greater, whatever follows. */
    for (unsigned k = 0; k < r->digits && low < high; k++) {
        const struct level *level = &r->level[k];
        uint32_t ones_low = ones_before(level, low), ones_high = ones_before(level, high);
        if (rank >> (r->digits - 1 - k) & 1) {
            low = level->zeros + ones_low;
            high = level->zeros + ones_high;
            continue;
        }
        totals->count += ones_high - ones_low;
        if (level->values != NULL)
            totals->value +=
                level->values[level->zeros + ones_high] - level->values[level->zeros + ones_low];
        low -= ones_low;
        high -= ones_high;
    }
    /* What is left has exactly this rank. */
    totals->count += high - low;
    if (r->value != NULL && high > low) {
        if (r->digits == 0)
            totals->value += r->value[0];
        else
            totals->value +=
                r->level[r->digits - 1].values[high] - r->level[r->digits - 1].values[low];
    }
}

size_t link_run_bytes(const struct link_run *r)
{
    size_t words = r->n / 64 + 1, values = r->value != NULL ? (size_t)r->n + 1 : 0;
    return sizeof *r + (size_t)r->n * (2 * sizeof(int64_t) + sizeof(uint32_t)) + values * 8 +
           r->digits * (sizeof(struct level) + words * 12 + values * 8);
}
