#include "base/memory.h"
#include "timeline/bits.h"
#include "timeline/link_run_form.h"

void link_run_rows_new(struct link_run *r)
{
    r->high = memory_zeroed(2, link_run_row(r->n));
    r->counts = memory_get(link_run_counts(r->n) * sizeof *r->counts);
    if (r->planes == 0)
        return;
    r->numbers = memory_zeroed(2 * link_run_words(r), sizeof *r->numbers);
    r->sums = memory_get(link_run_sums(r->n) * sizeof *r->sums);
}

void link_run_rows_free(struct link_run *r)
{
    memory_free(r->high);
    memory_free(r->counts);
    memory_free(r->numbers);
    memory_free(r->sums);
}

static void edge_write(struct link_run *r, const struct link_run_walk *w)
{
    uint32_t edge = w->at / LINK_RUN_EDGE, buckets = link_run_buckets(r->n);
    uint16_t *counts = r->counts + (size_t)edge * buckets;
    uint64_t *sums = r->sums == NULL ? NULL : r->sums + (size_t)edge * (buckets + 1), sum = 0;
    uint32_t lower = 0;
    for (uint32_t h = 0; h < buckets; h++) {
        counts[h] = (uint16_t)lower; /* less than all, so that 16 bits are enough */
        lower += w->seen[h];
        if (sums != NULL)
            sums[h] = sum;
        sum += w->sum[h];
    }
    if (sums != NULL)
        sums[buckets] = sum;
}

void link_run_rows_write(struct link_run *r, struct link_run_walk *w, uint32_t end,
                         const uint16_t *rank, const uint64_t *number)
{
    uint8_t *low = link_run_low(r);
    for (; w->at < end; w->at++) {
        if (w->at % LINK_RUN_EDGE == 0)
            edge_write(r, w);
        uint32_t h = rank[w->at] / LINK_RUN_BUCKET;
        uint32_t place = h * LINK_RUN_BUCKET + w->seen[h]++;
        r->high[w->at] = (uint8_t)h;
        low[place] = (uint8_t)(rank[w->at] % LINK_RUN_BUCKET);
        if (r->planes == 0)
            continue;
        uint64_t x = number[w->at];
        bits_put(r->numbers, (size_t)w->at * r->planes, r->planes, x);
        bits_put(r->numbers + link_run_words(r), (size_t)place * r->planes, r->planes, x);
        w->sum[h] += x;
    }
    if (end == r->n && end % LINK_RUN_EDGE == 0)
        edge_write(r, w);
}

void link_run_ranks_read(const struct link_run *r, struct link_run_walk *w, uint32_t end,
                         uint16_t *rank)
{
    const uint8_t *low = link_run_low(r);
    for (; w->at < end; w->at++) {
        uint32_t h = r->high[w->at], place = h * LINK_RUN_BUCKET + w->seen[h]++;
        rank[w->at] = (uint16_t)(h * LINK_RUN_BUCKET + low[place]);
    }
}

uint64_t link_run_value(const struct link_run *r, uint32_t place)
{
    uint64_t number =
        r->planes == 0 ? 0 : bits_get(r->numbers, (size_t)place * r->planes, r->planes);
    return r->value_base + r->value_unit * number;
}

bool link_run_rows_are_good(const struct link_run *r)
{
    uint32_t seen[LINK_RUN_BUCKET] = {0};
    uint64_t lows[LINK_RUN_BUCKET / 64] = {0};
    const uint8_t *low = link_run_low(r);
    for (uint32_t i = 0; i < r->n; i++) {
        seen[r->high[i]]++;
        if (i % LINK_RUN_BUCKET == 0)
            for (size_t w = 0; w < LINK_RUN_BUCKET / 64; w++)
                lows[w] = 0;
        uint64_t bit = UINT64_C(1) << low[i] % 64, *word = &lows[low[i] / 64];
        if (*word & bit || i - i % LINK_RUN_BUCKET + low[i] >= r->n)
            return false;
        *word |= bit;
    }
    for (uint32_t h = 0; h < link_run_buckets(r->n); h++) {
        uint32_t left = r->n - h * LINK_RUN_BUCKET;
        if (seen[h] != (left < LINK_RUN_BUCKET ? left : LINK_RUN_BUCKET))
            return false;
    }
    return true;
}

size_t link_run_rows_bytes(const struct link_run *r)
{
    size_t bytes = 2 * link_run_row(r->n) + link_run_counts(r->n) * sizeof *r->counts;
    if (r->planes > 0)
        bytes += 2 * link_run_words(r) * sizeof *r->numbers + link_run_sums(r->n) * sizeof *r->sums;
    return bytes;
}
