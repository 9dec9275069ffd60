/* The parts of a link_run, which link_run.c reads and link_run_rows.c writes.
 *
 * Ranks are those of `from`, all different: 0 to n - 1, as a high and a low byte. The high
 * bytes lie in the order of `to`; the low ones by the high byte, and of one high byte in the
 * order of `to`. Before every LINK_RUN_EDGE-th link the high bytes so far are counted. So
 * how many of the first p links have a rank of at least r is one place of the counts, some
 * high bytes from the next such edge on, and some low bytes of one high byte: all lie at
 * places that are known at once. */
#ifndef LIVEFLOOR_TIMELINE_LINK_RUN_FORM_H
#define LIVEFLOOR_TIMELINE_LINK_RUN_FORM_H

#include "timeline/byte_lanes.h"
#include "timeline/link_run.h"
#include "timeline/series.h"

#define LINK_RUN_BUCKET 256u /* links of one high byte */
/* Half a byte a link with the longest runs, and 512 high bytes to read at most, or those
 * after the last edge. */
#define LINK_RUN_EDGE 1024u
struct link_run {
    uint32_t n;
    uint32_t planes;    /* bits of a value's number */
    struct series from; /* ascending; empty in a stack, which has all (link_stack.h) */
    struct series to;   /* ascending */
    /* A link's value is base + unit * number. */
    uint64_t value_base, value_unit, value_total;
    uint8_t *high;    /* then the low bytes */
    uint16_t *counts; /* of each edge, of each high byte: links before with a lower one */
    /* With values: the numbers, as bits, in the order of the high bytes, then of the low
     * ones; and of each edge, of each high byte and of all: the sum of those counted. */
    uint64_t *numbers;
    uint64_t *sums;
};

/* Bytes of the high ones, and of the low ones. */
static inline size_t link_run_row(size_t n)
{
    return byte_lanes_room(n);
}

static inline uint8_t *link_run_low(const struct link_run *r)
{
    return r->high + link_run_row(r->n);
}

static inline uint32_t link_run_buckets(uint32_t n)
{
    return (n + LINK_RUN_BUCKET - 1) / LINK_RUN_BUCKET;
}

static inline uint32_t link_run_edges(uint32_t n)
{
    return n / LINK_RUN_EDGE + 1;
}

static inline size_t link_run_counts(uint32_t n)
{
    return (size_t)link_run_edges(n) * link_run_buckets(n);
}

static inline size_t link_run_sums(uint32_t n)
{
    return (size_t)link_run_edges(n) * (link_run_buckets(n) + 1);
}

/* Words of the numbers in one order (bits.h). */
static inline size_t link_run_words(const struct link_run *r)
{
    return (size_t)r->n * r->planes / 64 + 2;
}

/* How far reading or writing has come: 0 at first. */
struct link_run_walk {
    uint32_t at;
    uint32_t seen[LINK_RUN_BUCKET]; /* links of each high byte */
    uint64_t sum[LINK_RUN_BUCKET];  /* of their numbers */
};

/* Gets the memory of the rows; n and planes are set. */
void link_run_rows_new(struct link_run *r);
void link_run_rows_free(struct link_run *r);

/* Writes the links up to the place `end`: the ranks in the order of `to`, and their numbers
 * (NULL without planes). */
void link_run_rows_write(struct link_run *r, struct link_run_walk *w, uint32_t end,
                         const uint16_t *rank, const uint64_t *number);

/* Reads ranks, to their places by `to`. */
void link_run_ranks_read(const struct link_run *r, struct link_run_walk *w, uint32_t end,
                         uint16_t *rank);

/* The value of a link by its place. */
uint64_t link_run_value(const struct link_run *r, uint32_t place);

/* False when high and low bytes are not those of n different ranks: then nothing may be
 * asked. */
bool link_run_rows_are_good(const struct link_run *r);

size_t link_run_rows_bytes(const struct link_run *r);

#endif
